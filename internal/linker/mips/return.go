//go:build ignore

package mips

import (
	"cmd/internal/obj"
	"cmd/internal/sys"
)

// giveBack has a function that keeps LR in its frame return by a jump into runtime.back
// (folder runtime), which has four words for each size of a frame: they get LR, give the
// frame back, and return. It is false if p has to be made as Go does.
func (c *ctxt0) giveBack(p *obj.Prog, autosize int32) bool {
	text := c.cursym.Func().Text
	if c.ctxt.IsAsm || p.To.Sym != nil || text.Mark&LEAF != 0 || !obj.GivesBack(c.ctxt, int64(autosize)) {
		return false
	}
	word := int32(4)
	if c.ctxt.Arch.Family == sys.MIPS64 {
		word = 8
	}
	p.As = AJMP
	p.From = obj.Addr{}
	p.To = obj.Addr{Type: obj.TYPE_BRANCH, Sym: c.ctxt.Lookup(back), Offset: int64(16 * (autosize/word - 1))}
	p.Mark |= BRANCH
	return true
}

// back is the name of what gives frames back.
const back = "runtime.back"
