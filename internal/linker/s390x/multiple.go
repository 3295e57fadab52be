//go:build ignore

package s390x

import "cmd/internal/obj"

// multiple has registers that follow one another read, or written, words that do so by one
// instruction of six bytes, where there is one for each.
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
		first, last, base := reg, reg, mem.Reg
		for q := p.Link; q != nil && !labels[q]; q = q.Link {
			reg, next, loads := word(q)
			if next == nil || loads != load || reg != last+1 || next.Name != mem.Name || next.Reg != mem.Reg ||
				next.Offset != mem.Offset+8*int64(reg-first) || load && base >= first && base <= last {
				break
			}
			last = reg
			q.As, q.From, q.To = obj.ANOP, obj.Addr{}, obj.Addr{}
		}
		if last == first {
			continue
		}
		p.As, p.Reg = ASTMG, last
		if load {
			p.As, p.Reg, p.To.Reg = ALMG, first, last
		}
		p.Optab, p.From.Class, p.To.Class = 0, 0, 0 // what was found for the one word
	}
}

// word is the register and the address of an instruction that reads or writes one word of
// memory. The address is nil if it is not such a one.
func word(p *obj.Prog) (reg int16, mem *obj.Addr, load bool) {
	if p.As != AMOVD || p.Reg != 0 || p.Spadj != 0 {
		return 0, nil, false
	}
	r, mem, load := &p.To, &p.From, true
	if r.Type == obj.TYPE_MEM {
		r, mem, load = mem, r, false
	}
	frame := mem.Name == obj.NAME_AUTO || mem.Name == obj.NAME_PARAM
	if r.Type != obj.TYPE_REG || r.Reg < REG_R0 || r.Reg >= REGTMP || mem.Type != obj.TYPE_MEM || mem.Index != 0 ||
		!frame && (mem.Name != obj.NAME_NONE || mem.Reg == 0 || mem.Sym != nil) {
		return 0, nil, false
	}
	return r.Reg, mem, load
}
