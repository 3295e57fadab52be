//go:build linux

package doctor

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/survey"
)

// answers says whether who the packet was for answers: a socket, or the kernel to an
// echo request.
func (w *walk) answers(n *survey.Namespace, p *packet) bool {
	if p.proto == unix.IPPROTO_ICMP {
		path := "net/ipv4/icmp_echo_ignore_all"
		if !p.dst.Is4() {
			path = "net/ipv6/icmp/echo_ignore_all"
		}
		if w.number(n, path) == 1 {
			return w.fault("icmp/ignored", n.Label()+" does not answer to pings", path+" is 1", in(n, "sysctl -w "+strings.ReplaceAll(path, "/", ".")+"=0"))
		}
		return true
	}
	var other netip.Addr
	for _, s := range w.sockets(n, p) {
		if s.port != p.dport {
			continue
		}
		if s.addr == p.dst || s.addr.IsUnspecified() && (s.addr.Is4() == p.dst.Is4() || s.addr.Is6()) {
			return true
		}
		other = s.addr
	}
	port := protoName(p.proto) + " port " + strconv.Itoa(int(p.dport))
	file := "/proc/net/" + strings.ToLower(protoName(p.proto))
	if other.IsValid() {
		return w.fault("port/other-address", "in "+n.Label()+", who listens on "+port+" does so at "+other.String()+" alone, and not at "+p.dst.String(), file)
	}
	if r := w.publish(n, p, port, file); r != nil {
		return w.fault("nat/no-dnat", r.what, r.evidence, r.remedy...)
	}
	return w.fault("port/closed", "nothing listens on "+port+" in "+n.Label(), file+" of "+n.Label())
}

// A socket that listens.
type socket struct {
	addr netip.Addr
	port uint16
}

// sockets are those of a protocol that take packets from anyone.
func (w *walk) sockets(n *survey.Namespace, p *packet) (all []socket) {
	name, state := "tcp", "0A" // TCP_LISTEN
	if p.proto == unix.IPPROTO_UDP {
		name, state = "udp", "07" // TCP_CLOSE
	}
	for _, name := range [...]string{name, name + "6"} {
		text, err := w.host.Net(n, name)
		if err != nil {
			w.unseen(n, "/proc/net/"+name, err)
			continue
		}
		for line := range strings.Lines(text) {
			fields := strings.Fields(line)
			if len(fields) < 4 || fields[3] != state {
				continue
			}
			addr, port, _ := strings.Cut(fields[1], ":")
			number, err := strconv.ParseUint(port, 16, 16)
			var b []byte
			for ; len(addr) >= 8 && err == nil; addr = addr[8:] { // words, as they are in memory
				var word uint64
				word, err = strconv.ParseUint(addr[:8], 16, 32)
				b = binary.NativeEndian.AppendUint32(b, uint32(word))
			}
			if err != nil {
				continue
			}
			if a, ok := netip.AddrFromSlice(b); ok {
				all = append(all, socket{a.Unmap(), uint16(number)})
			}
		}
	}
	return all
}

// publish looks for who else listens on the port, behind the namespace that does not.
func (w *walk) publish(n *survey.Namespace, p *packet, port, file string) *Finding2 {
	if p.dst.IsLoopback() || len(usable(n, p.dst.Is6())) < 2 {
		return nil
	}
	for _, other := range w.survey.Namespaces {
		if other == n || other == w.From || other.Err != nil {
			continue
		}
		for _, s := range w.sockets(other, p) {
			if s.port != p.dport || s.addr.IsLoopback() {
				continue
			}
			for _, a := range usable(other, p.dst.Is6()) {
				if !knows(n, own(a)) {
					continue
				}
				r := &Finding2{what: "nothing listens on " + port + " in " + n.Label() + ", and no rule of NAT sends it on to " + other.Label() + ", where something does", evidence: file + " of both, and the chains of type nat at prerouting"}
				if rules := w.almost(n, p); rules != "" {
					r.evidence += "; there is " + rules
				}
				command, to := "iptables", hostPort(own(a), p.dport)
				if p.dst.Is6() {
					command = "ip6tables"
				}
				r.remedy = []string{in(n, command+" -t nat -A PREROUTING -d "+p.dst.String()+" -p "+strings.ToLower(protoName(p.proto))+" --dport "+strconv.Itoa(int(p.dport))+" -j DNAT --to-destination "+to)}
				return r
			}
		}
	}
	return nil
}

// Finding2 is what publish finds.
type Finding2 struct {
	what, evidence string
	remedy         []string
}

// almost is the first rule that changes destinations, but not of this packet.
func (w *walk) almost(n *survey.Namespace, p *packet) string {
	rs := w.ruleset(n)
	for i := range rs.Chains {
		ch := &rs.Chains[i]
		if !ch.Hook.Ok || ch.Type != "nat" || ch.Hook.V.Num != nft.Prerouting {
			continue
		}
		in := inTable{rs, ch.Family, ch.Table}
		if rules := in.chain(ch.Name); len(rules) > 0 {
			return (&place{ns: n, in: in, chain: ch, rule: rules[0]}).String()
		}
	}
	return ""
}
