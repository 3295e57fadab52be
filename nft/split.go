//go:build linux

package nft

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// maxList is what the attribute around a request's elements holds: nla_len,
// which counts its own header, is a u16.
const maxList = 0xffff - 4

// An elemList encodes elements one by one, so that the request that carries
// them ends where it is full. Its space serves all requests of a batch.
type elemList struct {
	request Elems // the next, with the elements encoded so far
	elem    listElem
	sent    []elemRange

	msg, flags  uint16
	first, next int // element of the request, and of all that are added
}

// An elemRange says which elements a request carries.
type elemRange struct{ index, first, end int }

// A listElem is one element as an attribute of the list.
type listElem struct {
	number uint16 // from 1
	elem   *Elem
}

// Fields is the layout of NFTA_LIST_ELEM.
func (l *listElem) Fields(c *nl.Coder) {
	if c.Nest(l.number, "NFTA_LIST_ELEM") {
		elemFields(c, l.elem)
		c.EndEmpty()
	}
}

// addElems adds as many requests as the elements need.
func (b *Batch) addElems(msg, flags uint16, e *Elems) {
	if b.OnEvent != nil && msg == unix.NFT_MSG_NEWSETELEM {
		flags |= unix.NLM_F_ECHO
	}
	l := &b.list
	l.request.encoded = l.request.encoded[:0]
	encoded := l.request.encoded
	l.request = *e
	l.request.Elems, l.request.Each, l.request.encoded = nil, nil, encoded
	l.msg, l.flags, l.first, l.next = msg, flags, 0, 0
	if e.Each != nil {
		e.Each(b.addElem)
	} else {
		for i := range e.Elems {
			if !b.addElem(&e.Elems[i]) {
				return
			}
		}
	}
	if l.first < l.next {
		b.sendElems()
	}
}

// addElem adds one more, if need be to a request of its own. It is false if that
// cannot be encoded.
func (b *Batch) addElem(e *Elem) bool {
	l := &b.list
	for {
		full := l.request.encoded
		l.elem = listElem{uint16(l.next - l.first + 1), e}
		list, err := b.c.coder.Append(full, &l.elem)
		if err != nil {
			b.fail(fmt.Errorf("nft: element %d of set %s: %w", l.next, within(l.request.Family, l.request.Table, l.request.Set), err))
			l.next = l.first
			return false
		}
		if len(list) <= maxList || l.next == l.first {
			l.request.encoded = list
			l.next++
			return true
		}
		l.request.encoded = list[:len(full)]
		b.sendElems() // it begins the next
	}
}

// sendElems adds the request with the elements so far.
func (b *Batch) sendElems() {
	l := &b.list
	l.sent = append(l.sent, elemRange{b.b.Len(), l.first, l.next})
	b.Add(l.msg, l.flags, &l.request)
	l.request.encoded, l.first = l.request.encoded[:0], l.next
}
