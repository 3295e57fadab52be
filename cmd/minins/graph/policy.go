//go:build linux

package graph

import (
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/rtnl"
)

// Of linux/fib_rules.h.
const (
	ruleInvert      = 1 << 1 // FIB_RULE_INVERT
	ruleIIFDetached = 1 << 3 // FIB_RULE_IIF_DETACHED
	ruleOIFDetached = 1 << 4 // FIB_RULE_OIF_DETACHED
	ruleToTable     = 1      // FR_ACT_TO_TBL
	ruleGoto        = 2      // FR_ACT_GOTO
)

// addPolicies adds the rules of which table is asked, without the three that every
// namespace has: IPv4 first, and of each the order in which the kernel tries them.
func (s *space) addPolicies(rules []rtnl.Rule) {
	for _, of := range [...]struct {
		family rtnl.Family
		begin  string
	}{{unix.AF_INET, "ip rule "}, {unix.AF_INET6, "ip -6 rule "}} {
		for i := range rules {
			if rules[i].Family != of.family {
				continue
			}
			words := policy(&rules[i])
			if !strings.Contains("\n0: from all lookup local\n32766: from all lookup main\n32767: from all lookup default\n", "\n"+words+"\n") {
				s.policies.add(of.begin + words)
			}
		}
	}
}

// A sentence is words and values.
type sentence string

// add adds a word and its value, if it has one.
func (t *sentence) add(word, value string) {
	if value != "" {
		*t += sentence(word + value)
	}
}

// policy is a rule in the words of ip-rule(8).
func policy(r *rtnl.Rule) string {
	text := sentence(number(int(r.Priority.V)))
	if text += ":"; r.Flags&ruleInvert != 0 {
		text += " not"
	}
	if r.Src.IsValid() {
		text.add(" from ", within(r.Src))
	} else {
		text += " from all"
	}
	text.add(" to ", within(r.Dst))
	text.add(" tos ", hex(uint32(r.TOS)))
	mark := hex(r.Mark)
	if r.Mask.Ok && r.Mask.V != 1<<32-1 {
		if mark == "" {
			mark = "0"
		}
		mark += "/" + hex(r.Mask.V)
	}
	text.add(" fwmark ", mark)
	text.add(" iif ", detachable(r.IIFName, r.Flags&ruleIIFDetached))
	text.add(" oif ", detachable(r.OIFName, r.Flags&ruleOIFDetached))
	if u := r.UIDRange; u.Ok {
		text.add(" uidrange ", number(int(u.V.Start))+"-"+number(int(u.V.End)))
	}
	protocol := decimal(uint64(r.IPProto))
	switch r.IPProto {
	case unix.IPPROTO_ICMP:
		protocol = "icmp"
	case unix.IPPROTO_TCP:
		protocol = "tcp"
	case unix.IPPROTO_UDP:
		protocol = "udp"
	}
	text.add(" ipproto ", protocol)
	text.add(" sport ", ports(r.SPort.V))
	text.add(" dport ", ports(r.DPort.V))
	text.add(" tun_id ", decimal(r.TunID))
	switch {
	case r.L3MDev != 0:
		text += " lookup [l3mdev-table]"
	case r.Action == ruleToTable:
		text.add(" lookup ", tableName(r.Table))
	case r.Action == ruleGoto:
		text.add(" goto ", number(int(r.Goto.V)))
	default:
		text.add(" ", strings.ToLower(strings.TrimPrefix(r.Action.String(), "FR_ACT_")))
	}
	if n := r.SuppressPrefixLen; n.Ok && n.V >= 0 {
		text.add(" suppress_prefixlength ", number(int(n.V)))
	}
	return string(text)
}

// within is a network or a host, or "".
func within(p netip.Prefix) string {
	switch {
	case !p.IsValid():
		return ""
	case p.IsSingleIP():
		return p.Addr().String()
	}
	return p.String()
}

// detachable is a link by its name, and says whether there is none of that name.
func detachable(name string, detached uint32) string {
	if name = clean(name); detached != 0 {
		name += " [detached]"
	}
	return name
}

func ports(p rtnl.PortRange) string {
	if p.Start != p.End {
		return number(int(p.Start)) + "-" + number(int(p.End))
	}
	return decimal(uint64(p.Start))
}

// hex is "" for 0, and so is decimal.
func hex(n uint32) string {
	if n == 0 {
		return ""
	}
	return "0x" + strconv.FormatUint(uint64(n), 16)
}

func decimal(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// tableName is that of a routing table.
func tableName(table uint32) string {
	switch table {
	case unix.RT_TABLE_LOCAL:
		return "local"
	case unix.RT_TABLE_MAIN:
		return "main"
	case unix.RT_TABLE_DEFAULT:
		return "default"
	}
	return number(int(table))
}
