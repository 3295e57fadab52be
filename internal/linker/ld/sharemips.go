//go:build ignore

package ld

import (
	"cmd/internal/objabi"
	"cmd/link/internal/loader"
	"strings"
)

// Instructions of MIPS: https://mips.com, "MIPS64 Architecture For Programmers, volume II".

const (
	opSpecial  = 0 // by the lowest six bits: fnJR …
	opRegimm   = 1 // BLTZ, BGEZ …
	opJ, opJAL = 2, 3
	opBEQ      = 4 // BEQ, BNE, BLEZ, BGTZ
	opADDI     = 8 // and so on, up to LUI
	opLUI      = 15
	opCOP1     = 17 // what has floating-point numbers, and branches by them
	opBEQL     = 20 // the four likely ones
	opDADDI    = 24 // DADDI, DADDIU
	opLoads    = 32 // LB, LH, LWL, LW, LBU, LHU, LWR, LWU
	opStores   = 40 // SB, SH, SWL, SW, SDL, SDR, SWR
	opLD, opSD = 55, 63

	fnJR, fnJALR      = 8, 9
	fnSYSCALL, fnSYNC = 12, 15 // and BREAK
	fnTGE, fnTNE      = 48, 54 // traps

	regSP, regG, regLR = 29, 30, 31
)

// wayBack is JMP (LR).
var wayBack = word{code: 0x03e00008}

// jumpTo is a call as a jump.
func jumpTo(call word) word {
	call.code = opJ << 26
	call.typ = objabi.R_JMPMIPS
	return call
}

// callOf calls what is shared, or jumps there.
func callOf(end ending, to loader.Sym, add int64) word {
	call := word{code: opJAL << 26, typ: objabi.R_CALLMIPS, to: to, add: add}
	if end == jumps {
		return jumpTo(call)
	}
	return call
}

// isBranch says whether an instruction is a branch by so many words from its slot on.
func isBranch(code uint32) bool {
	op := code >> 26
	return op == opRegimm || op >= opBEQ && op < opADDI || op >= opBEQL && op < opDADDI || op == opCOP1 && code>>21&31 == 8
}

// branchTarget is the word in its function that a branch, the word at i, goes to.
func branchTarget(i int, w word, self loader.Sym) (target int, ok bool) {
	switch {
	case isBranch(w.code):
		return i + 1 + int(int16(w.code)), true
	case w.typ == objabi.R_JMPMIPS && w.to == self:
		return int(w.add / 4), true
	}
	return 0, false
}

// branchTo is the branch at i to another word of its function.
func branchTo(i int, w word, target int) word {
	if w.typ == objabi.R_JMPMIPS {
		w.add = 4 * int64(target)
	} else {
		w.code = w.code&^0xffff | uint32(uint16(target-i-1))
	}
	return w
}

// read notes what a function could share.
func (s *sharing) read(f loader.Sym) {
	words := s.words(f)
	if len(words) < 2 {
		return
	}
	fn := int32(len(s.funcs))
	s.funcs = append(s.funcs, sharedFunc{sym: f, words: words})
	loops, targets := s.branches(f, words)
	frame := s.grows(words)
	var known uint32 // registers, by bit, with addresses of something
	begin := len(s.steps)
	// end ends a run of steps that follow one another. LR is not free in one that uses it: to
	// get it from the frame, or to go back.
	end := func(usesLR bool) {
		if !frame || usesLR {
			for i := range s.steps[begin:] {
				s.steps[begin+i].free = false
			}
		}
		s.part()
		begin = len(s.steps)
	}
	usesLR := false
	for i := 0; i < len(words); i++ {
		if targets[i] {
			end(usesLR)
			usesLR, known = false, 0
		}
		w := words[i]
		st := step{fn: fn, at: int32(i), free: true, fixed: loops[i]}
		how := s.decode(w)
		if ending, ok := s.leaves(f, w); ok && i+1 < len(words) {
			slot := s.decode(words[i+1])
			st.fixed = st.fixed || !slot.known || slot.faults&^known != 0 || targets[i+1]
			s.add(st, alike{words: [2]word{w, words[i+1]}, end: ending})
			end(usesLR || w == wayBack)
			usesLR, known = false, 0
			i++
			continue
		}
		if how.known {
			st.fixed = st.fixed || how.faults&^known != 0
			s.add(st, alike{words: [2]word{w}})
		} else {
			s.part()
			usesLR = usesLR || how.usesLR
		}
		known = (known|how.faults)&^how.sets | how.address
		if how.branches {
			// What is in its slot stays there.
			end(usesLR)
			usesLR = false
			if !isBranch(w.code) {
				known = 0 // a call, or the end
			}
			if i++; i < len(words) {
				slot := s.decode(words[i])
				usesLR = slot.usesLR
				known &^= slot.sets
				if targets[i] {
					known = 0
				}
			}
		}
	}
	end(usesLR)
}

// branches says what of a function is in a loop of the runtime, and what is gone to.
func (s *sharing) branches(f loader.Sym, words []word) (loops, targets []bool) {
	loops, targets = make([]bool, len(words)+1), make([]bool, len(words)+1)
	name := s.ldr.SymName(f)
	runtime := strings.HasPrefix(name, "runtime.") || strings.HasPrefix(name, "internal/runtime/")
	for i, w := range words {
		if target, ok := branchTarget(i, w, f); ok {
			targets[target] = true
			for k := target; runtime && k <= i+1; k++ {
				loops[k] = true
			}
		}
	}
	return loops, targets
}

// grows says whether a function begins with a call of runtime.grow, which keeps LR in its frame.
func (s *sharing) grows(words []word) bool {
	return words[1].typ == objabi.R_CALLMIPS && strings.HasPrefix(s.ldr.SymName(words[1].to), "runtime.grow")
}

// leaves says whether w is a call, or a jump out of f, that may be shared.
func (s *sharing) leaves(f loader.Sym, w word) (end ending, ok bool) {
	switch {
	case w == wayBack:
		return jumps, true
	case w.code>>26 == opJ && w.typ != 0 && w.to != f:
		return jumps, true
	case w.code>>26 == opJAL && w.typ != 0: // R_CALLMIPS, and R_JMPMIPS for DUFFZERO
		// Deferred calls are made again where runtime.deferreturn is called.
		name := s.ldr.SymName(w.to)
		return calls, name != "runtime.deferreturn" && !strings.HasPrefix(name, "runtime.grow")
	}
	return 0, false
}

// An instruction is what is known of a word: registers are by bit.
type instruction struct {
	known    bool   // it calculates, or reads or writes memory, and none of SP, LR, g is another one then
	branches bool   // it has a slot
	usesLR   bool   // it gets LR, or does something with it
	sets     uint32 // registers that are others then
	faults   uint32 // a register that has to have an address
	address  uint32 // a register that has one then
}

func (s *sharing) decode(w word) instruction {
	op, rs, rt, rd := w.code>>26, w.code>>21&31, w.code>>16&31, w.code>>11&31
	how := instruction{known: true}
	how.usesLR = rs == regLR || rt == regLR
	set := rt
	low := w.typ == objabi.R_ADDRMIPS // the lower half of an address: what is there is there
	switch {
	case op == opSpecial:
		set = rd
		switch fn := w.code & 63; {
		case fn == fnJR || fn == fnJALR:
			how.branches, how.known = true, false
		case fn >= fnSYSCALL && fn <= fnSYNC, fn >= fnTGE && fn <= fnTNE:
			how.known = false
		default:
			how.usesLR = how.usesLR || rd == regLR
		}
	case op == opJ, op == opJAL, isBranch(w.code):
		how.branches, how.known = true, false
	case op >= opADDI && op <= opLUI, op == opDADDI, op == opDADDI+1:
		if low || op != opLUI && rs == regSP {
			how.address = 1 << rt
		}
	case op >= opLoads && op < opStores+7 || op == opLD || op == opSD:
		if rs != regSP && rs != regG && !low {
			how.faults = 1 << rs
		}
		if op >= opStores && op != opLD {
			set = 0
		}
	default:
		return instruction{usesLR: how.usesLR, sets: ^uint32(0)}
	}
	how.sets = 1 << set &^ 1
	if how.usesLR || how.sets&(1<<regSP|1<<regG|1<<regLR) != 0 {
		how.known = false
	}
	return how
}
