//go:build linux

package doctor_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/doctor"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
	"github.com/minins/minins/survey"
)

func TestMain(m *testing.M) { testns.Main(m) }

// The tutorial, and what it leaves out: red and blue on the bridge v0 of a host that has
// an uplink to the namespace out, forwards and masquerades. IPv6 beside IPv4.
const tutorial = `
	namespaces: red blue out
	host sysctl: net/ipv6/conf/default/accept_dad=0
	red sysctl: net/ipv6/conf/default/accept_dad=0
	blue sysctl: net/ipv6/conf/default/accept_dad=0
	out sysctl: net/ipv6/conf/default/accept_dad=0
	host: link set lo up
	host: link add v0 type bridge
	host: link set v0 up
	host: addr add 192.168.15.5/24 dev v0
	host: addr add fd15::5/64 dev v0 nodad
	host: link add veth-red netns red type veth peer name veth-red-br
	host: link set veth-red-br master v0 up
	host: link add veth-blue netns blue type veth peer name veth-blue-br
	host: link set veth-blue-br master v0 up
	host: link add up0 type veth peer name eth0 netns out
	host: link set up0 up
	host: addr add 192.168.1.1/24 dev up0
	host: addr add fd01::1/64 dev up0 nodad
	red: link set lo up
	red: link set veth-red up
	red: addr add 192.168.15.1/24 dev veth-red
	red: addr add fd15::1/64 dev veth-red nodad
	red: route add default via 192.168.15.5
	red: route add default via fd15::5
	blue: link set lo up
	blue: link set veth-blue up
	blue: addr add 192.168.15.2/24 dev veth-blue
	blue: addr add fd15::2/64 dev veth-blue nodad
	blue: route add default via 192.168.15.5
	blue: route add default via fd15::5
	out: link set lo up
	out: link set eth0 up
	out: addr add 192.168.1.3/24 dev eth0
	out: addr add fd01::3/64 dev eth0 nodad
	out: route add fd15::/64 via fd01::1
	host sysctl: net/ipv4/ip_forward=1
	host sysctl: net/ipv6/conf/all/forwarding=1
	host sh: iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -o up0 -j MASQUERADE
`

// left and right on cables to the router rt.
const routed = `
	namespaces: left rt right
	left sysctl: net/ipv6/conf/default/accept_dad=0
	rt sysctl: net/ipv6/conf/default/accept_dad=0
	right sysctl: net/ipv6/conf/default/accept_dad=0
	host: link add eth0 netns left type veth peer name left netns rt
	host: link add eth0 netns right type veth peer name right netns rt
	rt: link set lo up
	rt: link set left up
	rt: addr add 10.1.0.1/24 dev left
	rt: addr add fd11::1/64 dev left nodad
	rt: link set right up
	rt: addr add 10.2.0.1/24 dev right
	rt: addr add fd12::1/64 dev right nodad
	left: link set lo up
	left: link set eth0 up
	left: addr add 10.1.0.2/24 dev eth0
	left: addr add fd11::2/64 dev eth0 nodad
	left: route add default via 10.1.0.1
	left: route add default via fd11::1
	right: link set lo up
	right: link set eth0 up
	right: addr add 10.2.0.2/24 dev eth0
	right: addr add fd12::2/64 dev eth0 nodad
	right: route add default via 10.2.0.1
	right: route add default via fd12::1
	rt sysctl: net/ipv4/ip_forward=1
	rt sysctl: net/ipv6/conf/all/forwarding=1
`

// A stage is a host with namespaces.
type stage struct {
	t    *testing.T
	host *testns.NS
}

// play builds a stage beside those of other tests: of steps ([stage.batch]), or of what a shell runs.
func play(t *testing.T, script string) *stage {
	t.Helper()
	s := &stage{t, testns.NewHost(t)}
	if strings.HasPrefix(strings.TrimSpace(script), "namespaces: ") {
		s.batch(script)
	} else if script != "" {
		s.sh(script)
	}
	s.settle()
	return s
}

func (s *stage) sh(script string) {
	s.t.Helper()
	s.host.Run(s.t, "/bin/sh", "-e", "-c", script).Must(s.t)
}

// batch makes "namespaces: a b", sets "NAME sysctl: KEY=VALUE", has a shell run "NAME sh: COMMAND",
// and ip and bridge what is behind "NAME: " and "NAME bridge: ", many lines in one process: on an
// emulated processor one takes a tenth of a second to begin.
func (s *stage) batch(steps string) {
	s.t.Helper()
	var who, lines string
	flush := func() {
		if lines != "" {
			name, tool, _ := strings.Cut(who, " ")
			args := []string{"ip", "-n", name, "-b", "-"}
			if tool != "" {
				args[0] = tool
			}
			if name == "host" {
				args = slices.Delete(args, 1, 3)
			}
			testns.Cmd{NS: s.host, Args: args, Stdin: lines}.Run(s.t).Must(s.t)
		}
		lines = ""
	}
	for line := range strings.Lines(steps) {
		to, rest, ok := strings.Cut(strings.TrimSpace(line), ": ")
		name, tool, _ := strings.Cut(to, " ")
		if to != who {
			flush()
		}
		who = to
		switch {
		case !ok:
		case name == "namespaces":
			for _, name := range strings.Fields(rest) {
				s.host.Add(s.t, name)
			}
		case tool == "sysctl":
			key, value, _ := strings.Cut(rest, "=")
			s.inside(name, func() error { return os.WriteFile("/proc/sys/"+key, []byte(value), 0) })
		case tool == "sh":
			s.sh(rest)
		default:
			lines += rest + "\n"
		}
	}
	flush()
}

// settle waits until the kernel has told all that links are up: it does so up to a second later. And
// it has ARP ask again after a tenth of a second, not a second, where an answer is late.
func (s *stage) settle() {
	s.t.Helper()
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		done := true
		s.inside("host", func() error {
			picture, err := survey.Take(s.t.Context(), survey.Options{})
			if err != nil {
				return err
			}
			defer picture.Close()
			for _, n := range picture.Namespaces {
				done = done && !slices.ContainsFunc(n.Links, unsettled)
				if err := n.NS().Do(hasten); err != nil {
					return err
				}
			}
			return nil
		})
		if done {
			return
		}
	}
}

// unsettled says that a link has just got its cable, and that not all know of it.
func unsettled(l *survey.Link) bool {
	const up = unix.IFF_UP | unix.IFF_LOWER_UP
	if l.Flags&up != up {
		return l.Flags&unix.IFF_UP != 0 && l.Info.Kind == "bond" // it looks at its ports now and then
	}
	if l.Flags&unix.IFF_RUNNING == 0 {
		return true
	}
	m := l.Master()
	return m != nil && m.Flags&unix.IFF_UP != 0 && l.Info.Port != nil && l.Info.Port.State.V == rtnl.PortDisabled
}

// hasten has neighbours be asked again soon.
func hasten() error {
	files, err := filepath.Glob("/proc/sys/net/ipv[46]/neigh/*/retrans_time_ms")
	for _, file := range files {
		err = errors.Join(err, os.WriteFile(file, []byte("100"), 0))
	}
	return err
}

// inside calls f in a namespace, or on the host.
func (s *stage) inside(name string, f func() error) {
	s.t.Helper()
	var err error
	s.host.Do(s.t, func() {
		if name == "host" {
			err = f()
			return
		}
		var ns *nsfs.NS
		if ns, err = nsfs.Open(name); err == nil {
			defer ns.Close()
			err = ns.Do(f)
		}
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// listen opens a port, "tcp 0.0.0.0:80", in a namespace until the test ends.
func (s *stage) listen(name, what string) {
	s.t.Helper()
	network, addr, _ := strings.Cut(what, " ")
	s.inside(name, func() error {
		if network == "udp" {
			c, err := net.ListenPacket(network, addr)
			if err == nil {
				s.t.Cleanup(func() { c.Close() })
			}
			return err
		}
		l, err := net.Listen(network, addr)
		if err == nil {
			s.t.Cleanup(func() { l.Close() })
		}
		return err
	})
}

// A result is what doctor says.
type result struct {
	*doctor.Examination
	status int
	reply  *doctor.Reply
}

// ask asks "red blue", "red blue:80", "-6 red blue", "-u red blue:53".
func (s *stage) ask(question string) (r result) {
	s.t.Helper()
	return s.asks(question, false)
}

// asks probes even where the walk found a fault, if always is set.
func (s *stage) asks(question string, always bool) (r result) {
	s.t.Helper()
	words := strings.Fields(question)
	q := &doctor.Question{}
	for strings.HasPrefix(words[0], "-") {
		q.IPv6 = q.IPv6 || words[0] == "-6"
		if words[0] == "-u" {
			q.Proto = unix.IPPROTO_UDP
		}
		words = words[1:]
	}
	q.From, q.To = words[0], words[1]
	s.inside("host", func() error {
		picture, err := survey.Take(s.t.Context(), survey.Options{})
		if err != nil {
			return err
		}
		defer picture.Close()
		host := &doctor.Kernel{Context: s.t.Context()}
		defer host.Close()
		if r.Examination, err = doctor.Examine(picture, host, q); err != nil {
			return err
		}
		if r.Dest.IsValid() && (r.Fault() == nil || always) {
			wait := 500 * time.Millisecond
			if r.Fault() != nil { // nothing is to come
				wait = 150 * time.Millisecond
			}
			if r.reply, err = doctor.Probe(r.Examination, wait); err != nil {
				return err
			}
		}
		if r.Fault() == nil || !always {
			r.status = r.Settle(r.reply)
		} else {
			r.status = doctor.Faulty
		}
		return nil
	})
	return r
}

// String is what a person would be told.
func (r result) String() string {
	text := fmt.Sprintf("status %d\n", r.status)
	for _, step := range r.Steps {
		text += "  " + step + "\n"
	}
	for _, f := range r.Findings {
		text += fmt.Sprintf("%v %s: %s\n    %s\n    %s\n", f.Level, f.ID, f.What, f.Evidence, strings.Join(f.Remedy, "\n    "))
	}
	for _, u := range r.Unseen {
		text += "not seen: " + u + "\n"
	}
	if r.reply != nil {
		text += "probe: " + r.reply.What + "\n"
	}
	return text
}

// id is that of the first finding, of any level.
func (r result) id() string {
	if f := r.Fault(); f != nil {
		return f.ID
	}
	if len(r.Findings) > 0 {
		return r.Findings[0].ID
	}
	return ""
}

// mend runs the commands of a finding.
func (s *stage) mend(f *doctor.Finding) {
	s.t.Helper()
	for _, command := range f.Remedy {
		if r := s.host.Run(s.t, "/bin/sh", "-c", strings.TrimPrefix(command, "minins ")); r.Code != 0 {
			s.t.Fatalf("%s: the remedy %q fails: %s", f.ID, command, r.Stderr)
		}
	}
}
