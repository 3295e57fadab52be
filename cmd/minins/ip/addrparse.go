//go:build linux

package ip

import (
	"encoding/binary"
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

const addrWords grammar = `
	peer|remote PREFIX  the address at the other end
	broadcast*|brd ADDRESS  the address of all; + makes it of the prefix, - has none
	anycast ADDRESS  an address that several have
	scope SCOPE  how far it is valid: global, link, host
	dev DEV  the link
	label NAME  what old tools call it: the link's name, or that with :suffix
	metric*|priority*|preference* NUMBER  the metric of the route to its network
	valid_lft* SECONDS  when it goes; "forever"
	preferred_lft* SECONDS  when it is no longer chosen; "forever"
	[local] PREFIX  the address and the length of its network: 10.0.0.1/24
	help*`

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
		p.take(w, w.find(string(addrWords), findWord))
	}
	if w.err != nil {
		return nil, w.err
	}
	if p.dev == "" {
		return nil, notEnough("dev", exitFailed, ".", "say which link: \"dev NAME\"")
	}
	return &p.addrRequest, p.finish(del)
}

// take reads a word and its value.
func (p *addrParser) take(w *words, key string) {
	switch key {
	case "peer":
		p.seen.once(w, key)
		w.prefix(&p.peer, &p.addr.Family)
	case "broadcast":
		p.seen.once(w, key)
		if next := w.peek(); next == "+" || next == "-" {
			w.next()
			p.brd = next
			return
		}
		w.addr(&p.addr.Broadcast, &p.addr.Family)
	case "anycast":
		p.seen.once(w, key)
		w.addr(&p.addr.Anycast, &p.addr.Family)
	case "scope":
		p.addr.Scope = rtnl.Scope(w.named(scopes, 8, "invalid scope value."))
		p.scoped = true
	case "dev":
		w.device(&p.dev)
	case "label":
		w.text(&p.addr.Label)
	case "metric":
		w.uint32(&p.addr.Priority, "\"metric\" value is invalid\n")
	case "valid_lft":
		p.life.valid = lifetimeArg(w, key, p.seen)
	case "preferred_lft":
		p.life.preferred = lifetimeArg(w, key, p.seen)
	case "help":
		w.fail(usage("address"))
	case "local":
		w.arg()
		p.takeLocal(w)
	default:
		if !p.takeFlag(w.cur) {
			p.takeLocal(w)
		}
	}
}

// takeLocal takes the word for the address itself.
func (p *addrParser) takeLocal(w *words) {
	if p.local.addr.IsValid() {
		w.fail(garbage("local", w.cur, say("%q is taken for an address, but %s was already", w.cur, p.local.addr.String()),
			append(addrWords.words(), flagWords(true)...)))
	}
	if w.err == nil {
		w.asPrefix(&p.local, &p.addr.Family)
	}
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
	for i := range addrFlags {
		f := &addrFlags[i]
		switch {
		case f.name != word:
			continue
		case !f.set:
			p.warn("Warning: %s option is not mutable from userspace", word)
		case f.only6 && p.addr.Family != unix.AF_INET6:
			p.warn("Warning: %s option can be set only for IPv6 addresses", word)
		default:
			p.addr.Flags |= f.bit
		}
		return true
	}
	return false
}

func (p *addrParser) warn(format, arg string) { p.warnings = append(p.warnings, say(format, arg)) }

// finish fills in what follows from what was said.
func (p *addrParser) finish(del bool) error {
	a := &p.addr
	a.Local, a.Address = p.local.addr, p.peer.addr
	if !p.peer.addr.IsValid() && p.local.addr.IsValid() {
		if del && p.local.family == unix.AF_INET && !p.local.given {
			p.warn(`Warning: Executing wildcard deletion to stay compatible with old scripts.
         Explicitly specify the prefix length (%s) to avoid this warning.
         This special behaviour is likely to disappear in further releases,
         fix your scripts!`, p.local.set().String())
		} else {
			p.peer, a.Address = p.local, p.local.addr
		}
	}
	if a.PrefixLen = uint8(p.peer.bits); a.PrefixLen == 0 {
		a.PrefixLen = uint8(p.local.bits)
	}
	if p.brd != "" && !del {
		if a.Family != unix.AF_INET {
			return fail(exitFailed, "Broadcast can be set only for IPv4 addresses", "")
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
		return fail(exitFailed, "valid_lft is zero", "")
	case valid < preferred:
		return fail(exitFailed, "preferred_lft is greater than valid_lft", "")
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
