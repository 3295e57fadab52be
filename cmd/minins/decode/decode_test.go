//go:build linux

package decode

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/pcap"
	"github.com/minins/minins/rtnl"
)

func TestMain(m *testing.M) { testns.Main(m) }

// run is "minins decode" of an input.
func run(t testing.TB, in string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	c := &applet.Cmd{Name: "decode", Args: args, Stdin: strings.NewReader(in), Stdout: bufio.NewWriter(&out), Stderr: &errs}
	code = Run(c)
	if err := c.Stdout.Flush(); err != nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), code
}

// request is a message that makes a cable.
func request(t testing.TB) (b []byte) {
	t.Helper()
	c := &rtnl.Conn{Conn: nl.Pretend(rtnl.Protocol, func(datagram []byte, reply func([]byte)) {
		b = bytes.Clone(datagram)
		h, _, _, _ := nl.Next(datagram)
		reply(nl.ReplyAck(h))
	})}
	defer c.Close()
	if err := c.AddLink(t.Context(), &rtnl.Link{Name: "v0", Info: rtnl.LinkInfo{Kind: "veth", Peer: &rtnl.Link{Name: "v1"}}}); err != nil {
		t.Fatal(err)
	}
	return b
}

const text = `NETLINK_ROUTE > RTM_NEWLINK NLM_F_REQUEST|NLM_F_ACK|NLM_F_EXCL|NLM_F_CREATE seq 1, 88 bytes
    ifi_family = AF_UNSPEC, ifi_type = 0, ifi_index = 0, ifi_flags = 0, ifi_change = 0
    IFLA_IFNAME = "v0"
    IFLA_LINKINFO, 48 bytes, NLA_F_NESTED
      IFLA_INFO_KIND = "veth"
      IFLA_INFO_DATA, 32 bytes, NLA_F_NESTED
        VETH_INFO_PEER, 28 bytes, NLA_F_NESTED
          ifi_family = AF_UNSPEC, ifi_type = 0, ifi_index = 0, ifi_flags = 0, ifi_change = 0
          IFLA_IFNAME = "v1"
`

// dumped is bytes as other programs print them.
func dumped(b []byte) map[string]string {
	var xxd, tcpdump, tshark, pairs, words strings.Builder
	for i := 0; i < len(b); i += 16 {
		line := b[i:min(i+16, len(b))]
		var spaced, grouped []string
		for j := range line {
			spaced = append(spaced, fmt.Sprintf("%02x", line[j]))
			if j%2 == 0 {
				grouped = append(grouped, hex.EncodeToString(line[j:min(j+2, len(line))]))
			}
		}
		ascii := strings.Map(func(r rune) rune {
			if r < ' ' || r > '~' {
				return '.'
			}
			return r
		}, string(line))
		fmt.Fprintf(&xxd, "%08x: %-39s  %s\n", i, strings.Join(grouped, " "), ascii)
		fmt.Fprintf(&tcpdump, "\t0x%04x:  %-39s  %s\n", i, strings.Join(grouped, " "), ascii)
		fmt.Fprintf(&tshark, "%04x  %-47s   %s\n", i, strings.Join(spaced, " "), ascii)
		pairs.WriteString(strings.Join(spaced, " ") + "\n")
		words.WriteString(strings.Join(grouped, " ") + "\n")
	}
	var ours bytes.Buffer
	rtnl.Protocol.Explain(&ours, b)
	return map[string]string{
		"hexdump -C": hex.Dump(b), "xxd": xxd.String(), "tcpdump -x": tcpdump.String(), "tshark -x": tshark.String(),
		"pairs": pairs.String(), "words": words.String(), "one word": hex.EncodeToString(b), "upper case": strings.ToUpper(hex.EncodeToString(b)) + "\r\n",
		"explain": "# ip link add\n\nsocket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE)\n\nsend 88 bytes of NETLINK_ROUTE\n" + ours.String(),
		"marked":  "# a comment\n> " + hex.EncodeToString(b) + "\n",
	}
}

func TestHex(t *testing.T) {
	b := request(t)
	for name, in := range dumped(b) {
		if out, errs, code := run(t, in, "--text", "-"); out != text || errs != "" || code != 0 {
			t.Errorf("%s: status %d, %s\n%s\nof\n%s", name, code, errs, out, in)
		}
		twice := in + "\n" + in
		if out, errs, code := run(t, twice, "--text", "-"); out != text+text || errs != "" || code != 0 {
			t.Errorf("two of %s: status %d, %s\n%s", name, code, errs, out)
		}
	}
	out, _, code := run(t, hex.EncodeToString(b), "-")
	if want := fmt.Sprintf("0020  % x     IFLA_IFNAME = \"v0\"\n", b[0x20:0x27]); code != 0 || !strings.Contains(out, want) {
		t.Errorf("status %d\n%s", code, out)
	}
	out, _, code = run(t, hex.EncodeToString(b), "--json", "-")
	if code != 0 || !strings.HasPrefix(out, `{"netns":"","protocol":"NETLINK_ROUTE","direction":"sent","type":"RTM_NEWLINK"`) {
		t.Errorf("status %d\n%s", code, out)
	}
}

// TestOrders shows what was recorded on machines of both byte orders. The bytes are as recorded.
func TestOrders(t *testing.T) {
	const rtnetlink, netfilter = "../../../rtnl/testdata/", "../../../nft/testdata/"
	for _, tt := range []struct {
		dir, name, message string // shown of both, but for numbers that are another kernel's
		little, big        string // an attribute's bytes
	}{
		{rtnetlink, "ip-link-add-veth", `> RTM_NEWLINK NLM_F_REQUEST|NLM_F_ACK|NLM_F_EXCL|NLM_F_CREATE seq N, 100 bytes
    ifi_family = AF_UNSPEC, ifi_type = 0, ifi_index = 0, ifi_flags = 0, ifi_change = 0
    IFLA_IFNAME = "veth-red"
    IFLA_LINKINFO, 52 bytes
      IFLA_INFO_KIND = "veth"
      IFLA_INFO_DATA, 40 bytes
        VETH_INFO_PEER, 36 bytes
          ifi_family = AF_UNSPEC, ifi_type = 0, ifi_index = 0, ifi_flags = 0, ifi_change = 0
          IFLA_IFNAME = "veth-blue"
`, "0d 00 03 00", "00 0d 00 03"},
		{rtnetlink, "ip-route-dup", "    refused: RTM_NEWROUTE: file exists\n", "08 00 05 00 c0 a8 0f 02  RTA_GATEWAY = 192.168.15.2", "00 08 00 05 c0 a8 0f 02  RTA_GATEWAY = 192.168.15.2"},
		{netfilter, "ipt-nat-dnat-dport", "NFTA_TARGET_NAME", "08 00 02 00 00 00 00 02", "00 08 00 02 00 00 00 02"},
	} {
		for order, bytes := range map[string]string{"little": tt.little, "big": tt.big} {
			text, err := os.ReadFile(tt.dir + order + "/" + tt.name + ".hex")
			if err != nil {
				t.Fatal(err)
			}
			in := regexp.MustCompile(`(fd|proto)=\d+ `).ReplaceAllString(string(text), "")
			out, errs, _ := run(t, in, "--text", "-")
			out = regexp.MustCompile(`seq \d+`).ReplaceAllString(out, "seq N")
			if !strings.Contains(out, tt.message) || errs != "" {
				t.Errorf("%s %s: %s no\n%s in\n%s", order, tt.name, errs, tt.message, out)
			}
			if out, _, _ := run(t, in, "-"); !strings.Contains(out, bytes) {
				t.Errorf("%s %s: no %s in\n%s", order, tt.name, bytes, out)
			}
			if out, _, _ := run(t, in, "--json", "-"); !strings.Contains(out, strings.ReplaceAll(bytes[:11], " ", "")) {
				t.Errorf("%s %s: no %s in\n%s", order, tt.name, bytes, out)
			}
		}
	}
}

// TestConversation has a request and its refusal.
func TestConversation(t *testing.T) {
	b := request(t)
	h, _, _, _ := nl.Next(b)
	in := "> " + hex.EncodeToString(b) + "\n< " + hex.EncodeToString(nl.ReplyError(h, unix.EEXIST)) + "\n"
	out, _, code := run(t, in, "--text", "-")
	if want := text + "NETLINK_ROUTE < NLMSG_ERROR NLM_F_CAPPED seq 1, 36 bytes\n    refused: RTM_NEWLINK: file exists\n"; out != want || code != 0 {
		t.Errorf("status %d\n%s", code, out)
	}
}

// TestFamilies tells NETLINK_NETFILTER by what is in it, in either byte order.
func TestFamilies(t *testing.T) {
	for _, tt := range []struct{ hex, want string }{
		{"1c00000010000100010000000000000000000000000a0000" + "08000100", "NETLINK_NETFILTER > NFNL_MSG_BATCH_BEGIN"},
		{"0000001c00100001000000010000000000000000000a0000" + "00080001", "NETLINK_NETFILTER > NFNL_MSG_BATCH_BEGIN"},
		{"000000140a10000100000000000000000000000000000000", "NETLINK_NETFILTER > NFT_MSG_GETGEN"},
		{"0000002000120301000000000000000000000000000000000000000000000000", "NETLINK_ROUTE > RTM_GETLINK"},
		{"0000002400020100000000010000000000000000" + "000000140a1000010000000000000000", "NETLINK_NETFILTER < NLMSG_ERROR"},
		{"14000000100a0100010000000000000000000000", "NETLINK_NETFILTER > NFT_MSG_GETGEN"},
		{"2000000012000103010000000000000000000000000000000000000000000000", "NETLINK_ROUTE > RTM_GETLINK"},
		{"2400000002000001010000000000000000000000" + "14000000100a01000100000000000000", "NETLINK_NETFILTER < NLMSG_ERROR"},
	} {
		b, err := hex.DecodeString(tt.hex)
		if err != nil {
			t.Fatal(err)
		}
		if out, errs, _ := run(t, hex.EncodeToString(b), "--text", "-"); !strings.HasPrefix(out, tt.want) {
			t.Errorf("%s: %s%s", tt.want, out, errs)
		}
	}
}

func TestRefusals(t *testing.T) {
	b := request(t)
	unknown := append(bytes.Clone(b), 8, 0, 0xff, 0x3f, 1, 2, 3, 4)
	binary.NativeEndian.PutUint32(unknown, uint32(len(unknown)))
	for _, tt := range []struct {
		in   string
		args []string
		code int
		errs string
	}{
		{"", []string{}, 2, "Usage: minins decode"},
		{"", []string{"a", "b"}, 2, "minins decode: \"a\" is one file of two: give one"},
		{"", []string{"--xml", "-"}, 2, "minins decode: \"--xml\" is no option of it\n"},
		{"", []string{"--text", "--json", "-"}, 2, "minins decode: --text and --json are two forms: leave one out\n"},
		{"", []string{"/nosuch"}, 1, "minins decode: /nosuch: No such file or directory\n"},
		{"", []string{"-"}, 1, "minins decode: -: no bytes of netlink are in it; \"minins decode -h\" lists"},
		{"2638  12:37:00.123456 +++ exited with 0 +++\n", []string{"-"}, 1, "minins decode: -: no bytes of netlink are in it"},
		{"words and words\n", []string{"-"}, 1, "minins decode: -: no bytes of netlink are in it"},
		{hex.EncodeToString(unknown), []string{"-"}, 1, ""},
		{hex.EncodeToString(b[:40]), []string{"-"}, 1, ""},
		{"sendto(3, [{nlmsg_len=32, nlmsg_type=RTM_NEWLINK}], 32, 0, NULL, 0) = 32\n", []string{"-"}, 1, "minins decode: -: strace has put these messages in words and left no bytes: record with"},
	} {
		if out, errs, code := run(t, tt.in, tt.args...); code != tt.code || !strings.HasPrefix(errs, tt.errs) || tt.errs == "" && out == "" {
			t.Errorf("%q of %.40q: status %d, %q, %q", tt.args, tt.in, code, errs, out)
		}
	}
}

// TestStrace reads what strace records of the real ip.
func TestStrace(t *testing.T) {
	ip, strace := testns.Tool(t, "ip"), testns.Tool(t, "strace")
	file := filepath.Join(t.TempDir(), "trace")
	ns := testns.New(t)
	ns.Run(t, strace, "-f", "-tt", "-o", file, "-e", "trace=network,read,write", "-e", "write=all", "-e", "read=all",
		ip, "link", "add", "v0", "type", "veth", "peer", "name", "v1").Must(t)
	out, errs, code := run(t, "", "--text", file)
	for _, want := range []string{"> RTM_NEWLINK", "    carried out\n", "VETH_INFO_PEER", `IFLA_IFNAME = "v1"`} {
		if !strings.Contains(out, want) || code != 0 || errs != "" {
			t.Errorf("status %d, %s: no %s in\n%s", code, errs, want, out)
		}
	}
	if strings.Contains(out, "ELF") || strings.Count(out, "NETLINK_ROUTE") > 8 {
		t.Errorf("more than netlink:\n%s", out)
	}
}

// TestCapture reads a file of packets, in which some are of a network.
func TestCapture(t *testing.T) {
	b := request(t)
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, "test")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.Local)
	for _, i := range []pcap.Interface{
		{LinkType: pcap.LinkTypeEthernet, Name: "eth0"}, {LinkType: pcap.LinkTypeNetlink, Name: "nlmon0"}, {LinkType: pcap.LinkTypeNetlink, Name: "red:NETLINK_ROUTE"},
	} {
		id, err := w.Interface(i)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Packet(id, pcap.Packet{Time: at, Data: pcap.AppendNetlink(nil, pcap.Outbound, unix.NETLINK_ROUTE, b)}); err != nil {
			t.Fatal(err)
		}
	}
	want := "03:04:05.000006 nlmon0 " + text + "03:04:05.000006 red " + text
	if out, errs, code := run(t, file.String(), "--text", "-"); out != want || errs != "" || code != 0 {
		t.Errorf("status %d, %s\n%s", code, errs, out)
	}
	if out, errs, code := run(t, file.String()[:file.Len()-10], "--text", "-"); code != 1 || !strings.Contains(errs, "unexpected EOF") || !strings.HasPrefix(out, "03:04:05.000006 nlmon0") {
		t.Errorf("a part of it: status %d, %s\n%s", code, errs, out)
	}
}

// TestOldCapture reads files of the older format, in both orders of the file, which is that of
// who wrote it, and of the messages, which is that of who spoke.
func TestOldCapture(t *testing.T) {
	for _, spoke := range []string{"little", "big"} {
		b := recorded(t, "../../../rtnl/testdata/"+spoke+"/ip-link-add-veth.hex")
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			packet := pcap.AppendNetlink(nil, pcap.Outbound, unix.NETLINK_ROUTE, b)
			file := order.AppendUint32(nil, 0xa1b2c3d4)
			file = order.AppendUint16(order.AppendUint16(file, 2), 4)
			for _, n := range []uint32{0, 0, 65535, pcap.LinkTypeNetlink, 1, 2, uint32(len(packet)), uint32(len(packet))} {
				file = order.AppendUint32(file, n)
			}
			out, errs, code := run(t, string(append(file, packet...)), "--text", "-")
			if !strings.Contains(out, "\n        VETH_INFO_PEER, 36 bytes\n") || errs != "" || code != 0 {
				t.Errorf("%s in a file of %v: status %d, %s\n%s", spoke, order, code, errs, out)
			}
		}
	}
}

// recorded is the last request of a capture.
func recorded(t *testing.T, file string) (b []byte) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if w := strings.Fields(line); w[0] == ">" {
			if b, err = hex.DecodeString(w[len(w)-1]); err != nil {
				t.Fatal(err)
			}
		}
	}
	return b
}

// TestTshark reads what tshark has written in the older format.
func TestTshark(t *testing.T) {
	tshark := testns.Tool(t, "tshark")
	b := request(t)
	old, recent := filepath.Join(t.TempDir(), "old.pcap"), filepath.Join(t.TempDir(), "recent.pcapng")
	var only bytes.Buffer // netlink, as the older format has one link type
	w, err := pcap.NewWriter(&only, "test")
	if err != nil {
		t.Fatal(err)
	}
	id, err := w.Interface(pcap.Interface{LinkType: pcap.LinkTypeNetlink, Name: "nlmon0"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.Packet(id, pcap.Packet{Time: time.Now(), Data: pcap.AppendNetlink(nil, pcap.Outbound, unix.NETLINK_ROUTE, b)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(recent, only.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(tshark, "-r", recent, "-F", "pcap", "-w", old).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out, errs, code := run(t, "", "--text", old); strings.Count(out, text) != 2 || errs != "" || code != 0 {
		t.Errorf("status %d, %s\n%s", code, errs, out)
	}
}

func FuzzDecode(f *testing.F) {
	b := request(f)
	for _, in := range dumped(b) {
		f.Add(in)
	}
	f.Add("socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 3\nsendto(3, [{}], 32, 0, NULL, 0) = 32\n | 00000  20 00 00 00 10 00 05 00  00 00 00 00 00 00 00 00   ... |\n")
	f.Fuzz(func(t *testing.T, in string) {
		for _, format := range []string{"--text", "--json", "--bytes"} {
			if _, errs, code := run(t, in, format, "-"); code != 0 && code != 1 || code == 0 && errs != "" {
				t.Errorf("status %d: %s", code, errs)
			}
		}
	})
}
