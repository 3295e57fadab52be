//go:build linux

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestMergedTables checks, for every instruction of a program, that what the
// runtime reads of the tables is what it reads of the linker's: the size of the
// frame while there is one, what is wrong where it panics, and which
// words of the frame and of the arguments are pointers.
func TestMergedTables(t *testing.T) {
	for _, arch := range []string{runtime.GOARCH, "arm", "mips", "s390x"} {
		t.Run(arch, func(t *testing.T) {
			before := build(t, arch, "-s -w")
			after, err := strip(before)
			if err != nil {
				t.Fatal(err)
			}
			old, now := parseTables(t, before), parseTables(t, after)
			if len(now.funcs) > len(old.funcs)*3/4 {
				t.Errorf("%d functions, %d before", len(now.funcs), len(old.funcs))
			}
			for i, f := range old.funcs {
				next := old.end
				if i+1 < len(old.funcs) {
					next = old.funcs[i+1].entry
				}
				old.compare(t, f, now, next)
			}
		})
	}
}

func parseTables(t *testing.T, file []byte) *pclntab {
	t.Helper()
	img, err := parseImage(bytes.Clone(file))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := img.parseModule()
	if err != nil {
		t.Fatal(err)
	}
	tab, err := parsePclntab(img, mod)
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

// compare compares what two tables say of the instructions of f.
func (tab *pclntab) compare(t *testing.T, f function, now *pclntab, next uint32) {
	t.Helper()
	name, err := tab.name(tab.Uint32(f.record[funcName:]))
	if err != nil {
		t.Fatal(err)
	}
	frame := tab.frame(f)
	if slices.Contains(measured, name) {
		if g := now.find1(t, f.entry); now.frame(g) != frame {
			t.Errorf("%s: a frame of %d bytes, was %d", name, now.frame(g), frame)
		}
	}
	for pc := f.entry; pc < next; pc += uint32(tab.header[6]) {
		g := now.find1(t, pc)
		same := func(what string, was, is any) {
			if was != is {
				t.Fatalf("%s+%#x: %s is %v, was %v", name, pc-f.entry, what, is, was)
			}
		}
		for _, field := range []int{funcDeferReturn, funcID} {
			if field == funcID {
				same("funcID", f.record[field], g.record[field])
				same("the flags", f.record[funcFlag], g.record[funcFlag])
			} else if d := tab.Uint32(f.record[field:]); d != 0 {
				same("deferreturn", f.entry+d, g.entry+now.Uint32(g.record[field:]))
			} else {
				same("deferreturn", d, now.Uint32(g.record[field:]))
			}
		}
		newName, err := now.name(now.Uint32(g.record[funcName:]))
		if err != nil {
			t.Fatal(err)
		}
		if tab.Uint32(f.record[funcName:]) != 0 { // at 0 there is the first one's name; the runtime takes that for none
			same("the name", shortName(name), newName)
		}
		was, in := tab.value(f, tab.Uint32(f.record[funcPcsp:]), pc)
		if !in {
			return // behind the function
		}
		is, _ := now.value(g, now.Uint32(g.record[funcPcsp:]), pc)
		if was == frame || f.record[funcFlag] != 0 {
			same("the frame", was, is)
		}
		if stop, _ := now.pcdata(g, pcdataUnsafePoint, pc); plain(name) && stop != unsafePoint && f.record[funcFlag] == 0 {
			t.Fatalf("%s+%#x: may be stopped", name, pc-f.entry)
		}
		was, _ = tab.pcdata(f, pcdataPanicBounds, pc)
		is, _ = now.pcdata(g, pcdataPanicBounds, pc)
		same("the index that panics", was, is)
		wasN, _ := tab.pcdata(f, pcdataStackMapIndex, pc)
		isN, _ := now.pcdata(g, pcdataStackMapIndex, pc)
		for i, what := range []string{"arguments", "local variables"} {
			if pc == f.entry && pc != g.entry {
				// The runtime looks in front of it where a function begins again.
				n, _ := now.pcdata(g, pcdataStackMapIndex, pc-1)
				same("the first map of "+what, tab.pointers(f, i, 0), now.pointers(g, i, max(n, 0)))
			}
			if pc+uint32(tab.header[6]) >= next {
				continue // no call ends there
			}
			same("the map of "+what, tab.pointers(f, i, max(wasN, 0)), now.pointers(g, i, max(isN, 0)))
		}
		args, all := tab.Uint32(f.record[funcArgs:]), now.Uint32(g.record[funcArgs:])
		if all < args {
			t.Fatalf("%s: %d bytes of arguments, were %d", name, all, args)
		}
		for _, kind := range []int{funcdataStackObjects, funcdataOpenCodedDeferInfo} {
			// Where a piece ends is not known, only where the next one begins.
			same("funcdata", strings.TrimRight(tab.piece(f, kind), "\x00"), strings.TrimRight(now.piece(g, kind), "\x00"))
		}
	}
}

// frame is the size of a function's frame.
func (tab *pclntab) frame(f function) (size int32) {
	off := tab.Uint32(f.record[funcPcsp:])
	if off == 0 {
		return 0
	}
	run, err := cutRun(tab.pctab, int(off))
	if err != nil {
		panic(err)
	}
	for _, s := range tab.steps(run, f.entry) {
		size = max(size, s.value)
	}
	return size
}

// An instruction as go tool objdump prints it: file and line, address, bytes, text.
var instruction = regexp.MustCompile(`(?m)^  \S+\t+0x([0-9a-f]+)\t+[0-9a-f]+\t+(.*)$`)

// calls are those that leave an address to return to, on several architectures.
var calls = regexp.MustCompile(`^(CALL|BLX?(\.\w\w)?|BASR|JAL X[1-9]) `)

// TestCalls checks that the size of the frame stays what it was wherever a
// function calls another one, and where that returns to.
func TestCalls(t *testing.T) {
	for _, arch := range []string{runtime.GOARCH, "386", "arm", "arm64", "riscv64", "s390x"} {
		t.Run(arch, func(t *testing.T) {
			before := build(t, arch, "-w")
			after, err := strip(before)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "probe")
			if err := os.WriteFile(file, before, 0o600); err != nil {
				t.Fatal(err)
			}
			text, err := exec.Command("go", "tool", "objdump", file).Output()
			if err != nil {
				t.Fatal(err)
			}
			old, now := parseTables(t, before), parseTables(t, after)
			seen := 0
			back := false // from the call before
			for _, m := range instruction.FindAllStringSubmatch(string(text), -1) {
				addr, err := strconv.ParseUint(m[1], 16, 64)
				if err != nil {
					t.Fatal(err)
				}
				call := calls.MatchString(m[2])
				if pc := uint32(addr - old.text); call || back {
					seen++
					f, g := old.find1(t, pc), now.find1(t, pc)
					if back && f.entry == pc && arch != "arm" { // which has words there that it reads
						if before := old.find1(t, pc-1); len(before.funcdata) > funcdataLocalsPointerMaps {
							t.Errorf("%#x: a function ends in a call", addr)
						}
					}
					was, _ := old.value(f, old.Uint32(f.record[funcPcsp:]), pc)
					is, _ := now.value(g, now.Uint32(g.record[funcPcsp:]), pc)
					if was != is {
						t.Fatalf("%#x: a frame of %d bytes, was %d, at %s", addr, is, was, m[2])
					}
				}
				back = call
			}
			if seen < 10000 {
				t.Errorf("only %d calls were seen", seen)
			}
		})
	}
}

// find1 is runtime.findfunc.
func (tab *pclntab) find1(t *testing.T, pc uint32) function {
	t.Helper()
	x := pc + tab.skew
	bucket := tab.find[x/4096*20:]
	i := int(tab.Uint32(bucket)) + int(bucket[4+x%4096/256])
	if tab.funcs[i].entry > pc {
		t.Fatalf("findfunctab leads to a function behind %#x", pc)
	}
	for i+1 < len(tab.funcs) && tab.funcs[i+1].entry <= pc {
		i++
	}
	return tab.funcs[i]
}

func (tab *pclntab) pcdata(f function, kind int, pc uint32) (int32, bool) {
	if kind >= len(f.pcdata) {
		return -1, true
	}
	return tab.value(f, f.pcdata[kind], pc)
}

// value is runtime.pcvalue.
func (tab *pclntab) value(f function, off, pc uint32) (int32, bool) {
	if off == 0 {
		return -1, true
	}
	run, err := cutRun(tab.pctab, int(off))
	if err != nil {
		panic(err)
	}
	for _, s := range tab.steps(run, f.entry) {
		if pc < s.end {
			return s.value, true
		}
	}
	return -1, false
}

// pointers are the words that are pointers, counted from the arguments' beginning
// up, or from the local variables' end down.
func (tab *pclntab) pointers(f function, kind int, row int32) string {
	data := tab.piece(f, kind)
	if data == "" {
		return ""
	}
	n, nbit := int(tab.Uint32([]byte(data))), int(tab.Uint32([]byte(data[4:])))
	if int(row) >= n {
		return "no such map"
	}
	bits := data[8+int(row)*((nbit+7)/8):]
	var out []byte
	for i := range nbit {
		j := i
		if kind == funcdataLocalsPointerMaps {
			j = nbit - 1 - i
		}
		out = append(out, '0'+bits[j/8]>>(j%8)&1)
	}
	return string(bytes.TrimRight(out, "0"))
}

func (tab *pclntab) piece(f function, kind int) string {
	if kind >= len(f.funcdata) || f.funcdata[kind] == none {
		return ""
	}
	return string(tab.gofunc[f.funcdata[kind]:][:tab.chunks[f.funcdata[kind]]])
}
