//go:build linux

package capture

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/internal/getopt"
)

// A parser reads a filter by the grammar of pcap-filter(7), of which it has a part:
//
//	filter = term { ("and" | "or") term }      from left to right, as there
//	term   = "not" term | "(" filter ")" | [proto] [dir] [type] value | proto | way
//	proto  = "arp" | "ip" | "ip6" | "icmp" | "icmp6" | "tcp" | "udp"
//	dir    = "src" | "dst"
//	type   = "host" | "net" | "port"
//	way    = "inbound" | "outbound"
//
// A value alone has the words of the one before it: "port 80 or 443".
type parser struct {
	words []string // those that are left
	err   error    // the first one

	proto, dir, kind string    // of the last value
	value            [4]uint32 // the value, in words of 32 bits
	n                int       // how many there are
	bits             int       // are compared
}

// parse reads the words of a filter, nil of none.
func parse(args []string) (*node, error) {
	s := strings.Join(args, " ")
	for _, sign := range []string{"(", ")", "!"} {
		s = strings.ReplaceAll(s, sign, " "+sign+" ")
	}
	p := &parser{words: strings.Fields(s)}
	if len(p.words) == 0 {
		return nil, nil
	}
	n := p.filter()
	if len(p.words) > 0 {
		p.expected("and, or")
	}
	return n, p.err
}

// next is the next word, or "".
func (p *parser) next() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

// take goes beyond the next word, if it is one of some that have blanks around them.
func (p *parser) take(words string) string {
	word := p.next()
	if word == "" || !strings.Contains(words, " "+word+" ") {
		return ""
	}
	p.words = p.words[1:]
	return word
}

// expected is the error that the next word is not what it should be.
func (p *parser) expected(what string) {
	if p.err == nil {
		p.err = getopt.Error("filter: '" + p.next() + "', expected " + what)
	}
}

func (p *parser) filter() *node {
	n := p.term()
	for p.err == nil {
		op := byte('|')
		switch p.take(" and && or || ") {
		case "":
			return n
		case "and", "&&":
			op = '&'
		}
		n = join(op, n, p.term())
	}
	return n
}

const protocols = " arp ip ip6 icmp icmp6 tcp udp "

func (p *parser) term() *node {
	word := p.take(" not ! ( inbound outbound ")
	switch word {
	case "not", "!":
		return not(p.term())
	case "(":
		n := p.filter()
		if p.take(" ) ") == "" {
			p.expected("and, or, )")
		}
		return n
	case "inbound":
		return not(known(adPktType, unix.PACKET_OUTGOING))
	case "outbound":
		return known(adPktType, unix.PACKET_OUTGOING)
	}
	proto, dir, kind := p.take(protocols), p.take(" src dst "), p.take(" host net port ")
	switch {
	case proto+dir+kind != "":
		if p.proto, p.dir, p.kind = proto, dir, kind; dir+kind == "" {
			return protocol(proto)
		}
		if kind == "" {
			p.kind = "host"
		}
	case p.kind == "":
		p.expected(protocols[1:] + "host net port src dst inbound outbound not (")
	}
	if p.kind == "port" {
		return p.port()
	}
	return p.address()
}

// A protocol by its number behind Ethernet, and by those behind IPv4 and IPv6, there
// also in a fragment.
func ether(number uint32) *node { return known(adProtocol, number) }
func over4(number uint32) *node {
	return join('&', ether(unix.ETH_P_IP), at(fromNetwork, unix.BPF_B, 9, number))
}
func over6(number uint32) *node {
	return join('&', ether(unix.ETH_P_IPV6), join('|', at(fromNetwork, unix.BPF_B, 6, number),
		join('&', at(fromNetwork, unix.BPF_B, 6, unix.IPPROTO_FRAGMENT), at(fromNetwork, unix.BPF_B, 40, number))))
}

func protocol(name string) *node {
	number := uint32(unix.IPPROTO_TCP)
	switch name {
	case "arp":
		return ether(unix.ETH_P_ARP)
	case "ip":
		return ether(unix.ETH_P_IP)
	case "ip6":
		return ether(unix.ETH_P_IPV6)
	case "icmp":
		return over4(unix.IPPROTO_ICMP)
	case "icmp6":
		return over6(unix.IPPROTO_ICMPV6)
	case "udp":
		number = unix.IPPROTO_UDP
	}
	return join('|', over4(number), over6(number))
}

// ends compares the value with what is at two places, or the one of dir.
func (p *parser) ends(base base, size uint16, src, dst uint32) *node {
	switch p.dir {
	case "src":
		return p.compare(base, size, src)
	case "dst":
		return p.compare(base, size, dst)
	}
	return join('|', p.compare(base, size, src), p.compare(base, size, dst))
}

func (p *parser) compare(base base, size uint16, offset uint32) (n *node) {
	for i, v := range p.value[:p.n] {
		word := at(base, size, offset+4*uint32(i), v)
		if bits := p.bits - 32*i; bits < 32 {
			word.mask = whole << (32 - bits)
		}
		if v&^word.mask != 0 {
			p.expected(address)
		}
		if n == nil || word.mask != 0 {
			n = join('&', n, word)
		}
	}
	return n
}

// port is that of TCP, UDP and SCTP, unless proto chooses one. Of fragments of IPv4
// the first one alone has it, of those of IPv6 none is looked at, as in libpcap.
func (p *parser) port() *node {
	number, err := strconv.ParseUint(p.next(), 10, 16)
	protocols := "\x06\x11\x84" // IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP
	switch p.proto {
	case "":
	case "tcp":
		protocols = protocols[:1]
	case "udp":
		protocols = protocols[1:2]
	default:
		err = strconv.ErrSyntax
	}
	if err != nil {
		p.expected("[tcp | udp] port 0…65535")
		return nil
	}
	p.words = p.words[1:]
	p.value[0], p.n, p.bits = uint32(number), 1, 32
	var over4, over6 *node
	for i := range len(protocols) {
		number := uint32(protocols[i])
		over4 = join('|', over4, at(fromNetwork, unix.BPF_B, 9, number))
		over6 = join('|', over6, at(fromNetwork, unix.BPF_B, 6, number))
	}
	fragment := at(fromNetwork, unix.BPF_H, 6, 0x1fff)
	fragment.any = true
	return join('|',
		join('&', ether(unix.ETH_P_IP), over4, not(fragment), p.ends(fromTransport, unix.BPF_H, 0, 2)),
		join('&', ether(unix.ETH_P_IPV6), over6, p.ends(fromNetwork, unix.BPF_H, 40, 42)))
}

// Where headers have addresses.
var addresses = []struct {
	proto           string
	words           int // of an address
	ether, src, dst uint32
}{
	{"ip", 1, unix.ETH_P_IP, 12, 16},
	{"arp", 1, unix.ETH_P_ARP, 14, 24},
	{"ip6", 4, unix.ETH_P_IPV6, 8, 24},
}

// address is what is expected in its place.
const address = "an address, or net ADDRESS/LENGTH with no bits behind LENGTH"

// address is one of a net, in the headers that have one.
func (p *parser) address() (n *node) {
	word, length, cut := strings.Cut(p.next(), "/")
	a, err := netip.ParseAddr(word)
	b := a.AsSlice()
	p.bits = 8 * len(b)
	if cut && err == nil {
		p.bits, err = strconv.Atoi(length)
	}
	if err != nil || uint(p.bits) > 8*uint(len(b)) || cut && p.kind != "net" || strings.Contains(word, "%") {
		p.expected(address)
		return nil
	}
	p.n = len(b) / 4
	for i := range p.n {
		p.value[i] = binary.BigEndian.Uint32(b[4*i:])
	}
	for i := range addresses {
		row := &addresses[i]
		if (p.proto == "" || p.proto == row.proto) && p.n == row.words {
			n = join('|', n, join('&', ether(row.ether), p.ends(fromNetwork, unix.BPF_W, row.src, row.dst)))
		}
	}
	if n == nil {
		p.expected("an address that " + p.proto + " has")
		return nil
	}
	p.words = p.words[1:]
	return n
}
