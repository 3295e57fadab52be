//go:build linux

package ip

import (
	"encoding/binary"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// An addrStore keeps addresses until their links are shown, by the index of the
// link: each as the kernel's bytes, which are a third of an [rtnl.Addr], behind
// their length.
type addrStore struct {
	kept  map[uint32][]byte
	coder nl.Coder
	addrs []*rtnl.Addr
}

func (a *addrStore) add(_ nl.Header, body []byte) error {
	if len(body) >= 8 { // struct ifaddrmsg, whose last four bytes are ifa_index
		index := binary.NativeEndian.Uint32(body[4:])
		a.kept[index] = append(binary.NativeEndian.AppendUint32(a.kept[index], uint32(len(body))), body...)
	}
	return nil
}

// of are the addresses of a link, in the kernel's order, until the next call.
func (a *addrStore) of(index uint32) ([]*rtnl.Addr, error) {
	n := 0
	for b := a.kept[index]; len(b) > 0; n++ {
		if n == len(a.addrs) {
			a.addrs = append(a.addrs, new(rtnl.Addr))
		}
		end := 4 + binary.NativeEndian.Uint32(b)
		if err := a.coder.Decode(b[4:end], a.addrs[n]); err != nil {
			return nil, err
		}
		b = b[end:]
	}
	return a.addrs[:n], nil
}
