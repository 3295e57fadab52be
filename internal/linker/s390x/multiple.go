//go:build ignore

package s390x

import "cmd/internal/obj"

// isAtomic marks, in Scond, what reads or writes a word that another processor may at the
// same time.
const isAtomic = 1

// multiple has registers that follow one another read words that do so by one instruction
// of six bytes, where there is one for each, and written where they are in the frame: elsewhere
// another processor might see them in another order.
func (c *ctxtz) multiple() {
	labels := make(map[*obj.Prog]bool)
	for p := c.cursym.Func().Text; p != nil; p = p.Link {
		if p.To.Type == obj.TYPE_BRANCH && p.To.Target() != nil {
			labels[p.To.Target()] = true
		}
	}
	for p := c.cursym.Func().Text; p != nil; p = p.Link {
		reg, mem, load := word(p)
		if mem == nil {
			continue
		}
		first, last, lowest := reg, reg, mem.Offset
		for q := p.Link; q != nil && !labels[q]; q = q.Link {
			reg, next, loads := word(q)
			if next == nil || loads != load || next.Name != mem.Name || next.Reg != mem.Reg || load && mem.Reg >= first && mem.Reg <= last ||
				next.Offset != lowest+8*int64(reg-first) || reg != first-1 && reg != last+1 {
				break
			}
			first, last, lowest = min(first, reg), max(last, reg), min(lowest, next.Offset)
			q.As, q.From, q.To = obj.ANOP, obj.Addr{}, obj.Addr{}
		}
		if last == first {
			continue
		}
		mem.Offset = lowest
		if load {
			p.As, p.Reg, p.To.Reg = ALMG, first, last
		} else {
			p.As, p.From.Reg, p.Reg = ASTMG, first, last
		}
		p.Optab, p.From.Class, p.To.Class = 0, 0, 0 // what was found for the one word
	}
}

// word is the register and the address of an instruction that reads or writes one word of
// memory. The address is nil if it is not such a one.
func word(p *obj.Prog) (reg int16, mem *obj.Addr, load bool) {
	if p.As != AMOVD || p.Reg != 0 || p.Spadj != 0 || p.Scond == isAtomic {
		return 0, nil, false
	}
	r, mem, load := &p.To, &p.From, true
	if r.Type == obj.TYPE_MEM {
		r, mem, load = mem, r, false
	}
	if r.Type != obj.TYPE_REG || r.Reg < REG_R0 || r.Reg >= REGTMP || mem.Type != obj.TYPE_MEM || mem.Index != 0 ||
		mem.Name != obj.NAME_AUTO && mem.Name != obj.NAME_PARAM &&
			(mem.Name != obj.NAME_NONE || mem.Reg != REGSP && (!load || mem.Reg == 0 || mem.Sym != nil)) {
		return 0, nil, false
	}
	return r.Reg, mem, load
}
