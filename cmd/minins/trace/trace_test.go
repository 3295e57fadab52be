//go:build linux

package trace_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/trace"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/pcap"
	"github.com/minins/minins/rtnl"
)

func TestMain(m *testing.M) { testns.Main(m) }

func try(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refuse is a kernel that objects to what is at an offset of the request.
func refuse(offset uint32) nl.Kernel {
	attr := func(typ uint16, data []byte) []byte {
		b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(data)))
		b = append(binary.NativeEndian.AppendUint16(b, typ), data...)
		return append(b, make([]byte, -len(b)&3)...)
	}
	return func(request []byte, reply func([]byte)) {
		h, _, _, _ := nl.Next(request)
		b := nl.ReplyError(h, unix.EINVAL)
		b = append(b, attr(1, []byte("no, not this\x00"))...)
		b = append(b, attr(2, binary.NativeEndian.AppendUint32(nil, offset))...)
		binary.NativeEndian.PutUint32(b, uint32(len(b)))
		binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_CAPPED|unix.NLM_F_ACK_TLVS)
		reply(b)
	}
}

// traced adds a cable by a kernel, and is what is shown.
func traced(t *testing.T, o trace.Options, kernels ...nl.Kernel) string {
	t.Helper()
	var out bytes.Buffer
	tr, err := trace.New(o, &out, func() {})
	try(t, err)
	for _, k := range kernels {
		conn := nl.Pretend(rtnl.Protocol, k)
		conn.Trace(tr.Socket(rtnl.Protocol, "red"))
		c := &rtnl.Conn{Conn: conn}
		_ = c.AddLink(t.Context(), &rtnl.Link{Name: "v0", Info: rtnl.LinkInfo{Kind: "veth", Peer: &rtnl.Link{Name: "v1"}}}) // it may be refused
		try(t, c.Close())
	}
	try(t, tr.Close())
	return out.String()
}

func ack(request []byte, reply func([]byte)) {
	h, _, _, _ := nl.Next(request)
	reply(nl.ReplyAck(h))
}

const request = `TIME red NETLINK_ROUTE > RTM_NEWLINK NLM_F_REQUEST|NLM_F_ACK|NLM_F_EXCL|NLM_F_CREATE seq 1, 88 bytes
    ifi_family = AF_UNSPEC, ifi_type = 0, ifi_index = 0, ifi_flags = 0, ifi_change = 0
    IFLA_IFNAME = "v0"
    IFLA_LINKINFO, 48 bytes, NLA_F_NESTED
      IFLA_INFO_KIND = "veth"
      IFLA_INFO_DATA, 32 bytes, NLA_F_NESTED
        VETH_INFO_PEER, 28 bytes, NLA_F_NESTED
          ifi_family = AF_UNSPEC, ifi_type = 0, ifi_index = 0, ifi_flags = 0, ifi_change = 0
          IFLA_IFNAME = "v1"`

var (
	clock = regexp.MustCompile(`(?m)^\d\d:\d\d:\d\d\.\d{6} `)
	after = regexp.MustCompile(`after \d[\d.]*(µs|ms|s)`)
)

func TestText(t *testing.T) {
	want := request + `
TIME red NETLINK_ROUTE < NLMSG_ERROR NLM_F_CAPPED seq 1, 36 bytes, after LONG
    carried out
` + request + `
TIME red NETLINK_ROUTE < NLMSG_ERROR NLM_F_CAPPED|NLM_F_ACK_TLVS seq 1, 64 bytes, after LONG
    refused: RTM_NEWLINK: invalid argument: no, not this (at IFLA_LINKINFO > IFLA_INFO_DATA > VETH_INFO_PEER > IFLA_IFNAME)
` + strings.SplitAfterN(request, "\n", 2)[1] + `   <-- here
`
	for _, format := range []string{"text", "sent"} { // the same for what has no answers but verdicts
		got := clock.ReplaceAllString(traced(t, trace.Options{Format: format}, ack, refuse(0x50)), "TIME ")
		got = after.ReplaceAllString(got, "after LONG")
		if got != want {
			t.Errorf("%s: got\n%s\nwant\n%s", format, got, want)
		}
	}
}

// peer is the header of VETH_INFO_PEER, 28 bytes, NLA_F_NESTED.
var peer = binary.NativeEndian.AppendUint16(binary.NativeEndian.AppendUint16(nil, 28), 0x8001)

func TestJSON(t *testing.T) {
	got := traced(t, trace.Options{Format: "json"}, ack, refuse(0x50))
	lines := strings.Split(strings.TrimSpace(got), "\n")
	var types []string
	for _, line := range lines {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		types = append(types, m["direction"].(string)+" "+m["type"].(string))
	}
	if want := []string{"sent RTM_NEWLINK", "received NLMSG_ERROR", "sent RTM_NEWLINK", "received NLMSG_ERROR"}; !slices.Equal(types, want) {
		t.Errorf("got %q, want %q", types, want)
	}
	for _, part := range []string{
		`"netns":"red","protocol":"NETLINK_ROUTE","direction":"sent"`,
		`{"name":"VETH_INFO_PEER","offset":60,"bytes":"` + hex.EncodeToString(peer) + `","note":"28 bytes, NLA_F_NESTED","items":[{"name":"ifi_family","offset":64`,
		`"refused":{"errno":22,"error":"invalid argument","message":"no, not this","attribute":["IFLA_LINKINFO","IFLA_INFO_DATA","VETH_INFO_PEER","IFLA_IFNAME"]}`,
	} {
		if !strings.Contains(got, part) {
			t.Errorf("%s\nis not in\n%s", part, got)
		}
	}
}

func TestBytes(t *testing.T) {
	got := traced(t, trace.Options{Format: "bytes"}, ack)
	if !strings.Contains(got, fmt.Sprintf("\n003c  % x                  VETH_INFO_PEER, 28 bytes, NLA_F_NESTED\n", peer)) {
		t.Errorf("got\n%s", got)
	}
}

// TestFile has two processes write a file in turns, and tshark read it.
func TestFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "netlink.pcapng")
	o := trace.Options{File: name}
	if out := traced(t, o, ack, refuse(0x50)); out != "" {
		t.Errorf("it also prints %q", out)
	}
	first, err := trace.New(o, io.Discard, func() {})
	try(t, err)
	speak := func(tr *trace.Tracer, ns string) {
		conn := nl.Pretend(rtnl.Protocol, ack)
		conn.Trace(tr.Socket(rtnl.Protocol, ns))
		try(t, (&rtnl.Conn{Conn: conn}).DelLink(t.Context(), rtnl.LinkNamed("v0")))
	}
	speak(first, "red")
	t.Setenv("MININS_PCAP", name) // as a process that the first one has started
	second, err := trace.New(o, io.Discard, func() {})
	try(t, err)
	speak(second, "blue")
	speak(first, "red")
	try(t, errors.Join(first.Close(), second.Close()))

	f, err := os.Open(name)
	try(t, err)
	defer f.Close()
	r, err := pcap.NewReader(f)
	try(t, err)
	var got []string
	for {
		p, in, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		try(t, err)
		dir, family, datagram, ok := pcap.CutNetlink(p.Data)
		h, _, _, whole := nl.Next(datagram)
		if !ok || family != unix.NETLINK_ROUTE || !whole || dir != p.Dir {
			t.Errorf("%+v: %v %v", p, dir, family)
		}
		name, _ := rtnl.Protocol.Type(h.Type)
		if name == "" {
			name = "verdict"
		}
		got = append(got, in.Name+" "+name)
	}
	want := []string{
		"red:NETLINK_ROUTE RTM_DELLINK", "red:NETLINK_ROUTE verdict",
		"blue:NETLINK_ROUTE RTM_DELLINK", "blue:NETLINK_ROUTE verdict",
		"red:NETLINK_ROUTE RTM_DELLINK", "red:NETLINK_ROUTE verdict",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	out := testns.Run(t, "tshark", "-r", name, "-T", "fields", "-e", "netlink-route.nltype", "-e", "netlink.error").Must(t)
	if lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n"); len(lines) != len(want) || strings.Count(out, "\n") != 6 || !strings.HasPrefix(out, "17\t") {
		t.Errorf("tshark: %q", out)
	}
}

func TestParse(t *testing.T) {
	env := map[string]string{}
	getenv := func(k string) string { return env[k] }
	for _, tt := range []struct{ line, format, file, rest, err string }{
		{"link", "", "", "link", ""},
		{"--trace link --trace", "text", "", "link --trace", ""},
		{"--trace=json --pcap=x link", "json", "x", "link", ""},
		{"--pcap x --trace=bytes", "bytes", "x", "", ""},
		{"--pcap", "", "", "", "--pcap needs the name of a file"},
		{"--trace=xml link", "", "", "", `a trace has no format "xml": take text, sent, bytes or json`},
	} {
		o, rest, err := trace.Parse(strings.Fields(tt.line), getenv)
		if tt.err != "" {
			if err == nil || !strings.HasPrefix(err.Error(), tt.err) {
				t.Errorf("%s: %v, want %s", tt.line, err, tt.err)
			}
			continue
		}
		if err != nil || o.Format != tt.format || o.File != tt.file || strings.Join(rest, " ") != tt.rest || o.On() != (tt.line != "link") {
			t.Errorf("%s: %+v %q %v", tt.line, o, rest, err)
		}
	}
	env["MININS_TRACE"], env["MININS_PCAP"] = "1", "y"
	if o, _, err := trace.Parse([]string{"link"}, getenv); err != nil || o.Format != "text" || o.File != "y" {
		t.Errorf("%+v %v", o, err)
	}
	set := map[string]string{}
	o := trace.Options{Format: "json", File: "z"}
	try(t, o.Setenv(func(k, v string) error { set[k] = v; return nil }))
	if len(set) != 2 || set["MININS_TRACE"] != "json" || set["MININS_PCAP"] != "z" {
		t.Errorf("%q", set)
	}
	if options, rest := trace.Leading(strings.Fields("--trace --pcap x ip --trace link")); len(options) != 3 || strings.Join(rest, " ") != "ip --trace link" {
		t.Errorf("%q %q", options, rest)
	}
}
