//go:build ignore

package arm

import "cmd/internal/obj"

// grow has a function begin with
//
//	MOVW LR, R3
//	BL   runtime.grow
//
// or with the check of the stack that Go has.
func (c *ctxt5) grow(p *obj.Prog, framesize int32) *obj.Prog {
	grow := obj.GrowBig(c.ctxt, c.cursym, int64(framesize), 128)
	if grow == nil {
		return c.stacksplit(p, framesize)
	}
	p = c.ctxt.StartUnsafePoint(p, c.newprog)
	p = obj.Appendp(p, c.newprog)
	p.As = AMOVW
	p.From = obj.Addr{Type: obj.TYPE_REG, Reg: REGLINK}
	p.To = obj.Addr{Type: obj.TYPE_REG, Reg: REG_R3}
	p = obj.Appendp(p, c.newprog)
	p.As = ABL
	p.To = obj.Addr{Type: obj.TYPE_BRANCH, Sym: grow}
	return c.ctxt.EndUnsafePoint(p, c.newprog, -1)
}
