//go:build linux

package main

import (
	"bytes"
	"cmp"
	"debug/buildinfo"
	"debug/elf"
	"math/rand"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestLayout checks, for each class and byte order of ELF, that the result is
// a program that the kernel can map, and that nothing else changed in it.
func TestLayout(t *testing.T) {
	for _, arch := range []string{runtime.GOARCH, "arm", "mips", "s390x"} {
		t.Run(arch, func(t *testing.T) {
			before := build(t, arch, "-s -w")
			after, err := strip(before)
			if err != nil {
				t.Fatal(err)
			}
			if len(after) > len(before)*4/5 {
				t.Errorf("%d bytes, %d before: not much smaller", len(after), len(before))
			}
			old, err := elf.NewFile(bytes.NewReader(before))
			if err != nil {
				t.Fatal(err)
			}
			now, err := elf.NewFile(bytes.NewReader(after))
			if err != nil {
				t.Fatal(err)
			}
			checkSegments(t, now, uint64(len(after)))
			checkSections(t, old, now)
			for _, name := range []string{"main.main", "probe/main.go", "testing.", "fmt.(*pp)"} {
				if bytes.Contains(after, []byte(name)) {
					t.Errorf("the name %q is still there", name)
				}
			}
			again, err := strip(before)
			if err != nil || !bytes.Equal(after, again) {
				t.Errorf("the second result is not the first one (error: %v)", err)
			}
			oldInfo, err := buildinfo.Read(bytes.NewReader(before))
			if err != nil {
				t.Fatal(err)
			}
			info, err := buildinfo.Read(bytes.NewReader(after))
			if err != nil || info.String() != oldInfo.String() {
				t.Errorf("go version -m: got\n%v\nwant\n%v\n(error: %v)", info, oldInfo, err)
			}
		})
	}
}

// checkSegments checks what execve(2) wants of the segments of a program.
func checkSegments(t *testing.T, f *elf.File, size uint64) {
	t.Helper()
	var end uint64
	var loaded []*elf.Prog
	for _, p := range f.Progs {
		if p.Off+p.Filesz > size {
			t.Errorf("%v at %#x ends behind the end of the file", p.Type, p.Off)
		}
		if p.Type != elf.PT_LOAD {
			continue
		}
		if p.Off%p.Align != p.Vaddr%p.Align {
			t.Errorf("the segment at %#x is at %#x in the file: not the same place in a page of %#x", p.Vaddr, p.Off, p.Align)
		}
		if p.Vaddr&-p.Align < end {
			t.Errorf("the segment at %#x has a page with the one before", p.Vaddr)
		}
		end = p.Vaddr + p.Memsz
		loaded = append(loaded, p)
	}
	slices.SortFunc(loaded, func(a, b *elf.Prog) int { return cmp.Compare(a.Off, b.Off) })
	for i, p := range loaded[1:] {
		if before := loaded[i]; p.Off < before.Off+before.Filesz {
			t.Errorf("the segment at %#x (%#x in the file) overlaps another one there", p.Vaddr, p.Off)
		}
	}
}

// checkSections checks that each section is where its segment says, and that
// those with code and data have their old bytes and addresses.
func checkSections(t *testing.T, old, now *elf.File) {
	t.Helper()
	for i, s := range now.Sections {
		was := old.Sections[i]
		if s.Name != was.Name || s.Type != was.Type || s.Flags != was.Flags {
			t.Fatalf("section %d: got %v, want %v", i, s.SectionHeader, was.SectionHeader)
		}
		if s.Flags&elf.SHF_ALLOC != 0 && s.Type != elf.SHT_NOBITS {
			found := slices.ContainsFunc(now.Progs, func(p *elf.Prog) bool {
				return p.Type == elf.PT_LOAD && s.Addr >= p.Vaddr && s.Addr+s.Size <= p.Vaddr+p.Filesz && s.Addr-p.Vaddr == s.Offset-p.Off
			})
			if !found {
				t.Errorf("section %s at %#x, %#x in the file, is in no segment", s.Name, s.Addr, s.Offset)
			}
		}
		switch s.Name {
		case ".gopclntab", ".go.module":
			continue
		case ".typelink", ".itablink": // moved
		default:
			if s.Addr != was.Addr || s.Size != was.Size {
				t.Errorf("section %s is at %#x+%#x, was at %#x+%#x", s.Name, s.Addr, s.Size, was.Addr, was.Size)
			}
		}
		if s.Type == elf.SHT_NULL || s.Type == elf.SHT_NOBITS {
			continue
		}
		want, err := was.Data()
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Data()
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("section %s changed (error: %v)", s.Name, err)
		}
	}
}

// TestRefuses checks that what is not known is refused, by its own words.
func TestRefuses(t *testing.T) {
	plain := build(t, runtime.GOARCH, "-s -w")
	stripped, err := strip(plain)
	if err != nil {
		t.Fatal(err)
	}
	change := func(old, now string) []byte {
		if len(old) != len(now) || !bytes.Contains(plain, []byte(old)) {
			t.Fatalf("no %q to change to %q", old, now)
		}
		return bytes.ReplaceAll(plain, []byte(old), []byte(now))
	}
	img, err := parseImage(bytes.Clone(plain))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := img.parseModule()
	if err != nil {
		t.Fatal(err)
	}
	mod.table(img, mdHeader)[0] = 0xf0 // the magic of Go 1.18
	otherMagic := img.file
	pie := bytes.Clone(plain)
	img.PutUint16(pie[16:], uint16(elf.ET_DYN))

	for _, test := range []struct {
		name, want string
		file       []byte
	}{
		{"stripped", "already stripped", stripped},
		{"no ELF", "bad magic number", []byte("#!/bin/sh\necho no program\n")},
		{"empty", "EOF", nil},
		{"PIE", "not ET_EXEC", pie},
		{"no Go", "no section .gopclntab", change(".gopclntab", ".gopclntaX")},
		{"other Go", "built by go1.25.", change(runtime.Version(), "go1.25"+runtime.Version()[len("go1.25"):])},
		{"other tables", "unknown header", otherMagic},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := strip(test.file)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %d bytes, error %v; want an error with %q", len(out), err, test.want)
			}
		})
	}
}

// TestDamaged checks that a file of which any part is damaged makes an error or
// a result, and no panic.
func TestDamaged(t *testing.T) {
	plain := build(t, runtime.GOARCH, "-s -w")
	img, err := parseImage(plain)
	if err != nil {
		t.Fatal(err)
	}
	pclntab, err := img.section(".gopclntab")
	if err != nil {
		t.Fatal(err)
	}
	module, err := img.section(".go.module")
	if err != nil {
		t.Fatal(err)
	}
	parts := []elf.SectionHeader{ // headers, moduledata, the header of the pclntab, all of it
		{Offset: 16, Size: 4096}, {Offset: module.Offset, Size: 51 * uint64(img.size)},
		{Offset: pclntab.Offset, Size: 72}, pclntab.SectionHeader,
	}
	random := rand.New(rand.NewSource(1))
	errors := 0
	for i := range 200 {
		file := bytes.Clone(plain)
		part := parts[i%len(parts)]
		for range 1 + i/40 {
			file[part.Offset+uint64(random.Int63n(int64(part.Size)))] = byte(random.Int())
		}
		if _, err := strip(file); err != nil {
			errors++
		}
	}
	if errors == 0 || errors == 200 {
		t.Errorf("%d of 200 damaged files were refused", errors)
	}
}

// TestFile checks what happens to files: in place, beside, and not at all.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	file, out := filepath.Join(dir, "program"), filepath.Join(dir, "out")
	plain := build(t, runtime.GOARCH, "-s -w")
	if err := os.WriteFile(file, plain, 0o750); err != nil {
		t.Fatal(err)
	}
	before, after, err := stripFile(file, out)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(out)
	if err != nil || before != len(plain) || after != len(want) || after >= before {
		t.Errorf("got %d, %d bytes and error %v; the files have %d, %d", before, after, err, len(plain), len(want))
	}
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("with -o the file itself changed (error: %v)", err)
	}
	if _, _, err := stripFile(file, file); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		t.Errorf("in place the result is another one (error: %v)", err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o750 {
		t.Errorf("got %v, error %v; want mode 0750", info, err)
	}
	if _, _, err := stripFile(file, file); err == nil {
		t.Error("a stripped file was stripped again")
	}
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
		t.Errorf("a refused file changed (error: %v)", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("got %v, error %v; want two files", entries, err)
	}
}
