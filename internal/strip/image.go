//go:build linux

package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"sort"
)

// An image is an ELF executable of either class and either byte order. Every
// field of an ELF header that matters here is a word: 4 bytes in ELF32, 8 in
// ELF64. With the size of a word the two have the same formulas (elf.h).
type image struct {
	file []byte
	order
	progs    []*elf.Prog
	sections []*elf.Section
	phoff    int // of the program headers in file
	shoff    int // of the section headers in file
}

// An order reads and writes integers of one byte order and word size.
type order struct {
	byteOrder
	size int // of a word, in bytes
}

// A byteOrder is binary.LittleEndian or binary.BigEndian.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// word is the word at the start of b.
func (o order) word(b []byte) uint64 {
	if o.size == 4 {
		return uint64(o.Uint32(b))
	}
	return o.Uint64(b)
}

// putWord writes the word at the start of b.
func (o order) putWord(b []byte, v uint64) {
	if o.size == 4 {
		o.PutUint32(b, uint32(v))
	} else {
		o.PutUint64(b, v)
	}
}

// parseImage reads the headers of a static executable, and keeps file.
func parseImage(file []byte) (*image, error) {
	f, err := elf.NewFile(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	if f.Type != elf.ET_EXEC {
		return nil, fmt.Errorf("%v, not ET_EXEC: a program built without -buildmode=pie is wanted", f.Type)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			return nil, errors.New("linked dynamically: a program built with CGO_ENABLED=0 is wanted")
		}
	}
	img := &image{file: file, order: order{f.ByteOrder.(byteOrder), 4}, progs: f.Progs, sections: f.Sections}
	if f.Class == elf.ELFCLASS64 {
		img.size = 8
	}
	img.phoff = int(img.word(file[24+img.size:]))
	img.shoff = int(img.word(file[24+2*img.size:]))
	return img, nil
}

// section finds a section by its name.
func (img *image) section(name string) (*elf.Section, error) {
	for _, s := range img.sections {
		if s.Name == name {
			if s.Type == elf.SHT_NOBITS || s.Offset+s.Size > uint64(len(img.file)) {
				return nil, fmt.Errorf("section %s has no bytes", name)
			}
			return s, nil
		}
	}
	return nil, fmt.Errorf("no section %s: not made by Go, or stripped of its section headers", name)
}

// data is the bytes of a section, in the file.
func (img *image) data(s *elf.Section) []byte {
	return img.file[s.Offset : s.Offset+s.Size]
}

// putProg and putSection write the fields that shrink may have changed.
func (img *image) putProg(i int) {
	p, h := img.progs[i], img.file[img.phoff+i*(8+6*img.size):]
	img.putWord(h[1*img.size:], p.Off)
	img.putWord(h[4*img.size:], p.Filesz)
	img.putWord(h[5*img.size:], p.Memsz)
}

func (img *image) putSection(i int) {
	s, h := img.sections[i], img.file[img.shoff+i*(16+6*img.size):]
	img.putWord(h[8+1*img.size:], s.Addr)
	img.putWord(h[8+2*img.size:], s.Offset)
	img.putWord(h[8+3*img.size:], s.Size)
}

// shrink puts a smaller pclntab in the place of the old one and returns the
// new file. The sections behind it in its segment move down to it, by their
// address as well: moduledata alone knows where they are. The segments behind
// that move down in the file, by whole pages, and keep their addresses.
func (img *image) shrink(mod *module, packed *packed) ([]byte, error) {
	old := mod.pclntab.SectionHeader
	seg, next, err := img.around(old)
	if err != nil {
		return nil, err
	}
	oldEnd := seg.Off + seg.Filesz

	// The segment: all as it was up to the pclntab, the new one, the rest.
	out := bytes.Clone(img.file[:old.Offset])
	out = append(out, packed.bytes...)
	mod.pclntab.Size = uint64(len(packed.bytes))
	for _, s := range img.between(old.Offset+old.Size, oldEnd) {
		data := img.data(s)
		out = pad(out, int(max(s.Addralign, 1)))
		s.Offset = uint64(len(out))
		if s.Flags&elf.SHF_ALLOC != 0 {
			s.Addr = seg.Vaddr + s.Offset - seg.Off
		}
		out = append(out, data...)
	}
	seg.Filesz = uint64(len(out)) - seg.Off
	seg.Memsz = seg.Filesz
	mod.update(packed)

	// Everything behind the segment, moved by a multiple of its alignment.
	moved := (next.Off - uint64(len(out))) &^ (next.Align - 1)
	out = append(out, make([]byte, int(next.Off-moved)-len(out))...)
	tail := uint64(0)
	for _, p := range img.progs {
		if p.Off >= oldEnd {
			tail = max(tail, p.Off+p.Filesz)
		}
	}
	for _, s := range img.between(oldEnd, uint64(len(img.file))) {
		tail = max(tail, s.Offset+s.Size)
	}
	out = append(out, img.file[next.Off:tail]...)
	for _, p := range img.progs {
		if p.Off >= oldEnd {
			p.Off -= moved
		}
	}
	for _, s := range img.sections {
		if s.Offset >= oldEnd {
			s.Offset -= moved
		}
	}

	img.file = out
	for i := range img.progs {
		img.putProg(i)
	}
	for i := range img.sections {
		img.putSection(i)
	}
	return out, nil
}

// around is the read-only segment of the pclntab, and the one behind it in the
// file. It checks that they are laid out as shrink takes them to be.
func (img *image) around(pclntab elf.SectionHeader) (seg, next *elf.Prog, err error) {
	for _, p := range img.progs {
		switch {
		case p.Type != elf.PT_LOAD:
		case p.Off <= pclntab.Offset && pclntab.Offset+pclntab.Size <= p.Off+p.Filesz:
			seg = p
		case p.Off > pclntab.Offset && (next == nil || p.Off < next.Off):
			next = p
		}
	}
	switch {
	case seg == nil || seg.Flags != elf.PF_R || seg.Filesz != seg.Memsz || seg.Off+pclntab.Addr-seg.Vaddr != pclntab.Offset:
		return nil, nil, errors.New("the pclntab is not in a read-only segment")
	case next == nil || next.Off < seg.Off+seg.Filesz || next.Align == 0 || next.Align&(next.Align-1) != 0:
		return nil, nil, errors.New("no segment behind that of the pclntab")
	}
	headers := max(img.phoff+len(img.progs)*(8+6*img.size), img.shoff+len(img.sections)*(16+6*img.size))
	if uint64(headers) > seg.Off {
		return nil, nil, errors.New("headers are not in front of the sections")
	}
	for _, p := range img.progs {
		if p.Type == elf.PT_LOAD && p.Off >= next.Off && p.Align > next.Align {
			return nil, nil, errors.New("segments of different alignment")
		}
	}
	for _, s := range img.between(pclntab.Offset+pclntab.Size, seg.Off+seg.Filesz) {
		if s.Flags&elf.SHF_ALLOC != 0 && s.Name != ".typelink" && s.Name != ".itablink" {
			return nil, nil, fmt.Errorf("section %s is in the way", s.Name)
		}
	}
	return seg, next, nil
}

// between is the sections with bytes in a part of the file, in its order.
func (img *image) between(start, end uint64) []*elf.Section {
	var in []*elf.Section
	for _, s := range img.sections {
		if s.Type != elf.SHT_NULL && s.Type != elf.SHT_NOBITS && s.Offset >= start && s.Offset+s.Size <= end {
			in = append(in, s)
		}
	}
	sort.Slice(in, func(i, j int) bool { return in[i].Offset < in[j].Offset })
	return in
}
