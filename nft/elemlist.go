//go:build linux

package nft

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"iter"

	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// An ElemList is many elements in as little space as the kernel's messages took: an
// [Elem] is some ten times as large. The zero ElemList is empty.
type ElemList struct {
	pages [][]byte // lists of attributes, each below 64 KiB
	at    []elemAt
	coder nl.Coder
	space Elem
	known []uint64 // a hash table: half of each element's hash, and its index from 1
}

// An elemAt is where in the pages an element is.
type elemAt struct {
	page   uint32
	offset uint16
}

// ElemList lists the elements of a set, as [Conn.Elems] does.
func (c *Conn) ElemList(ctx context.Context, f Family, table, set string) (*ElemList, error) {
	pages, err := nl.List[elemPage](ctx, c.Conn, typ(unix.NFT_MSG_GETSETELEM), &Elems{Family: f, Table: table, Set: set}, nil)
	if err != nil {
		return nil, failed(err, "list set "+within(f, table, set))
	}
	l := &ElemList{}
	for _, p := range pages {
		if err := l.add(p.list); err != nil {
			return nil, failed(err, "list set "+within(f, table, set))
		}
	}
	l.known = nil
	return l, nil
}

// Append adds elements, unless they are there.
func (l *ElemList) Append(elems ...Elem) error {
	for i := range elems {
		body, err := l.coder.Append(nil, &loneElem{&elems[i]})
		if err != nil {
			return err
		}
		page := binary.NativeEndian.AppendUint16(nil, uint16(4+len(body))) // nla_len, and of no type
		if err := l.add(append(append(page, 0, 0), body...)); err != nil {
			return err
		}
	}
	return nil
}

// An elemPage is a message of elements that are not taken apart.
type elemPage struct{ list []byte }

// Fields takes no more than the list of NFT_MSG_NEWSETELEM.
func (p *elemPage) Fields(c *nl.Coder) {
	var f Family
	var id uint16
	header(c, &f, &id)
	nl.Bytes(c, unix.NFTA_SET_ELEM_LIST_ELEMENTS, "NFTA_SET_ELEM_LIST_ELEMENTS", &p.list)
}

// add adds a page, if all that is in it can be decoded.
func (l *ElemList) add(page []byte) error {
	var e Elem
	l.pages = append(l.pages, page)
	for at := 0; at < len(page); {
		length := 0
		if at+4 <= len(page) {
			length = int(binary.NativeEndian.Uint16(page[at:])) // nla_len
		}
		if length < 4 || at+length > len(page) {
			return errors.New("a list of elements that is cut off")
		}
		if err := l.coder.Decode(page[at+4:at+length], &loneElem{&e}); err != nil {
			return err
		}
		here := elemAt{uint32(len(l.pages) - 1), uint16(at)}
		at += (length + 3) &^ 3
		if !l.holds(&e) {
			l.at = append(l.at, here)
		}
	}
	return nil
}

// holds reports whether an element was there before, and notes the place of the next if
// not. The kernel finds the place where it stopped by the number of elements before it,
// those of a transaction that is not yet done included: when one begins, some come twice.
func (l *ElemList) holds(e *Elem) bool {
	if 4*len(l.at) >= 3*len(l.known) {
		old := l.known
		l.known = make([]uint64, max(64, 2*len(old)))
		for _, slot := range old {
			if slot != 0 {
				l.known[l.slot(slot, nil)] = slot
			}
		}
	}
	h := hash(e)
	at := l.slot(h, e)
	if l.known[at] != 0 {
		return true
	}
	l.known[at] = h&^0xffffffff | uint64(len(l.at)+1)
	return false
}

// slot is where in the table an element with a hash is, or is to be; nil is one that is
// not there.
func (l *ElemList) slot(h uint64, e *Elem) int {
	for i := int(h>>32) & (len(l.known) - 1); ; i = (i + 1) & (len(l.known) - 1) {
		slot := l.known[i]
		if slot == 0 {
			return i
		}
		if e != nil && (slot^h)>>32 == 0 {
			o := &l.space
			l.At(int(uint32(slot))-1, o)
			if o.Flags == e.Flags && bytes.Equal(o.Key, e.Key) && bytes.Equal(o.KeyEnd, e.KeyEnd) {
				return i
			}
		}
	}
}

// hash is FNV-1a of what tells elements of a set apart, the beginning of its key at least.
func hash(e *Elem) uint64 {
	h := uint64(14695981039346656037) ^ uint64(e.Flags)
	for _, b := range e.Key {
		h = (h ^ uint64(b)) * 1099511628211
	}
	return h ^ h<<32
}

// A loneElem is an element without the attribute around it.
type loneElem struct{ e *Elem }

// Fields is what is in NFTA_LIST_ELEM.
func (l *loneElem) Fields(c *nl.Coder) { elemFields(c, l.e) }

// Len is the number of elements.
func (l *ElemList) Len() int {
	if l == nil {
		return 0
	}
	return len(l.at)
}

// At decodes element i into e, over what is in it: see [Elems].
func (l *ElemList) At(i int, e *Elem) {
	p := l.pages[l.at[i].page][l.at[i].offset:]
	_ = l.coder.Decode(p[4:binary.NativeEndian.Uint16(p)], &loneElem{e}) // it could be, when it was added
}

// All yields the elements in their order: the same *Elem each time, as
// [Conn.StreamElems] does.
func (l *ElemList) All() iter.Seq[*Elem] {
	return func(yield func(*Elem) bool) {
		var e Elem
		for i := range l.Len() {
			l.At(i, &e)
			if !yield(&e) {
				return
			}
		}
	}
}
