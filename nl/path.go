//go:build linux

package nl

import "strconv"

// Path names what stands at offset off of the message body b, outermost
// first: ["IFLA_LINKINFO", "IFLA_INFO_DATA", "VETH_INFO_PEER", "IFLA_IFNAME"].
// The kernel's extended ack gives such offsets, counted from the nlmsghdr.
func Path(s *Set, b []byte, off int) []string {
	return path(s, b, 0, off, selector{})
}

func path(s *Set, b []byte, at, off int, sel selector) []string {
	s = s.variant(sel, len(b))
	if s == nil {
		return nil
	}
	for i := range s.Members {
		m := &s.Members[i]
		if len(b) < m.Size {
			return nil
		}
		if off < at+m.Size {
			return []string{m.Name}
		}
		b, at = b[m.Size:], at+m.Size
	}
	sel = selector{}
	for {
		l, t, ok := attrAt(b)
		if !ok {
			return nil
		}
		a := s.attr(t & typeMask)
		if off < at+l {
			if a.Set != nil && off >= at+nlaHeader && a.Kind != KindRecords {
				return append([]string{a.Name}, path(a.Set, b[nlaHeader:l], at+nlaHeader, off, sel)...)
			}
			return []string{a.Name}
		}
		sel.see(a, b[nlaHeader:l])
		n := min(align(l), len(b))
		b, at = b[n:], at+n
	}
}

// attr describes attribute t, known or not.
func (s *Set) attr(t uint16) *Attr {
	if s != nil {
		if a, ok := s.Attrs[t]; ok {
			return &a
		}
		if s.List {
			for _, a := range s.Attrs {
				return &a
			}
		}
	}
	return &Attr{Name: "attribute " + strconv.Itoa(int(t)), Kind: KindBytes}
}

// knows reports whether attribute t has a description.
func (s *Set) knows(t uint16) bool {
	if s == nil {
		return false
	}
	_, ok := s.Attrs[t]
	return ok || s.List
}
