//go:build linux

package ping

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/minins/minins/cmd/minins/internal/resolve"
	"golang.org/x/sys/unix"
)

func TestParse(t *testing.T) {
	is := func(check func(o *options) bool) func(*options) bool { return check }
	tests := []struct {
		args string
		want func(*options) bool
		err  string
	}{
		{"h", is(func(o *options) bool {
			return o.target == "h" && o.count == 0 && o.interval == 1000 && o.size == 56 && o.ttl == -1 && o.linger == 10000 && o.preload == 1
		}), ""},
		{"-c1 -W1 h", is(func(o *options) bool { return o.count == 1 && o.linger == 1000 }), ""},
		{"-c 2 -i 0.2 h", is(func(o *options) bool { return o.count == 2 && o.interval == 200 && o.spaced }), ""},
		{"h -qnDOafAbBdrLUv", is(func(o *options) bool {
			return o.quiet && o.numeric && o.stamps && o.outstanding && o.audible && o.flood && o.adaptive && o.broadcast &&
				o.sticky && o.debug && o.dontRoute && o.noLoop && o.latency && o.verbose
		}), ""},
		{"-4 -4 h", is(func(o *options) bool { return o.family == resolve.IPv4 }), ""},
		{"-6 h", is(func(o *options) bool { return o.family == resolve.IPv6 }), ""},
		{"-I eth0 h", is(func(o *options) bool { return o.device == "eth0" && !o.sticky }), ""},
		{"-I 1.2.3.4 h", is(func(o *options) bool { return o.source4 == netip.MustParseAddr("1.2.3.4") && o.sticky }), ""},
		{"-I fe80::1%eth0 h", is(func(o *options) bool {
			return o.source6 == netip.MustParseAddr("fe80::1") && o.device == "eth0" && o.sticky
		}), ""},
		{"-w5 -t1 -s0 -l3 -m9 -S99 h", is(func(o *options) bool {
			return o.deadline == 5 && o.ttl == 1 && o.size == 0 && o.preload == 3 && o.mark == 9 && o.sndbuf == 99
		}), ""},
		{"-m 4294967295 h", is(func(o *options) bool { return o.mark == 4294967295 }), ""},
		{"-i abc h", is(func(o *options) bool {
			return o.interval == 0 && strings.Join(o.warnings, "; ") == "option argument contains garbage: abc; this will become fatal error in the future"
		}), ""},
		{"-M do h", is(func(o *options) bool { return o.pmtu == unix.IP_PMTUDISC_DO }), ""},
		{"-Q 0x10 h", is(func(o *options) bool { return o.tos == 16 }), ""},
		{"-p 0fA h", is(func(o *options) bool { return string(o.pattern) == "\x0f\x0a" }), ""},
		{"-i 1x h", is(func(o *options) bool { return o.interval == 1000 && len(o.warnings) == 2 }), ""},
		{"-i -1 h", is(func(o *options) bool { return o.interval == 0 }), ""},
		{"-W 0 h", is(func(o *options) bool { return o.linger == 0 }), ""},

		{"", nil, "1 usage error: Destination address required"},
		{"-c x h", nil, "1 invalid argument: 'x'"},
		{"-c 0 h", nil, "1 invalid argument: '0': out of range: 1 <= value <= 9223372036854775807"},
		{"-t 256 h", nil, "1 invalid argument: '256': out of range: 0 <= value <= 255"},
		{"-t -1 h", nil, "1 invalid argument: '-1': out of range: 0 <= value <= 255"},
		{"-c -1 h", nil, "1 invalid argument: '-1': out of range: 1 <= value <= 9223372036854775807"},
		{"-s -1 h", nil, "1 invalid argument: '-1': out of range: 0 <= value <= 2147483647"},
		{"-m -1 h", nil, "1 invalid argument: '-1': out of range: 0 <= value <= 4294967295"},
		{"-l 0 h", nil, "1 invalid argument: '0': out of range: 1 <= value <= 65536"},
		{"-l 4 h", nil, "2 cannot set preload to value greater than 3: 4"},
		{"-i 99999999 h", nil, "2 bad timing interval: 99999999"},
		{"-i nan h", nil, "2 bad timing interval: nan: Numerical result out of range"},
		{"-W -1 h", nil, "2 bad linger time: -1"},
		{"-4 -6 h", nil, "2 only one -4 or -6 option may be specified"},
		{"-I ::zz h", nil, "2 invalid source address: ::zz"},
		{"-M xx h", nil, "2 invalid -M argument: xx"},
		{"-p zz h", nil, "2 patterns must be specified as hex digits: zz"},
		{"-Q 256 h", nil, "2 the decimal value of TOS bits must be in range 0-255: 256"},
		{"-Q x h", nil, "2 bad TOS value: x"},
		{"-k h", nil, "2 usage invalid option -- 'k'"},
		{"-h", nil, "2 usage "},
		{"-R -T tsonly h", nil, "2 only one of -T or -R may be used"},
		{"-F 1 h", nil, "2 option -F is not supported by minins"},
		{"a b h", nil, "2 hops on the way (a b) are not supported by minins"},
	}
	for _, test := range tests {
		o, err := parse(strings.Fields(test.args), 1000)
		if got := failure(err); got != test.err {
			t.Errorf("%q: error %q, want %q", test.args, got, test.err)
		} else if err == nil && !test.want(o) {
			t.Errorf("%q: got %+v", test.args, o)
		}
	}
}

func TestPacket(t *testing.T) {
	now := time.Unix(1, 2000)
	packet := newPacket(20, nil)
	echo{typ: echo4, id: 0x1234, seq: 5}.put(packet, now)
	var clock [16]byte
	binary.NativeEndian.PutUint64(clock[:], 1)
	binary.NativeEndian.PutUint64(clock[8:], 2)
	if got, want := hex.EncodeToString(packet[4:]), "12340005"+hex.EncodeToString(clock[:])+"10111213"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := checksum(packet); got != 0 {
		t.Errorf("checksum over the packet = %#x, want 0", got)
	}
	if e, ok := parseEcho(packet); !ok || e != (echo{typ: echo4, id: 0x1234, seq: 5}) {
		t.Errorf("parseEcho = %+v, %v", e, ok)
	}
	if got := sentAt(packet); !got.Equal(now) {
		t.Errorf("sentAt = %v, want %v", got, now)
	}
	small := newPacket(3, []byte{0xab, 0xcd})
	echo{typ: echo6, seq: 1}.put(small, now)
	if got := hex.EncodeToString(small); got != "8000000000000001abcdab" {
		t.Errorf("got %s", got)
	}
	if _, ok := parseEcho(small[:7]); ok {
		t.Error("parseEcho took 7 bytes")
	}
}

func TestChecksum(t *testing.T) { // the example of RFC 1071, section 3
	for in, want := range map[string]uint16{"0001f203f4f5f6f7": ^uint16(0xddf2), "01": 0xfeff, "": 0xffff} {
		b, err := hex.DecodeString(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := checksum(b); got != want {
			t.Errorf("checksum(%s) = %#x, want %#x", in, got, want)
		}
	}
}

func TestCutIP(t *testing.T) {
	b := make([]byte, 32)
	b[0], b[8] = 0x46, 64 // a header of 24 bytes
	if message, ttl, ok := cutIP(b); !ok || ttl != 64 || len(message) != 8 {
		t.Errorf("got %d bytes, ttl %d, %v", len(message), ttl, ok)
	}
	for _, bad := range [][]byte{nil, b[:19], b[:31], {0: 0x44, 40: 0}} {
		if _, _, ok := cutIP(bad); ok {
			t.Errorf("took %x", bad)
		}
	}
}

func TestTimeText(t *testing.T) {
	for us, want := range map[int64]string{
		0: "0.000", 54: "0.054", 999: "0.999", 1000: "1.00", 1143: "1.14", 1146: "1.15", 9994: "9.99",
		9995: "10.0", 10049: "10.0", 99949: "99.9", 99950: "100", 100499: "100", 1029000: "1029",
	} {
		if got := tripText(us); got != want {
			t.Errorf("tripText(%d) = %s, want %s", us, got, want)
		}
	}
}

func TestSummary(t *testing.T) {
	var two stats
	two.sent, two.received = 2, 2
	two.addTime(58)
	two.addTime(54)
	var flood stats
	flood.sent, flood.received, flood.repeats, flood.pipe = 3, 2, 1, 3
	for _, us := range []int64{5, 10, 21} {
		flood.addTime(us)
	}
	third := stats{sent: 3, received: 2}
	tests := []struct {
		name string
		s    *stats
		how  summary
		want string
	}{
		{"two", &two, summary{host: "192.168.15.2", elapsed: 206400 * time.Microsecond, timed: true}, `
--- 192.168.15.2 ping statistics ---
2 packets transmitted, 2 received, 0% packet loss, time 206ms
rtt min/avg/max/mdev = 0.054/0.056/0.058/0.002 ms
`},
		{"none", &stats{sent: 1}, summary{host: "h", timed: true}, `
--- h ping statistics ---
1 packets transmitted, 0 received, 100% packet loss, time 0ms

`},
		{"errors", &stats{sent: 2, errors: 2, pipe: 2}, summary{host: "h", elapsed: 1029 * time.Millisecond, timed: true}, `
--- h ping statistics ---
2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 1029ms
pipe 2
`},
		{"not timed", &third, summary{host: "h"}, `
--- h ping statistics ---
3 packets transmitted, 2 received, 33.3333% packet loss, time 0ms

`},
		{"flood", &flood, summary{host: "h", elapsed: 68 * time.Microsecond, timed: true, rate: true}, `
--- h ping statistics ---
3 packets transmitted, 2 received, +1 duplicates, 33.3333% packet loss, time 0ms
rtt min/avg/max/mdev = 0.005/0.012/0.021/0.006 ms, pipe 3, ipg/ewma 0.034/0.007 ms
`},
		{"nothing sent", &stats{}, summary{host: "h", timed: true}, "\n--- h ping statistics ---\n0 packets transmitted, 0 received\n\n"},
	}
	for _, test := range tests {
		if got := test.s.text(test.how); got != test.want {
			t.Errorf("%s:\ngot  %q\nwant %q", test.name, got, test.want)
		}
	}
	if got, want := two.status(true), "\r2/2 packets, 0% loss, min/avg/ewma/max = 0.054/0.056/0.057/0.058 ms\n"; got != want {
		t.Errorf("status = %q, want %q", got, want)
	}
}

func TestInFlight(t *testing.T) {
	var s stats
	s.sent = 3
	if got := s.inFlight(); got != 3 {
		t.Errorf("in flight: %d, want 3", got)
	}
	s.acknowledge(2)
	s.acknowledge(1) // late
	s.acknowledge(4) // not sent yet
	if s.inFlight() != 1 || s.pipe != 3 || s.acked != 2 {
		t.Errorf("in flight %d, pipe %d, acked %d, want 1, 3, 2", s.inFlight(), s.pipe, s.acked)
	}
	s.sent = maxSeq + 1 // the numbers have come round
	s.acknowledge(0)
	if s.inFlight() != 1 {
		t.Errorf("in flight %d, want 1", s.inFlight())
	}
}

func TestPacer(t *testing.T) {
	start := time.Unix(100, 0)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	tests := []struct {
		name              string
		interval, preload int
		inFlight          int64
		at, want          []int // times of asking, answers
	}{
		{"each second", 1000, 1, 0, []int{0, 0, 400, 1000, 1001, 2000}, []int{0, 1000, 600, 0, 999, 0}},
		{"late once", 200, 1, 0, []int{0, 250, 400}, []int{0, 0, 50}},
		{"preload", 1000, 3, 0, []int{0, 0, 0, 0}, []int{0, 0, 0, 1000}},
		{"flood", 0, 1, 1, []int{0, 3, 10}, []int{0, 7, 0}},
		{"flood answered", 0, 1, 0, []int{0, 0}, []int{0, 0}},
	}
	for _, test := range tests {
		p := pacer{interval: test.interval, preload: test.preload}
		for i, ms := range test.at {
			if got := p.wait(at(ms), test.inFlight); got != test.want[i] {
				t.Errorf("%s: at %d ms: wait %d, want %d", test.name, ms, got, test.want[i])
			}
		}
	}
}

func TestErrorTexts(t *testing.T) {
	s := &session{o: &options{numeric: true}}
	for _, test := range []struct{ got, want string }{
		{s.errorText(3, 1, 0), "Destination Host Unreachable"},
		{s.errorText(3, 4, 1400), "Frag needed and DF set (mtu = 1400)"},
		{s.errorText(3, 13, 0), "Packet filtered"},
		{s.errorText(3, 99, 0), "Dest Unreachable, Bad Code: 99"},
		{s.errorText(11, 0, 0), "Time to live exceeded"},
		{s.errorText(11, 1, 0), "Frag reassembly time exceeded"},
		{s.errorText(12, 0, 8), "Parameter problem: pointer = 8"},
		{s.errorText(77, 0, 0), "Bad ICMP type: 77"},
		{s.errorText(six+1, 3, 0), "Destination unreachable: Address unreachable"},
		{s.errorText(six+2, 0, 1280), "Packet too big: mtu=1280"},
		{s.errorText(six+3, 0, 0), "Time exceeded: Hop limit"},
		{s.errorText(six+4, 1, 40), "Parameter problem: Unknown header at 40"},
		{s.errorText(six+77, 0, 0), "unknown icmp type: 77"},
		{s.errorText(5, 1, 0x0a000003), "Redirect Host(New nexthop: 10.0.0.3)"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}

func TestCompare(t *testing.T) {
	sent := newPacket(20, nil)
	got := newPacket(20, nil)
	got[8], got[24+2] = 99, 0xff // the time may differ, data may not
	want := "\nwrong data byte #18 should be 0x12 but was 0xff\n#16\t10 11 ff 13 "
	if text := compare(got, sent); text != want {
		t.Errorf("got %q, want %q", text, want)
	}
	got[24+2] = 18
	if text := compare(got, sent); text != "" {
		t.Errorf("got %q, want nothing", text)
	}
}

func FuzzControl(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 64))
	f.Fuzz(func(t *testing.T, b []byte) {
		parseExtErr(parseControl(b).err)
		parseExtErr(b)
	})
}
