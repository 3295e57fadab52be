//go:build ignore

package s390x

import (
	"cmd/internal/obj"
	"strconv"
)

// grow has a function begin with
//
//	MOVD $-framesize, R10
//	BL   runtime.grow2    // comes back behind the next one, with the frame made
//	BL   runtime.again2   // after the stack was made larger: has the arguments, and begins again
//
// It is nil if the function has to be made as Go does.
func (c *ctxtz) grow(p *obj.Prog, framesize int32) *obj.Prog {
	grow, n := obj.Grow(c.ctxt, c.cursym, int64(framesize), 8, REG_R2, REG_R3, REG_R4, REG_R5, REG_R6, REG_R7, REG_R8, REG_R9)
	if grow == nil {
		return nil
	}
	put := func(as obj.As, from, to obj.Addr) {
		p = obj.Appendp(p, c.newprog)
		p.As, p.From, p.To = as, from, to
	}
	reg := func(r int16) obj.Addr { return obj.Addr{Type: obj.TYPE_REG, Reg: r} }
	p = c.ctxt.StartUnsafePoint(p, c.newprog)
	put(AMOVD, obj.Addr{Type: obj.TYPE_CONST, Offset: int64(-framesize)}, reg(REG_R10))
	put(ABL, obj.Addr{}, obj.Addr{Type: obj.TYPE_BRANCH, Sym: grow})
	p.RegTo2 = REG_R1
	if n > 0 {
		put(ABL, obj.Addr{}, obj.Addr{Type: obj.TYPE_BRANCH, Sym: c.ctxt.Lookup("runtime.again" + strconv.Itoa(n))})
		p.RegTo2 = REG_R1
	}
	p.Spadj = framesize
	return c.ctxt.EndUnsafePoint(p, c.newprog, -1)
}

// link is the register where a call keeps the way back.
func link(p *obj.Prog) uint32 {
	if p.RegTo2 != 0 {
		return uint32(p.RegTo2)
	}
	return uint32(REG_LR)
}
