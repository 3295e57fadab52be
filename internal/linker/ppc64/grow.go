//go:build ignore

package ppc64

import "cmd/internal/obj"

// grow has a function begin with
//
//	MOVD LR, R31
//	MOVD $-framesize, R22
//	BL   runtime.grow2    // comes back behind BR, with the frame made and LR as it was
//	MOVD 32(R1), R3       // arguments, after the stack was made larger
//	MOVD 40(R1), R4
//	BR   to the first instruction
//
// It is nil if the function has to be made as Go does.
func (c *ctxt9) grow(p *obj.Prog, framesize int32) *obj.Prog {
	regs := []int16{REG_R3, REG_R4, REG_R5, REG_R6, REG_R7, REG_R8, REG_R9, REG_R10, REG_R14, REG_R15, REG_R16, REG_R17}
	offset := c.ctxt.Arch.FixedFrameSize
	if NeedTOCpointer(c.ctxt) {
		return nil
	}
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
	put(AMOVD, reg(REG_LR), reg(REGTMP))
	first := p
	put(AMOVD, obj.Addr{Type: obj.TYPE_CONST, Offset: int64(-framesize)}, reg(REG_R22))
	put(ABL, obj.Addr{}, obj.Addr{Type: obj.TYPE_BRANCH, Sym: grow})
	for i, r := range regs[:n] {
		put(AMOVD, obj.Addr{Type: obj.TYPE_MEM, Reg: REGSP, Offset: offset + 8*int64(i)}, reg(r))
	}
	put(ABR, obj.Addr{}, obj.Addr{Type: obj.TYPE_BRANCH})
	p.To.SetTarget(first)
	p.Mark |= BRANCH
	p.Spadj = framesize
	return c.ctxt.EndUnsafePoint(p, c.newprog, -1)
}
