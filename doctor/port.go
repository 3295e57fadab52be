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
			return w.fault("icmp/ignored", &facts{n: n, s: strings.ReplaceAll(path, "/", ".")})
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
	if !other.IsValid() && w.wrongTarget(p, false) {
		return false
	}
	f := facts{n: n, a: p.dst, b: other, s: protoName(p.proto) + " port " + strconv.Itoa(int(p.dport))}
	switch {
	case other.IsValid():
		return w.fault("port/other-address", &f)
	case n == w.From:
		if w.publishOwn(&f, p) {
			return w.fault("nat/no-dnat own", &f)
		}
	case w.publish(&f, p):
		return w.fault("nat/no-dnat", &f)
	}
	return w.fault("port/closed", &f)
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
		for len(text) > 0 {
			var line string
			line, text, _ = strings.Cut(text, "\n")
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
func (w *walk) publish(f *facts, p *packet) bool {
	if len(usable(f.n, p.dst.Is6())) < 2 {
		return false
	}
	f.r, f.i, f.t = w.firstDNAT(f.n), int(p.dport), strings.ToLower(protoName(p.proto))
	for _, f.o = range w.survey.Namespaces {
		if f.o == f.n || f.o == w.From || f.o.Err != nil {
			continue
		}
		for _, s := range w.sockets(f.o, p) {
			if s.port != p.dport || s.addr.IsLoopback() {
				continue
			}
			for _, a := range usable(f.o, p.dst.Is6()) {
				if f.b = own(a); knows(f.n, f.b) {
					return true
				}
			}
		}
	}
	return false
}

// firstDNAT is the first rule of a chain that may change destinations, or nil.
func (w *walk) firstDNAT(n *survey.Namespace) *place {
	rs := w.ruleset(n)
	for _, ch := range rs.hooked() {
		in := inTable{rs, ch.Family, ch.Table}
		if ch.Type == "nat" && ch.Hook.V.Num == nft.Prerouting {
			for _, r := range in.chain(ch.Name) {
				return &place{ns: n, in: in, chain: ch, rule: r}
			}
		}
	}
	return nil
}

// publishOwn is publish for who asks for a port of its own namespace. What it sends crosses
// the chains at OUTPUT, and not those at PREROUTING, by which the port may be published for
// others.
func (w *walk) publishOwn(f *facts, p *packet) bool {
	if p.dst == netip.IPv6Loopback() { // its packets do not leave
		return false
	}
	to := *p
	if f.r = w.publishedForOthers(f.n, &to); f.r == nil && !w.publish(f, p) {
		return false
	} else if f.r != nil {
		f.b = to.dst
	}
	g := *f
	g.s, g.t, g.i = netip.AddrPortFrom(f.b, to.dport).String(), strings.ToLower(protoName(p.proto)), int(p.dport)
	commands := "@n %c -t nat -A OUTPUT -d %a -p %t --dport %i -j DNAT --to-destination %s"
	r, err := w.look(f.n, &packet{dst: f.b, proto: p.proto}, nil)
	if p.dst.IsLoopback() && err == nil && r.Type != unix.RTN_LOCAL { // the answer is for 127.0.0.1
		g.l = f.n.Link(r.OIF)
		commands += "\n@n sysctl -w net.ipv4.conf.%L.route_localnet=1\n@n %c -t nat -A POSTROUTING -s 127.0.0.0/8 -d %b -j MASQUERADE"
	}
	f.remedy = g.commands(commands)
	return true
}

// publishedForOthers is the rule at PREROUTING that would change where the packet goes, if
// it came in by a link, for any address of the namespace. It is changed then.
func (w *walk) publishedForOthers(n *survey.Namespace, p *packet) *place {
	trial := *w
	trial.Examination = &Examination{} // what is found is of a packet that there is not
	addrs := []netip.Addr{p.dst}
	for _, a := range usable(n, p.dst.Is6()) {
		addrs = append(addrs, own(a))
	}
	for _, l := range n.Links {
		for _, a := range addrs {
			c, try := &conn{ns: n}, *p
			try.dst = a
			if trial.hook(c, nft.Prerouting, l, nil, &try) && c.dnat != nil {
				*p = try
				return c.dnat
			}
		}
	}
	return nil
}
