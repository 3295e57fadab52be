//go:build linux

package nft

import (
	"fmt"

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
	l := &b.list
	list := l.request.encoded[:0]
	l.request = *e
	l.request.Elems = nil
	send := func(list []byte, first, end int) {
		l.request.encoded = list
		l.sent = append(l.sent, elemRange{b.b.Len(), first, end})
		b.Add(msg, flags, &l.request)
	}
	first := 0 // element of the request
	for i := 0; i < len(e.Elems); i++ {
		full := len(list)
		l.elem = listElem{uint16(i - first + 1), &e.Elems[i]}
		var err error
		if list, err = b.c.coder.Append(list, &l.elem); err != nil {
			b.fail(fmt.Errorf("nft: element %d of set %s: %w", i, within(e.Family, e.Table, e.Set), err))
			return
		}
		if len(list) > maxList && i > first {
			send(list[:full], first, i)
			list, first = list[:0], i
			i-- // it begins the next
		}
	}
	if first < len(e.Elems) {
		send(list, first, len(e.Elems))
	}
}
