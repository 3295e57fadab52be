//go:build linux

package ip

import (
	"encoding/binary"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// An addrStore keeps addresses until their links are shown: as the kernel's
// bytes, which are a third of an [rtnl.Addr], in pages, so that nothing is copied
// to grow.
type addrStore struct {
	pages [][]byte
	ends  map[uint32][2]uint32 // of a link: the places of its first and last address
	coder nl.Coder
	addrs []rtnl.Addr
}

// An address is in a page behind the place of the link's next one, 0 if there is
// none, and its own length. A place is the number of the page, from 1, and the
// offset in it.
const (
	placeBits   = 16
	storePage   = 1 << placeBits
	storeHeader = 8
	ifaIndexAt  = 4 // ifa_index in struct ifaddrmsg
)

// at is what is at a place and behind it.
func (a *addrStore) at(place uint32) []byte { return a.pages[place>>placeBits-1][place%storePage:] }

func (a *addrStore) add(body []byte) error {
	n := len(body) + storeHeader
	if last := len(a.pages) - 1; last < 0 || cap(a.pages[last])-len(a.pages[last]) < n {
		a.pages = append(a.pages, make([]byte, 0, max(storePage, n)))
	}
	page := &a.pages[len(a.pages)-1]
	place := uint32(len(a.pages))<<placeBits + uint32(len(*page))
	*page = binary.NativeEndian.AppendUint32(*page, 0)
	*page = binary.NativeEndian.AppendUint32(*page, uint32(len(body)))
	*page = append(*page, body...)
	if len(body) < ifaIndexAt+4 {
		return nil // none of the kernel's
	}
	index := binary.NativeEndian.Uint32(body[ifaIndexAt:])
	if a.ends == nil {
		a.ends = map[uint32][2]uint32{}
	}
	ends, ok := a.ends[index]
	if ok {
		binary.NativeEndian.PutUint32(a.at(ends[1]), place)
	} else {
		ends[0] = place
	}
	ends[1] = place
	a.ends[index] = ends
	return nil
}

// of are the addresses of a link, in the kernel's order, until the next call.
func (a *addrStore) of(index uint32) ([]rtnl.Addr, error) {
	if a == nil {
		return nil, nil
	}
	n := 0
	for place := a.ends[index][0]; place != 0; n++ {
		b := a.at(place)
		if n == len(a.addrs) {
			a.addrs = append(a.addrs, rtnl.Addr{})
		}
		if err := a.coder.Decode(b[storeHeader:storeHeader+binary.NativeEndian.Uint32(b[4:])], &a.addrs[n]); err != nil {
			return nil, err
		}
		place = binary.NativeEndian.Uint32(b)
	}
	return a.addrs[:n], nil
}
