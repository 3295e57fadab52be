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
	for i := range rules {
		words := policy(&rules[i])
		known := false
		for _, of := range [...]string{"0: from all lookup local", "32766: from all lookup main", "32767: from all lookup default"} {
			known = known || strings.HasSuffix(words, "rule "+of)
		}
		if f := rules[i].Family; !known && (f == unix.AF_INET || f == unix.AF_INET6) {
			s.policies.add(words)
		}
	}
	sortBy(s.policies, func(words string) string { return strconv.FormatBool(strings.HasPrefix(words, "ip -6")) })
}

// policy is a rule in the words of ip-rule(8).
func policy(r *rtnl.Rule) string {
	t := list{"ip"}
	if r.Family == unix.AF_INET6 {
		t.add("-6")
	}
	t.add("rule " + number(int(r.Priority.V)) + ":")
	if r.Flags&ruleInvert != 0 {
		t.add("not")
	}
	t.prefix("from", r.Src)
	if r.Dst.IsValid() {
		t.prefix("to", r.Dst)
	}
	t.number("tos 0x", uint64(r.TOS), 16)
	if r.Mark != 0 || r.Mask.Ok {
		mark := "fwmark " + strings.TrimSuffix("0x"+strconv.FormatUint(uint64(r.Mark), 16), "x0")
		if r.Mask.Ok && r.Mask.V != 1<<32-1 {
			mark += "/0x" + strconv.FormatUint(uint64(r.Mask.V), 16)
		}
		t.add(mark)
	}
	t.device("iif ", r.IIFName, r.Flags&ruleIIFDetached)
	t.device("oif ", r.OIFName, r.Flags&ruleOIFDetached)
	if u := r.UIDRange; u.Ok {
		t.add("uidrange " + number(int(u.V.Start)) + "-" + number(int(u.V.End)))
	}
	switch r.IPProto {
	case unix.IPPROTO_ICMP:
		t.add("ipproto icmp")
	case unix.IPPROTO_TCP:
		t.add("ipproto tcp")
	case unix.IPPROTO_UDP:
		t.add("ipproto udp")
	default:
		t.number("ipproto ", uint64(r.IPProto), 10)
	}
	for i, p := range [...]rtnl.PortRange{r.SPort.V, r.DPort.V} {
		t.number([...]string{"sport ", "dport "}[i], uint64(p.Start), 10)
		if p.Start != p.End {
			t[len(t)-1] += "-" + number(int(p.End))
		}
	}
	t.number("tun_id ", r.TunID, 10)
	switch {
	case r.L3MDev != 0:
		t.add("lookup [l3mdev-table]")
	case r.Action == ruleToTable:
		t.add("lookup " + tableName(r.Table))
		if n := r.SuppressPrefixLen; n.Ok && n.V >= 0 {
			t.add("suppress_prefixlength " + number(int(n.V)))
		}
	case r.Action == ruleGoto:
		t.add("goto " + number(int(r.Goto.V)))
	default:
		t.add(strings.ToLower(strings.TrimPrefix(r.Action.String(), "FR_ACT_")))
	}
	return strings.Join(t, " ")
}

func (t *list) prefix(word string, p netip.Prefix) {
	switch {
	case !p.IsValid():
		t.add(word + " all")
	case p.IsSingleIP():
		t.add(word + " " + p.Addr().String())
	default:
		t.add(word + " " + p.String())
	}
}

// device adds one, and whether there is none of that name.
func (t *list) device(word, name string, detached uint32) {
	if name == "" {
		return
	}
	t.add(word + clean(name))
	if detached != 0 {
		t.add("[detached]")
	}
}

// number adds one that is not 0.
func (t *list) number(word string, n uint64, base int) {
	if n != 0 {
		t.add(word + strconv.FormatUint(n, base))
	}
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
