//go:build linux

package explain

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/lang"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// about writes, before a message, what a person would type for the same, and where the
// kernel's headers have it.
func (w *walk) about(p *nl.Protocol, ns string, message []byte) {
	h, body, _, ok := nl.Next(message)
	if !ok {
		return
	}
	if words := w.equivalent(p, ns, h, body); words != "" {
		w.printf("# %s\n", words)
	}
	header := "linux/netfilter/nf_tables.h"
	switch {
	case p.Family == unix.NETLINK_ROUTE:
		header = "linux/" + rtnlHeader(h.Type)
	case h.Type == compat:
		header = "linux/netfilter/nf_tables_compat.h"
	}
	if !slices.Contains(w.headers, header) { // once is enough
		w.headers = append(w.headers, header)
		w.printf("# to read: %s\n", header)
	}
}

// rtnlHeader has the attributes of a message of rtnetlink.
func rtnlHeader(typ uint16) string {
	switch typ &^ 3 {
	case unix.RTM_NEWLINK:
		return "if_link.h"
	case unix.RTM_NEWADDR:
		return "if_addr.h"
	case unix.RTM_NEWNEIGH:
		return "neighbour.h"
	case unix.RTM_NEWRULE:
		return "fib_rules.h"
	case unix.RTM_NEWNSID:
		return "net_namespace.h"
	case unix.RTM_NEWNEXTHOP:
		return "nexthop.h"
	case unix.RTM_NEWNETCONF:
		return "netconf.h"
	case unix.RTM_NEWVLAN:
		return "if_bridge.h"
	}
	return "rtnetlink.h"
}

// equivalent is a line of ip or nft, or "" where there is none.
func (w *walk) equivalent(p *nl.Protocol, ns string, h nl.Header, body []byte) string {
	m := decoded(p, h.Type, body)
	if m == nil {
		return ""
	}
	if p.Family != unix.NETLINK_ROUTE {
		return w.nft(h, m)
	}
	line := &words{w: w}
	line.add("ip")
	if ns != "" {
		line.add("-n", ns)
	}
	var op string
	switch {
	case h.Type&3 == 1:
		op = "delete"
	case h.Type&3 == 2:
		op = "show"
	case h.Flags&unix.NLM_F_CREATE == 0 && h.Type&3 == 0 && h.Type != unix.RTM_NEWADDR:
		op = "change"
	case h.Flags&unix.NLM_F_REPLACE != 0:
		op = "replace"
	case h.Flags&unix.NLM_F_APPEND != 0:
		op = "append"
	case h.Type == unix.RTM_NEWROUTE && h.Flags&unix.NLM_F_EXCL == 0:
		op = "prepend" // before one that is there, as route(8) has it
	default:
		op = "add"
	}
	switch m := m.(type) {
	case *rtnl.Link:
		line.link(op, m)
	case *rtnl.Addr:
		line.addr(op, m)
	case *rtnl.Route:
		line.route(op, h.Flags&unix.NLM_F_DUMP == unix.NLM_F_DUMP, m)
	case *rtnl.Neigh:
		line.neigh(op, m)
	case *rtnl.Rule:
		line.rule(op, m)
	case *rtnl.NSID:
		if op == "show" {
			return "ip netns list-id"
		}
		return "ip netns set NAME " + strconv.Itoa(int(m.ID.V))
	default:
		return ""
	}
	return line.String()
}

// nft is a line of nft for a message that changes something.
func (w *walk) nft(h nl.Header, m nl.Message) string {
	if isGet(nft.Protocol, h.Type) {
		return ""
	}
	switch m.(type) {
	case *nft.Table, *nft.Chain, *nft.Rule, *nft.Set, *nft.Elems, *nft.Obj, *nft.Flowtable:
	default:
		return ""
	}
	if w.ruleset == nil {
		w.ruleset = lang.NewMonitor(&lang.Ruleset{}, lang.Options{})
	}
	text, _ := w.ruleset.Event(&nft.Event{Msg: h.Type & 0xff, Flags: h.Flags, About: m})
	if text = strings.Join(strings.Fields(text), " "); text != "" {
		return "nft " + text
	}
	return ""
}

// words is a line of ip.
type words struct {
	strings.Builder
	w *walk
}

func (l *words) add(all ...string) {
	for _, word := range all {
		if l.Len() > 0 {
			l.WriteByte(' ')
		}
		if word == "" || strings.ContainsAny(word, " \t\n'\"\\$&|;<>()*?") {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		l.WriteString(word)
	}
}

// pair adds a word and what it is of, if that is said.
func (l *words) pair(word, value string) {
	if value != "" {
		l.add(word, value)
	}
}

func (l *words) number(word string, n uint32) {
	if n != 0 {
		l.add(word, strconv.FormatUint(uint64(n), 10))
	}
}

func (l *words) dev(word string, index uint32) {
	if index != 0 {
		l.add(word, l.name(index))
	}
}

// name is that of a link with an index, as far as it was made up; else "if7", as
// ip has it.
func (l *words) name(index uint32) string {
	if i := int(index) - firstIdx; i >= 0 && i < len(l.w.links) {
		return l.w.links[i]
	}
	if index == 1 {
		return "lo"
	}
	return "if" + strconv.FormatUint(uint64(index), 10)
}

func (l *words) ip(word string, a netip.Addr) {
	if a.IsValid() {
		l.pair(word, a.String())
	}
}

func (l *words) link(op string, m *rtnl.Link) {
	name := m.Name
	if name == "" {
		name = m.AltName
	}
	switch op {
	case "change":
		op = "set"
		if m.Index != 0 {
			l.add("link", op, "dev", l.name(m.Index))
			l.pair("name", name)
			break
		}
		fallthrough
	default:
		l.add("link", op)
		if name != "" {
			l.add("dev", name)
		} else {
			l.dev("dev", m.Index)
		}
	case "add", "replace":
		l.add("link", op)
		l.pair("name", name)
		l.number("index", m.Index)
	}
	if op == "show" || op == "delete" {
		if m.Master.Ok {
			l.dev("master", m.Master.V)
		}
		if m.Group.Ok {
			l.number("group", m.Group.V)
		}
		l.pair("type", m.Info.Kind)
		return
	}
	l.ends(m)
	if op == "set" {
		return
	}
	l.pair("type", m.Info.Kind)
	if peer := m.Info.Peer; peer != nil {
		l.add("peer")
		l.pair("name", peer.Name)
		l.ends(peer)
	}
}

// ends are the words of a link that those of its kind come after.
func (l *words) ends(m *rtnl.Link) {
	if m.Parent.Ok {
		l.dev("link", m.Parent.V)
	}
	if m.NetNSFD.Ok {
		l.add("netns", "NAME")
	}
	if m.NetNSPID.Ok {
		l.number("netns", m.NetNSPID.V)
	}
	switch {
	case m.Master.Ok && m.Master.V == 0:
		l.add("nomaster")
	case m.Master.Ok:
		l.dev("master", m.Master.V)
	}
	l.pair("address", m.Addr.String())
	l.number("mtu", m.MTU)
	if m.TxQLen.Ok {
		l.number("txqueuelen", m.TxQLen.V)
	}
	if m.Alias.Ok {
		l.add("alias", m.Alias.V)
	}
	if m.Group.Ok {
		l.add("group", strconv.FormatUint(uint64(m.Group.V), 10))
	}
	for _, f := range [...]struct {
		flag    rtnl.LinkFlags
		on, off string
	}{
		{unix.IFF_UP, "up", "down"}, {unix.IFF_NOARP, "arp off", "arp on"},
		{unix.IFF_PROMISC, "promisc on", "promisc off"}, {unix.IFF_ALLMULTI, "allmulticast on", "allmulticast off"},
		{unix.IFF_MULTICAST, "multicast on", "multicast off"},
	} {
		switch {
		case m.Change&f.flag == 0:
		case m.Flags&f.flag != 0:
			l.add(strings.Fields(f.on)...)
		default:
			l.add(strings.Fields(f.off)...)
		}
	}
}

func (l *words) addr(op string, m *rtnl.Addr) {
	l.add("addr", op)
	if a := m.Local; op != "show" {
		if !a.IsValid() {
			a = m.Address
		}
		if a.IsValid() {
			if m.Address.IsValid() && m.Address != a {
				l.add(a.String(), "peer")
				a = m.Address
			}
			l.add(a.String() + "/" + strconv.Itoa(int(m.PrefixLen)))
		}
	}
	l.ip("broadcast", m.Broadcast)
	l.dev("dev", m.Index)
	l.pair("label", m.Label)
	if op == "add" && m.Scope != 0 {
		l.add("scope", m.Scope.String())
	}
}

func (l *words) route(op string, dump bool, m *rtnl.Route) {
	if op == "show" && !dump {
		op = "get"
	}
	l.add("route", op)
	if m.Type > unix.RTN_UNICAST {
		l.add(strings.ToLower(strings.TrimPrefix(m.Type.String(), "RTN_")))
	}
	switch {
	case m.Dst.IsValid() && op == "get":
		l.add(m.Dst.Addr().String())
	case m.Dst.IsValid() && m.Dst.Bits() > 0:
		l.add(m.Dst.String())
	case op != "show":
		l.add("default")
	}
	if m.Src.IsValid() {
		l.add("from", m.Src.String())
	}
	l.ip("via", m.Gateway)
	l.dev("iif", m.IIF)
	l.dev("dev", m.OIF)
	l.ip("src", m.PrefSrc)
	l.number("metric", m.Priority)
	if m.Table != unix.RT_TABLE_MAIN {
		l.number("table", m.Table)
	}
	for i := range m.NextHops {
		n := &m.NextHops[i]
		l.add("nexthop")
		l.ip("via", n.Gateway)
		l.dev("dev", n.OIF)
		l.number("weight", uint32(n.Hops)+1)
	}
}

func (l *words) neigh(op string, m *rtnl.Neigh) {
	l.add("neigh", op)
	if m.Dst.IsValid() {
		l.add(m.Dst.String())
	}
	l.pair("lladdr", m.LLAddr.String())
	l.dev("dev", m.Index)
	if op != "show" && op != "delete" && m.State != 0 {
		l.add("nud", strings.ToLower(strings.ReplaceAll(m.State.String(), "NUD_", "")))
	}
}

func (l *words) rule(op string, m *rtnl.Rule) {
	l.add("rule", op)
	if op == "show" {
		return
	}
	if m.Priority.Ok {
		l.add("priority", strconv.FormatUint(uint64(m.Priority.V), 10))
	}
	if m.Src.IsValid() {
		l.add("from", m.Src.String())
	}
	if m.Dst.IsValid() {
		l.add("to", m.Dst.String())
	}
	l.pair("iif", m.IIFName)
	l.pair("oif", m.OIFName)
	l.number("fwmark", m.Mark)
	l.number("table", m.Table)
}
