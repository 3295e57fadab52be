//go:build linux

package resolve

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/minins/minins/internal/testns"
)

func TestMain(m *testing.M) { testns.Main(m) }

func TestParseAddr(t *testing.T) {
	for in, want := range map[string]string{
		"192.168.15.2":  "192.168.15.2",
		"127.1":         "127.0.0.1",
		"0x7f000001":    "127.0.0.1",
		"0X7F.1":        "127.0.0.1",
		"017700000001":  "127.0.0.1",
		"0":             "0.0.0.0",
		"10.65535":      "10.0.255.255",
		"1.2.772":       "1.2.3.4",
		"4294967295":    "255.255.255.255",
		"::1":           "::1",
		"fe80::1%lo":    "fe80::1%lo",
		"fe80::1%nope":  "",
		"4294967296":    "",
		"1.2.3.256":     "",
		"1.2.65536":     "",
		"1.2.3.4.5":     "",
		"1.2.3.":        "",
		"":              "",
		"localhost":     "",
		"1_0.0.0.1":     "",
		"0b1.0.0.1":     "",
		"0o7.0.0.1":     "",
		"-1":            "",
		"+1":            "",
		"192.168.15.08": "",
		":::":           "",
	} {
		a, ok := ParseAddr(in)
		if got := a.String(); ok != (want != "") || ok && got != want {
			t.Errorf("ParseAddr(%q) = %s, %v, want %q", in, got, ok, want)
		}
	}
}

const hosts = `# comment
127.0.0.1 localhost loop	# the loop
10.0.0.2	web.example web
fd00::2 web6 web
::1 six
nonsense web
10.0.0.3
`

func fixture(t *testing.T, conf string, port int) Resolver {
	t.Helper()
	dir := t.TempDir()
	r := Resolver{Hosts: filepath.Join(dir, "hosts"), Conf: filepath.Join(dir, "resolv.conf"), Port: port}
	for path, text := range map[string]string{r.Hosts: hosts, r.Conf: conf} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

func TestHosts(t *testing.T) {
	r := fixture(t, "", 0)
	tests := []struct {
		name   string
		family Family
		want   string // canonical name and addresses, or the error
	}{
		{"localhost", Any, "localhost 127.0.0.1"},
		{"LOOP.", Any, "localhost 127.0.0.1"},
		{"web", Any, "web.example fd00::2 10.0.0.2"}, // neither has a route: IPv6 first
		{"web", IPv4, "web.example 10.0.0.2"},
		{"web", IPv6, "web6 fd00::2"},
		{"six", IPv4, ErrFamily.Error()},
		{"1.2.3.4", Any, "1.2.3.4 1.2.3.4"},
		{"1.2.3.4", IPv6, ErrFamily.Error()},
		{"::1", IPv4, ErrFamily.Error()},
		{"other", Any, ErrTemporary.Error()}, // port 0: no name server is asked
		{"", Any, ErrNotFound.Error()},
		{"a b", Any, ErrNotFound.Error()},
		{"a..b", Any, ErrNotFound.Error()},
		{"-x", Any, ErrNotFound.Error()},
	}
	for _, test := range tests {
		if got := show(r.LookupHost(test.name, test.family)); got != test.want {
			t.Errorf("%q, %d: got %q, want %q", test.name, test.family, got, test.want)
		}
	}
	for addr, want := range map[string]string{
		"127.0.0.1": "localhost", "::ffff:10.0.0.2": "web.example", "fd00::2": "web6", "::1%lo": "six", "10.9.9.9": "",
	} {
		name, ok := r.LookupAddr(netip.MustParseAddr(addr))
		if name != want || ok != (want != "") {
			t.Errorf("LookupAddr(%s) = %q, %v, want %q", addr, name, ok, want)
		}
	}
}

func show(h Host, err error) string {
	if err != nil {
		return err.Error()
	}
	words := []string{h.Canonical}
	for _, a := range h.Addrs {
		words = append(words, a.String())
	}
	return strings.Join(words, " ")
}

func TestConf(t *testing.T) {
	local := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	tests := []struct {
		text string
		want conf
	}{
		{"", conf{servers: local, ndots: 1, timeout: 5 * time.Second, attempts: 2}},
		{"nameserver x\n#nameserver 1.1.1.1\n; nameserver 2.2.2.2\n",
			conf{servers: local, ndots: 1, timeout: 5 * time.Second, attempts: 2}},
		{"nameserver 1.1.1.1\nnameserver ::2\nnameserver 3.3.3.3\nnameserver 4.4.4.4\n" +
			"domain d\nsearch a b.c\noptions ndots:2 timeout:1 attempts:9 rotate\n",
			conf{
				servers: []netip.Addr{netip.MustParseAddr("1.1.1.1"), netip.MustParseAddr("::2"), netip.MustParseAddr("3.3.3.3")},
				search:  []string{"a", "b.c"}, ndots: 2, timeout: time.Second, attempts: 5,
			}},
	}
	for _, test := range tests {
		if got := parseConf(test.text); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q:\ngot  %+v\nwant %+v", test.text, got, test.want)
		}
	}
	c := parseConf("search a b.c\n")
	for name, want := range map[string]string{
		"x": "x.a. x.b.c. x.", "x.y": "x.y. x.y.a. x.y.b.c.", "x.": "x.",
	} {
		if got := strings.Join(c.candidates(name), " "); got != want {
			t.Errorf("candidates(%q) = %q, want %q", name, got, want)
		}
	}
}

// wire is a name as messages have it.
func wire(name string) string {
	var b strings.Builder
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		b.WriteByte(byte(len(label)))
		b.WriteString(label)
	}
	return b.String() + "\x00"
}

func record(name string, typ uint16, data string) string {
	b := binary.BigEndian.AppendUint16([]byte(wire(name)), typ)
	b = append(b, 0, 1, 0, 0, 0, 60)
	b = binary.BigEndian.AppendUint16(b, uint16(len(data)))
	return string(b) + data
}

// answer makes the reply to a request of serve's.
func answer(request []byte) []byte {
	name, next, err := readName(request, 12)
	if err != nil {
		return nil
	}
	typ := binary.BigEndian.Uint16(request[next:])
	var records []string
	rcode := byte(0)
	switch {
	case name == "a.ex" && typ == typeA:
		records = []string{record("a.ex", typeA, "\x7f\x00\x00\x03")}
	case name == "a.ex" && typ == typeAAAA:
		records = []string{record("a.ex", typeAAAA, strings.Repeat("\xfd", 16))}
	case name == "alias.ex" && typ == typeA:
		records = []string{record("alias.ex", typeCNAME, wire("A.ex")), record("a.ex", typeA, "\x7f\x00\x00\x03"),
			record("other.ex", typeA, "\x06\x06\x06\x06")}
	case name == "host.sub.ex" && typ == typeA:
		records = []string{record(name, typeA, "\x7f\x00\x00\x04")}
	case name == "3.0.0.127.in-addr.arpa" && typ == typePTR:
		records = []string{record(name, typePTR, wire("a.ex"))}
	case name == "4.0.0.127.in-addr.arpa" && typ == typePTR:
		records = []string{record(name, typePTR, wire("\x1b[31mred"))} // not for a terminal
	case name == arpa1 && typ == typePTR:
		records = []string{record(name, typePTR, wire("six.ex"))}
	case name == "fail.ex":
		rcode = 2
	case name == "nodata.ex", name == "a.ex", name == "alias.ex":
	default:
		rcode = rcodeNXDomain
	}
	b := append([]byte{}, request...)
	b[2], b[3], b[7] = 0x81, 0x80|rcode, byte(len(records))
	return append(b, strings.Join(records, "")...)
}

const arpa1 = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa"

// serve answers on the loopback device until the test ends. Before each
// answer it sends what is to be overlooked.
func serve(t *testing.T) net.PacketConn {
	t.Helper()
	pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 512)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			reply := answer(buf[:n])
			forged := append([]byte{}, reply...)
			forged[0] ^= 1
			for _, b := range [][]byte{{}, forged, buf[:n], reply} {
				if _, err := pc.WriteTo(b, from); err != nil {
					return
				}
			}
		}
	}()
	t.Cleanup(func() { pc.Close(); <-done })
	return pc
}

func TestDNS(t *testing.T) {
	ns := testns.New(t)
	ns.Up(t, "lo")
	var failures []string
	check := func(what, got, want string) {
		if got != want {
			failures = append(failures, what+": got "+got+", want "+want)
		}
	}
	ns.Do(t, func() {
		pc := serve(t)
		r := fixture(t, "nameserver 127.0.0.1\nsearch sub.ex\noptions timeout:1\n", pc.LocalAddr().(*net.UDPAddr).Port)
		fdfd := netip.AddrFrom16([16]byte([]byte(strings.Repeat("\xfd", 16)))).String()
		check("a.ex", show(r.LookupHost("a.ex", Any)), "a.ex 127.0.0.3 "+fdfd) // only IPv4 has a route
		check("a.ex 6", show(r.LookupHost("a.ex", IPv6)), "a.ex "+fdfd)
		check("alias.ex", show(r.LookupHost("alias.ex", IPv4)), "A.ex 127.0.0.3")
		check("search", show(r.LookupHost("host", Any)), "host.sub.ex 127.0.0.4")
		check("nxdomain", show(r.LookupHost("nx.ex", Any)), ErrNotFound.Error())
		check("nodata", show(r.LookupHost("nodata.ex", Any)), ErrNoAddress.Error())
		check("servfail", show(r.LookupHost("fail.ex", Any)), ErrTemporary.Error())
		for addr, want := range map[string]string{"127.0.0.3": "a.ex", "127.0.0.4": "", "127.0.0.5": "", "fd00::1": "six.ex"} {
			name, ok := r.LookupAddr(netip.MustParseAddr(addr))
			check(addr, name, want)
			if ok != (want != "") {
				check(addr, "ok", "not ok")
			}
		}
		start := time.Now()
		r.Port = 1 // nobody listens
		check("refused", show(r.LookupHost("a.ex", Any)), ErrTemporary.Error())
		if time.Since(start) > time.Second {
			check("refused", "late", "at once")
		}
	})
	for _, f := range failures {
		t.Error(f)
	}
}

func TestNoServerAnswers(t *testing.T) {
	ns := testns.New(t)
	ns.Up(t, "lo")
	var err error
	var took time.Duration
	ns.Do(t, func() {
		pc, listenErr := net.ListenPacket("udp4", "127.0.0.1:0") // says nothing
		if listenErr != nil {
			err = listenErr
			return
		}
		defer pc.Close()
		r := fixture(t, "options timeout:1 attempts:1\n", pc.LocalAddr().(*net.UDPAddr).Port)
		start := time.Now()
		_, err = r.LookupHost("a.ex", IPv4)
		took = time.Since(start)
	})
	if err != ErrTemporary || took < time.Second || took > 3*time.Second {
		t.Errorf("got %v after %v, want %v after 1s", err, took, ErrTemporary)
	}
}

func FuzzParse(f *testing.F) {
	q := question{7, "alias.ex.", typeA}
	f.Add(answer(q.pack()))
	f.Add(append(q.pack(), 0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4))
	ring := append(q.pack(), 0xc0, byte(len(q.pack())), 0, 1)
	ring[2], ring[7] = 0x80, 1
	f.Add(ring)
	f.Fuzz(func(t *testing.T, m []byte) {
		r, err := q.parse(m)
		if err == nil && !isName(r.canonical) {
			t.Errorf("canonical name %q", r.canonical)
		}
		if r.ptr != "" && !isName(r.ptr) {
			t.Errorf("name %q", r.ptr)
		}
	})
}
