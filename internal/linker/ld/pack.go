//go:build ignore

package ld

import "cmd/link/internal/sym"

// behind is where in memory a segment is, of a page that begins at va, so that it has in
// the file the place directly behind what ends at the address end: the kernel maps
// pages, of up to 64 KiB, and one that is at the end of one segment and at the beginning of
// the next is mapped for both. Otherwise there are as many zeros between them as a page has left.
func behind(ctxt *Link, va, end uint64, sections []*sym.Section) uint64 {
	if !ctxt.IsELF || ctxt.LinkMode != LinkInternal || ctxt.BuildMode != BuildModeExe {
		return va
	}
	align := int64(1)
	for _, s := range sections {
		align = max(align, int64(s.Align))
	}
	return va + uint64(Rnd(int64(end), align)%*FlagRound)
}

// rodataEnd is where .rodata ends: internal/strip has data follow there, and what
// else is in the segment behind data.
func rodataEnd(va uint64) uint64 {
	for _, s := range Segrodata.Sections {
		if s.Name == ".rodata" {
			return s.Vaddr + s.Length
		}
	}
	return va
}
