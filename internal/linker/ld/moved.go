//go:build ignore

package ld

import (
	"cmd/link/internal/loader"
	"encoding/binary"
)

// movedTables are tables by program counter (runtime.pcvalue) of functions of which code has
// been taken out.
type movedTables struct {
	ldr  *loader.Loader
	made map[string]loader.Sym // by what is in them
}

func newMovedTables(ldr *loader.Loader) *movedTables {
	ldr.Moved = make(map[loader.Sym]*loader.Moved)
	return &movedTables{ldr, make(map[string]loader.Sym)}
}

// move has a function have other tables: to says where each of its instructions is, and where it ends.
func (m *movedTables) move(f loader.Sym, to []int32) {
	t := &loader.Moved{To: to}
	t.Pcsp, t.Pcfile, t.Pcline, t.Pcinline, t.Pcdata = m.ldr.PcdataAuxs(f, nil)
	for _, table := range []*loader.Sym{&t.Pcsp, &t.Pcfile, &t.Pcline, &t.Pcinline} {
		*table = m.moved(*table, to)
	}
	for i, table := range t.Pcdata {
		t.Pcdata[i] = m.moved(table, to)
	}
	m.ldr.Moved[f] = t
}

// extend has the tables of a function say of what has been added to its end, up to so many
// instructions, what they said of its last one.
func (m *movedTables) extend(f loader.Sym, end int) {
	to := make([]int32, m.ldr.SymSize(f)/4+1)
	for i := range to {
		to[i] = int32(i)
	}
	to[len(to)-1] = int32(end)
	m.move(f, to)
}

// moved is a table with each instruction where it is then.
func (m *movedTables) moved(table loader.Sym, to []int32) loader.Sym {
	if table == 0 || m.ldr.SymSize(table) == 0 {
		return table
	}
	var ranges []pcRange
	pc := int32(0)
	for _, r := range pcRanges(m.ldr.Data(table)) {
		r.end = to[r.end]
		if n := len(ranges); n > 0 && ranges[n-1].value == r.value {
			ranges[n-1].end = r.end
		} else if r.end > pc {
			ranges = append(ranges, r)
		}
		pc = r.end
	}
	var data []byte
	last := pcRange{value: -1}
	for _, r := range ranges {
		data = binary.AppendVarint(data, r.value-last.value)
		data = binary.AppendUvarint(data, uint64(r.end-last.end))
		last = r
	}
	data = append(data, 0)
	s, ok := m.made[string(data)]
	if !ok {
		s = m.ldr.CreateExtSym("", 0)
		sb := m.ldr.MakeSymbolUpdater(s)
		sb.SetData(data)
		sb.SetSize(int64(len(data)))
		m.made[string(data)] = s
	}
	return s
}

// A pcRange says that a value is one of the instructions up to one, not included.
type pcRange struct {
	value int64
	end   int32
}

// pcRanges takes a table apart.
func pcRanges(data []byte) (ranges []pcRange) {
	r := pcRange{value: -1}
	for {
		by, n := binary.Varint(data)
		if by == 0 && len(ranges) > 0 {
			return ranges
		}
		words, k := binary.Uvarint(data[n:])
		data = data[n+k:]
		r.value += by
		r.end += int32(words)
		ranges = append(ranges, r)
	}
}

// moveParents has calls that were inlined into a function be where code of what they were in
// is now: as near as there is some. Where there is none left, that was called from where it is
// itself. At the beginning of a function nothing is inlined: so tracebacks come to an end.
func moveParents(ctxt *Link, f, tree loader.Sym) {
	ldr := ctxt.loader
	m := ldr.Moved[f]
	if m == nil {
		return
	}
	fi, sb := ldr.FuncInfo(f), ldr.MakeSymbolUpdater(tree)
	fi.Preload()
	ranges := pcRanges(ldr.Data(m.Pcinline))
	for i := range int(fi.NumInlTree()) {
		best, found := int32(0), false
		for parent := int32(i); !found && parent >= 0; {
			call := fi.InlTree(int(parent))
			parent = call.Parent
			at, begin := m.To[call.ParentPC/4], int32(0)
			for _, r := range ranges {
				// The last instruction of the range in front of it, or the first behind it, or itself.
				near := min(max(at, begin), r.end-1)
				if r.value == int64(parent) && (!found || abs(near-at) < abs(best-at)) {
					best, found = near, true
				}
				begin = r.end
			}
		}
		sb.SetUint32(ctxt.Arch, int64(16*i+8), uint32(4*best))
	}
}

func abs(n int32) int32 { return max(n, -n) }
