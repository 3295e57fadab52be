//go:build linux

package main

import (
	"bytes"
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"slices"
)

// shrink puts a smaller pclntab in the place of the old one and returns the
// new file. The linker lays a program out like this:
//
//	headers, code | .rodata .gopclntab .typelink .itablink | data | .shstrtab
//
// with a segment between two bars. What follows the pclntab in its segment
// moves down to it, by its address as well: moduledata alone says where it is.
// Data moves down in the file, by whole pages, and keeps its addresses.
func (img *image) shrink(mod *module, packed *packed) ([]byte, error) {
	img.trim()
	rodata, data, err := img.segments(mod.pclntab)
	if err != nil {
		return nil, err
	}
	tables, err := img.addSegment(rodata)
	if err != nil {
		return nil, err
	}
	own := img.between(mod.pclntab.Offset+mod.pclntab.Size, rodata.Off+rodata.Filesz)
	behind := img.between(data.Off+data.Filesz, uint64(len(img.file)))
	oldData := img.file[data.Off:][:data.Filesz]
	rodata.Filesz = mod.pclntab.Offset - rodata.Off
	rodata.Memsz = rodata.Filesz

	out := bytes.Clone(img.file[:mod.pclntab.Offset])
	old := data.Off
	data.Off = uint64(len(out)) + (data.Vaddr-uint64(len(out)))&(data.Align-1)
	for _, s := range img.sections {
		if s.Addr >= data.Vaddr {
			s.Offset -= old - data.Off
		}
	}
	out = append(out, make([]byte, data.Off-uint64(len(out)))...)
	atData := len(out)
	out = append(out, oldData...)

	out = pad(out, int(max(mod.pclntab.Addralign, 1)))
	tables.Off = uint64(len(out))
	page := (mod.pclntab.Addr + tables.Align - 1) &^ (tables.Align - 1)
	tables.Vaddr = page + tables.Off&(tables.Align-1)
	tables.Paddr = tables.Vaddr
	mod.pclntab.Offset, mod.pclntab.Addr, mod.pclntab.Size = tables.Off, tables.Vaddr, uint64(len(packed.bytes))
	out = append(out, packed.bytes...)
	out = img.appendSections(out, own)
	for _, s := range own {
		if s.Flags&elf.SHF_ALLOC != 0 {
			s.Addr = tables.Vaddr + s.Offset - tables.Off
		}
	}
	tables.Filesz = uint64(len(out)) - tables.Off
	tables.Memsz = tables.Filesz
	if tables.Vaddr+tables.Memsz > data.Vaddr&^(data.Align-1) {
		return nil, errors.New("there is no room for the tables in front of the data")
	}
	mod.update(packed)
	copy(out[atData:], oldData) // moduledata is there
	out = img.appendSections(out, behind)

	img.putHeaders(out)
	return out, nil
}

// trim has segments begin with their first section, but for that with the headers. The linker
// has them begin with a page, in which others may end: the kernel maps whole pages anyway.
func (img *image) trim() {
	for _, p := range img.progs {
		in := img.between(p.Off, p.Off+p.Filesz)
		if p.Type != elf.PT_LOAD || p.Off == 0 {
			continue
		}
		for _, s := range in {
			if s.Flags&elf.SHF_ALLOC != 0 && s.Addr >= p.Vaddr && s.Addr-p.Vaddr == s.Offset-p.Off {
				n := s.Offset - p.Off
				p.Off, p.Vaddr, p.Paddr, p.Filesz, p.Memsz = p.Off+n, p.Vaddr+n, p.Paddr+n, p.Filesz-n, p.Memsz-n
				break
			}
		}
	}
}

// addSegment makes a segment like rodata, and behind it, in the place of what says where the
// headers of segments are: the kernel and Go find them without.
func (img *image) addSegment(rodata *elf.Prog) (*elf.Prog, error) {
	phdr := slices.IndexFunc(img.progs, func(p *elf.Prog) bool { return p.Type == elf.PT_PHDR })
	if phdr < 0 {
		return nil, errors.New("no segment of headers")
	}
	img.progs = slices.Delete(img.progs, phdr, phdr+1)
	added := &elf.Prog{ProgHeader: rodata.ProgHeader}
	img.progs = slices.Insert(img.progs, slices.Index(img.progs, rodata)+1, added)
	return added, nil
}

// segments finds the read-only segment with the pclntab and that of the data
// behind it, and checks that they are laid out as shrink takes them to be.
func (img *image) segments(pclntab *elf.Section) (tables, data *elf.Prog, err error) {
	end := pclntab.Offset + pclntab.Size
	for _, p := range img.progs {
		switch {
		case p.Type != elf.PT_LOAD || p.Off+p.Filesz <= pclntab.Offset:
		case p.Off <= pclntab.Offset && end <= p.Off+p.Filesz && tables == nil:
			tables = p
		case p.Off >= end && data == nil:
			data = p
		default:
			return nil, nil, errors.New("unknown segments around the pclntab")
		}
	}
	if tables == nil || tables.Flags != elf.PF_R || tables.Filesz != tables.Memsz || pclntab.Addr-tables.Vaddr != pclntab.Offset-tables.Off {
		return nil, nil, errors.New("the pclntab is not in a read-only segment")
	}
	if data == nil || data.Off < tables.Off+tables.Filesz || data.Vaddr < tables.Vaddr+tables.Memsz || !isAlign(data.Align) || data.Align == 0 {
		return nil, nil, errors.New("no segment behind that of the pclntab")
	}
	headers := max(img.phoff+len(img.progs)*img.progSize(), img.shoff+len(img.sections)*img.sectionSize())
	if uint64(headers) > tables.Off {
		return nil, nil, errors.New("headers are not in front of the code")
	}
	for _, s := range img.between(end, tables.Off+tables.Filesz) {
		if s.Flags&elf.SHF_ALLOC != 0 && s.Name != ".typelink" && s.Name != ".itablink" {
			return nil, nil, fmt.Errorf("section %s is in the way", s.Name)
		}
	}
	for _, s := range img.sections {
		if !isAlign(s.Addralign) {
			return nil, nil, fmt.Errorf("section %s has an alignment of %d", s.Name, s.Addralign)
		}
	}
	return tables, data, nil
}

// isAlign says whether n is a possible alignment: none, or a power of two, and
// not more than a page of any architecture.
func isAlign(n uint64) bool { return n&(n-1) == 0 && n <= 1<<16 }

// between is the sections with bytes in a part of the file, in its order.
func (img *image) between(start, end uint64) []*elf.Section {
	var in []*elf.Section
	for _, s := range img.sections {
		if s.Type != elf.SHT_NULL && s.Type != elf.SHT_NOBITS && s.Offset >= start && s.Offset+s.Size <= end {
			in = append(in, s)
		}
	}
	slices.SortStableFunc(in, func(a, b *elf.Section) int { return cmp.Compare(a.Offset, b.Offset) })
	return in
}

// appendSections appends the bytes of sections to a new file, and notes where
// they are now.
func (img *image) appendSections(out []byte, sections []*elf.Section) []byte {
	for _, s := range sections {
		old := img.data(s)
		out = pad(out, int(max(s.Addralign, 1)))
		s.Offset = uint64(len(out))
		out = append(out, old...)
	}
	return out
}

// Sizes of a program header and of a section header.
func (img *image) progSize() int    { return 8 + 6*img.size }
func (img *image) sectionSize() int { return 16 + 6*img.size }

// putHeaders writes to a new file the headers of segments, and the fields of those of sections
// that shrink changes.
func (img *image) putHeaders(out []byte) {
	for i, p := range img.progs {
		h := out[img.phoff+i*img.progSize():]
		words := []uint64{p.Off, p.Vaddr, p.Paddr, p.Filesz, p.Memsz, p.Align}
		img.PutUint32(h, uint32(p.Type))
		if img.size == 8 {
			img.PutUint32(h[4:], uint32(p.Flags))
		} else {
			words = slices.Insert(words, 5, uint64(p.Flags))
		}
		for j, word := range words {
			img.putWord(h[(1+j)*img.size:], word)
		}
	}
	for i, s := range img.sections {
		h := out[img.shoff+i*img.sectionSize():]
		img.putWord(h[8+1*img.size:], s.Addr)
		img.putWord(h[8+2*img.size:], s.Offset)
		img.putWord(h[8+3*img.size:], s.Size)
	}
}
