//go:build linux

package nl

// Structs codes a list of C structs: every attribute of the innermost nest, all
// of type typ, is one. The list has n of them. fields is called with the number
// of one and codes its members, see [Coder.Struct]; decoding, it is called with
// n and more and makes the list longer.
func Structs(c *Coder, typ uint16, name string, n int, fields func(i int)) {
	switch c.mode {
	case encode:
		for i := range n {
			if c.Struct(typ, name, true) {
				fields(i)
				c.End()
			}
		}
	case decode:
		for off := c.cur.pos; c.element(&off, nlaHeader); n++ {
			c.cur.lenient = true
			fields(n)
			c.leave()
		}
	default:
		if c.Struct(typ, name, true) {
			fields(n)
			c.End()
		}
	}
}
