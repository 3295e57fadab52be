//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
)

// pclnMagic starts a pclntab since Go 1.20 (internal/abi/symtab.go).
const pclnMagic = 0xfffffff1

// Tables of a function (internal/abi/symtab.go): by program counter, and one
// for all of the function.
const (
	pcdataUnsafePoint  = 0 // where a goroutine may be stopped: see stops.go
	pcdataInlTreeIndex = 2
	pcdataArgLiveIndex = 3 // for tracebacks
	pcdataPanicBounds  = 4

	funcdataStackObjects       = 2
	funcdataInlTree            = 3
	funcdataOpenCodedDeferInfo = 4
	funcdataArgInfo            = 5 // for tracebacks
	funcdataArgLiveInfo        = 6 // for tracebacks
	funcdataWrapInfo           = 7 // for execution traces, which show the wrapper instead

	pcdataKinds   = 5
	funcdataKinds = 8
)

// none is the offset of funcdata that is not there; for pcdata that is 0.
const none = ^uint32(0)

// A pclntab is the part of the tables that is kept, in memory.
type pclntab struct {
	order
	header []byte // runtime.pcHeader
	funcs  []function
	end    uint32         // entryoff of the last functab entry: where the code ends
	pctab  []byte         // of the file
	chunks map[uint32]int // length of the funcdata at an offset
	gofunc []byte         // the funcdata of the file
	find   []byte         // runtime.findfunctab
	text   uint64         // address that entries count from
	skew   uint32         // runtime.text - runtime.minpc
	names  []byte         // of the file, each with a zero byte behind it
}

// A function is a functab entry and its runtime._func record (runtime2.go).
type function struct {
	entry    uint32 // from functab
	record   []byte // the fixed part, with fields at the offsets below
	pcdata   []uint32
	funcdata []uint32
}

// Offsets of uint32 fields of runtime._func, and its size.
const (
	funcEntry     = 0
	funcName      = 4
	funcPcsp      = 16
	funcPcfile    = 20
	funcPcln      = 24
	funcNpcdata   = 28
	funcCU        = 32
	funcStartLine = 36
	funcID        = 40 // uint8; 0 for a function without special treatment
	funcNfuncdata = 43 // uint8
	funcSize      = 44
)

// An inlined call in a table of them (runtime.inlinedCall, symtabinl.go).
const (
	inlName      = 4
	inlStartLine = 12
	inlSize      = 16
)

// parsePclntab reads the tables that mod locates.
func parsePclntab(img *image, mod *module) (*pclntab, error) {
	header := mod.table(img, mdHeader)
	headerSize := 8 + 8*img.size
	if len(header) < headerSize || img.Uint32(header) != pclnMagic || int(header[7]) != img.size {
		return nil, errors.New("the pclntab has an unknown header")
	}
	nfunc := int(img.word(header[8:]))
	for i, md := range []int{mdNames, mdCU, mdFiles, mdPctab, mdPclntable} {
		if img.word(header[8+(3+i)*img.size:])+mod.pclntab.Addr != mod.get(md) {
			return nil, errors.New("the pclntab and moduledata differ")
		}
	}
	if uint64(nfunc+1) != mod.len(mdFtab) {
		return nil, errors.New("the pclntab and moduledata differ")
	}
	tab := &pclntab{
		order:  img.order,
		header: header[:headerSize],
		pctab:  mod.table(img, mdPctab)[:mod.len(mdPctab)],
		gofunc: mod.table(img, mdGofunc)[:mod.get(mdFindfunc)-mod.get(mdGofunc)],
		find:   mod.table(img, mdFindfunc),
		text:   mod.get(mdText),
		skew:   uint32(mod.get(mdText) - mod.get(mdMinpc)),
		names:  mod.table(img, mdNames)[:mod.len(mdNames)],
	}
	table := mod.table(img, mdPclntable)[:mod.len(mdPclntable)]
	tab.end = tab.Uint32(table[8*nfunc:])
	for i := range nfunc {
		f, err := tab.parseFunc(table, i)
		if err != nil {
			return nil, err
		}
		tab.funcs = append(tab.funcs, f)
	}
	return tab, tab.measureFuncdata()
}

// parseFunc reads the function at an index of functab.
func (tab *pclntab) parseFunc(table []byte, i int) (function, error) {
	f := function{entry: tab.Uint32(table[8*i:])}
	off := int(tab.Uint32(table[8*i+4:]))
	if off+funcSize > len(table) {
		return f, fmt.Errorf("function %d is outside the pclntab", i)
	}
	f.record = bytes.Clone(table[off : off+funcSize])
	npcdata, nfuncdata := int(tab.Uint32(f.record[funcNpcdata:])), int(f.record[funcNfuncdata])
	rest := table[off+funcSize:]
	if tab.Uint32(f.record[funcEntry:]) != f.entry || npcdata > pcdataKinds || nfuncdata > funcdataKinds || 4*(npcdata+nfuncdata) > len(rest) {
		return f, fmt.Errorf("function %d is not laid out as in %s", i, goVersion)
	}
	for j := range npcdata {
		f.pcdata = append(f.pcdata, tab.Uint32(rest[4*j:]))
	}
	for j := range nfuncdata {
		f.funcdata = append(f.funcdata, tab.Uint32(rest[4*(npcdata+j):]))
	}
	return f, nil
}

// measureFuncdata finds the length of each piece of funcdata, which no table
// says: it ends where the next one starts.
func (tab *pclntab) measureFuncdata() error {
	starts := []uint32{uint32(len(tab.gofunc))}
	for _, f := range tab.funcs {
		for _, off := range f.funcdata {
			if off == none {
				continue
			}
			if int(off) >= len(tab.gofunc) {
				return errors.New("funcdata outside the pclntab")
			}
			starts = append(starts, off)
		}
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	tab.chunks = make(map[uint32]int)
	for i, start := range starts[:len(starts)-1] {
		tab.chunks[start] = int(starts[i+1] - start)
	}
	return nil
}

// name is the function name at an offset.
func (tab *pclntab) name(off uint32) (string, error) {
	if int(off) >= len(tab.names) {
		return "", errors.New("a name outside the pclntab")
	}
	name, _, ok := bytes.Cut(tab.names[off:], []byte{0})
	if !ok {
		return "", errors.New("a name without an end")
	}
	return string(name), nil
}

// trees is every table of inlined calls that a function refers to, once.
func (tab *pclntab) trees() [][]byte {
	seen := make(map[uint32]bool)
	var all [][]byte
	for _, f := range tab.funcs {
		if tree := tab.inlined(f); tree != nil && !seen[f.funcdata[funcdataInlTree]] {
			seen[f.funcdata[funcdataInlTree]] = true
			all = append(all, tree)
		}
	}
	return all
}

// inlined is the table of calls that were inlined into f, of records
// of inlSize bytes; nil where there are none.
func (tab *pclntab) inlined(f function) []byte {
	if len(f.funcdata) <= funcdataInlTree || f.funcdata[funcdataInlTree] == none {
		return nil
	}
	off := f.funcdata[funcdataInlTree]
	tree := tab.gofunc[off : int(off)+tab.chunks[off]]
	return tree[:len(tree)-len(tree)%inlSize]
}
