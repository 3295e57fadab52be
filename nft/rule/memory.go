//go:build linux

package rule

import (
	"encoding/binary"
	"net/netip"

	"github.com/minins/minins/nft"
)

// memory is the expressions of a rule, and their bytes, that serve for the next one
// again.
type memory struct {
	metas      pool[nft.Meta]
	cmps       pool[nft.Cmp]
	ranges     pool[nft.Range]
	payloads   pool[nft.Payload]
	bitwises   pool[nft.Bitwise]
	cts        pool[nft.Ct]
	fibs       pool[nft.Fib]
	lookups    pool[nft.Lookup]
	byteorders pool[nft.Byteorder]
	immediates pool[nft.Immediate]
	counters   pool[nft.Counter]
	limits     pool[nft.Limit]
	logs       pool[nft.Log]
	rejects    pool[nft.Reject]
	nats       pool[nft.NAT]
	masqs      pool[nft.Masq]
	redirs     pool[nft.Redir]
	bytes      []byte
}

func (m *memory) again() {
	m.metas.used, m.cmps.used, m.ranges.used, m.payloads.used, m.bitwises.used = 0, 0, 0, 0, 0
	m.cts.used, m.fibs.used, m.lookups.used, m.byteorders.used, m.immediates.used = 0, 0, 0, 0, 0
	m.counters.used, m.limits.used, m.logs.used, m.rejects.used = 0, 0, 0, 0
	m.nats.used, m.masqs.used, m.redirs.used = 0, 0, 0
	m.bytes = m.bytes[:0]
}

// A pool has values of one type, of which the first are in use.
type pool[T any] struct {
	all  []*T
	used int
}

// next is a value that is in use from now on.
func (p *pool[T]) next(v T) *T {
	if p.used == len(p.all) {
		p.all = append(p.all, new(T))
	}
	e := p.all[p.used]
	*e = v
	p.used++
	return e
}

// own is n bytes of zeros that nothing else has.
func (m *memory) own(n int) []byte {
	from := len(m.bytes)
	if from+n > cap(m.bytes) { // what was handed out stays where it is
		m.bytes, from = make([]byte, 0, max(2*cap(m.bytes), n, 128)), 0
	}
	m.bytes = m.bytes[:from+n]
	b := m.bytes[from : from+n : from+n]
	clear(b)
	return b
}

func (m *memory) u8(v uint8) []byte {
	b := m.own(1)
	b[0] = v
	return b
}

// port is a port as packets have it.
func (m *memory) port(v uint64) []byte {
	b := m.own(2)
	binary.BigEndian.PutUint16(b, uint16(v))
	return b
}

// host is a u32 in host order.
func (m *memory) host(v uint64) []byte {
	b := m.own(4)
	binary.NativeEndian.PutUint32(b, uint32(v))
	return b
}

func (m *memory) addr(a netip.Addr) []byte {
	if a.Is4() {
		four := a.As4()
		b := m.own(4)
		copy(b, four[:])
		return b
	}
	sixteen := a.As16()
	b := m.own(16)
	copy(b, sixteen[:])
	return b
}

func (b *Builder) emit(e nft.Expr) { b.rule.Exprs = append(b.rule.Exprs, e) }

func (b *Builder) meta(key nft.MetaKey, r nft.Register) {
	b.emit(b.metas.next(nft.Meta{Key: key, Dreg: r}))
}

func (b *Builder) cmp(op nft.CmpOp, data []byte) {
	b.emit(b.cmps.next(nft.Cmp{Sreg: nft.Reg1, Op: op, Data: data}))
}

// mask masks register 1 by bits, in the form that nft sends.
func (b *Builder) mask(bits []byte) {
	m := nft.Bitwise{Sreg: nft.Reg1, Dreg: nft.Reg1, Len: uint32(len(bits)), Mask: bits, Xor: b.own(len(bits))}
	m.Op.Ok = true
	b.emit(b.bitwises.next(m))
}

func (b *Builder) load(r nft.Register, value []byte) nft.Register {
	b.emit(b.immediates.next(nft.Immediate{Dreg: r, Data: nft.Data{Value: value}}))
	return r
}
