//go:build linux

package nettools

import (
	"bufio"
	"bytes"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

func TestMain(m *testing.M) { testns.Main(m) }

// run runs one of our applets inside ns.
func run(ns *testns.NS, line string) testns.Result {
	var out, errs bytes.Buffer
	words := strings.Fields(line)
	c := &applet.Cmd{
		Name: words[0], Args: words[1:], Stdout: bufio.NewWriter(&out), Stderr: &errs, Getenv: os.Getenv,
		Dial: func(p *nl.Protocol, _ string) (*nl.Conn, error) { return nl.Dial(p, nl.Config{NetNS: ns.FD()}) },
	}
	r := testns.Result{Args: words}
	if words[0] == "route" {
		r.Code = Route(c)
	} else {
		r.Code = Arp(c)
	}
	c.Stdout.Flush()
	r.Stdout, r.Stderr = out.String(), errs.String()
	return r
}

// same compares what the real tool and ours did. The usage may name fewer
// kinds of addresses and hardware.
func same(t *testing.T, line string, ours, real testns.Result) {
	t.Helper()
	for _, r := range []*testns.Result{&ours, &real} {
		var kept []string
		for _, s := range strings.SplitAfter(r.Stderr, "\n") {
			if !strings.HasPrefix(s, "    ") || s[4] == ' ' {
				kept = append(kept, s)
			}
		}
		r.Stderr = strings.Join(kept, "")
	}
	if ours.Code != real.Code || ours.Stdout != real.Stdout || ours.Stderr != real.Stderr {
		t.Errorf("%s:\n ours %d\n%s%s real %d\n%s%s", line, ours.Code, ours.Stdout, ours.Stderr, real.Code, real.Stdout, real.Stderr)
	}
}

// setup runs commands, one a line, in ns.
func setup(t *testing.T, ns *testns.NS, commands string) {
	t.Helper()
	for line := range strings.Lines(commands) {
		if words := strings.Fields(line); len(words) > 0 {
			ns.Run(t, words...).Must(t)
		}
	}
}

const wired = `
	ip link set lo up
	ip link add va type veth peer name vb
	ip link set va address 02:00:00:00:00:01 up
	ip link set vb address 02:00:00:00:00:02 up
	ip address add 192.168.15.1/24 dev va
`

func TestRouteShows(t *testing.T) {
	etc(t)
	ns := testns.New(t)
	setup(t, ns, wired+`
		ip address add 10.1.0.1/16 dev va
		ip route add default via 192.168.15.5
		ip route add 0.0.0.0 via 192.168.15.5
		ip route add 172.16.0.0/12 via 192.168.15.9 metric 4294967295
		ip route add unreachable 10.9.0.0/16
		ip route add unreachable 10.9.0.1
		ip route add prohibit 10.8.0.0/16 metric 7
		ip route add blackhole 10.7.0.0/16
		ip route add throw 10.6.0.0/16
		ip route add 10.5.5.5 via 192.168.15.7 mtu 1400 window 3000 rtt 100
		ip route add 10.4.0.0/24 nexthop via 192.168.15.2 nexthop via 192.168.15.3
		ip route add 10.3.0.0/24 dev va advmss 1000
		ip route add 10.2.0.0/24 dev va scope link tos 8
		ip route add local 10.99.0.0/24 dev lo table main
		ip route add broadcast 10.98.0.0/24 dev va table main
		ip route add 169.254.0.0/16 dev va
		ip route add 127.0.0.0/8 dev va
		ip route add 10.97.0.0/24 via inet6 fe80::1 dev va
		ip route add multicast 224.0.0.0/4 dev va
		ip route add 10.96.0.0/16 table 100 dev va
		ip route add 192.168.20.128/25 dev va
		ip route add 0.0.0.0/1 dev va
		ip route add 127.0.0.1 via 192.168.15.7 dev va table main
	`)
	for _, line := range []string{
		"route -n", "route", "route -e", "route -ee", "route -eee", "route -ne", "route -nee", "route -F", "route -4n", "route --numeric --extend",
		"route -A inet -n", "route --inet -n", "route -C", "route -Cee", "route --num", "route -Ce", "route -h", "route -hA inet", "route --help",
	} {
		same(t, line, run(ns, line), ns.Run(t, strings.Fields(line)...))
	}
}

// etc puts files with names in place of the host's, and no name server that
// could be waited for.
func etc(t *testing.T) {
	t.Helper()
	for file, text := range map[string]string{
		"/etc/hosts":       "127.0.0.1 localhost\n192.168.15.5 gateway.of.the.red.ones gw\n192.168.15.2 blue # a comment\n10.5.5.5 five\n192.168.20.128 half\n",
		"/etc/networks":    "default 0.0.0.0\nloopback 127.0.0.0\n\n# link\nlink-local 169.254.0.0\nten-four 10.4.0 four\nseven 10.7.0.0\n",
		"/etc/resolv.conf": "",
	} {
		own := t.TempDir() + "/file"
		if err := os.WriteFile(own, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(file); err != nil {
			testns.Skip(t, file+" is not there to be replaced")
		}
		if err := unix.Mount(own, file, "", unix.MS_BIND, ""); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		t.Cleanup(func() {
			if err := unix.Unmount(file, unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestEmptyTable has the one difference: it is no error.
func TestEmptyTable(t *testing.T) {
	ns := testns.New(t)
	for _, line := range []string{"route", "route -n", "route -ee"} {
		real := ns.Run(t, strings.Fields(line)...)
		if real.Code != 1 {
			t.Errorf("%s: the real one exits with %d", line, real.Code)
		}
		real.Code = 0
		same(t, line, run(ns, line), real)
	}
	for _, line := range []string{"arp", "arp -n", "arp -a", "arp -v", "arp -n 10.0.0.1"} {
		same(t, line, run(ns, line), ns.Run(t, strings.Fields(line)...))
	}
}

// TestRouteEdits runs the same changes by the real route and by ours, each in
// a namespace of its own, and compares the words and the tables.
func TestRouteEdits(t *testing.T) {
	etc(t)
	a, b := testns.New(t), testns.New(t)
	setup(t, a, wired)
	setup(t, b, wired)
	for line := range strings.Lines(`
		route add default gw 192.168.15.5
		route add default gw 192.168.15.5
		route add default gw 192.168.15.6
		route add -net 10.0.0.0 dev va
		route add -net 10.0.0.0 netmask 255.0.0.0 dev va
		route add -net 10.1.0.0/16 gw 192.168.15.6 metric 7
		route add 10.2.0.0 dev va
		route add 10.2.0.0/16 dev va
		route add -host 10.3.0.1 gw 192.168.15.7 va
		route add -host 10.3.0.2/24 gw 192.168.15.7
		route add -net 10.4.0.1 netmask 255.255.0.0 dev va
		route add -net 10.5.0.0 netmask 255.0.255.0 dev va
		route add -net 10.6.0.0/16 reject
		route add -host 10.6.0.1 reject
		route add -net 10.6.1.0/24 reject dev nope
		route add -net 10.8.0.0/16 dev nope
		route add -net 10.8.0.0/16
		route add -net 10.9.0.0/33 dev va
		route add -net 10.9.0.0/x dev va
		route add -net 10.9.0.0/16 mss 1000 window 2000 irtt 300 dev va
		route add -net 10.9.1.0/24 mss 10 dev va
		route add -net 10.9.1.0/24 mtu 70000 dev va
		route add -net 10.9.1.0/24 window 10 dev va
		route add -net 10.9.1.0/24 gw default
		route add -net 10.9.1.0/24 metric x dev va
		route add -net 10.9.1.0/24 metric
		route add -net 10.9.1.0/24 bogus
		route add -net 10.9.1.0/24 va vb
		route add -net 10.9.1.0/24 dev va dev vb
		route add -net 10.9.1.0/24 gw 192.168.15.2 gw 192.168.15.3
		route add
		route del
		route add -net
		route add -net 10.9.1.0/24 gw
		route bogus
		route del default
		route del default gw 192.168.15.5
		route del default
		route del -net 10.1.0.0/16
		route del -net 10.1.0.0 netmask 255.255.0.0
		route del -net 10.6.0.0/16
		route del -net 10.6.0.0/16 reject
		route del -host 10.3.0.1
		route del 10.3.0.1
		route flush
		route -C add default dev va
		route -A foo
		route add -net loopback netmask 255.0.0.0 dev va
		route add -net 10.9.2.0/255.255.255.0 dev va
		route add 10.9.3.0 netmask 255.255.255.0 dev va
		route add -net 10.9.3.0/24 netmask 255.255.255.0 dev va
		route add 10.9 dev va
		route add -net 0.0.0.0 gw 192.168.15.3
		route add 0.0.0.0 gw 192.168.15.4
		route add -host 10.9.4.4 metric 3 dev va
		route del -host 10.9.4.4 metric 4
		route del -host 10.9.4.4 dev vb
		route del -host 10.9.4.4 dev nope
		route add -net 10.9.5.0/24 gw 192.168.15.1
		route add -net 10.9.6.0/24 gw 172.31.0.1
		route delete -net 10.9.5.0/24
		route --inet add -host 10.9.7.7 mod dyn reinstate dev va
		route -x
		route --bogus
		route --inet6=x
		route -A
		route add -net ten-four/24 gw gw
		route add five gw blue
		route add -host four dev va
		route add nosuch dev va
		route add -host default dev vb
		route add default gw four
		route del -host 10.4.0.0
		route add default gw nosuch
	`) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		same(t, line, run(a, line), b.Run(t, strings.Fields(line)...))
		show := []string{"ip", "-d", "route", "show", "table", "all"}
		if got, want := a.Run(t, show...).Must(t), b.Run(t, show...).Must(t); strip(got) != strip(want) {
			t.Fatalf("after %s:\n ours\n%s real\n%s", line, got, want)
		}
	}
}

// strip leaves the IPv4 routes of the main table.
func strip(routes string) string {
	var kept []string
	for line := range strings.Lines(routes) {
		if !strings.Contains(line, "table local") && !strings.Contains(line, "fe80") && !strings.Contains(line, "ff00") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

const neighbours = `
	ip neighbour add 192.168.15.2 lladdr 02:00:00:00:00:22 dev va nud permanent
	ip neighbour add 192.168.15.3 lladdr 02:00:00:00:00:33 dev va nud stale
	ip neighbour add 192.168.15.4 dev va nud failed
	ip neighbour add 192.168.15.5 lladdr 02:00:00:00:00:55 dev va nud noarp
	ip neighbour add 192.168.15.7 lladdr 02:00:00:00:00:77 dev va nud reachable
	ip neighbour add proxy 192.168.15.8 dev va
	ip neighbour add 127.0.0.3 lladdr 00:00:00:00:00:00 dev lo nud permanent
	ip neighbour add 10.0.0.1 lladdr 02:00:00:00:00:12 dev vb nud permanent
	ip neighbour add 127.0.0.1 lladdr 02:00:00:00:00:12 dev vb nud permanent
`

func TestArpShows(t *testing.T) {
	etc(t)
	ns := testns.New(t)
	setup(t, ns, wired+neighbours)
	// A proxy without a device has to be deleted: the kernel keeps it when the
	// namespace ends, and shows it in a later one.
	setup(t, ns, "ip neighbour add proxy 192.168.15.9")
	defer setup(t, ns, "ip neighbour delete proxy 192.168.15.9")
	for _, line := range []string{
		"arp", "arp -n", "arp -a", "arp -an", "arp -e", "arp -ae", "arp -ane", "arp -v", "arp -vn", "arp -van", "arp --all --numeric",
		"arp -a 192.168.15.3", "arp -an 192.168.15.99", "arp -n 192.168.15.99", "arp 192.168.15.2", "arp -n 192.168.15.3 junk", "arp -n localhost",
		"arp -i va", "arp -i vb -n", "arp -i nope", "arp -i nope -v", "arp -H ether", "arp -H arcnet", "arp -t ether -a", "arp -H foo",
		"arp -A inet6", "arp -A foo", "arp -p inet -n", "arp -N -n", "arp -x", "arp -i", "arp --device", "arp --dev=vb", "arp blue", "arp -a gw", "arp nosuch", "arp -h",
	} {
		same(t, line, run(ns, line), ns.Run(t, strings.Fields(line)...))
	}
}

func TestArpEdits(t *testing.T) {
	etc(t)
	a, b := testns.New(t), testns.New(t)
	setup(t, a, wired+neighbours)
	setup(t, b, wired+neighbours)
	ethers := t.TempDir() + "/ethers"
	text := "192.168.15.30 02:00:00:00:00:30\n# c\n\n02:00:00:00:00:31 192.168.15.31\nbad\n192.168.15.32 zz\n"
	if err := os.WriteFile(ethers, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(`
		arp -d
		arp -d 192.168.15.99
		arp -d 192.168.15.2
		arp -d 192.168.15.8
		arp -d 192.168.15.8 pub
		arp -d 192.168.15.8 pub dev va
		arp -d 192.168.15.3 -i va
		arp -d 192.168.15.3 priv
		arp -d 192.168.15.3 dev nope
		arp -d 172.31.0.1
		arp -d 10.0.0.1 -i vb
		arp -d 192.168.15.7 bogus
		arp -d 192.168.15.7 dev
		arp -s
		arp -s 192.168.15.20
		arp -s 192.168.15.20 02:00:00:00:00:20
		arp -s 192.168.15.20 2:0:0:0:0:aB
		arp -s 192.168.15.21 02:00:00:00:00:21 temp
		arp -s 192.168.15.22 02:00:00:00:00:99 pub
		arp -s 192.168.15.22 02:00:00:00:00:01 pub
		arp -s 192.168.15.23 zz
		arp -s 10.0.0.9 02:00:00:00:00:23
		arp -s 10.0.0.9 02:00:00:00:00:23 dev va
		arp -i vb -s 10.0.0.2 02:00:00:00:00:23
		arp -i nope -s 10.0.0.2 02:00:00:00:00:23
		arp -i lo -s 10.0.0.2 02:00:00:00:00:23
		arp -s 192.168.15.24 02:00:00:00:00:23 bogus
		arp -Ds 192.168.15.25 va pub
		arp -Ds 192.168.15.26 vb
		arp -Ds 192.168.15.26 nope
		arp -i va -Ds 192.168.15.27 va pub
		arp -i va -Ds 10.5.0.0 va netmask 255.255.0.0 pub
		arp -i va -Ds 10.5.0.1 va netmask 255.255.255.255 pub
		arp -f /nonexistent
		arp -f ` + ethers + `
		arp -vs 192.168.15.40 02:00:00:00:00:40
		arp -vDs 192.168.15.41 va
		arp -vd 192.168.15.40
		arp -vd 192.168.15.40
	`) {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		same(t, line, run(a, line), b.Run(t, strings.Fields(line)...))
		for _, show := range []string{"ip -4 neighbour", "ip -4 neighbour show proxy"} {
			got, want := sorted(a.Run(t, strings.Fields(show)...).Must(t)), sorted(b.Run(t, strings.Fields(show)...).Must(t))
			if got != want {
				t.Fatalf("after %s:\n ours\n%s real\n%s", line, got, want)
			}
		}
	}
}

func sorted(text string) string {
	lines := strings.SplitAfter(text, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "")
}

// An ioctl asks for the right before it looks for a device or a route.
func TestWithoutRight(t *testing.T) {
	for line, want := range map[string]string{
		"arp -d 10.9.0.1":                          "255 SIOCDARP(dontpub): Operation not permitted\n",
		"arp -i nosuch -d 10.9.0.1":                "255 SIOCDARP(dontpub): Operation not permitted\n",
		"arp -i nosuch -d 10.9.0.1 pub":            "255 SIOCDARP(pub): Operation not permitted\n",
		"arp -s 10.9.0.1 02:00:00:00:00:01":        "255 SIOCSARP: Operation not permitted\n",
		"route add -net 10.9.0.0/16 dev nosuch":    "7 SIOCADDRT: Operation not permitted\n",
		"route del -net 10.9.0.0/16 dev nosuch":    "7 SIOCDELRT: Operation not permitted\n",
		"route add default gw 10.0.0.1 dev nosuch": "7 SIOCADDRT: Operation not permitted\n",
		"route add -net 10.9.0.0/16 gw 10.77.0.1":  "7 SIOCADDRT: Operation not permitted\n",
	} {
		words := strings.Fields(line)
		var errs bytes.Buffer
		c := &applet.Cmd{Name: words[0], Args: words[1:], Stdout: bufio.NewWriter(&bytes.Buffer{}), Stderr: &errs, Getenv: os.Getenv,
			Dial: func(p *nl.Protocol, _ string) (*nl.Conn, error) {
				return nl.Pretend(p, func(datagram []byte, reply func([]byte)) {
					h, _, _, _ := nl.Next(datagram)
					no := unix.EPERM
					switch h.Type {
					case unix.RTM_GETROUTE:
						no = unix.ENETUNREACH
					case unix.RTM_GETLINK:
						no = unix.ENODEV
					}
					reply(nl.ReplyError(h, no))
				}), nil
			}}
		run := Arp
		if words[0] == "route" {
			run = Route
		}
		if got := strconv.Itoa(run(c)) + " " + errs.String(); got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
	}
}
