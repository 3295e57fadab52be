//go:build linux

package pcap_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/minins/minins/internal/testns"
)

// tool runs a program of Wireshark, which must have nothing to say beside its output.
func tool(t *testing.T, args ...string) string {
	t.Helper()
	r := testns.Cmd{Args: args, Env: []string{"TZ=UTC"}}.Run(t)
	for line := range strings.Lines(r.Stderr) {
		if !strings.HasPrefix(line, "Running as user") {
			t.Errorf("%s: %s", strings.Join(args, " "), line)
		}
	}
	return r.Must(t)
}

func save(t *testing.T, file []byte) string {
	t.Helper()
	name := t.TempDir() + "/file"
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestTshark has others read what we write.
func TestTshark(t *testing.T) {
	file, rows := sample(t)
	name := save(t, file)
	want := ""
	for i, r := range rows {
		iface, description := r.name, ""
		switch {
		case r.name == "red:eth0":
			description = "the end in red"
		case r.name == "":
			iface = "unknown"
		}
		dir := []string{"", "0x00000001", "0x00000002"}[r.dir]
		want += fmt.Sprintf("%d|%d.%09d|%s|%s|%d|%d|%s|%s\n", i+1, r.time.Unix(), r.time.Nanosecond(), iface, description,
			r.length, len(r.data), dir, r.comment)
	}
	got := tool(t, "tshark", "-r", name, "-T", "fields", "-E", "separator=|", "-e", "frame.number", "-e", "frame.time_epoch",
		"-e", "frame.interface_name", "-e", "frame.interface_description", "-e", "frame.len", "-e", "frame.cap_len",
		"-e", "frame.packet_flags_direction", "-e", "frame.comment")
	if got != want {
		t.Errorf("tshark:\n%s", testns.Diff(want, got))
	}
	if got, want := tool(t, "tshark", "-r", name, "-Y", "netlink", "-T", "fields", "-E", "separator=|", "-e", "frame.protocols",
		"-e", "netlink.hatype", "-e", "netlink.family", "-e", "netlink-route.nltype"),
		"netlink:netlink-route|824|0x0000|18\n"; got != want {
		t.Errorf("netlink: got %q, want %q", got, want)
	}
	if got := tool(t, "tshark", "-r", name, "-Y", "frame.number == 3 && _ws.expert"); got != "" {
		t.Errorf("tshark objects to\n%s", got)
	}
	info := tool(t, "capinfos", name)
	for _, want := range []string{"Capture application: minins test", "Number of interfaces in file: 3", "Number of packets:   5",
		"Name = red:eth0", "Description = the end in red", "Time precision = nanoseconds (9)", "Number of stat entries = 1", "Strict time order:   False"} {
		if !strings.Contains(info, want) {
			t.Errorf("capinfos has no %q:\n%s", want, info)
		}
	}
	if got := tool(t, "capinfos", "-c", "-M", "-T", "-r", name); !strings.HasSuffix(got, "\t5\n") {
		t.Errorf("capinfos -c: %q", got)
	}
}

// TestTools reads what others write of our file: pcapng of another maker, and pcap
// of micro- and of nanoseconds, which has neither names nor comments.
func TestTools(t *testing.T) {
	file, rows := sample(t)
	name := save(t, file)
	out := t.TempDir() + "/out"
	for _, format := range []struct {
		args  []string
		unit  time.Duration // of its times
		names bool
	}{
		{[]string{"editcap", "-F", "pcapng", name, out}, 1, true},
		{[]string{"tshark", "-F", "pcapng", "-r", name, "-w", out}, 1, true},
		{[]string{"editcap", "-F", "nsecpcap", name, out, "3", "5"}, 1, false},
		{[]string{"editcap", "-F", "pcap", name, out, "3", "5"}, time.Microsecond, false},
		{[]string{"tshark", "-F", "pcap", "-r", name, "-Y", "arp and frame.number != 5", "-w", out}, time.Microsecond, false},
	} {
		tool(t, format.args...)
		var want []row
		for i, r := range rows {
			if !format.names {
				if i == 2 || i == 4 { // pcap has one type of link, and times until 2106
					continue
				}
				r = row{link: r.link, time: r.time.Truncate(format.unit), data: r.data, length: r.length}
			}
			want = append(want, r)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		got, err := read(bytes.NewReader(b))
		if err != nil {
			t.Errorf("%q: %v", format.args, err)
		}
		same(t, strings.Join(format.args, " "), got, want)
	}
}
