//go:build linux

package iptables

import (
	"encoding/binary"
	"strings"

	"github.com/minins/minins/nft"
)

// A decoder reads a rule's expressions as iptables' words. What they load into
// registers stays in regs until a comparison uses it.
type decoder struct {
	family nft.Family
	native bool // a table of our own: native NAT, reject and ct may be there
	rule   rule
	regs   map[nft.Register]*loadedValue
	tcp    *transport // the match that ports and flags go to
}

// A loadedValue is what a register holds: a part of the packet, or a constant.
type loadedValue struct {
	meta    *nft.Meta
	payload *nft.Payload
	ct      *nft.Ct
	data    []byte
	mask    []byte // of a bitwise
}

// unsayable is an expression that iptables has no words for.
func unsayable(what string) error { return fail(incompatible, what) }

// decode is a rule of the kernel's in iptables' words, or an error that names
// what there are no words for. Nothing is left out.
func decode(r *nft.Rule, native bool) (*rule, error) {
	d := &decoder{family: r.Family, native: native, regs: map[nft.Register]*loadedValue{}}
	for _, x := range r.Exprs {
		if err := d.expr(x); err != nil {
			return nil, err
		}
	}
	if text, ok := r.Userdata.Get(nft.UserdataComment); ok {
		s, _, _ := strings.Cut(string(text), "\x00")
		d.rule.matches = append(d.rule.matches, &comment{s})
	}
	return &d.rule, nil
}

func (d *decoder) expr(x nft.Expr) error {
	if j := d.rule.jump; j.name != "" {
		return unsayable(x.Name() + " behind -j " + j.name)
	}
	switch x := x.(type) {
	case *nft.Meta:
		if x.Key == nft.MetaNFTrace && string(d.data(x.Sreg)) == "\x01" {
			d.rule.jump = jump{name: "TRACE", target: &nflog{kind: "TRACE"}}
			return nil
		}
		if x.Sreg != 0 {
			return unsayable("meta set " + x.Key.String())
		}
		d.regs[x.Dreg] = &loadedValue{meta: x}
	case *nft.Payload:
		if x.Sreg != 0 {
			return unsayable("payload set")
		}
		d.regs[x.Dreg] = &loadedValue{payload: x}
	case *nft.Bitwise:
		return d.bitwise(x)
	case *nft.Cmp:
		return d.compare(x)
	case *nft.Range:
		return d.ports(x.Sreg, x.From, x.To, x.Op == nft.RangeNeq)
	case *nft.Counter:
		d.rule.counters.Packets, d.rule.counters.Bytes = x.Packets.V, x.Bytes.V
	case *nft.Limit:
		if x.Type != 0 || x.Flags != 0 {
			return unsayable("limit " + x.Type.String() + " " + x.Flags.String())
		}
		d.match(&limit{rate: x.Rate, unit: x.Unit, burst: x.Burst})
	case *nft.Log:
		if !x.Group.Ok || x.Level.Ok || x.Flags.Ok {
			return unsayable("log")
		}
		d.rule.jump = jump{name: "NFLOG", target: &nflog{kind: "NFLOG", log: *x}}
	case *nft.Match:
		return d.xtMatch(x.Info)
	case *nft.Target:
		return d.xtTarget(x.Info)
	case *nft.Immediate:
		return d.immediate(x)
	default:
		if d.native {
			return d.nativeExpr(x)
		}
		return unsayable(x.Name())
	}
	return nil
}

func (d *decoder) match(m extension) { d.rule.matches = append(d.rule.matches, m) }

func (d *decoder) bitwise(x *nft.Bitwise) error {
	v := d.regs[x.Sreg]
	if v == nil || v.mask != nil || x.Op.V != 0 || strings.Trim(string(x.Xor), "\x00") != "" {
		return unsayable("bitwise")
	}
	masked := *v
	masked.mask = x.Mask
	d.regs[x.Dreg] = &masked
	return nil
}

func (d *decoder) compare(x *nft.Cmp) error {
	v := d.regs[x.Sreg]
	if v == nil {
		return unsayable("cmp")
	}
	if x.Op != nft.Eq && x.Op != nft.Neq {
		return d.portBound(x)
	}
	inv := x.Op == nft.Neq
	switch {
	case v.meta != nil:
		return d.compareMeta(v, x.Data, inv)
	case v.payload != nil:
		return d.comparePayload(v, x.Data, inv)
	case v.ct != nil && d.native:
		return d.compareStates(v, x.Data, inv)
	}
	return unsayable("cmp")
}

func (d *decoder) compareMeta(v *loadedValue, data []byte, inv bool) error {
	key := v.meta.Key
	if v.mask != nil && key != nft.MetaMark {
		return unsayable(key.String() + " with a mask")
	}
	switch key {
	case nft.MetaL4Proto:
		return d.protocol(data, inv)
	case nft.MetaIIFName:
		return setDevice(&d.rule.in, data, inv)
	case nft.MetaOIFName:
		return setDevice(&d.rule.out, data, inv)
	case nft.MetaMark:
		if len(data) == 4 && (v.mask == nil || len(v.mask) == 4) {
			m := &mark{value: binary.NativeEndian.Uint32(data), mask: 0xffffffff, inv: inv}
			if v.mask != nil {
				m.mask = binary.NativeEndian.Uint32(v.mask)
			}
			d.match(m)
			return nil
		}
	}
	return unsayable(key.String())
}

func (d *decoder) immediate(x *nft.Immediate) error {
	if x.Dreg != nft.RegVerdict {
		d.regs[x.Dreg] = &loadedValue{data: x.Data.Value}
		if d.native || x.Dreg == traceRegister {
			return nil
		}
		return unsayable("immediate")
	}
	v := x.Data.Verdict.V
	switch v.Code {
	case nft.VerdictAccept:
		d.rule.jump.name = "ACCEPT"
	case nft.VerdictDrop:
		d.rule.jump.name = "DROP"
	case nft.VerdictReturn:
		d.rule.jump.name = "RETURN"
	case nft.VerdictJump, nft.VerdictGoto:
		d.rule.jump = jump{name: v.Chain, final: v.Code == nft.VerdictGoto}
	default:
		return unsayable("verdict " + v.Code.String())
	}
	return nil
}
