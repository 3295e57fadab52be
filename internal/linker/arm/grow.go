//go:build ignore

package arm

import "cmd/internal/obj"

// grow has a function begin with
//
//	ADD $framesize/4, LR, R3
//	BL  runtime.grow         // makes the frame, and puts LR there
//
// or, where that is too large for the first instruction, with
//
//	MOVW   LR, R3
//	BL     runtime.grow_1k
//	MOVW.W LR, -framesize(SP)
//
// or with the check of the stack that Go has.
func (c *ctxt5) grow(p *obj.Prog, framesize int32) *obj.Prog {
	grow := obj.GrowBig(c.ctxt, c.cursym, int64(framesize), maxQuarter*4)
	if grow == nil {
		return c.frame(c.stacksplit(p, framesize), framesize)
	}
	p = c.ctxt.StartUnsafePoint(p, c.newprog)
	p = obj.Appendp(p, c.newprog)
	p.As = AMOVW
	p.From = obj.Addr{Type: obj.TYPE_REG, Reg: REGLINK}
	p.To = obj.Addr{Type: obj.TYPE_REG, Reg: REG_R3}
	small := framesize <= maxQuarter*4
	if small {
		c.cursym.Set(obj.AttrLeaf, false) // LR is another one then
		p.As = AADD
		p.From = obj.Addr{Type: obj.TYPE_CONST, Offset: int64(framesize / 4)}
		p.Reg = REGLINK
	}
	p = obj.Appendp(p, c.newprog)
	p.As = ABL
	p.To = obj.Addr{Type: obj.TYPE_BRANCH, Sym: grow}
	if small {
		p.Spadj = framesize
	} else {
		p = c.frame(p, framesize)
	}
	return c.ctxt.EndUnsafePoint(p, c.newprog, -1)
}

// maxQuarter is the largest size of a frame in words that runtime.grow takes from the first
// instruction of a function.
const maxQuarter = 255

// frame has a function make its frame.
func (c *ctxt5) frame(p *obj.Prog, framesize int32) *obj.Prog {
	p = obj.Appendp(p, c.newprog)
	p.As = AMOVW
	p.Scond |= C_WBIT
	p.From = obj.Addr{Type: obj.TYPE_REG, Reg: REGLINK}
	p.To = obj.Addr{Type: obj.TYPE_MEM, Reg: REGSP, Offset: int64(-framesize)}
	p.Spadj = framesize
	return p
}
