//go:build linux

package iptables

import (
	"net/netip"

	"github.com/minins/minins/nft"
)

// A rule is one line of iptables: what a packet must be like, and what becomes
// of it.
type rule struct {
	src, dst network
	in, out  device
	proto    protocol
	frag     fragment
	matches  []extension // -m, in order
	jump     jump
	counters nft.Counters
}

// A network is -s or -d. The zero network is not given.
type network struct {
	addr, mask netip.Addr // of the same family; the mask may have holes
	inv        bool
}

func (n *network) given() bool { return n.addr.IsValid() && (n.inv || !n.mask.IsUnspecified()) }

// ones is the prefix length, if the mask is one.
func (n *network) ones() (bits int, ok bool) {
	for _, b := range n.mask.AsSlice() {
		for i := 7; i >= 0; i-- {
			switch set := b&(1<<i) != 0; {
			case set && ok: // a one behind a zero
				return 0, false
			case set:
				bits++
			default:
				ok = true
			}
		}
	}
	return bits, true
}

// prefixMask is the mask of a prefix length for addresses like a.
func prefixMask(a netip.Addr, bits int) netip.Addr {
	b := a.AsSlice()
	for i := range b {
		switch n := bits - 8*i; {
		case n >= 8:
			b[i] = 0xff
		case n > 0:
			b[i] = byte(0xff << (8 - n))
		default:
			b[i] = 0
		}
	}
	mask, _ := netip.AddrFromSlice(b)
	return mask
}

// masked is the address with the bits that the mask leaves out set to zero.
func masked(a, mask netip.Addr) netip.Addr {
	b, m := a.AsSlice(), mask.AsSlice()
	for i := range b {
		b[i] &= m[i]
	}
	a, _ = netip.AddrFromSlice(b)
	return a
}

// A device is -i or -o; a name that ends in + stands for all that begin so.
type device struct {
	name string
	inv  bool
}

func (d *device) given() bool { return d.name != "" && (d.name != "+" || d.inv) }

// A protocol is -p; 0 is any.
type protocol struct {
	num uint8
	inv bool
}

// is reports whether the rule is about packets of one of protocols nums.
func (p protocol) is(nums ...uint8) bool {
	for _, n := range nums {
		if !p.inv && p.num == n {
			return true
		}
	}
	return false
}

// A fragment is -f: second and further fragments, or ! -f: the others.
type fragment int

const (
	anyFragment fragment = iota
	laterFragment
	notLaterFragment
)

// A jump is -j or -g: a verdict or a chain by its name, or a target with
// options of its own. The zero jump goes on with the next rule.
type jump struct {
	_ [0]func() // not to be compared: that would take code

	name   string // "ACCEPT", "MYCHAIN", "DNAT"
	final  bool   // -g: do not come back
	target extension
}

// An extension is a match or a target with options of its own. encode.go and
// decode.go say how each is written to the kernel.
type extension interface {
	name() string // as -m or -j says it
	// set takes one option.
	set(s *setting) error
	save() string          // the words of -S behind the name, each with a blank before it
	list(n *naming) string // the words of -L, likewise
}

// A setting is one option of an extension, as given.
type setting struct {
	_ [0]func() // not to be compared: that would take code

	option string // the main name, without its dashes
	arg    string
	inv    bool // with a ! before it
	proto  protocol
}

// not is how -S inverts an option.
func not(inv bool) string {
	if inv {
		return " !"
	}
	return ""
}
