//go:build ignore

package mips

import (
	"cmd/internal/obj"
	"internal/abi"
	"slices"
	"strings"
)

// The instruction behind a branch, a jump or a call is carried out before the next one of
// where it goes to. Go's assembler has a NOP in each such slot, every sixth word of the
// code: its scheduler is switched off. fillSlots moves an instruction there, if one is found:
//
//   - one from in front of the branch, of which neither the branch nor anything between
//     the two takes notice;
//   - the first instruction of where the branch goes to, if one comes there by branches
//     alone. Behind a branch that may not be taken it is carried out only if that is:
//     there are instructions for that, called likely;
//   - the one behind the slot, if it does no harm where the branch goes to: it sets
//     a register that is not read there, from others or from the frame.
//
// A signal in a slot says that it came at the branch, and the branch is carried out again
// behind it. A fault in a slot is one of the function too, and where in it does not matter:
// a function does not go on behind a fault but at its call of deferreturn, if it has one.
// That call is like a label, with nothing in its slot from in front of it.
//
// Nothing is put into a slot that has more than one instruction, or REGTMP, which a signal
// may change (isUnsafePoint), or that another processor could see in another order.

const (
	// likely marks a branch whose slot is carried out only if it is taken.
	likely = 1 << 14

	// maxProgs is how many instructions a function may have: with more, branches may
	// be too short and are written in another way (span0).
	maxProgs = 1 << 12
)

// An effect is what an instruction reads and writes: registers, by bit, and memory.
type effect struct {
	uses, sets uint32
	memory     bool
}

// slots are those of a function.
type slots struct {
	*ctxt0
	progs    []*obj.Prog
	branches map[*obj.Prog][]*obj.Prog // by where they go to
	unsafe   map[*obj.Prog]int64       // where a goroutine must not be stopped
}

// fillSlots puts instructions in the place of the NOPs of a function.
func (c *ctxt0) fillSlots() {
	text := c.cursym.Func().Text
	c.autosize = int32(text.To.Offset + c.ctxt.Arch.FixedFrameSize)
	s := slots{c, nil, make(map[*obj.Prog][]*obj.Prog), make(map[*obj.Prog]int64)}
	state := int64(abi.UnsafePointSafe)
	for p := text; p != nil; p = p.Link {
		if p.As == obj.APCDATA && p.From.Offset == abi.PCDATA_UnsafePoint {
			state = p.To.Offset
		}
		s.unsafe[p] = state
		s.progs = append(s.progs, p)
		if p.To.Type == obj.TYPE_BRANCH && p.To.Target() != nil {
			t := p.To.Target()
			s.branches[t] = append(s.branches[t], p)
		}
	}
	if len(s.progs) > maxProgs {
		return
	}
	s.fromBefore()
	s.fromTargets()
	s.fromBehind()
}

// remove takes the instruction at i out.
func (s *slots) remove(i int) {
	s.progs = slices.Delete(s.progs, i, i+1)
	s.put(i-1, s.progs[i-1])
}

// put has p at i, in the place of another one.
func (s *slots) put(i int, p *obj.Prog) {
	s.progs[i] = p
	p.Link = nil
	if i+1 < len(s.progs) {
		p.Link = s.progs[i+1]
	}
	if i > 0 {
		s.progs[i-1].Link = p
	}
}

// has says whether there is a branch at i with a NOP in its slot.
func (s *slots) has(i int) bool {
	return isBranch(s.progs[i]) && i+1 < len(s.progs) && s.progs[i+1].As == ANOOP
}

func isBranch(p *obj.Prog) bool { return p.Mark&BRANCH != 0 }

// isEmpty says whether there are no instructions of p.
func isEmpty(p *obj.Prog) bool {
	return p.As == obj.ANOP || p.As == obj.AFUNCDATA || p.As == obj.APCDATA
}

// fromBefore moves instructions from in front of a branch into its slot.
func (s *slots) fromBefore() {
	for i := 1; i < len(s.progs); i++ {
		if !s.has(i) {
			continue
		}
		if j := s.movable(i); j >= 0 {
			b, x := s.progs[i], s.progs[j]
			x.Spadj += b.Spadj
			b.Spadj = 0
			s.remove(j)
			s.put(i, x) // b is at i-1 now
		}
	}
}

// movable finds an instruction in front of the branch at i that can be carried out in
// its slot.
func (s *slots) movable(i int) int {
	b := s.progs[i]
	crossed, ok := branchEffect(b)
	if !ok || len(s.branches[b]) > 0 {
		return -1
	}
	for j := i - 1; j > 0; j-- {
		x := s.progs[j]
		if len(s.branches[x]) > 0 || isBranch(s.progs[j-1]) {
			return -1
		}
		if isEmpty(x) {
			if s.unsafe[x] != s.unsafe[b] || x.As == obj.APCDATA && x.From.Offset == abi.PCDATA_UnsafePoint {
				return -1
			}
			continue
		}
		e, ok := s.effect(x)
		if !ok {
			return -1
		}
		// What returns gives the frame back behind everything else.
		returns := e.sets == bit(REGSP) && b.As == AJMP && x.Spadj+b.Spadj == 0
		if s.fits(x, e) && (returns || x.Spadj == 0 && b.Spadj == 0) &&
			e.sets&(crossed.uses|crossed.sets) == 0 && e.uses&crossed.sets == 0 && !(e.memory && crossed.memory) {
			return j
		}
		crossed.uses |= e.uses
		crossed.sets |= e.sets
		crossed.memory = crossed.memory || e.memory
	}
	return -1
}

// fromTargets moves instructions that branches alone go to into their slots.
func (s *slots) fromTargets() {
	for i := 2; i+1 < len(s.progs); i++ {
		t := s.progs[i]
		if isEmpty(t) {
			continue
		}
		branches := s.branches[t]
		k := i - 1
		for ; k > 0 && isEmpty(s.progs[k]); k-- {
			branches = slices.Concat(branches, s.branches[s.progs[k]])
		}
		if k == 0 || !isBranch(s.progs[k-1]) || s.progs[k-1].As != AJMP || !s.take(branches, t) {
			continue
		}
		next := s.progs[i+1]
		for n, b := range branches {
			slot := t
			if n > 0 {
				slot = s.newprog()
				*slot = *t
			}
			s.put(slices.Index(s.progs, b)+1, slot)
			b.To.SetTarget(next)
			if b.As != AJMP {
				b.Mark |= likely
			}
		}
		for _, p := range s.progs[k+1 : i+1] {
			delete(s.branches, p)
		}
		s.branches[next] = append(s.branches[next], branches...)
		s.remove(i)
		i--
	}
}

// take says whether all of the branches to t have a slot for it.
func (s *slots) take(branches []*obj.Prog, t *obj.Prog) bool {
	e, ok := s.effect(t)
	if !ok || len(branches) == 0 || t.Spadj != 0 || !s.fits(t, e) {
		return false
	}
	for _, b := range branches {
		if !s.has(slices.Index(s.progs, b)) || b.Spadj != 0 || b.To.Sym != nil || s.unsafe[b] != s.unsafe[t] || b.As != AJMP && !isConditional(b) {
			return false
		}
	}
	return true
}

// fromBehind moves what is behind the slot of a branch into it.
func (s *slots) fromBehind() {
	for i := 1; i < len(s.progs); i++ {
		b := s.progs[i]
		if !s.has(i) || !isConditional(b) || b.To.Target() == nil {
			continue
		}
		j := i + 2
		for j < len(s.progs) && isEmpty(s.progs[j]) && len(s.branches[s.progs[j]]) == 0 {
			j++
		}
		if j+1 >= len(s.progs) {
			continue
		}
		x := s.progs[j]
		e, ok := s.effect(x)
		if !ok || len(s.branches[x]) > 0 || isBranch(x) || x.Spadj != 0 || s.unsafe[x] != s.unsafe[b] || !s.fits(x, e) || e.sets&scratch == 0 || e.memory && !inFrame(&x.From) {
			continue
		}
		steps := 64
		if s.isDead(e.sets, b.To.Target(), &steps) {
			s.remove(j)
			s.put(i+1, x)
		}
	}
}

// scratch are registers that no function keeps, gets or returns anything in.
const scratch = 1<<(REGCTXT-REG_R0) - 2

// inFrame says whether what is read is in the frame of the function or an argument: it is there.
func inFrame(a *obj.Addr) bool {
	return a.Type == obj.TYPE_MEM && (a.Name == obj.NAME_AUTO || a.Name == obj.NAME_PARAM)
}

// isDead says whether a register is set or forgotten before it is read, from p on.
func (s *slots) isDead(reg uint32, p *obj.Prog, steps *int) bool {
	bounds := -1 // what is out of bounds, if a panic follows
	for ; p != nil && *steps > 0; *steps-- {
		if p.As == obj.APCDATA && p.From.Offset == abi.PCDATA_PanicBounds {
			bounds = int(p.To.Offset)
		}
		if isEmpty(p) || p.As == ANOOP {
			p = p.Link
			continue
		}
		if !isBranch(p) {
			e, ok := s.effect(p)
			if !ok || e.uses&reg != 0 {
				return false
			}
			if e.sets&reg != 0 {
				return true
			}
			p = p.Link
			continue
		}
		e, ok := branchEffect(p)
		if !ok || e.uses&reg != 0 || p.Link == nil {
			return false
		}
		if slot := p.Link; slot.As != ANOOP {
			e, ok := s.effect(slot)
			if !ok || e.uses&reg != 0 {
				return false
			}
			if e.sets&reg != 0 && p.Mark&likely == 0 {
				return true
			}
		}
		switch {
		case p.As == AJAL:
			return !s.takes(p, reg, bounds)
		case p.As == AJMP && p.To.Type == obj.TYPE_MEM:
			return p.To.Reg == REGLINK
		case p.To.Sym != nil && p.To.Sym.Name == back:
			return true
		case p.To.Target() == nil || p.To.Sym != nil:
			return false
		case p.As == AJMP:
			p = p.To.Target()
		case isConditional(p):
			if !s.isDead(reg, p.To.Target(), steps) {
				return false
			}
			p = p.Link.Link
		default:
			return false
		}
	}
	return false
}

// isConditional says whether b is a branch that has a likely sister.
func isConditional(b *obj.Prog) bool {
	switch b.As {
	case ABEQ, ABNE, ABLEZ, ABGTZ, ABLTZ, ABGEZ:
		return true
	}
	return false
}

// branchEffect is what a branch, a jump or a call takes notice of itself.
func branchEffect(b *obj.Prog) (e effect, ok bool) {
	switch b.As {
	case ABEQ, ABNE, ABLEZ, ABGTZ, ABLTZ, ABGEZ:
		return effect{uses: bit(b.From.Reg) | bit(b.Reg)}, true
	case AJMP:
		return effect{uses: bit(b.To.Reg)}, b.Reg == obj.REG_NONE
	case AJAL:
		if b.To.Sym != nil && b.To.Sym.Name == "runtime.deferreturn" {
			return e, false
		}
		return effect{uses: bit(b.To.Reg), sets: bit(REGLINK)}, b.Reg == obj.REG_NONE
	case obj.ADUFFZERO, obj.ADUFFCOPY:
		return effect{sets: bit(REGLINK)}, true
	}
	return e, false
}

// bit is a register in an effect: none of R0, which is always 0.
func bit(reg int16) uint32 {
	if reg <= REG_R0 || reg > REG_R31 {
		return 0
	}
	return 1 << (reg - REG_R0)
}

// fits says whether p is one instruction, and does not depend on what a signal may change.
func (s *slots) fits(p *obj.Prog, e effect) bool {
	return (e.uses|e.sets)&bit(REGTMP) == 0 && s.oplook(p).size == 4
}

// effect is what p reads and writes, if it only calculates, or reads or writes memory.
func (s *slots) effect(p *obj.Prog) (e effect, ok bool) {
	if p.Mark&SYNC != 0 || len(p.RestArgs) > 0 || p.RegTo2 != obj.REG_NONE {
		return e, false
	}
	calculates := true
	switch p.As {
	case AMOVB, AMOVBU, AMOVH, AMOVHU, AMOVW, AMOVWU, AMOVV:
		calculates = false
	case AADD, AADDU, AADDV, AADDVU, ASUB, ASUBU, ASUBV, ASUBVU, AAND, AOR, AXOR, ANOR, ASGT, ASGTU,
		ASLL, ASRL, ASRA, ASLLV, ASRLV, ASRAV, ANEGW, ANEGV:
	default:
		return e, false
	}
	general := func(reg int16) bool { return reg == obj.REG_NONE || reg >= REG_R0 && reg <= REG_R31 }
	if !general(p.From.Reg) || !general(p.Reg) || !general(p.To.Reg) {
		return e, false
	}
	base := func(a *obj.Addr) uint32 {
		if a.Name == obj.NAME_AUTO || a.Name == obj.NAME_PARAM {
			return bit(REGSP)
		}
		return bit(a.Reg)
	}
	switch p.From.Type {
	case obj.TYPE_NONE:
	case obj.TYPE_REG, obj.TYPE_CONST, obj.TYPE_ADDR:
		e.uses = base(&p.From)
	case obj.TYPE_MEM:
		e.uses, e.memory = base(&p.From), true
	default:
		return e, false
	}
	e.uses |= bit(p.Reg)
	switch p.To.Type {
	case obj.TYPE_REG:
		e.sets = bit(p.To.Reg)
		if calculates && p.Reg == obj.REG_NONE {
			e.uses |= e.sets
		}
	case obj.TYPE_MEM:
		e.uses |= base(&p.To)
		e.memory = true
	default:
		return e, false
	}
	if s.oplook(p).size != 4 {
		e.sets |= bit(REGTMP)
	}
	return e, true
}

// putLikely makes the branch p, as it was assembled, the likely one, if it is marked so.
func putLikely(p *obj.Prog, word uint32) uint32 {
	switch {
	case p.Mark&likely == 0:
		return word
	case p.As == ABLTZ || p.As == ABGEZ:
		return word | BCOND(0, 2)
	default:
		return word | SP(2, 0)
	}
}

// own are the beginnings of names of what has a way of its own to be called.
var own = []string{"runtime.grow", "runtime.barrier", "runtime.gcWriteBarrier", "runtime.panic", "runtime.race", "runtime.duff"}

// takes says whether a call reads or keeps a register: elsewhere arguments are in memory.
func (s *slots) takes(call *obj.Prog, reg uint32, bounds int) bool {
	switch sym := call.To.Sym; {
	case sym == nil:
		return false
	case s.ctxt.IsAsm:
		return strings.HasPrefix(sym.Name, "runtime.")
	case sym.Name == "runtime.panicBounds" && bounds >= 0:
		_, _, xIsReg, yIsReg, x, y := abi.BoundsDecode(bounds)
		return xIsReg && reg&bit(REG_R1+int16(x)) != 0 || yIsReg && reg&bit(REG_R1+int16(y)) != 0
	default:
		return slices.ContainsFunc(own, func(name string) bool { return strings.HasPrefix(sym.Name, name) })
	}
}
