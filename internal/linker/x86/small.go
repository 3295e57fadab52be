//go:build ignore

package x86

import (
	"cmd/internal/obj"
	"cmd/internal/objabi"
	"cmd/internal/sys"
	"strconv"
)

// growth is what is added to the name of the function that makes a stack larger, for
// one that also keeps the arguments of cursym meanwhile: see folder runtime. Without
// it they are kept by cursym itself, in ten bytes of code each.
func growth(ctxt *obj.Link, cursym *obj.LSym) string {
	if ctxt.Arch.Family != sys.AMD64 || ctxt.Flag_shared || cursym.CFunc() {
		return ""
	}
	n := cursym.Func().TakeSpills(8, 8, REG_AX, REG_BX, REG_CX, REG_DI, REG_SI, REG_R8, REG_R9, REG_R10, REG_R11)
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// grow has a function for 386 begin with a call of runtime.grow, or with the check of the
// stack that Go has. To find g alone takes three times as many bytes as that call.
func grow(ctxt *obj.Link, cursym *obj.LSym, p *obj.Prog, newprog obj.ProgAlloc, framesize, textarg int32) *obj.Prog {
	if ctxt.Arch.Family == sys.I386 {
		// A function has the word for the way back from grow, whatever its frame.
		if grow := obj.GrowBig(ctxt, cursym, max(int64(framesize), 4), 124); grow != nil {
			p = ctxt.StartUnsafePoint(p, newprog)
			p = obj.Appendp(p, newprog)
			p.As = obj.ACALL
			p.To = obj.Addr{Type: obj.TYPE_BRANCH, Name: obj.NAME_EXTERN, Sym: grow}
			return ctxt.EndUnsafePoint(p, newprog, -1)
		}
	}
	return stacksplit(ctxt, cursym, p, newprog, framesize, textarg)
}

// putAddress assembles LEAQ sym(SB), reg as MOVL $sym(SB), reg, which has two bytes less:
// a program that is not to be moved in memory has all of its addresses below 2 GB.
func (ab *AsmBuf) putAddress(ctxt *obj.Link, cursym *obj.LSym, p *obj.Prog) bool {
	from := &p.From
	if p.As != ALEAQ || ctxt.IsAsm || ctxt.Flag_shared || ctxt.Flag_dynlink || from.Type != obj.TYPE_MEM ||
		from.Name != obj.NAME_EXTERN && from.Name != obj.NAME_STATIC ||
		from.Reg != REG_NONE || from.Index != REG_NONE || p.To.Type != obj.TYPE_REG {
		return false
	}
	ab.rexflag |= regrex[p.To.Reg] & Rxb
	ab.Put1(byte(0xb8 + reg[p.To.Reg]))
	cursym.AddRel(ctxt, obj.Reloc{
		Type: objabi.R_ADDR,
		Off:  int32(p.Pc + int64(ab.Len())),
		Siz:  4,
		Sym:  from.Sym,
		Add:  from.Offset,
	})
	ab.PutInt32(0)
	return true
}

// hasBP says whether BP is at the top of the frame of a function, from where it is made
// until it is given back: all functions set BP and keep that of their caller.
func hasBP(ctxt *obj.Link, cursym *obj.LSym) bool {
	if ctxt.Arch.Family != sys.AMD64 || ctxt.IsAsm || cursym.Func().Text.From.Sym.NoFrame() {
		return false
	}
	// But these come back from a call with another one, by gogo: a thread that ends
	// (runtime.mstart1 notes where to) and runtime.recovery of a panic while runtime.Goexit
	// runs deferred functions. All others who call gogo restore BP.
	return cursym.Name != "runtime.mstart0" && cursym.Name != "runtime.Goexit"
}

// fromBP is where a variable or an argument of the function is, counted from BP if that
// takes fewer bytes: an address from SP takes one more, and another three if it is more
// than 127 bytes away.
func fromBP(ctxt *obj.Link, cursym *obj.LSym, a *obj.Addr) *obj.Addr {
	if a.Type != obj.TYPE_MEM || a.Name != obj.NAME_AUTO && a.Name != obj.NAME_PARAM || !hasBP(ctxt, cursym) {
		return a
	}
	bp := *a
	bp.Name, bp.Sym, bp.Reg = obj.NAME_NONE, nil, REG_BP
	bp.Offset -= int64(cursym.Func().Locals) - int64(ctxt.Arch.PtrSize)
	size := func(offset int64) int {
		if offset == int64(int8(offset)) {
			return 1
		}
		return 4
	}
	fromSP := size(a.Offset)
	if a.Offset == 0 {
		fromSP = 0
	}
	if a.Index == REG_NONE {
		fromSP++
	}
	if size(bp.Offset) < fromSP {
		return &bp
	}
	return a
}
