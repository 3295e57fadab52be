//go:build ignore

package ld

import (
	"cmd/link/internal/loader"
	"internal/abi"
	"slices"
	"strings"
)

// orderText has functions whose tables look alike follow one another, so that
// internal/strip can give them one entry of the pclntab: first come those that
// can share one, by as much of their names as the runtime looks at, and by the
// size of their arguments and of their frames. The linker has a flag
// (-randlayout) that shows that any order will do.
func orderText(ctxt *Link) {
	ldr := ctxt.loader
	keys := make(map[loader.Sym][]int)
	for _, s := range ctxt.Textp {
		keys[s] = textKey(ctxt, s)
	}
	text := ctxt.Textp
	if len(text) > 0 && ldr.SymName(text[0]) == "go:buildid" {
		text = text[1:]
	}
	slices.SortStableFunc(text, func(a, b loader.Sym) int { return slices.Compare(keys[a], keys[b]) })
	// A package is not in one place any more: a call within it may need a trampoline.
	*flagRandLayout = 1
}

// namesApart are the beginnings of names that internal/strip keeps (names.go).
var namesApart = []string{"runtime.", "internal/runtime/atomic.", "internal/runtime/", "reflect."}

func textKey(ctxt *Link, s loader.Sym) []int {
	ldr := ctxt.loader
	fi := ldr.FuncInfo(s)
	if !fi.Valid() {
		return nil // of assembly
	}
	name := ldr.SymName(s)
	is := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	alone := fi.FuncFlag() != 0 || fi.FuncID() != abi.FuncIDNormal && fi.FuncID() != abi.FuncIDWrapper ||
		computeDeferReturn(ctxt, ldr.Lookup("runtime.deferreturn", abiInternalVer), s) != 0
	for i, data := range ldr.Funcdata(s, nil) {
		alone = alone || data != 0 && (i == abi.FUNCDATA_StackObjects || i == abi.FUNCDATA_OpenCodedDeferInfo)
	}
	return []int{
		slices.IndexFunc(namesApart, func(p string) bool { return strings.HasPrefix(name, p) }),
		is(alone),
		is(strings.Contains(name, ".(*")),
		int(fi.FuncID()),
		fi.Args() / ctxt.Arch.PtrSize,
		fi.Locals() / ctxt.Arch.PtrSize,
	}
}
