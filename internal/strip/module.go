//go:build linux

package main

import (
	"debug/elf"
	"errors"
)

// Words of runtime.moduledata (runtime/symtab.go), by index. A slice is three:
// its address, length and capacity.
const (
	mdHeader     = 0  // *pcHeader, where the pclntab starts
	mdNames      = 1  // []byte, names of functions
	mdCU         = 4  // []uint32, files of a package
	mdFiles      = 7  // []byte, names of files
	mdPctab      = 10 // []byte, values by program counter
	mdPclntable  = 13 // []byte, functab and the _func records behind it
	mdFtab       = 16 // []functab, the same without the records
	mdFindfunc   = 19 // *findfuncbucket, index of functab
	mdMinpc      = 20 // where the code begins
	mdText       = 22 // address that functab counts from
	mdGofunc     = 40 // address that funcdata counts from
	mdEpclntab   = 41 // end of the pclntab
	mdTypelinks  = 45 // []int32
	mdItablinks  = 48 // []*itab
	mdWordsKnown = 51
)

// A module is runtime.firstmoduledata in the file: the record by which the
// runtime finds its tables, in a section of its own since Go 1.26.
type module struct {
	order
	words                       []byte // in the file
	pclntab, typelink, itablink *elf.Section
}

// parseModule finds moduledata and checks that it says of the tables what the
// section headers and the header of the pclntab say.
func (img *image) parseModule() (*module, error) {
	mod := &module{order: img.order}
	var md *elf.Section
	for name, dst := range map[string]**elf.Section{
		".go.module": &md, ".gopclntab": &mod.pclntab, ".typelink": &mod.typelink, ".itablink": &mod.itablink,
	} {
		s, err := img.section(name)
		if err != nil {
			return nil, err
		}
		*dst = s
	}
	mod.words = img.data(md)
	if len(mod.words) < mdWordsKnown*mod.size {
		return nil, errors.New("moduledata is too short")
	}
	start, end := mod.pclntab.Addr, mod.pclntab.Addr+mod.pclntab.Size
	ok := mod.get(mdHeader) == start && mod.get(mdEpclntab) == end &&
		mod.isSlice(mdTypelinks, mod.typelink.Addr, mod.typelink.Size/4) &&
		mod.isSlice(mdItablinks, mod.itablink.Addr, mod.itablink.Size/uint64(mod.size)) &&
		mod.isSlice(mdFtab, mod.get(mdPclntable), mod.len(mdFtab)) &&
		mod.len(mdFtab) > 0 && mod.len(mdFtab) <= mod.len(mdPclntable)/8
	// The tables follow one another.
	next := start
	for _, i := range []int{mdNames, mdCU, mdFiles, mdPctab, mdPclntable, mdGofunc, mdFindfunc, mdEpclntab} {
		addr, length := mod.get(i), uint64(0)
		if i <= mdPclntable {
			length = mod.len(i)
			ok = ok && mod.isSlice(i, addr, length)
		}
		if i == mdCU {
			length *= 4
		}
		ok = ok && next <= addr && addr <= end && length <= end-addr
		next = addr + length
	}
	if !ok {
		return nil, errors.New("moduledata is not laid out as in " + goVersion)
	}
	return mod, nil
}

// get is the word at an index.
func (mod *module) get(i int) uint64 { return mod.word(mod.words[i*mod.size:]) }

// set writes the word at an index.
func (mod *module) set(i int, v uint64) { mod.putWord(mod.words[i*mod.size:], v) }

// len is the length of the slice at an index.
func (mod *module) len(i int) uint64 { return mod.get(i + 1) }

// isSlice says whether the slice at an index is that one, without spare room.
func (mod *module) isSlice(i int, addr, length uint64) bool {
	return mod.get(i) == addr && mod.get(i+1) == length && mod.get(i+2) == length
}

// table is the bytes of the pclntab from the address at an index on.
func (mod *module) table(img *image, i int) []byte {
	return img.data(mod.pclntab)[mod.get(i)-mod.pclntab.Addr:]
}

// update tells the runtime where its tables are now.
func (mod *module) update(p *packed) {
	base := mod.pclntab.Addr
	slice := func(i, off, length int) {
		mod.set(i, base+uint64(off))
		mod.set(i+1, uint64(length))
		mod.set(i+2, uint64(length))
	}
	mod.set(mdHeader, base)
	slice(mdNames, p.names, p.noFiles-p.names)
	slice(mdCU, p.noFiles, 0)
	slice(mdFiles, p.noFiles, 0)
	slice(mdPctab, p.pctab, p.funcs-p.pctab)
	slice(mdPclntable, p.funcs, p.gofunc-p.funcs)
	mod.set(mdFtab, base+uint64(p.funcs))
	mod.set(mdFtab+1, uint64(p.nfuncs+1))
	mod.set(mdFtab+2, uint64(p.nfuncs+1))
	mod.set(mdFindfunc, base+uint64(p.findfunc))
	mod.set(mdGofunc, base+uint64(p.gofunc))
	mod.set(mdEpclntab, base+uint64(len(p.bytes)))
	mod.set(mdTypelinks, mod.typelink.Addr)
	mod.set(mdItablinks, mod.itablink.Addr)
}
