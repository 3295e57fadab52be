//go:build ignore

package mips

import (
	"cmd/internal/obj"
	"cmd/internal/sys"
)

// grow has a function begin with
//
//	MOV  LR, R3
//	JAL  runtime.grow
//	ADDU $-framesize, SP // in its slot
//
// The check whether the stack is large enough, the call of morestack if it is not, and the way
// back to the beginning are ten words of each function otherwise. grow comes back with LR in
// the frame. It has another check: SP is compared when there is a frame already, of any size.
func (c *ctxt0) grow(p *obj.Prog, framesize int32) *obj.Prog {
	grow, _ := obj.Grow(c.ctxt, c.cursym, int64(framesize), 0)
	if grow == nil {
		return nil
	}
	mov, add := AMOVW, AADDU
	if c.ctxt.Arch.Family == sys.MIPS64 {
		mov, add = AMOVV, AADDVU
	}
	reg := func(r int16) obj.Addr { return obj.Addr{Type: obj.TYPE_REG, Reg: r} }
	put := func(as obj.As, from, to obj.Addr) {
		p = obj.Appendp(p, c.newprog)
		p.As, p.From, p.To = as, from, to
		p.Mark |= SYNC
	}
	c.cursym.Func().Text.Mark &^= LEAF // LR is another one then
	c.cursym.Set(obj.AttrLeaf, false)
	p = c.ctxt.StartUnsafePoint(p, c.newprog)
	put(mov, reg(REGLINK), reg(REG_R3))
	put(AJAL, obj.Addr{}, obj.Addr{Type: obj.TYPE_BRANCH, Sym: grow})
	put(add, obj.Addr{Type: obj.TYPE_CONST, Offset: int64(-framesize)}, reg(REGSP))
	p.Spadj = framesize
	return c.ctxt.EndUnsafePoint(p, c.newprog, -1)
}

// dropBase has addresses made of two instructions, and not of a third one that adds
// REGSB, on MIPS64 too: all addresses of the program are below 2 GB, and REGSB is 0.
func dropBase() {
	for i, o := range optab {
		if o.family == sys.MIPS64 && o.size == 12 && (o.type_ == 50 || o.type_ == 51 || o.type_ == 52) {
			optab[i].size = 8
		}
	}
}
