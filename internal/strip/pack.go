//go:build linux

package main

import (
	"bytes"
	"slices"
)

// A packed is a pclntab as the runtime reads it, and the offsets of the tables
// in it. They are in the linker's order; those of files are empty.
type packed struct {
	bytes    []byte
	names    int
	noFiles  int
	pctab    int
	funcs    int
	nfuncs   int
	gofunc   int
	findfunc int
}

// pack lays out the tables that are left.
func (tab *pclntab) pack() (*packed, error) {
	names, err := tab.packNames()
	if err != nil {
		return nil, err
	}
	pctab, err := tab.packPctab()
	if err != nil {
		return nil, err
	}
	gofunc := tab.packFuncdata()

	p := &packed{bytes: bytes.Clone(tab.header)}
	add := func(table []byte, align int) int {
		p.bytes = append(pad(p.bytes, align), table...)
		return len(p.bytes) - len(table)
	}
	p.names = add(names, 1)
	p.noFiles = add(nil, 4)
	p.pctab = add(pctab, 1)
	p.funcs = add(tab.packFuncs(), 4)
	p.gofunc = add(gofunc, tab.size)
	p.findfunc = add(tab.find, 4)

	p.nfuncs = len(tab.funcs)
	tab.putWord(p.bytes[8:], uint64(p.nfuncs))
	tab.putWord(p.bytes[8+tab.size:], 0) // nfiles
	for i, off := range []int{p.names, p.noFiles, p.noFiles, p.pctab, p.funcs} {
		tab.putWord(p.bytes[8+(3+i)*tab.size:], uint64(off))
	}
	return p, nil
}

// pad appends zeros to b up to a multiple of align, a power of two.
func pad(b []byte, align int) []byte {
	return append(b, make([]byte, -len(b)&(align-1))...)
}

// packNames makes the table of short names, and points all functions and all
// inlined calls to them. Offset 0 is no name, to the runtime too.
func (tab *pclntab) packNames() ([]byte, error) {
	table := []byte{0}
	offsets := make(map[string]uint32)
	rename := func(field []byte) error {
		off := tab.Uint32(field)
		if off == 0 {
			return nil
		}
		name, err := tab.name(off)
		if err != nil {
			return err
		}
		name = shortName(name)
		if _, ok := offsets[name]; !ok {
			offsets[name] = uint32(len(table))
			table = append(append(table, name...), 0)
		}
		tab.PutUint32(field, offsets[name])
		return nil
	}
	for i := range tab.funcs {
		if err := rename(tab.funcs[i].record[funcName:]); err != nil {
			return nil, err
		}
	}
	for _, tree := range tab.trees() {
		for call := range slices.Chunk(tree, inlSize) {
			if err := rename(call[inlName:]); err != nil {
				return nil, err
			}
			tab.PutUint32(call[inlStartLine:], 0)
		}
	}
	return table, nil
}

// packFuncdata makes the table of funcdata, each piece once, with the wider
// alignments first, and points the functions to them.
func (tab *pclntab) packFuncdata() []byte {
	var table []byte
	for _, align := range slices.Compact([]int{tab.size, 4, 1}) {
		table = pad(table, align)
		offsets := make(map[string]uint32)
		for _, f := range tab.funcs {
			for kind, off := range f.funcdata {
				if off == none || tab.align(kind) != align {
					continue
				}
				piece := string(tab.gofunc[off:][:tab.chunks[off]])
				if _, ok := offsets[piece]; !ok {
					table = pad(table, align)
					offsets[piece] = uint32(len(table))
					table = append(table, piece...)
				}
				f.funcdata[kind] = offsets[piece]
			}
		}
	}
	return table
}

// align is what the runtime reads a kind of funcdata as: words, int32, bytes.
func (tab *pclntab) align(kind int) int {
	switch kind {
	case funcdataStackObjects:
		return tab.size
	case funcdataOpenCodedDeferInfo:
		return 1
	default:
		return 4
	}
}

// packFuncs makes functab and the records behind it.
func (tab *pclntab) packFuncs() []byte {
	table := make([]byte, 8*len(tab.funcs)+4)
	tab.PutUint32(table[8*len(tab.funcs):], tab.end)
	for i, f := range tab.funcs {
		tab.PutUint32(table[8*i:], f.entry)
		tab.PutUint32(table[8*i+4:], uint32(len(table)))
		tab.PutUint32(f.record[funcNpcdata:], uint32(len(f.pcdata)))
		f.record[funcNfuncdata] = uint8(len(f.funcdata))
		table = append(table, f.record...)
		for _, off := range slices.Concat(f.pcdata, f.funcdata) {
			table = tab.AppendUint32(table, off)
		}
	}
	return table
}
