//go:build linux

package rtnl

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

// A capture is one datagram of a .hex file in testdata/little or testdata/big: what iproute2,
// or a test program, sent to Linux on a machine of that byte order, or got from it. On a
// machine of the other one it is swapped.
type capture struct {
	file  string
	title string // the case, in files with several
	sent  bool
	data  []byte
}

func captures(t testing.TB) []capture {
	t.Helper()
	files, err := filepath.Glob("testdata/*/*.hex")
	if err != nil || len(files) < 95 {
		t.Fatalf("%d captures in testdata, %v", len(files), err)
	}
	var all []capture
	for i, file := range files {
		if !testns.Some(i%(len(files)/2), 1, testns.Sparse()) { // a file and its twin of the other order
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		title := ""
		for line := range strings.Lines(string(b)) {
			f := strings.Fields(line)
			switch {
			case len(f) == 0:
			case f[0] == "#":
				title = strings.Join(f[1:], " ")
			case !slices.Contains(f, "proto=0"):
				t.Fatalf("%s: not rtnetlink: %s", file, line)
			case f[len(f)-1] != "-":
				data, err := hex.DecodeString(f[len(f)-1])
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				name, order := filepath.Base(file), filepath.Base(filepath.Dir(file))
				if order != testns.Order() {
					if testing.Short() && f[0] == "<" {
						continue // they are long, and take minutes of an emulated processor
					}
					Protocol.Swap(data)
					name += ", swapped"
				}
				all = append(all, capture{name, title, f[0] == ">", trim(data)})
			}
		}
	}
	return all
}

// trim cuts off the zeros that ip sends behind its one message: it sends its
// whole buffer.
func trim(data []byte) []byte {
	_, _, rest, ok := nl.Next(data)
	if ok && len(bytes.Trim(rest, "\x00")) == 0 {
		return data[:len(data)-len(rest)]
	}
	return data
}

// A body is one message out of a capture, or out of an error that quotes it.
type body struct {
	capture
	typ  uint16
	data []byte
}

func (b body) String() string {
	return fmt.Sprintf("%s (%s): %s", b.file, b.title, Protocol.TypeName(b.typ))
}

// bodies are the bodies that Protocol describes.
func bodies(t testing.TB) []body {
	t.Helper()
	var all []body
	for _, cap := range captures(t) {
		for b := cap.data; len(b) > 0; {
			h, data, rest, ok := nl.Next(b)
			if !ok {
				break // a datagram that is broken on purpose
			}
			b = rest
			if _, m := Protocol.Type(h.Type); m != nil {
				all = append(all, body{cap, h.Type, data})
			}
		}
	}
	return all
}

// broken are the captured requests that are wrong on purpose, so that they
// cannot be decoded, or hold what does not exist.
func broken(title string) string {
	switch title {
	case "addr LOCAL 3 bytes":
		return "an address of 3 bytes"
	case "bad plen 40", "addr plen 33":
		return "a prefix longer than its address"
	case "truncated header":
		return "no whole struct ifinfomsg"
	case "unknown msg type 200":
		return "a message type that there is not"
	case "getlink w/ unknown attr strict":
		return "an attribute that there is not"
	case "GETROUTE dump with attr? no TARGET attr exists -> RTA 46 (strict)", "GETNEIGH dump NDA? none":
		return "an attribute that there is not"
	}
	return ""
}

func TestGoldenDecodes(t *testing.T) {
	var c nl.Coder
	for _, b := range bodies(t) {
		_, m := Protocol.Type(b.typ)
		if err := c.Decode(b.data, m); err != nil && broken(b.title) == "" {
			t.Errorf("%s: %v", b, err)
		}
	}
}

func TestGoldenExplains(t *testing.T) {
	for _, cap := range captures(t) {
		var out bytes.Buffer
		if !Protocol.Explain(&out, cap.data) && broken(cap.title) == "" {
			t.Errorf("%s (%s): not all is named:\n%s", cap.file, cap.title, out.String())
		}
	}
}

// TestGoldenReencodes checks that nothing is lost between decoding and
// encoding. Attributes may come in another order, ip leaves out NLA_F_NESTED
// and the NUL of strings, and integers that are zero need not be sent.
func TestGoldenReencodes(t *testing.T) {
	var c nl.Coder
	sets := map[uint16]*nl.Set{} // to describe a link takes longer than all else
	for _, b := range bodies(t) {
		_, m := Protocol.Type(b.typ)
		if c.Decode(b.data, m) != nil {
			continue // TestGoldenDecodes
		}
		again, err := c.Append(nil, m)
		if err != nil {
			t.Errorf("%s: %v", b, err)
			continue
		}
		set := sets[b.typ]
		if set == nil {
			set = nl.Describe(m)
			sets[b.typ] = set
		}
		want, got := tree(set, b.data), tree(set, again)
		dropZeros(want, got)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s (%s):\n got %v\nwant %v", b, b.title, got, want)
		}
	}
}

// tree is a message as a map from the path of an attribute to its payloads.
func tree(s *nl.Set, b []byte) map[string][]string {
	out := make(map[string][]string)
	branch(out, "", s, b)
	return out
}

func branch(out map[string][]string, path string, s *nl.Set, b []byte) {
	for _, m := range s.Members {
		n := min(m.Size, len(b))
		out[path+m.Name] = append(out[path+m.Name], hex.EncodeToString(b[:n]))
		b = b[n:]
	}
	kind := ""
	for len(b) >= 4 {
		l, typ := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])&0x3fff
		p := b[4:l]
		b = b[min((l+3)&^3, len(b)):]
		a, known := s.Attrs[typ]
		if !known {
			a.Name = fmt.Sprintf("attribute %d", typ)
		}
		at := path + a.Name + ">"
		switch {
		case a.Kind == nl.KindNest && a.Set.Variants != nil:
			if v := a.Set.Variants[kind]; v != nil {
				branch(out, at, v, p)
			} else {
				out[at] = append(out[at], hex.EncodeToString(p))
			}
		case a.Kind == nl.KindNest || a.Kind == nl.KindStruct:
			branch(out, at, a.Set, p)
		case a.Kind == nl.KindRecords:
			for len(p) > 0 {
				n := int(binary.NativeEndian.Uint16(p))
				branch(out, at, a.Set, p[:n])
				p = p[min((n+3)&^3, len(p)):]
			}
		case a.Kind == nl.KindString:
			kind = strings.TrimRight(string(p), "\x00")
			out[at] = append(out[at], kind)
		default:
			out[at] = append(out[at], hex.EncodeToString(p))
		}
	}
}

// dropZeros removes from want what is zero and got does not have, and the
// table that the header has already: only a larger number is sent apart.
func dropZeros(want, got map[string][]string) {
	for path, v := range want {
		if _, ok := got[path]; ok {
			if strings.HasSuffix(path, "IFLA_VXLAN_TTL_INHERIT>") && v[0] == "01" {
				want[path] = []string{""} // what is a flag in requests was a byte in answers
			}
			continue
		}
		switch {
		case len(v) == 1 && strings.Trim(v[0], "0") == "":
			delete(want, path)
		case path == "RTA_TABLE>" && v[0] == word(got["rtm_table"]):
			want["rtm_table"] = got["rtm_table"] // which ip leaves zero
			delete(want, path)
		case path == "FRA_TABLE>" && v[0] == word(got["table"]):
			delete(want, path)
		}
	}
	// ip leaves it zero where an attribute says more.
	if t := want["table"]; got["FRA_TABLE>"] != nil && t != nil && t[0] == "00" {
		want["table"] = got["table"]
	}
}

// word is a member of one byte as a word of four.
func word(member []string) string {
	b, err := hex.DecodeString(member[0])
	if err != nil || len(b) != 1 {
		return "no member of one byte"
	}
	return hex.EncodeToString(binary.NativeEndian.AppendUint32(nil, uint32(b[0])))
}

func TestEveryTypeIsNamed(t *testing.T) {
	for typ, want := range map[uint16]string{
		unix.RTM_NEWLINK: "RTM_NEWLINK", unix.RTM_GETLINK: "RTM_GETLINK", unix.RTM_SETLINK: "RTM_SETLINK",
		unix.RTM_NEWADDR: "RTM_NEWADDR", unix.RTM_DELROUTE: "RTM_DELROUTE", unix.RTM_GETNEIGH: "RTM_GETNEIGH",
		unix.RTM_GETRULE: "RTM_GETRULE", unix.RTM_NEWQDISC: "RTM_NEWQDISC", unix.RTM_GETTCLASS: "RTM_GETTCLASS",
		unix.RTM_DELTFILTER: "RTM_DELTFILTER", unix.RTM_GETACTION: "RTM_GETACTION", unix.RTM_NEWPREFIX: "RTM_NEWPREFIX",
		unix.RTM_GETMULTICAST: "RTM_GETMULTICAST", unix.RTM_GETANYCAST: "RTM_GETANYCAST",
		unix.RTM_SETNEIGHTBL: "RTM_SETNEIGHTBL", unix.RTM_NEWNDUSEROPT: "RTM_NEWNDUSEROPT",
		unix.RTM_GETADDRLABEL: "RTM_GETADDRLABEL", unix.RTM_SETDCB: "RTM_SETDCB", unix.RTM_GETNETCONF: "RTM_GETNETCONF",
		unix.RTM_DELMDB: "RTM_DELMDB", unix.RTM_GETNSID: "RTM_GETNSID", unix.RTM_SETSTATS: "RTM_SETSTATS",
		unix.RTM_NEWCACHEREPORT: "RTM_NEWCACHEREPORT", unix.RTM_GETCHAIN: "RTM_GETCHAIN",
		unix.RTM_GETNEXTHOP: "RTM_GETNEXTHOP", unix.RTM_DELLINKPROP: "RTM_DELLINKPROP", unix.RTM_GETVLAN: "RTM_GETVLAN",
		unix.RTM_GETNEXTHOPBUCKET: "RTM_GETNEXTHOPBUCKET", unix.RTM_GETTUNNEL: "RTM_GETTUNNEL",
	} {
		if got := Protocol.TypeName(typ); got != want {
			t.Errorf("type %d is %q, want %q", typ, got, want)
		}
	}
	for _, typ := range []uint16{4, unix.RTM_BASE - 1, unix.RTM_MAX + 1, 0xffff} {
		if name, m := Protocol.Type(typ); name != "" || m != nil {
			t.Errorf("type %d is %q, %T", typ, name, m)
		}
	}
}

// TestOrdersAgree compares what the same commands ask for on machines of both byte orders: once
// the integers of one are turned, it is the same, but for the numbers of links and descriptors.
// What lists asks for the names of what is there besides.
func TestOrdersAgree(t *testing.T) {
	last := map[string]string{} // request of each file
	lists := regexp.MustCompile("^rtnl|show|list")
	for _, cap := range captures(t) {
		if cap.sent && !lists.MatchString(cap.file) {
			last[cap.file] = words(cap.data)
		}
	}
	for file, want := range last {
		if strings.Contains(file, ",") {
			continue
		}
		if got, ok := last[file+", swapped"]; (ok && got != want) != (file == "ip-link-unknown-kind.hex") { // which is another kind
			t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
		}
	}
	if n := testns.Sparse(); len(last) < 80/n-2*(n-1) {
		t.Errorf("only %d files", len(last))
	}
}

// words are the items of a message without the numbers that the machine gave.
func words(message []byte) string {
	var b strings.Builder
	Protocol.Walk(message, func(i *nl.Item) {
		switch i.Name {
		case "nlmsg_seq", "(padding)":
			return
		case "ifi_index", "ifa_index", "ifindex", "RTA_OIF", "NHA_OIF", "IFLA_LINK", "IFLA_MASTER", "IFLA_VXLAN_LINK", "IFLA_NET_NS_FD", "NETNSA_FD":
			i.Value = "N"
		}
		b.WriteString(strings.Repeat("  ", i.Depth) + i.Text() + "\n")
	})
	return b.String()
}
