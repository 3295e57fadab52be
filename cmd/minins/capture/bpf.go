//go:build linux

package capture

import "golang.org/x/sys/unix"

// A node is a filter, or a part of one: a test of a number in the packet, or two
// others that are joined.
type node struct {
	op   byte // '&', '|', '!' (of a alone); 0: a test
	a, b *node

	base   base
	size   uint16 // unix.BPF_W, BPF_H, BPF_B
	any    bool   // any of the bits of value are set, not all as in value
	offset uint32
	mask   uint32 // of the number
	value  uint32
}

// A base is what an offset is counted from.
type base byte

const (
	fromKernel    base = iota // what the kernel knows of the packet: SKF_AD_… of linux/filter.h
	fromNetwork               // the header behind that of the link
	fromTransport             // the header behind that of IPv4
)

// What the kernel knows: offsets that no packet has.
const (
	adProtocol = 0xfffff000
	adPktType  = adProtocol + 4
	adIfindex  = adProtocol + 8
	adHatype   = adProtocol + 28
)

// at is a test of a number that is all compared.
func at(base base, size uint16, offset, value uint32) *node {
	return &node{base: base, size: size, offset: offset, mask: whole, value: value}
}

const whole = 0xffffffff

func known(offset, value uint32) *node {
	return at(fromKernel, unix.BPF_W, offset, value)
}

// join joins filters, of which those before the last may be nil.
func join(op byte, first *node, more ...*node) *node {
	for _, n := range more {
		if first == nil {
			first = n
		} else {
			first = &node{op: op, a: first, b: n}
		}
	}
	return first
}

func not(n *node) *node { return &node{op: '!', a: n} }

// A program is in the making, from its end to its beginning: jumps of classic BPF
// go forward alone, so that where they go to is known then.
type program []unix.SockFilter

// Where the two ends are, in a program that is reversed.
const (
	refuse = iota
	accept
)

// compile makes the program of a filter, which returns as many bytes as are to be
// captured of a packet. It has the length of the link's header in M[0] for all that is
// counted from there: it is known of Ethernet, and of links without a header.
func compile(n *node, snaplen uint32) []unix.SockFilter {
	p := &program{}
	p.put(unix.BPF_RET|unix.BPF_K, 0)
	p.put(unix.BPF_RET|unix.BPF_K, snaplen)
	p.node(n, accept, refuse)
	p.put(unix.BPF_ST, 0)
	store := p.here()
	p.put(unix.BPF_LD|unix.BPF_IMM, ethernetHeader)
	ethernet := p.here()
	p.put(unix.BPF_JMP|unix.BPF_JA, uint32(ethernet-store))
	p.put(unix.BPF_LD|unix.BPF_IMM, 0)
	none := p.here()
	for _, hatype := range []uint32{unix.ARPHRD_LOOPBACK, unix.ARPHRD_ETHER} {
		p.jump(unix.BPF_JEQ, hatype, ethernet, none)
		none = p.here()
	}
	p.put(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, adHatype)

	code := make([]unix.SockFilter, len(*p))
	for i := range code {
		code[i] = (*p)[len(*p)-1-i]
	}
	return code
}

const ethernetHeader = 14

func (p *program) put(code uint16, k uint32) {
	*p = append(*p, unix.SockFilter{Code: code, K: k})
}

// here is the instruction that was put last, which is the next one that runs.
func (p *program) here() int { return len(*p) - 1 }

// jump goes to one of two places by a comparison. Such a jump is of 255
// instructions at most, another one goes on from there.
func (p *program) jump(op uint16, k uint32, yes, no int) {
	for _, to := range []*int{&yes, &no} {
		if p.here()-*to > 254 { // the other one may still come in between
			p.put(unix.BPF_JMP|unix.BPF_JA, uint32(p.here()-*to))
			*to = p.here()
		}
	}
	*p = append(*p, unix.SockFilter{
		Code: unix.BPF_JMP | op | unix.BPF_K, K: k,
		Jt: byte(p.here() - yes), Jf: byte(p.here() - no),
	})
}

// node goes to yes or no by what a filter says.
func (p *program) node(n *node, yes, no int) {
	switch n.op {
	case '!':
		p.node(n.a, no, yes)
	case '&':
		p.node(n.b, yes, no)
		p.node(n.a, p.here(), no)
	case '|':
		p.node(n.b, yes, no)
		p.node(n.a, yes, p.here())
	default:
		p.test(n, yes, no)
	}
}

func (p *program) test(n *node, yes, no int) {
	op := uint16(unix.BPF_JEQ)
	if n.any {
		op = unix.BPF_JSET
	}
	p.jump(op, n.value, yes, no)
	if n.mask != whole {
		p.put(unix.BPF_ALU|unix.BPF_AND|unix.BPF_K, n.mask)
	}
	if n.base == fromKernel {
		p.put(unix.BPF_LD|unix.BPF_ABS|n.size, n.offset)
		return
	}
	p.put(unix.BPF_LD|unix.BPF_IND|n.size, n.offset)
	if n.base == fromTransport { // X is 4 times the lower half of IPv4's first byte, and the link's header
		p.put(unix.BPF_MISC|unix.BPF_TAX, 0)
		p.put(unix.BPF_ALU|unix.BPF_ADD|unix.BPF_X, 0)
		p.put(unix.BPF_ALU|unix.BPF_LSH|unix.BPF_K, 2)
		p.put(unix.BPF_ALU|unix.BPF_AND|unix.BPF_K, 15)
		p.put(unix.BPF_LD|unix.BPF_IND|unix.BPF_B, 0)
	}
	p.put(unix.BPF_LDX|unix.BPF_MEM, 0)
}
