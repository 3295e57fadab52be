//go:build ignore

package arm

import "cmd/internal/obj"

// multiple has words that follow one another, from an address in a register on or from four
// bytes behind it, be read or written by one instruction, where a lower register has a lower
// address. Arguments of a call are written from four bytes behind SP on.
func (c *ctxt5) multiple() {
	if c.ctxt.IsAsm {
		return
	}
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
		words := map[int64]int16{mem.Offset: reg} // registers by offset
		lowest := mem.Offset
		var last *obj.Prog // of those that one instruction is enough for
		var list int64
		var first int64
		for q := p.Link; q != nil && !labels[q]; q = q.Link {
			r, next, loads := word(q)
			if next == nil || loads != load || next.Reg != mem.Reg || load && reg == mem.Reg {
				break
			}
			if _, ok := words[next.Offset]; ok {
				break
			}
			reg = r
			words[next.Offset] = r
			lowest = min(lowest, next.Offset)
			if registers, ok := ascending(words, lowest); ok && (lowest == 0 || lowest == 4) {
				last, list, first = q, registers, lowest
			}
		}
		if last == nil {
			continue
		}
		registers := obj.Addr{Type: obj.TYPE_REGLIST, Offset: list}
		base := obj.Addr{Type: obj.TYPE_MEM, Reg: mem.Reg}
		p.As, p.Scond, p.From, p.To = AMOVM, C_UBIT, registers, base
		if load {
			p.From, p.To = base, registers
		}
		if first == 4 {
			p.Scond |= C_PBIT
		}
		for q := p; q != last; {
			q = q.Link
			q.As, q.Scond, q.From, q.To = obj.ANOP, 0, obj.Addr{}, obj.Addr{}
		}
	}
}

// ascending is the registers of words from an offset on, by bit, if there are no others, and
// a lower one has a lower offset.
func ascending(words map[int64]int16, from int64) (list int64, ok bool) {
	for i := range int64(len(words)) {
		reg, ok := words[from+4*i]
		if !ok || list >= 1<<(reg-REG_R0) {
			return 0, false
		}
		list |= 1 << (reg - REG_R0)
	}
	return list, true
}

// word is the register and the address of an instruction that reads or writes one word of
// memory. The address is nil if it is not such a one.
func word(p *obj.Prog) (reg int16, mem *obj.Addr, load bool) {
	if p.As != AMOVW || p.Scond != C_SCOND_NONE || p.Reg != 0 || p.Spadj != 0 {
		return 0, nil, false
	}
	r, mem, load := &p.To, &p.From, true
	if r.Type == obj.TYPE_MEM {
		r, mem, load = mem, r, false
	}
	if r.Type != obj.TYPE_REG || r.Reg < REG_R0 || r.Reg > REG_R12 || r.Reg == REGTMP || r.Reg == REGG ||
		mem.Type != obj.TYPE_MEM || mem.Name != obj.NAME_NONE || mem.Sym != nil || mem.Reg < REG_R0 || mem.Reg > REG_R13 || mem.Index != 0 {
		return 0, nil, false
	}
	return r.Reg, mem, load
}
