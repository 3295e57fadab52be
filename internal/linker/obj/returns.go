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
