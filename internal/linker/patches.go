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
	"cmd/link/internal/ld/pcln.go": {
		{
			"				inlSyms[s] = genInlTreeSym(ctxt, ldr.SymUnit(s), fi, ctxt.Arch, nameOffsets)\n",
			"				inlSyms[s] = genInlTreeSym(ctxt, ldr.SymUnit(s), fi, ctxt.Arch, nameOffsets)\n				moveParents(ctxt, s, inlSyms[s])\n",
		},
	},
	"cmd/link/internal/loader/loader.go": {
		{
			"type Loader struct {\n",
			"type Loader struct {\n	Moved map[Sym]*Moved\n",
		},
		{
			"	return\n}\n\n// Returns the number of pcdata for symbol i.\n",
			"	if m := l.Moved[i]; m != nil {\n" +
				"		return m.Pcsp, m.Pcfile, m.Pcline, m.Pcinline, append(pcdata[:0], m.Pcdata...)\n" +
				"	}\n" +
				"	return\n}\n\n// Returns the number of pcdata for symbol i.\n",
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
			"	shareText(ctxt)\n	orderText(ctxt)\n\n	// Sort the text symbols by type, so that FIPS",
		},
		// Nothing is between two segments in the file.
		{
			"		va = uint64(Rnd(int64(va), *FlagRound))\n\n		order = append(order, &Segrodata)\n",
			"		va = behind(ctxt, uint64(Rnd(int64(va), *FlagRound)), va, Segrodata.Sections)\n\n		order = append(order, &Segrodata)\n",
		},
		{
			"	order = append(order, &Segdata)\n",
			"	if len(Segrelrodata.Sections) == 0 {\n		va = behind(ctxt, va, rodataEnd(va), Segdata.Sections)\n	}\n	order = append(order, &Segdata)\n",
		},
		{
			"				seg.Fileoff = uint64(Rnd(int64(prev.Fileoff+prev.Filelen), *FlagRound))\n",
			"				end := prev.Fileoff + prev.Filelen\n				seg.Fileoff = end + (seg.Vaddr-end)%uint64(*FlagRound)\n",
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
	"cmd/internal/obj/plist.go": {
		{
			"		ctxt.Arch.Preprocess(ctxt, s, newprog)\n",
			"		oneReturn(ctxt, s)\n		ctxt.Arch.Preprocess(ctxt, s, newprog)\n",
		},
	},
	"cmd/internal/obj/arm/obj5.go": {
		{
			"	p := c.cursym.Func().Text\n	autoffset := int32(p.To.Offset)\n",
			"	c.multiple()\n	p := c.cursym.Func().Text\n	autoffset := int32(p.To.Offset)\n",
		},
		{
			"				p = c.stacksplit(p, autosize) // emit split check\n			}\n",
			"				p = c.grow(p, autosize) // emit split check\n				break\n			}\n",
		},
	},
	// Nothing comes to the end of a function, where there is no way around what it reads.
	"cmd/internal/obj/arm/asm5.go": {
		{
			"		if skip != 0 {\n			if false && skip == 1 {\n",
			"		if skip == 1 {\n			if false && skip == 1 {\n",
		},
		{
			"		} else if force == 0 && (p.Pc",
			"		} else if skip == 0 && force == 0 && (p.Pc",
		},
	},
	"cmd/internal/obj/ppc64/obj9.go": {
		{
			"				q = c.stacksplit(q, autosize) // emit split check\n			}\n\n			if autosize != 0 {\n",
			"				if grown := c.grow(q, autosize); grown != nil {\n" +
				"					p = grown\n" +
				"					if c.cursym.Func().Text.Mark&LEAF != 0 {\n" +
				"						c.cursym.Set(obj.AttrLeaf, true)\n" +
				"					}\n" +
				"					break\n" +
				"				}\n" +
				"				q = c.stacksplit(q, autosize) // emit split check\n			}\n\n			if autosize != 0 {\n",
		},
	},
	"cmd/internal/obj/loong64/obj.go": {
		{
			"				p = c.stacksplit(p, autosize) // emit split check\n			}\n\n			q = p\n\n			if autosize != 0 {\n",
			"				if grown := c.grow(p, autosize); grown != nil {\n" +
				"					p = grown\n" +
				"					break\n" +
				"				}\n" +
				"				p = c.stacksplit(p, autosize) // emit split check\n			}\n\n			q = p\n\n			if autosize != 0 {\n",
		},
	},
	"cmd/internal/obj/s390x/objz.go": {
		{
			"				p, pPreempt, pCheck = c.stacksplitPre(p, autosize) // emit pre part of split check\n",
			"				if grown := c.grow(p, autosize); grown != nil {\n" +
				"					p = grown\n" +
				"					if c.cursym.Func().Text.Mark&LEAF != 0 {\n" +
				"						c.cursym.Set(obj.AttrLeaf, true)\n" +
				"					}\n" +
				"					break\n" +
				"				}\n" +
				"				p, pPreempt, pCheck = c.stacksplitPre(p, autosize) // emit pre part of split check\n",
		},
		{
			"	if wasSplit {\n		c.stacksplitPost(pLast",
			"	c.multiple()\n	if wasSplit {\n		c.stacksplitPost(pLast",
		},
	},
	"cmd/compile/internal/ssa/writebarrier.go": {
		{
			"		if a := stores[0].Args[0]; a.Op == OpNilCheck",
			"		calls := CallsBarriers()\n		if a := stores[0].Args[0]; !calls && a.Op == OpNilCheck",
		},
		{
			"		bThen := f.NewBlock(BlockPlain)\n		bEnd := f.NewBlock(b.Kind)\n",
			"		bThen, bEnd := b, b\n		if !calls {\n		bThen, bEnd = f.NewBlock(BlockPlain), f.NewBlock(b.Kind)\n",
		},
		{
			"		bThen.AddEdgeTo(bEnd)\n",
			"		bThen.AddEdgeTo(bEnd)\n		}\n",
		},
		{
			"		mem = bEnd.NewValue2(pos, OpPhi, types.TypeMem, mem, memThen)\n",
			"		if calls {\n			mem = memThen\n		} else {\n			mem = bEnd.NewValue2(pos, OpPhi, types.TypeMem, mem, memThen)\n		}\n",
		},
		{
			"		last.reset(OpWBend)\n",
			"		last.reset(OpWBend)\n		if calls {\n			last.AuxInt = unbranched\n		}\n",
		},
	},
	"cmd/compile/internal/ssa/rewriteMIPS.go": {
		{
			"		if !(s > 16 && logLargeCopy(v, s) || t.Alignment()%4 != 0) {\n			break\n		}\n",
			"		if !(s > 16 && logLargeCopy(v, s) || t.Alignment()%4 != 0) {\n			break\n		}\n" +
				"		if duff(s, t) {\n" +
				"			v.reset(OpMIPS64DUFFCOPY)\n" +
				"			v.AuxInt = 16 * (duffWords - s/4)\n" +
				"			v.AddArg3(dst, src, mem)\n" +
				"			return true\n" +
				"		}\n",
		},
		{
			"		if !(s > 16 || t.Alignment()%4 != 0) {\n			break\n		}\n",
			"		if !(s > 16 || t.Alignment()%4 != 0) {\n			break\n		}\n" +
				"		if duff(s, t) {\n" +
				"			v.reset(OpMIPS64DUFFZERO)\n" +
				"			v.AuxInt = 8 * (duffWords - s/4)\n" +
				"			v.AddArg2(ptr, mem)\n" +
				"			return true\n" +
				"		}\n",
		},
	},
	"cmd/compile/internal/mips/ssa.go": {
		{
			"	case ssa.OpMIPSLoweredZero:\n",
			"	case ssa.OpMIPS64DUFFZERO:\n" +
				"		p := s.Prog(obj.ADUFFZERO)\n" +
				"		p.To = obj.Addr{Type: obj.TYPE_MEM, Name: obj.NAME_EXTERN, Sym: ir.Syms.Duffzero, Offset: v.AuxInt}\n" +
				"	case ssa.OpMIPS64DUFFCOPY:\n" +
				"		p := s.Prog(obj.ADUFFCOPY)\n" +
				"		p.To = obj.Addr{Type: obj.TYPE_MEM, Name: obj.NAME_EXTERN, Sym: ir.Syms.Duffcopy, Offset: v.AuxInt}\n" +
				"	case ssa.OpMIPSLoweredZero:\n",
		},
	},
	// A defer is a call, and a function with a function in it is called, where code is large.
	"cmd/compile/internal/base/flag.go": {
		{
			"	Debug.InlFuncsWithClosures = 1\n",
			"	Debug.InlFuncsWithClosures = 1\n" +
				"	switch buildcfg.GOARCH {\n" +
				"	case \"arm\", \"mips\", \"mipsle\", \"mips64\", \"mips64le\":\n" +
				"		Debug.InlFuncsWithClosures = 0\n" +
				"		Debug.NoOpenDefer = 1\n" +
				"	}\n",
		},
	},
	// A byte of a string takes three or four instructions where words are not read from everywhere.
	"cmd/compile/internal/walk/compare.go": {
		{
			"		maxRewriteLen := 6\n",
			"		maxRewriteLen := 3\n",
		},
	},
	"cmd/compile/internal/liveness/plive.go": {
		{
			"			// WBend appears at the start of a block, like this:\n",
			"			if values, ok := ssa.Unbranched(v); ok {\n" +
				"				for _, v := range values {\n" +
				"					lv.unsafePoints.Set(int32(v.ID))\n" +
				"				}\n" +
				"				continue\n" +
				"			}\n" +
				"			// WBend appears at the start of a block, like this:\n",
		},
	},
	"cmd/compile/internal/ssagen/ssa.go": {
		{
			"	ir.Syms.Goschedguarded = ",
			"	if ssa.CallsBarriers() {\n" +
				"		for i := range ir.Syms.GCWriteBarrier {\n" +
				"			ir.Syms.GCWriteBarrier[i] = typecheck.LookupRuntimeFunc(\"barrier\" + string(rune('1'+i)))\n" +
				"		}\n" +
				"	}\n" +
				"	ir.Syms.Goschedguarded = ",
		},
	},
	"cmd/compile/internal/s390x/ssa.go": {
		{
			"	case ssa.OpS390XMOVBZatomicload, ssa.OpS390XMOVWZatomicload, ssa.OpS390XMOVDatomicload:\n		p := s.Prog(v.Op.Asm())\n",
			"	case ssa.OpS390XMOVBZatomicload, ssa.OpS390XMOVWZatomicload, ssa.OpS390XMOVDatomicload:\n		p := s.Prog(v.Op.Asm())\n		p.Scond = 1 // isAtomic\n",
		},
	},
	"cmd/internal/obj/s390x/asmz.go": {
		{
			"				zRIL(_b, op_BRASL, uint32(REG_LR), uint32(v), asm)\n",
			"				zRIL(_b, op_BRASL, link(p), uint32(v), asm)\n",
		},
		// LA is two bytes shorter, where it can add.
		{
			"			zRIE(_d, oprie, uint32(p.To.Reg)",
			"			if p.As == AADD && !c.ctxt.IsAsm && r != REG_R0 && v >= 0 && v < DISP12 {\n" +
				"				zRX(op_LA, uint32(p.To.Reg), uint32(r), 0, uint32(v), asm)\n" +
				"				break\n" +
				"			}\n" +
				"			zRIE(_d, oprie, uint32(p.To.Reg)",
		},
		// Instructions begin at multiples of two bytes, and so may functions.
		{
			"	funcAlign = 16\n",
			"	funcAlign = 2\n",
		},
	},
	"cmd/internal/obj/mips/obj0.go": {
		{
			"			retSym := p.To.Sym\n",
			"			if c.giveBack(p, autosize) {\n				break\n			}\n			retSym := p.To.Sym\n",
		},
		{
			"				p = c.stacksplit(p, autosize) // emit split check\n			}\n\n			q = p\n\n			if autosize != 0 {\n",
			"				if q := c.grow(p, autosize); q != nil {\n" +
				"					p = q\n" +
				"					break\n" +
				"				}\n" +
				"				p = c.stacksplit(p, autosize) // emit split check\n			}\n\n			q = p\n\n			if autosize != 0 {\n",
		},
		{
			"				c.addnop(p)\n			}\n		}\n		return\n",
			"				c.addnop(p)\n			}\n		}\n		c.fillSlots()\n		return\n",
		},
	},
	"cmd/internal/obj/mips/asm0.go": {
		{
			"		o1 = OP_IRR(c.opirr(p.As), uint32(v), p.From.Reg, p.Reg)\n",
			"		o1 = putLikely(p, OP_IRR(c.opirr(p.As), uint32(v), p.From.Reg, p.Reg))\n",
		},
		{
			"	for n = 0; optab[n].as != obj.AXXX; n++ {\n	}\n",
			"	for n = 0; optab[n].as != obj.AXXX; n++ {\n	}\n	dropBase()\n",
		},
		{
			"	mips64FuncAlign = 8\n",
			"	mips64FuncAlign = 4\n",
		},
	},
	"cmd/internal/obj/x86/obj6.go": {
		{
			"		p = stacksplit(ctxt, cursym, p, newprog, autoffset, int32(textarg))",
			"		p = grow(ctxt, cursym, p, newprog, autoffset, int32(textarg))",
		},
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
