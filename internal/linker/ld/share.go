//go:build ignore

package ld

import (
	"cmd/internal/objabi"
	"cmd/link/internal/loader"
	"cmd/link/internal/sym"
	"cmp"
	queue "container/heap"
	"slices"
)

// Much of the code of a program for MIPS is there more than once: what puts the arguments
// of a call on the stack and calls, what copies a string from here to there. shareText
// has it there once, behind runtime.back (folder runtime), and has it called from where it was;
// minins loses a twelfth of its code:
//
//	sd   R1, 16(SP)               jal  runtime.back+1234        runtime.back+1234:
//	li   R1, 4                    sd   R1, 16(SP)               li   R1, 4
//	jal  fmt.Fprintln                                           j    fmt.Fprintln
//	sd   R1, 24(SP)                                             sd   R1, 24(SP)
//
// As here, what ends in a call jumps to where that goes, which comes back to the function
// itself. What ends in a jump out of the function is jumped to. Everything else comes back by
// LR, so that it is only shared where LR is in the frame already.
//
// Nothing is shared that makes a difference to the runtime: what sets SP, or may have a fault
// (the function would not be found as the one whose deferred calls are to be made). Goroutines
// are not stopped there, as they are in calls alone. The runtime looks calls up in tables by the
// address behind them: the call of what is shared, and its slot, have there what the last two
// words had. Nor is anything shared of loops of the runtime, which is to be as fast as it was.
func shareText(ctxt *Link) {
	s := newSharing(ctxt)
	if s == nil {
		return
	}
	for _, f := range ctxt.Textp {
		fi := s.ldr.FuncInfo(f)
		if f != s.home && fi.Valid() && s.ldr.SymType(f) == sym.STEXT && !s.ldr.IsFromAssembly(f) {
			s.read(f)
		}
	}
	s.choose(s.candidates())
	s.write()
}

// A word is an instruction, and what the linker will put into it.
type word struct {
	code uint32
	typ  objabi.RelocType
	to   loader.Sym
	add  int64
}

// A step is what cannot be taken apart: an instruction, or a call or a jump and what is in its slot.
type step struct {
	id    int32 // steps that are alike have the same
	fn    int32 // the function, an index of sharing.funcs
	at    int32 // its word there
	free  bool  // nobody needs LR: known at the end of the run of steps that it is in
	fixed bool  // it is not to be shared
	taken bool  // it is shared
}

// An alike is what steps that are alike are.
type alike struct {
	words [2]word
	end   ending
}

// An ending is how a step goes on.
type ending uint8

const (
	goesOn ending = iota
	calls
	jumps
)

// A sharedFunc is a function that may share code.
type sharedFunc struct {
	sym   loader.Sym
	words []word
	sites []site
}

// A site is a place in a function that is to be a call or a jump.
type site struct {
	at, words int32 // what it was
	to        int64 // offset in home
	end       ending
}

type sharing struct {
	ctxt  *Link
	ldr   *loader.Loader
	home  loader.Sym
	body  []word // behind what home has
	funcs []sharedFunc
	steps []step
	ids   map[alike]int32
	kinds []alike // by id
}

// newSharing is nil for other processors, and where debuggers are told of code.
func newSharing(ctxt *Link) *sharing {
	home := ctxt.loader.Lookup("runtime.back", 0)
	if !ctxt.IsMIPS() && !ctxt.IsMIPS64() || home == 0 || !ctxt.loader.AttrReachable(home) || dwarfEnabled(ctxt) {
		return nil
	}
	// The first kind is that of nothing, which is between what can be shared.
	return &sharing{ctxt: ctxt, ldr: ctxt.loader, home: home, ids: make(map[alike]int32), kinds: make([]alike, 1)}
}

// add notes a step.
func (s *sharing) add(st step, a alike) {
	id, ok := s.ids[a]
	if !ok {
		id = int32(len(s.kinds))
		s.ids[a] = id
		s.kinds = append(s.kinds, a)
	}
	st.id = id
	s.steps = append(s.steps, st)
}

// part notes that what follows does not follow what was there.
func (s *sharing) part() {
	if n := len(s.steps); n > 0 && s.steps[n-1].id != 0 {
		s.steps = append(s.steps, step{})
	}
}

// A candidate is a sequence of steps that is there more than once.
type candidate struct {
	steps int     // how many
	at    []int32 // places in sharing.steps, in their order
	saves int     // words
}

// maxSteps is how many steps a sequence may have: longer ones are hardly there.
const maxSteps = 40

// candidates are all sequences that are there more than once and are worth it.
func (s *sharing) candidates() (all candidates) {
	var grow func(at []int32, n int)
	// grow has what has n steps in common, and may have more.
	grow = func(at []int32, n int) {
		at = slices.DeleteFunc(at, func(i int32) bool { return s.steps[i+int32(n)].fixed })
		slices.SortStableFunc(at, func(a, b int32) int { return cmp.Compare(s.steps[a+int32(n)].id, s.steps[b+int32(n)].id) })
		for len(at) > 0 {
			id := s.steps[at[0]+int32(n)].id
			end := 1
			for end < len(at) && s.steps[at[end]+int32(n)].id == id {
				end++
			}
			same := at[:end]
			at = at[end:]
			if id == 0 || len(same) < 2 {
				continue
			}
			c := candidate{steps: n + 1, at: s.useful(same, n+1)}
			if c.saves = s.saves(c); c.saves > 0 {
				all = append(all, c)
			}
			if s.kinds[id].end == goesOn && n+1 < maxSteps {
				grow(same, n+1)
			}
		}
	}
	var at []int32
	for i, st := range s.steps {
		if st.id != 0 {
			at = append(at, int32(i))
		}
	}
	s.steps = append(s.steps, make([]step, maxSteps)...)
	grow(at, 0)
	return all
}

// useful is where n steps can be shared, from each of some places on.
func (s *sharing) useful(at []int32, n int) (useful []int32) {
	last := int32(-maxSteps)
	for _, i := range at {
		steps := s.steps[i : int(i)+n]
		ends := s.kinds[steps[n-1].id].end
		if i >= last+int32(n) && !slices.ContainsFunc(steps, func(st step) bool { return st.fixed || st.taken || ends == goesOn && !st.free }) {
			useful = append(useful, i)
			last = i
		}
	}
	return useful
}

// saves is how many words less there are with a candidate.
func (s *sharing) saves(c candidate) int {
	if len(c.at) < 2 || c.steps < 2 {
		return 0
	}
	words := c.steps
	if s.last(c).end != goesOn {
		words++
	}
	// A site is a call, and its slot.
	return len(c.at)*(words-2) - len(s.shared(c))
}

// last is what the last step of a candidate is.
func (s *sharing) last(c candidate) alike {
	return s.kinds[s.steps[int(c.at[0])+c.steps-1].id]
}

// shared is the code of a candidate, but for the first instruction, which is in the slot
// of what calls it.
func (s *sharing) shared(c candidate) (words []word) {
	for _, st := range s.steps[c.at[0]+1 : int(c.at[0])+c.steps] {
		a := s.kinds[st.id]
		words = append(words, a.words[0])
		if a.end != goesOn {
			words = append(words, a.words[1])
		}
	}
	n := len(words)
	switch s.last(c).end {
	case goesOn:
		if n == 0 {
			return nil
		}
		return append(words[:n-1], wayBack, words[n-1])
	case calls:
		words[n-2] = jumpTo(words[n-2])
	}
	if n > 2 && words[n-1] == (word{}) { // what is in front of the jump may be in its slot
		words[n-3], words[n-2] = words[n-2], words[n-3]
		return words[:n-1]
	}
	return words
}

// candidates are a heap: what saves most comes first.
type candidates []candidate

func (c candidates) Len() int      { return len(c) }
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c candidates) Less(i, j int) bool {
	return cmp.Or(-cmp.Compare(c[i].saves, c[j].saves), -cmp.Compare(c[i].steps, c[j].steps), cmp.Compare(c[i].at[0], c[j].at[0])) < 0
}
func (c *candidates) Push(x any) { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	n := len(*c) - 1
	x := (*c)[n]
	*c = (*c)[:n]
	return x
}

// choose shares what saves most, and so on, with what is then left of the others.
func (s *sharing) choose(all candidates) {
	queue.Init(&all)
	for len(all) > 0 {
		c := queue.Pop(&all).(candidate)
		before := c.saves
		c.at = s.useful(c.at, c.steps)
		if c.saves = s.saves(c); c.saves <= 0 {
			continue
		}
		if c.saves < before {
			queue.Push(&all, c)
			continue
		}
		s.share(c)
	}
}

// share has all places of a candidate share it.
func (s *sharing) share(c candidate) {
	to := s.ldr.SymSize(s.home) + 4*int64(len(s.body))
	s.body = append(s.body, s.shared(c)...)
	end := s.last(c).end
	words := int32(c.steps)
	if end != goesOn {
		words++
	}
	for _, i := range c.at {
		for k := range c.steps {
			s.steps[int(i)+k].taken = true
		}
		st := s.steps[i]
		f := &s.funcs[st.fn]
		f.sites = append(f.sites, site{at: st.at, words: words, to: to, end: end})
	}
}

// write writes functions anew, and what they share.
func (s *sharing) write() {
	tables := newMovedTables(s.ldr)
	for _, f := range s.funcs {
		if len(f.sites) == 0 {
			continue
		}
		words, to := s.without(f)
		s.put(f.sym, words)
		tables.move(f.sym, to)
	}
	home := s.words(s.home)
	tables.extend(s.home, len(home)+len(s.body))
	s.put(s.home, append(home, s.body...))
}

// without is a function with what it shares called, and where each of its words is then.
func (s *sharing) without(f sharedFunc) (words []word, to []int32) {
	slices.SortFunc(f.sites, func(a, b site) int { return cmp.Compare(a.at, b.at) })
	sites := f.sites
	for i := 0; i < len(f.words); i++ {
		to = append(to, int32(len(words)))
		if len(sites) == 0 || int(sites[0].at) != i {
			words = append(words, f.words[i])
			continue
		}
		// Tables have for the call what they had for the last two words: they may be a call.
		for range sites[0].words - 2 {
			to = append(to, int32(len(words)))
		}
		to = append(to, int32(len(words)+1))
		words = append(words, callOf(sites[0].end, s.home, sites[0].to), f.words[i])
		i += int(sites[0].words) - 1
		sites = sites[1:]
	}
	to = append(to, int32(len(words)))
	for i, w := range f.words {
		if target, ok := branchTarget(i, w, f.sym); ok {
			at := int(to[i])
			words[at] = branchTo(at, w, int(to[target]))
		}
	}
	return words, to
}

// words is what a function is made of, and nil if it has anything that is not known here.
func (s *sharing) words(f loader.Sym) []word {
	data := s.ldr.Data(f)
	words := make([]word, len(data)/4)
	for i := range words {
		words[i].code = s.ctxt.Arch.ByteOrder.Uint32(data[4*i:])
	}
	relocs := s.ldr.Relocs(f)
	for i := range relocs.Count() {
		r := relocs.At(i)
		if r.IsMarker() {
			continue // for what has been there before
		}
		w := &words[r.Off()/4]
		if r.Siz() != 4 || r.Off()%4 != 0 || w.typ != 0 {
			return nil
		}
		w.typ, w.to, w.add = r.Type(), r.Sym(), r.Add()
		if w.typ == objabi.R_CALLMIPS || w.typ == objabi.R_JMPMIPS {
			w.code &= 0x3f << 26 // the rest is where it is itself
		}
	}
	return words
}

// put has a function made of other words.
func (s *sharing) put(f loader.Sym, words []word) {
	sb := s.ldr.MakeSymbolUpdater(f)
	sb.ResetRelocs()
	data := make([]byte, 4*len(words))
	for i, w := range words {
		s.ctxt.Arch.ByteOrder.PutUint32(data[4*i:], w.code)
		if w.typ != 0 {
			r, _ := sb.AddRel(w.typ)
			r.SetOff(int32(4 * i))
			r.SetSiz(4)
			r.SetSym(w.to)
			r.SetAdd(w.add)
		}
	}
	sb.SetData(data)
	sb.SetSize(int64(len(data)))
}
