//go:build linux

package main

import (
	"fmt"
	"strings"
)

// An edit replaces a text that a file of the linker has exactly once.
type edit struct{ from, to string }

// patches are the edits by file of GOROOT/src. They hook in what the files in our
// folders do.
var patches = map[string][]edit{
	"cmd/link/internal/ld/deadcode.go": {
		{
			"	dynlink            bool\n",
			"	dynlink            bool\n	trim               *typeTrim\n	calls              *sleepingCalls\n",
		},
		{
			"d := deadcodePass{ctxt: ctxt, ldr: ldr}",
			"d := deadcodePass{ctxt: ctxt, ldr: ldr, trim: newTypeTrim(ctxt), calls: newSleepingCalls(ctxt)}",
		},
		{
			"			usedInIface = d.ldr.AttrUsedInIface(symIdx)\n",
			"			usedInIface = d.ldr.AttrUsedInIface(symIdx)\n" +
				"			for _, typ := range d.trim.comparedWith(symIdx) {\n" +
				"				d.direct(typ, symIdx)\n" +
				"			}\n",
		},
		{
			"			rs := r.Sym()\n			if isgotype && usedInIface &&",
			"			rs := r.Sym()\n" +
				"			if isgotype && d.trim.skips(symIdx, int(r.Off())) {\n" +
				"				continue\n" +
				"			}\n" +
				"			if isgotype && usedInIface {\n" +
				"				d.calls.value(rs, symIdx)\n" +
				"			}\n" +
				"			if isgotype && usedInIface &&",
		},
		{
			"which is not a type or itab\", d.ldr.SymName(symIdx), d.ldr.SymName(rs)))\n				}\n",
			"which is not a type or itab\", d.ldr.SymName(symIdx), d.ldr.SymName(rs)))\n				}\n" +
				"				d.direct(rs, symIdx)\n" +
				"				d.calls.value(rs, symIdx)\n",
		},
		{
			"	d.mark(relocs.At(m.r+2).Sym(), m.src)\n",
			"	d.mark(relocs.At(m.r+2).Sym(), m.src)\n" +
				"	d.mark(d.trim.call(m), m.src)\n",
		},
		{
			"			d.mark(rs, symIdx)\n		}\n		naux",
			"			if d.calls.sleeps(symIdx, i, rs) {\n" +
				"				continue\n" +
				"			}\n" +
				"			d.mark(rs, symIdx)\n		}\n		naux",
		},
		{
			"		if d.wq.empty() {\n",
			"		d.calls.wake(&d)\n		if d.wq.empty() {\n",
		},
		{
			"	if *flagPruneWeakMap {\n",
			"	d.trim.rewrite()\n	d.calls.redirect()\n	if *flagPruneWeakMap {\n",
		},
	},
	// Masks of pointers of global variables are made from the fields of structs,
	// which may be gone, where there is no mask of the type.
	"cmd/link/internal/ld/data.go": {
		{
			"	switch decodetypeKind(p.ctxt.Arch, typData) {\n	default:\n",
			"	kind := decodetypeKind(p.ctxt.Arch, typData)\n" +
				"	if kind == abi.Struct && !decodetypeGCMaskOnDemand(p.ctxt.Arch, typData) {\n" +
				"		kind = abi.Invalid\n" +
				"	}\n" +
				"	switch kind {\n	default:\n",
		},
		{
			"	// Sort the text symbols by type, so that FIPS",
			"	orderText(ctxt)\n\n	// Sort the text symbols by type, so that FIPS",
		},
	},
	// A table of types by name, for reflect.
	"cmd/link/internal/ld/typelink.go": {
		{
			"		if ldr.IsTypelink(s) {",
			"		if false && ldr.IsTypelink(s) {",
		},
	},
	// There is one call more between a function and morestack: see folder runtime.
	"cmd/link/internal/ld/stackcheck.go": {
		{
			"		return sc.callSize, []stackCheckEdge{{sc.callSize, sc.morestack}}\n",
			"		return 2 * sc.callSize, []stackCheckEdge{{2 * sc.callSize, sc.morestack}}\n",
		},
		{
			"		addEdge(sc.callSize, sc.morestack)\n",
			"		addEdge(2*sc.callSize, sc.morestack)\n",
		},
	},
	"cmd/internal/obj/x86/obj6.go": {
		{
			"	pcdata = cursym.Func().SpillRegisterArgs(spill, newprog)\n",
			"	more := growth(ctxt, cursym)\n	pcdata = cursym.Func().SpillRegisterArgs(spill, newprog)\n",
		},
		{
			"	call.To.Sym = ctxt.Lookup(morestack)\n",
			"	call.To.Sym = ctxt.Lookup(morestack + more)\n",
		},
		// LEAVE gives the frame back and restores BP. It is slower than ADDQ and POPQ, of
		// which it saves four bytes, or seven where the frame is large.
		{
			"			if localoffset != 0 {\n				p.As = AADJSP\n",
			"			leave := localoffset > 127 && hasBP(ctxt, cursym)\n" +
				"			if leave {\n" +
				"				p.As = ALEAVEQ\n" +
				"				p.Spadj = -autoffset\n" +
				"				p = obj.Appendp(p, newprog)\n" +
				"			} else if localoffset != 0 {\n				p.As = AADJSP\n",
		},
		{
			"			if bpsize > 0 {\n				// Restore caller's BP\n",
			"			if bpsize > 0 && !leave {\n				// Restore caller's BP\n",
		},
	},
	"cmd/internal/obj/x86/asm6.go": {
		// Jumps need not be within 32 bytes: it is about the speed of some processors.
		{
			"	return padJumpsCtx(32)\n",
			"	return padJumpsCtx(0)\n",
		},
		{
			"	rex &= 0x40 | Rxr\n	if a.Offset !=",
			"	a = fromBP(ctxt, cursym, a)\n	rex &= 0x40 | Rxr\n	if a.Offset !=",
		},
		{
			"	mark := ab.Len()\n	ab.doasm(ctxt, cursym, p)\n",
			"	mark := ab.Len()\n	if !ab.putAddress(ctxt, cursym, p) {\n		ab.doasm(ctxt, cursym, p)\n	}\n",
		},
	},
}

// apply makes the edits of a file.
func apply(name, text string, edits []edit) (string, error) {
	for _, e := range edits {
		if n := strings.Count(text, e.from); n != 1 {
			return "", fmt.Errorf("%s of this Go's linker has %d times, not once:\n%s", name, n, e.from)
		}
		text = strings.Replace(text, e.from, e.to, 1)
	}
	return text, nil
}
