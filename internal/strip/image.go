//go:build linux

package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
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
