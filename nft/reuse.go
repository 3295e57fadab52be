//go:build linux

package nft

import (
	"slices"

	"github.com/minins/minins/nl"
)

// A list of 10,000 rules is decoded into one Rule, 10,000 times. So that this
// allocates nothing, what is here decodes into the space that the value has:
// the expressions of the rule before, and their bytes.

// octets is nl.Bytes that way.
func octets(c *nl.Coder, typ uint16, name string, p *[]byte) {
	switch {
	case !c.Decoding():
		nl.Bytes(c, typ, name, p)
	case c.Struct(typ, name, true):
		n := c.Left()
		*p = slices.Grow((*p)[:0], n)[:n]
		nl.MBytes(c, name, *p)
		c.End()
	default:
		*p = nil
	}
}

// elements is nl.Elements that way: fields gets what *p had at that place.
func elements[T any](c *nl.Coder, typ uint16, p *[]T, fields func(*nl.Coder, *T)) {
	if !c.Decoding() {
		nl.Elements(c, typ, "NFTA_LIST_ELEM", p, fields)
		return
	}
	had := (*p)[:cap(*p)]
	next := func(i int) (v T) {
		if i < len(had) {
			v = had[i]
		}
		return v
	}
	*p = (*p)[:0]
	old := next(0)
	nl.Elements(c, typ, "NFTA_LIST_ELEM", p, func(c *nl.Coder, e *T) {
		*e, old = old, next(len(*p)) // nl.Elements has cleared this one, not yet the next
		fields(c, e)
	})
}
