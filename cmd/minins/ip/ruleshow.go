//go:build linux

package ip

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// showRule renders a rule.
func (v *view) showRule(r *rtnl.Rule) {
	v.object("")
	v.uint("priority", "%d:\t", uint64(r.Priority.V))
	if r.Flags&ruleInvert != 0 {
		v.null("not", "not ")
	}
	v.write("from ")
	if r.Src.IsValid() {
		v.showRulePrefix("src", "srclen", r.Src, r.Family)
	} else {
		v.str("src", "%s", "all")
	}
	if r.Dst.IsValid() {
		v.write(" to ")
		v.showRulePrefix("dst", "dstlen", r.Dst, r.Family)
	}
	if r.TOS != 0 {
		v.str("tos", " tos %s", v.tables.name(dsfields, uint32(r.TOS)))
	}
	v.showRuleMark(r)
	v.showRuleDev("iif", r.IIFName, r.Flags&ruleIIFDetach != 0)
	v.showRuleDev("oif", r.OIFName, r.Flags&ruleOIFDetach != 0)
	if r.L3MDev != 0 {
		v.null("l3mdev", " lookup [l3mdev-table]")
	}
	v.showRulePorts(r)
	v.showRuleAction(r)
	if r.Protocol != unix.RTPROT_UNSPEC && r.Protocol != unix.RTPROT_KERNEL || v.opt.details > 0 {
		v.str("protocol", " proto %s", v.tables.name(protocols, uint32(r.Protocol)))
	}
	v.write("\n")
	v.end()
}

func (v *view) showRuleDev(key, name string, detached bool) {
	if name == "" {
		return
	}
	v.write(" " + key + " ")
	v.strColor(colorName, key, "%s", name)
	if detached {
		v.null(key+"_detached", " [detached]")
	}
}

func (v *view) showRulePrefix(key, lenKey string, p netip.Prefix, f rtnl.Family) {
	v.strColor(inetColor(f), key, "%s", v.address(p.Addr()))
	if p.Bits() != hostBits(f) {
		v.uint(lenKey, "/%d", uint64(p.Bits()))
	}
}

func (v *view) showRuleMark(r *rtnl.Rule) {
	mask := r.Mask.Or(0xffffffff)
	if r.Mark == 0 && !r.Mask.Ok {
		return
	}
	v.str("fwmark", " fwmark %s", cHex(uint64(r.Mark)))
	if mask != 0xffffffff {
		v.str("fwmask", "/%s", cHex(uint64(mask)))
	}
}

func (v *view) showRulePorts(r *rtnl.Rule) {
	if u := r.UIDRange; u.Ok {
		v.uint("uid_start", " uidrange %d", uint64(u.V.Start))
		v.uint("uid_end", "-%d", uint64(u.V.End))
	}
	if r.IPProto != 0 {
		v.str("ipproto", " ipproto %s", v.ipProtoName(r.IPProto))
	}
	v.showPorts("sport", &r.SPort)
	v.showPorts("dport", &r.DPort)
	if r.TunID != 0 {
		v.uint("tun_id", " tun_id %d", r.TunID)
	}
}

func (v *view) showPorts(key string, p *nl.Opt[rtnl.PortRange]) {
	switch {
	case !p.Ok:
	case p.V.Start == p.V.End:
		v.uint(key, " "+key+" %d", uint64(p.V.Start))
	default:
		v.uint(key+"_start", " "+key+" %d", uint64(p.V.Start))
		v.uint(key+"_end", "-%d", uint64(p.V.End))
	}
}

func (v *view) ipProtoName(p uint8) string {
	if name := v.tables.get(ipProtos).byID[uint32(p)]; name != "" && !v.opt.numeric {
		return name
	}
	return "ipproto-" + decimal(uint32(p))
}

func (v *view) showRuleAction(r *rtnl.Rule) {
	if r.Table != 0 {
		v.str("table", " lookup %s", v.tables.name(routeTables, r.Table))
		if n := r.SuppressPrefixLen; n.Ok && n.V != -1 {
			v.int("suppress_prefixlen", " suppress_prefixlength %d", int64(n.V))
		}
		if n := r.SuppressIfGroup; n.Ok && n.V != -1 {
			v.str("suppress_ifgroup", " suppress_ifgroup %s", v.tables.name(groups, uint32(n.V)))
		}
	}
	if r.Flow != 0 {
		v.write(" realms ")
		if from := r.Flow >> 16; from != 0 {
			v.str("flow_from", "%s/", v.tables.name(realms, from))
		}
		v.str("flow_to", "%s", v.tables.name(realms, r.Flow&0xffff))
	}
	switch r.Action {
	case ruleToTable:
	case ruleGoto:
		if r.Goto.V != 0 {
			v.uint("goto", " goto %d", uint64(r.Goto.V))
		} else {
			v.str("goto", " goto %s", "none")
		}
		if r.Flags&ruleUnresolved != 0 {
			v.null("unresolved", " [unresolved]")
		}
	case unix.RTN_NAT:
		v.null("masquerade", " masquerade")
	case ruleNop:
		v.null("nop", " nop")
	default:
		v.str("action", " %s", v.routeType(rtnl.RouteType(r.Action)))
	}
}
