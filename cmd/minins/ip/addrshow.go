//go:build linux

package ip

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/rtnl"
)

// showAddrs renders the addresses that belong to link l and are selected. In JSON
// the others of the family are empty objects, as in iproute2.
func (v *view) showAddrs(l *rtnl.Link, addrs []*rtnl.Addr, q *listing) {
	v.array("addr_info")
	for _, a := range addrs {
		if a.Index != l.Index || q.family != 0 && a.Family != q.family || q.up && l.Flags&unix.IFF_UP == 0 {
			continue
		}
		v.object("")
		if q.takesAddr(a, l.Name) {
			v.showAddr(a, l.Name, v.opt.oneline)
		}
		v.end()
	}
	v.endArray()
	if v.opt.brief {
		v.write("\n")
	}
}

// showAddr renders one address, where it stands alone with its link's name.
func (v *view) showAddr(a *rtnl.Addr, link string, alone bool) {
	if !v.opt.brief {
		if alone {
			v.uint("index", "", uint64(a.Index))
			v.str("dev", "", link)
			v.write(decimal(a.Index) + ": " + link)
		}
		v.str("family", "    %s ", familyName(a.Family))
	}
	if local := a.Prefix().Addr(); local.IsValid() {
		v.showInet("local", "", "%s", local)
		if a.Address != local {
			v.showInet("address", " peer ", "%s", a.Address)
		}
		v.uint("prefixlen", "/%d ", uint64(a.PrefixLen))
		v.nonzero("metric", "metric %d ", a.Priority)
	}
	if v.opt.brief {
		return
	}
	v.showInet("broadcast", "brd ", "%s ", a.Broadcast)
	v.showInet("anycast", "any ", "%s ", a.Anycast)
	v.str("scope", "scope %s ", v.tables.name(scopes, uint32(a.Scope)))
	v.showAddrFlags(a)
	v.word("label", "%s", a.Label)
	if a.CacheInfo.Ok {
		v.line()
		v.write("       valid_lft ")
		v.lifetime("valid_life_time", a.CacheInfo.V.Valid)
		v.write(" preferred_lft ")
		v.preferred(a)
	}
	v.write("\n")
}

func (v *view) showAddrFlags(a *rtnl.Addr) {
	rest := a.Flags
	for i := range addrFlags {
		f := &addrFlags[i]
		set := rest&f.bit != 0
		rest &^= f.bit
		name := f.name
		switch {
		case f.bit == unix.IFA_F_PERMANENT:
			name, set = "dynamic", !set
		case f.bit == unix.IFA_F_SECONDARY && a.Family == unix.AF_INET6:
			name = "temporary"
		}
		if set && !f.hidden {
			v.flag(name, name+" ")
		}
	}
	if rest != 0 {
		v.hex("ifa_flags", "flags %02x ", uint64(rest))
	}
}

// lifetime is a number of seconds or "forever".
func (v *view) lifetime(key string, seconds uint32) {
	if v.json == nil && seconds == rtnl.Forever {
		v.write("forever")
		return
	}
	v.uint(key, "%dsec", uint64(seconds))
}

// preferred is negative in text where the address is deprecated.
func (v *view) preferred(a *rtnl.Addr) {
	n := a.CacheInfo.V.Preferred
	if n != rtnl.Forever && a.Flags&unix.IFA_F_DEPRECATED != 0 && v.json == nil {
		v.int("", "%dsec", int64(int32(n)))
		return
	}
	v.lifetime("preferred_life_time", n)
}
