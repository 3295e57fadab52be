//go:build linux

package nl

import "slices"

// Swap turns a datagram that was recorded on a machine of the other byte order into
// what it would have been on this one, in place. What p does not describe, and what
// is bytes to it, such as the values that nf_tables compares with, stays as it was.
func (p *Protocol) Swap(datagram []byte) {
	x := &walker{visit: func(*Item) {}, swap: true}
	for off := 0; off < len(datagram); {
		off = x.message(p, off, datagram)
	}
}

// host turns an integer into this machine's order, if the walker is to.
func (x *walker) host(b []byte) {
	if x.swap {
		slices.Reverse(b)
	}
}

// hostInt is host for an attribute or member, if it is an integer in host order.
func (x *walker) hostInt(a *Attr, p []byte) {
	if a.Kind == KindInt && len(p) == a.Size && !a.Big {
		x.host(p)
	}
}

// hostHeader is host for the members of struct nlmsghdr.
func (x *walker) hostHeader(b []byte) {
	if len(b) < headerLen {
		return
	}
	for _, size := range [...]int{4, 2, 2, 4, 4} {
		x.host(b[:size])
		b = b[size:]
	}
}
