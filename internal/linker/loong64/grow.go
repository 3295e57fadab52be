//go:build ignore

package loong64

import "cmd/internal/obj"

// grow has a function begin with
//
//	MOVV R1, R31
//	MOVV $-framesize, R20
//	JAL  runtime.grow2    // comes back behind JMP, with the frame made and R1 as it was
//	MOVV 8(R3), R4        // arguments, after the stack was made larger
//	MOVV 16(R3), R5
//	JMP  to the first instruction
//
// It is nil if the function has to be made as Go does.
func (c *ctxt0) grow(p *obj.Prog, framesize int32) *obj.Prog {
	regs := []int16{REG_R4, REG_R5, REG_R6, REG_R7, REG_R8, REG_R9, REG_R10, REG_R11,
		REG_R12, REG_R13, REG_R14, REG_R15, REG_R16, REG_R17, REG_R18, REG_R19}
	offset := c.ctxt.Arch.FixedFrameSize
	grow, n := obj.Grow(c.ctxt, c.cursym, int64(framesize), offset, regs...)
	if grow == nil {
		return nil
	}
	put := func(as obj.As, from, to obj.Addr) {
		p = obj.Appendp(p, c.newprog)
		p.As, p.From, p.To = as, from, to
	}
	reg := func(r int16) obj.Addr { return obj.Addr{Type: obj.TYPE_REG, Reg: r} }
	p = c.ctxt.StartUnsafePoint(p, c.newprog)
	put(AMOVV, reg(REGLINK), reg(REG_R31))
	first := p
	put(AMOVV, obj.Addr{Type: obj.TYPE_CONST, Offset: int64(-framesize)}, reg(REG_R20))
	put(AJAL, obj.Addr{}, obj.Addr{Type: obj.TYPE_BRANCH, Sym: grow})
	p.Mark |= BRANCH
	for i, r := range regs[:n] {
		put(AMOVV, obj.Addr{Type: obj.TYPE_MEM, Reg: REGSP, Offset: offset + 8*int64(i)}, reg(r))
	}
	put(AJMP, obj.Addr{}, obj.Addr{Type: obj.TYPE_BRANCH})
	p.To.SetTarget(first)
	p.Mark |= BRANCH
	p.Spadj = framesize
	return c.ctxt.EndUnsafePoint(p, c.newprog, -1)
}
