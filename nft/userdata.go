//go:build linux

package nft

import (
	"bytes"
	"fmt"
)

// Userdata is what a program keeps with a table, chain, rule, set or element:
// a list of typed values, each u8 type, u8 length and bytes, at most 256 bytes
// in all. The kernel does not look at it. Types are libnftnl's.
type Userdata []byte

// UserdataComment is the type of a comment on a table, chain, rule or element,
// as nft and iptables show it. (NFTNL_UDATA_RULE_COMMENT of
// libnftnl/udata.h; that of a set is 7)
const UserdataComment = 0

const userdataMax = 256 // NFT_USERDATA_MAXLEN

// WithComment is userdata that holds a comment, of at most 253 bytes; nft
// itself writes 128.
func WithComment(comment string) (Userdata, error) {
	return Userdata(nil).Append(UserdataComment, append([]byte(comment), 0))
}

// Append adds a value. Types from 128 are free for private use: no tool gives
// them a meaning.
func (u Userdata) Append(typ uint8, value []byte) (Userdata, error) {
	if n := len(u) + 2 + len(value); len(value) > 255 || n > userdataMax {
		return u, fmt.Errorf("nft: userdata of %d bytes; at most %d fit", n, userdataMax)
	}
	u = append(u, typ, uint8(len(value)))
	return append(u, value...), nil
}

// Get returns the first value of a type.
func (u Userdata) Get(typ uint8) (value []byte, ok bool) {
	for len(u) >= 2 && len(u) >= 2+int(u[1]) {
		if u[0] == typ {
			return u[2 : 2+int(u[1])], true
		}
		u = u[2+int(u[1]):]
	}
	return nil, false
}

// Comment is the comment, or "".
func (u Userdata) Comment() string {
	c, _ := u.Get(UserdataComment)
	return string(bytes.TrimRight(c, "\x00"))
}
