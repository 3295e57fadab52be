//go:build ignore

package obj

import "cmd/internal/sys"

// oneReturn has a function give its frame back in one place: all other returns jump there.
// It is for processors on which that takes two instructions or more.
func oneReturn(ctxt *Link, s *LSym) {
	switch ctxt.Arch.Family {
	case sys.ARM64, sys.Loong64, sys.MIPS, sys.MIPS64, sys.PPC64, sys.S390X:
	default:
		return
	}
	text := s.Func().Text
	if ctxt.Arch.Family == sys.MIPS || ctxt.Arch.Family == sys.MIPS64 {
		// 8 bytes is what LR and what aligns the frame may take.
		if GivesBack(ctxt, max(text.To.Offset, 0)+8) {
			return
		}
	}
	frame := text.To.Offset > 0
	for p := text; p != nil; p = p.Link {
		frame = frame || p.As == ACALL || p.As == ADUFFZERO || p.As == ADUFFCOPY
	}
	if !frame || ctxt.IsAsm || text.From.Sym.NoFrame() {
		return
	}
	var first *Prog
	for p := text; p != nil; p = p.Link {
		switch {
		case p.As != ARET || p.To.Sym != nil || p.From.Type != TYPE_NONE || p.To.Type != TYPE_NONE:
		case first == nil:
			first = p
		default:
			p.As = AJMP
			p.To.Type = TYPE_BRANCH
			p.To.SetTarget(first)
		}
	}
}

// GivesBack says whether a function returns by a jump to what gives its frame back for all
// functions of MIPS: a frame of up to so many bytes.
func GivesBack(ctxt *Link, framesize int64) bool {
	return framesize > 0 && framesize <= 256 && !ctxt.Flag_shared && !ctxt.Flag_dynlink
}
