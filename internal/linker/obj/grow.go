//go:build ignore

package obj

import "strconv"

// Grow is the function of folder runtime that a function with a frame begins with a call
// of: it makes the stack larger, if that is too small, and, where arguments are in
// registers, the frame. It keeps n arguments meanwhile, each in one of regs and in a word
// of its own from an offset on. It is nil if the function has to do all that itself.
func Grow(ctxt *Link, cursym *LSym, framesize, offset int64, regs ...int16) (grow *LSym, n int) {
	if framesize <= 0 || framesize >= 1<<15 || cursym.CFunc() || ctxt.Flag_maymorestack != "" || ctxt.Flag_shared || ctxt.Flag_dynlink {
		return nil, 0
	}
	n = cursym.Func().TakeSpills(offset, 8, regs...)
	if len(cursym.Func().spills) > 0 {
		return nil, 0
	}
	name := "runtime.grow"
	if !cursym.Func().Text.From.Sym.NeedCtxt() {
		name += "_noctxt"
	}
	if n > 0 {
		name += strconv.Itoa(n)
	}
	return ctxt.Lookup(name), n
}

// GrowBig is such a function where arguments are on the stack, and so is the frame that
// cursym then makes itself: it is for frames of up to so many bytes more than any may have.
func GrowBig(ctxt *Link, cursym *LSym, framesize, small int64) *LSym {
	grow, _ := Grow(ctxt, cursym, framesize, 0)
	switch {
	case grow == nil || framesize <= small:
		return grow
	case framesize <= small+1024:
		return ctxt.Lookup(grow.Name + "_1k")
	case framesize <= small+4096:
		return ctxt.Lookup(grow.Name + "_4k")
	}
	return nil
}
