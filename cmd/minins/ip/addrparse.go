//go:build linux

package ip

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// An addrRequest is what "ip addr add, change, replace, del" ask for.
type addrRequest struct {
	addr     rtnl.Addr
	dev      string
	warnings []string // printed, and no reason to stop
}

func addrWords() []string {
	words := []string{"local", "peer", "remote", "broadcast", "brd", "anycast", "scope", "dev", "label", "metric",
		"valid_lft", "preferred_lft"}
	for _, f := range addrFlags() {
		if f.set {
			words = append(words, f.name)
		}
	}
	return words
}

// An addrParser is an addrRequest in the making.
type addrParser struct {
	addrRequest
	local, peer prefix
	brd         string // "+" or "-": to be derived from the prefix
	scoped      bool
	life        struct{ valid, preferred nl.Opt[uint32] }
	seen        given
}

// parseAddrRequest reads the words after "add" and the like; del says that it
// was "del". family is what -4 or -6 asks for.
func parseAddrRequest(w *words, del bool, family rtnl.Family) (*addrRequest, error) {
	p := &addrParser{seen: given{}}
	p.addr.Family = family
	for w.next() {
		if p.takeAddress(w) || p.takeSetting(w) || p.takeFlag(w.cur) {
			continue
		}
		if w.is("local") {
			w.arg()
		} else if w.short("help") {
			return nil, usage("address")
		}
		if w.err == nil && p.local.addr.IsValid() {
			w.fail(p.second(w.cur))
		}
		if w.err == nil {
			p.local = w.asPrefix(w.cur, p.addr.Family)
			p.of(p.local.family)
		}
	}
	if w.err != nil {
		return nil, w.err
	}
	if p.dev == "" {
		f := notEnough("dev", exitFailed)
		f.hint = "say which link: \"dev NAME\""
		return nil, f.dot()
	}
	return &p.addrRequest, p.finish(del)
}

// second is a word that is neither a keyword nor can be another address.
func (p *addrParser) second(word string) error {
	f := &failure{code: exitUsage, text: fmt.Sprintf("Error: either \"local\" is duplicate, or \"%s\" is a garbage.", word)}
	f.hint = fmt.Sprintf("%q is taken for an address, but %s was already", word, p.local.addr)
	if near := nearest(word, addrWords()); near != "" {
		f.hint = fmt.Sprintf("%q is not a keyword here; did you mean %q?", word, near)
	}
	return f
}

// of sets the family that the first address has.
func (p *addrParser) of(f rtnl.Family) {
	if p.addr.Family == 0 {
		p.addr.Family = f
	}
}

func (p *addrParser) takeAddress(w *words) bool {
	switch {
	case w.is("peer", "remote"):
		p.seen.once(w, "peer")
		p.peer = w.prefix(p.addr.Family)
		p.of(p.peer.family)
	case w.short("broadcast"), w.is("brd"):
		p.seen.once(w, "broadcast")
		if next := w.peek(); next == "+" || next == "-" {
			w.next()
			p.brd = next
			return true
		}
		p.addr.Broadcast = w.addr(p.addr.Family)
		p.of(familyOf(p.addr.Broadcast))
	case w.is("anycast"):
		p.seen.once(w, "anycast")
		p.addr.Anycast = w.addr(p.addr.Family)
		p.of(familyOf(p.addr.Anycast))
	default:
		return false
	}
	return true
}

func (p *addrParser) takeSetting(w *words) bool {
	switch {
	case w.is("scope"):
		p.addr.Scope = rtnl.Scope(w.named((*tables).scopes, 8, "invalid scope value."))
		p.scoped = true
	case w.is("dev"):
		p.dev = w.arg()
	case w.is("label"):
		p.addr.Label = w.arg()
	case w.short("metric", "priority", "preference"):
		p.addr.Priority = uint32(w.uint(32, "\"metric\" value is invalid\n"))
	case w.short("valid_lft"):
		p.life.valid = lifetimeArg(w, "valid_lft", p.seen)
	case w.short("preferred_lft"):
		p.life.preferred = lifetimeArg(w, "preferred_lft", p.seen)
	default:
		return false
	}
	return true
}

func lifetimeArg(w *words, key string, seen given) nl.Opt[uint32] {
	if seen[key] {
		w.fail(duplicate(key, w.cur))
	}
	seen[key] = true
	if w.peek() == "forever" {
		w.next()
		return nl.Some[uint32](rtnl.Forever)
	}
	return nl.Some(uint32(w.uint(32, key+" value")))
}

// takeFlag reads a flag. Those that only the kernel can set, and those of IPv6
// on an IPv4 address, are left out with a warning.
func (p *addrParser) takeFlag(word string) bool {
	for _, f := range addrFlags() {
		switch {
		case f.name != word:
			continue
		case !f.set:
			p.warnings = append(p.warnings, fmt.Sprintf("Warning: %s option is not mutable from userspace", word))
		case f.only6 && p.addr.Family != unix.AF_INET6:
			p.warnings = append(p.warnings, fmt.Sprintf("Warning: %s option can be set only for IPv6 addresses", word))
		default:
			p.addr.Flags |= f.bit
		}
		return true
	}
	return false
}

// finish fills in what follows from what was said.
func (p *addrParser) finish(del bool) error {
	a := &p.addr
	a.Local, a.Address = p.local.addr, p.peer.addr
	if !p.peer.addr.IsValid() && p.local.addr.IsValid() {
		if del && p.local.family == unix.AF_INET && !p.local.given {
			p.warnings = append(p.warnings, fmt.Sprintf(`Warning: Executing wildcard deletion to stay compatible with old scripts.
         Explicitly specify the prefix length (%s/%d) to avoid this warning.
         This special behaviour is likely to disappear in further releases,
         fix your scripts!`, p.local.addr, p.local.bits))
		} else {
			p.peer, a.Address = p.local, p.local.addr
		}
	}
	if a.PrefixLen = uint8(p.peer.bits); a.PrefixLen == 0 {
		a.PrefixLen = uint8(p.local.bits)
	}
	if p.brd != "" && !del {
		if a.Family != unix.AF_INET {
			return &failure{code: exitFailed, text: "Broadcast can be set only for IPv4 addresses"}
		}
		if p.peer.bits <= 30 && p.peer.addr.Is4() {
			a.Broadcast = broadcastOf(p.peer, p.brd == "+")
		}
	}
	if !p.scoped && !del && a.Local.Is4() && a.Local.IsLoopback() {
		a.Scope = unix.RT_SCOPE_HOST
	}
	return p.lifetimes()
}

func (p *addrParser) lifetimes() error {
	if !p.life.valid.Ok && !p.life.preferred.Ok {
		return nil
	}
	valid, preferred := p.life.valid.Or(rtnl.Forever), p.life.preferred.Or(rtnl.Forever)
	switch {
	case valid == 0:
		return &failure{code: exitFailed, text: "valid_lft is zero"}
	case valid < preferred:
		return &failure{code: exitFailed, text: "preferred_lft is greater than valid_lft"}
	}
	p.addr.CacheInfo = nl.Some(rtnl.AddrCacheInfo{Valid: valid, Preferred: preferred})
	return nil
}

// broadcastOf is the last address of a prefix, or the first one.
func broadcastOf(p prefix, last bool) netip.Addr {
	b := p.addr.As4()
	n, host := binary.BigEndian.Uint32(b[:]), uint32(1)<<(32-p.bits)-1
	if n &^= host; last {
		n |= host
	}
	binary.BigEndian.PutUint32(b[:], n)
	return netip.AddrFrom4(b)
}
