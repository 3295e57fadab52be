//go:build linux

package doctor_test

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/doctor"
	"github.com/minins/minins/internal/testns"
)

// Pairs of faults of the table, by their names, with the question of the first.
var pairs = [...][2]string{
	{"link down", "port of another bridge"},
	{"far link down", "INPUT drops"},
	{"bridge down", "wrong prefix, too long"},
	{"port down", "br_netfilter with a policy"},
	{"not a port", "permanent neighbour"},
	{"isolated ports", "the answer is dropped"},
	{"wrong prefix of the other", "OUTPUT drops"},
	{"legacy policy", "INPUT rejects"},
	{"bridge table", "netdev table"},
	{"pings ignored", "neighbour of the answer"},
	{"ARP off", "br_netfilter with a policy"},
	{"masquerade of bridged traffic", "INPUT drops"},
	{"MTU of the other end", "bridge table"},
	{"no route", "forwarding off"},
	{"no route", "no masquerade"},
	{"forwarding off", "FORWARD policy"},
	{"FORWARD policy", "no masquerade"},
	{"no masquerade", "legacy rule"},
	{"gateway is nobody", "blackhole"},
	{"gateway has no address", "nft in another table"},
	{"uplink down", "chain of the user's"},
	{"DNAT without -p", "FORWARD policy"},
	{"no DNAT", "DNAT, but FORWARD"},
	{"no route back", "blackhole at the router"},
	{"forwarding off at the router", "rule of routing"},
	{"rp_filter", "no route back"},
	{"wrong prefix, too short", "prohibit"},
	{"no route, IPv6", "no route back, IPv6"},
	{"forwarding off, IPv6", "blackhole, IPv6"},
	{"hairpin", "INPUT of the port"},
	{"ARP dropped", "INPUT drops"},
	{"ARP dropped at a bridge", "one MAC"},
	{"notrack, and NAT", "forwarding off"},
	{"SNAT to nobody", "FORWARD policy"},
	{"INPUT policy, IPv6", "the answer is dropped, IPv6"},
}

// TestPairs injects two faults. One of them must be named first; when it is mended, the
// other one.
func TestPairs(t *testing.T) {
	t.Parallel()
	find := func(name string) *fault {
		if name == "INPUT of the port" {
			return &fault{inject: "ip netns exec blue iptables -A INPUT -p tcp --dport 80 -j REJECT", want: "filter/reject"}
		}
		if name == "the answer is dropped, IPv6" {
			return &fault{inject: "ip netns exec blue ip6tables -A OUTPUT -p icmpv6 --icmpv6-type echo-reply -j DROP", want: "filter/drop"}
		}
		faults := append(faults[:len(faults):len(faults)], matters...)
		i := slices.IndexFunc(faults, func(f fault) bool { return f.name == name })
		if i < 0 {
			t.Fatalf("there is no fault %q", name)
		}
		return &faults[i]
	}
	for i, pair := range pairs {
		if !testns.Some(i, 4, 60) {
			continue
		}
		t.Run(strings.ReplaceAll(pair[0]+" and "+pair[1], ",", ""), func(t *testing.T) {
			t.Parallel()
			a, b := find(pair[0]), find(pair[1])
			base := a.base
			if base == "" {
				base = tutorial
			}
			s := play(t, base)
			if name, what, ok := strings.Cut(a.listen, " "); ok {
				s.listen(name, what)
			}
			s.sh(a.inject + "\n:;" + b.inject)
			s.settle()
			known := strings.Fields(a.want + " " + a.then + " " + b.want + " " + b.then)
			var named []string
			r := s.ask(a.question)
			for len(r.Findings) > 0 && len(named) < 8 {
				f := r.Fault()
				if f == nil {
					f = r.Findings[0]
				}
				if !slices.Contains(known, f.ID) {
					t.Fatalf("%s is none of %q\n%s", f.ID, known, r)
				}
				named = append(named, f.ID)
				s.mend(f)
				s.settle()
				r = s.ask(a.question)
			}
			if r.status != doctor.Reachable || len(r.Findings) > 0 {
				t.Errorf("not mended after %q\n%s", named, r)
			}
			for _, want := range []string{a.want, b.want} {
				if !slices.Contains(named, want) {
					t.Errorf("%s was never named, only %q", want, named)
				}
			}
		})
	}
}

// TestSilent keeps a suspect if a datagram of UDP was not answered: that says nothing.
func TestSilent(t *testing.T) {
	t.Parallel()
	s := play(t, routed)
	s.listen("right", "udp 0.0.0.0:53")
	s.sh("ip netns exec rt nft 'table ip f { chain f { type filter hook forward priority 0; meta length < 1000 drop; }; }'")
	r := s.ask("-u left right:53")
	if r.id() != "filter/maybe" || r.Fault() != nil || r.status != doctor.Reachable {
		t.Errorf("a rule that drops the datagram is not suspected\n%s", r)
	}
}

// TestInterrupted has signals come while the probe waits, as those of Go's runtime do.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	s := play(t, routed)
	s.listen("right", "udp 0.0.0.0:53")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 5 {
			time.Sleep(100 * time.Millisecond)
			for _, thread := range testns.Threads() {
				tid, _, _ := strings.Cut(thread, " ")
				n, err := strconv.Atoi(tid)
				if err == nil {
					err = unix.Tgkill(os.Getpid(), n, unix.SIGURG)
				}
				if err != nil && err != unix.ESRCH {
					t.Error(err)
				}
			}
		}
	}()
	r := s.ask("-u left right:53") // the real answer is silence
	<-done
	if r.status != doctor.Reachable || r.reply == nil || !r.reply.Silent {
		t.Errorf("a signal ends the probe\n%s", r)
	}
}
