//go:build linux

package doctor_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/doctor"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/survey"
)

func TestMain(m *testing.M) { testns.Main(m) }

// The tutorial, and what it leaves out: red and blue on the bridge v0 of a host that has
// an uplink to the namespace out, forwards and masquerades. IPv6 beside IPv4.
const tutorial = `
ip link set lo up
sysctl -qw net.ipv6.conf.default.accept_dad=0
ip link add v0 type bridge
ip link set v0 up
ip addr add 192.168.15.5/24 dev v0
ip addr add fd15::5/64 dev v0 nodad
for n in red blue out; do
	ip netns add $n
	ip -n $n link set lo up
	ip netns exec $n sysctl -qw net.ipv6.conf.default.accept_dad=0
done
i=1
for n in red blue; do
	ip link add veth-$n type veth peer name veth-$n-br
	ip link set veth-$n netns $n
	ip link set veth-$n-br master v0 up
	ip -n $n link set veth-$n up
	ip -n $n addr add 192.168.15.$i/24 dev veth-$n
	ip -n $n addr add fd15::$i/64 dev veth-$n nodad
	ip -n $n route add default via 192.168.15.5
	ip -n $n route add default via fd15::5
	i=2
done
ip link add up0 type veth peer name eth0 netns out
ip link set up0 up
ip -n out link set eth0 up
ip addr add 192.168.1.1/24 dev up0
ip addr add fd01::1/64 dev up0 nodad
ip -n out addr add 192.168.1.3/24 dev eth0
ip -n out addr add fd01::3/64 dev eth0 nodad
ip -n out route add fd15::/64 via fd01::1
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -o up0 -j MASQUERADE
`

// left and right on cables to the router rt.
const routed = `
for n in left rt right; do
	ip netns add $n
	ip -n $n link set lo up
	ip netns exec $n sysctl -qw net.ipv6.conf.default.accept_dad=0
done
i=1
for n in left right; do
	ip link add eth0 netns $n type veth peer name $n netns rt
	ip -n $n link set eth0 up
	ip -n rt link set $n up
	ip -n $n addr add 10.$i.0.2/24 dev eth0
	ip -n $n addr add fd1$i::2/64 dev eth0 nodad
	ip -n rt addr add 10.$i.0.1/24 dev $n
	ip -n rt addr add fd1$i::1/64 dev $n nodad
	ip -n $n route add default via 10.$i.0.1
	ip -n $n route add default via fd1$i::1
	i=2
done
ip netns exec rt sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
`

// A stage is a host with namespaces.
type stage struct {
	t    *testing.T
	host *testns.NS
}

// play builds a stage.
func play(t *testing.T, scripts ...string) *stage {
	t.Helper()
	s := &stage{t, testns.New(t)}
	t.Cleanup(func() {
		names, err := filepath.Glob("/run/netns/*")
		if err != nil {
			t.Error(err)
		}
		for _, name := range names {
			if err := nsfs.Delete(filepath.Base(name)); err != nil && os.Remove(name) != nil {
				t.Error(err)
			}
		}
	})
	for _, script := range scripts {
		s.sh(script)
	}
	s.settle()
	return s
}

func (s *stage) sh(script string) {
	s.t.Helper()
	s.host.Run(s.t, "/bin/sh", "-e", "-c", script).Must(s.t)
}

// settle waits until bridges have heard that the cables of their ports are up.
func (s *stage) settle() {
	s.t.Helper()
	s.sh(`for i in $(seq 40); do bridge link | grep -q 'state disabled' || break; sleep 0.05; done`)
}

// inside calls f in a namespace, or on the host.
func (s *stage) inside(name string, f func() error) {
	s.t.Helper()
	do := func() (err error) { s.host.Do(s.t, func() { err = f() }); return err }
	if name != "host" {
		ns, err := nsfs.Open(name)
		if err != nil {
			s.t.Fatal(err)
		}
		defer ns.Close()
		do = func() error { return ns.Do(f) }
	}
	if err := do(); err != nil {
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
