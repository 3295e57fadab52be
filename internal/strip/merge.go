//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

// Without names, a function is to the runtime a range of program counters with
// tables. Functions that follow one another can have theirs in common: one
// entry in functab, one record, and each table the one behind the other. That is
// the other half of what a function costs: some 100 bytes, in a program whose
// functions have 300 on average.
//
// What the runtime reads by program counter stays the same for every one but
// for the numbers of stack maps, which count on from function to function. What
// it reads of the function as a whole has to be the same for all, or not there:
//
//   - funcID: the same, and that of ordinary functions or of wrappers.
//   - flags, deferreturn, tables of deferred calls, of stack objects and
//     of inlined calls: functions that have any are left alone.
//   - args, the size of the arguments: that of the largest. The maps that say which
//     of them are pointers are as wide as the widest of all, with zeros. Where a
//     goroutine was stopped between calls the collector would look at all of the
//     arguments: none is (stops.go).
//   - the maps of local variables, which begin at the top of the frame: the
//     same, with zeros for what lies below a smaller frame. Nobody looks there.
//   - the largest frame: of some it is asked for, and they are left alone.
//   - the name: what is left of it (names.go).
//   - the entry: where a function begins again once its stack is larger (on MIPS), its
//     arguments are described by the first of its stack maps, but the runtime looks
//     for that of a call, an instruction in front of the entry. So it holds there too:
//     no function ends in a call (cmd/compile puts a NOP behind one that would be the last).
const (
	mergedCode = 16 << 10 // bytes of code under one entry: tables are read from their beginning
	mergedBits = 512      // width of a stack map
)

const (
	pcdataStackMapIndex = 1

	funcdataArgsPointerMaps   = 0
	funcdataLocalsPointerMaps = 1

	funcIDWrapper = 23 // of what the compiler makes: comparisons, methods of embedded types

	funcArgs        = 8
	funcDeferReturn = 12
	funcFlag        = 41 // uint8
)

// measured are the functions whose largest frame the runtime adds up when it
// begins (runtime/preempt.go). Where it asks for that of any function, to make a
// stack larger, more will do.
var measured = []string{"runtime.asyncPreempt2", "runtime.xRegRestore"}

// A step is a value of a table, and the program counter up to which it holds.
type pcStep struct {
	value int32
	end   uint32
}

// A member is a function as one of several.
type member struct {
	function
	next uint32 // entry of the function behind it
	name string // what is left of it
	sp   []pcStep
	pc   [pcdataKinds][]pcStep
	maps [2]stackMaps // of arguments and of local variables
	cost int          // of its own, where it is alone
}

// A stackMaps is a runtime.stackmap: n rows of nbit bits each.
type stackMaps struct {
	nbit int
	rows []string
}

// merge puts functions together where that saves space.
func (tab *pclntab) merge() error {
	tab.gofunc = bytes.Clone(tab.gofunc) // it grows, and is of the file
	uses := tab.countUses()
	var out []function
	var group []member
	flush := func() {
		if len(group) > 0 {
			out = append(out, tab.join(group))
		}
		group = nil
	}
	for i, f := range tab.funcs {
		next := tab.end
		if i+1 < len(tab.funcs) {
			next = tab.funcs[i+1].entry
		}
		m, ok, err := tab.member(f, next, uses)
		if err != nil {
			return err
		}
		if !ok {
			flush()
			out = append(out, f)
			continue
		}
		if len(group) > 0 && !(fits(group, m) && tab.size0(append(slices.Clone(group), m)) < tab.size0(group)+m.cost) {
			flush()
		}
		group = append(group, m)
	}
	flush()
	tab.funcs = out
	tab.findAgain()
	return nil
}

// countUses says how many functions refer to a table.
func (tab *pclntab) countUses() map[string]int {
	uses := make(map[string]int)
	for _, f := range tab.funcs {
		for _, off := range slices.Concat([]uint32{tab.Uint32(f.record[funcPcsp:])}, f.pcdata) {
			if off != 0 {
				if run, err := cutRun(tab.pctab, int(off)); err == nil {
					uses[run]++
				}
			}
		}
		for _, off := range f.funcdata {
			if off != none {
				uses[string(tab.gofunc[off:][:tab.chunks[off]])]++
			}
		}
	}
	return uses
}

// member takes a function apart. ok is false if it has to stay alone.
func (tab *pclntab) member(f function, next uint32, uses map[string]int) (m member, ok bool, err error) {
	m = member{function: f, next: next}
	args := int32(tab.Uint32(f.record[funcArgs:]))
	id := f.record[funcID]
	pcsp := tab.Uint32(f.record[funcPcsp:])
	if tab.Uint32(f.record[funcName:]) == 0 || id != 0 && id != funcIDWrapper || f.record[funcFlag] != 0 || tab.Uint32(f.record[funcDeferReturn:]) != 0 ||
		args < 0 || pcsp == 0 || len(f.funcdata) != funcdataLocalsPointerMaps+1 || slices.Contains(f.funcdata, none) {
		return m, false, nil
	}
	name, err := tab.name(tab.Uint32(f.record[funcName:]))
	if err != nil {
		return m, false, err
	}
	if slices.Contains(measured, name) {
		return m, false, nil
	}
	m.name = shortName(name)
	m.cost = 8 + funcSize + 4*len(f.pcdata) + 4*len(f.funcdata)
	read := func(off uint32) ([]pcStep, error) {
		run, err := cutRun(tab.pctab, int(off))
		if err != nil {
			return nil, err
		}
		m.cost += len(run) / uses[run]
		return tab.steps(run, f.entry), nil
	}
	if m.sp, err = read(pcsp); err != nil {
		return m, false, err
	}
	for i, off := range f.pcdata {
		if off == 0 {
			continue
		}
		if m.pc[i], err = read(off); err != nil {
			return m, false, err
		}
	}
	if m.pc[pcdataInlTreeIndex] != nil || m.pc[pcdataArgLiveIndex] != nil {
		return m, false, nil
	}
	for i := range m.maps {
		data := tab.gofunc[f.funcdata[i]:][:tab.chunks[f.funcdata[i]]]
		if len(data) < 8 {
			return m, false, errors.New("a stack map is too short")
		}
		n, nbit := int(tab.Uint32(data)), int(tab.Uint32(data[4:]))
		width := (nbit + 7) / 8
		if n > 1<<20 || width > 1<<20 || n*width > len(data)-8 {
			return m, false, errors.New("a stack map is too short")
		}
		m.maps[i].nbit = nbit
		for r := range n {
			m.maps[i].rows = append(m.maps[i].rows, string(data[8+r*width:][:width]))
		}
		m.cost += len(data) / uses[string(data)]
	}
	rows := len(m.maps[0].rows)
	return m, rows > 0 && rows == len(m.maps[1].rows) && m.maps[0].nbit <= mergedBits && m.maps[1].nbit <= mergedBits, nil
}

// fits says whether m may be one of the group, which it follows.
func fits(group []member, m member) bool {
	first := group[0]
	return first.name == m.name && first.record[funcID] == m.record[funcID] && m.next-first.entry <= mergedCode
}

// tables are those of a group.
type tables struct {
	runs [1 + pcdataKinds][]byte // pcsp, pcdata
	maps [2][]byte
	args uint32
}

func (tab *pclntab) tables(group []member) (t tables) {
	var wide [2]int
	for _, m := range group {
		t.args = max(t.args, tab.Uint32(m.record[funcArgs:]))
		for i := range wide {
			wide[i] = max(wide[i], m.maps[i].nbit)
		}
	}
	var sp []pcStep
	var pc [pcdataKinds][]pcStep
	index := make(map[[2]string]int32)
	var rows [][2]string
	for k, m := range group {
		sp = append(sp, until(m.sp, m.next)...)
		number := make([]int32, len(m.maps[0].rows))
		for r := range number {
			row := [2]string{widen(m.maps[0], r, wide[0], false), widen(m.maps[1], r, wide[1], true)}
			n, ok := index[row]
			if !ok {
				n = int32(len(rows))
				index[row], rows = n, append(rows, row)
			}
			number[r] = n
		}
		for i := range pc {
			steps := m.pc[i]
			if steps == nil {
				steps = []pcStep{{-1, m.next}}
			}
			end := m.next
			if i == pcdataStackMapIndex && k+1 < len(group) {
				end -= uint32(tab.header[6])
			}
			steps = until(steps, end)
			if i == pcdataStackMapIndex {
				for j, s := range steps {
					steps[j].value = number[max(s.value, 0)] // without a number it is the first
				}
			}
			pc[i] = append(pc[i], steps...)
		}
	}
	entry := group[0].entry
	t.runs[0] = tab.run(sp, entry)
	for i, steps := range pc {
		if slices.ContainsFunc(steps, func(s pcStep) bool { return s.value != -1 }) {
			t.runs[1+i] = tab.run(steps, entry)
		}
	}
	for i := range t.maps {
		t.maps[i] = tab.AppendUint32(nil, uint32(len(rows)))
		t.maps[i] = tab.AppendUint32(t.maps[i], uint32(wide[i]))
		for _, row := range rows {
			t.maps[i] = append(t.maps[i], row[i]...)
		}
	}
	return t
}

// size0 is what a group takes.
func (tab *pclntab) size0(group []member) int {
	if len(group) == 1 {
		return group[0].cost
	}
	t := tab.tables(group)
	n := 8 + funcSize + 4*2
	for i, run := range t.runs {
		n += len(run)
		if i > 0 && run != nil {
			n += 4
		}
	}
	return n + len(t.maps[0]) + len(t.maps[1])
}

// widen is a row with more bits: behind the others or, of local variables, in front of them.
func widen(m stackMaps, row, nbit int, front bool) string {
	b := make([]byte, (nbit+7)/8)
	shift := 0
	if front {
		shift = nbit - m.nbit
	}
	for i := range m.nbit {
		if m.rows[row][i/8]>>(i%8)&1 != 0 {
			j := i + shift
			b[j/8] |= 1 << (j % 8)
		}
	}
	return string(b)
}

// until has the last value hold up to an address: to the next function or to its last
// instruction.
func until(steps []pcStep, end uint32) []pcStep {
	steps = slices.Clone(steps)
	for len(steps) > 1 && steps[len(steps)-2].end >= end {
		steps = steps[:len(steps)-1]
	}
	steps[len(steps)-1].end = end
	return steps
}

// steps reads a run of a function.
func (tab *pclntab) steps(run string, pc uint32) (steps []pcStep) {
	b := []byte(run)
	value := int32(-1)
	for i := 0; len(b) > 0 && (b[0] != 0 || i == 0); i++ {
		d, n := binary.Uvarint(b)
		b = b[n:]
		value += int32(-(uint32(d) & 1) ^ uint32(d)>>1)
		d, n = binary.Uvarint(b)
		b = b[n:]
		pc += uint32(d) * uint32(tab.header[6])
		steps = append(steps, pcStep{value, pc})
	}
	return steps
}

// run writes a run.
func (tab *pclntab) run(steps []pcStep, pc uint32) (run []byte) {
	value := int32(-1)
	for i, s := range steps {
		if i+1 < len(steps) && steps[i+1].value == s.value || s.end == pc {
			continue
		}
		d := s.value - value
		run = binary.AppendUvarint(run, uint64(uint32(d)<<1^uint32(d>>31)))
		run = binary.AppendUvarint(run, uint64((s.end-pc)/uint32(tab.header[6])))
		value, pc = s.value, s.end
	}
	return append(run, 0)
}

// join makes one function of a group.
func (tab *pclntab) join(group []member) function {
	f := group[0].function
	if len(group) == 1 {
		return f
	}
	t := tab.tables(group)
	tab.PutUint32(f.record[funcArgs:], t.args)
	add := func(run []byte) uint32 {
		if run == nil {
			return 0
		}
		return tab.addRun(run)
	}
	tab.PutUint32(f.record[funcPcsp:], add(t.runs[0]))
	f.pcdata = nil
	for _, run := range t.runs[1:] {
		f.pcdata = append(f.pcdata, add(run))
	}
	for i := range t.maps {
		tab.gofunc = pad(tab.gofunc, 4)
		f.funcdata[i] = uint32(len(tab.gofunc))
		tab.chunks[f.funcdata[i]] = len(t.maps[i])
		tab.gofunc = append(tab.gofunc, t.maps[i]...)
	}
	f.trim()
	return f
}

// findAgain writes the index of functab anew: for each 256 bytes of code the
// first function that has any of them, by a number for each 4096 and what is to
// be added to it (runtime.findfuncbucket).
func (tab *pclntab) findAgain() {
	const bucket, sub, subs = 4096, 256, 16
	first := make(map[uint32]uint32)
	for i, f := range tab.funcs {
		next := tab.end
		if i+1 < len(tab.funcs) {
			next = tab.funcs[i+1].entry
		}
		for at := (f.entry + tab.skew) / sub; at <= (next-1+tab.skew)/sub; at++ {
			if _, ok := first[at]; !ok {
				first[at] = uint32(i)
			}
		}
	}

	last := uint32(0)
	entry := tab.find
	for b := uint32(0); len(entry) > 4; b += bucket / sub {
		if at, ok := first[b]; ok {
			last = at
		}
		base := last
		tab.PutUint32(entry, base)
		for i := range min(subs, len(entry)-4) { // the last one is cut off where the code ends
			if at, ok := first[b+uint32(i)]; ok {
				last = at
			}
			entry[4+i] = byte(last - base)
		}
		entry = entry[min(4+subs, len(entry)):]
	}
}
