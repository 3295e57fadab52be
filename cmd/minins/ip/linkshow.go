//go:build linux

package ip

import (
	"fmt"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// How much of a link is shown.
type extent uint8

const (
	ofAddr extent = iota // the head of "ip addr"
	ofLink               // "ip link": more
)

// linkFlags are the flags in iproute2's order; RUNNING shows as NO-CARRIER
// where it is missing.
var linkFlags = []numbered{{unix.IFF_LOOPBACK, "LOOPBACK"}, {unix.IFF_BROADCAST, "BROADCAST"}, {unix.IFF_POINTOPOINT, "POINTOPOINT"},
	{unix.IFF_MULTICAST, "MULTICAST"}, {unix.IFF_NOARP, "NOARP"}, {unix.IFF_ALLMULTI, "ALLMULTI"}, {unix.IFF_PROMISC, "PROMISC"},
	{unix.IFF_MASTER, "MASTER"}, {unix.IFF_SLAVE, "SLAVE"}, {unix.IFF_DEBUG, "DEBUG"}, {unix.IFF_DYNAMIC, "DYNAMIC"},
	{unix.IFF_AUTOMEDIA, "AUTOMEDIA"}, {unix.IFF_PORTSEL, "PORTSEL"}, {unix.IFF_NOTRAILERS, "NOTRAILERS"}, {unix.IFF_UP, "UP"},
	{1 << 16, "LOWER_UP"}, {1 << 17, "DORMANT"}, {1 << 18, "ECHO"}}

// linkEvents are why a link is told of, IFLA_EVENT_*.
var linkEvents = []numbered{{1, "REBOOT"}, {2, "FEATURE CHANGE"}, {3, "BONDING FAILOVER"}, {4, "NOTIFY PEERS"},
	{5, "RESEND IGMP"}, {6, "BONDING OPTION"}}

// linkModes are IF_LINK_MODE_*.
var linkModes = []string{"DEFAULT", "DORMANT"}

var operStates = []string{"UNKNOWN", "NOTPRESENT", "DOWN", "LOWERLAYERDOWN", "TESTING", "DORMANT", "UP"}

// showLink renders a link, up to and without the addresses.
func (v *view) showLink(l *rtnl.Link, x extent) {
	if v.opt.brief {
		v.showLinkBrief(l)
		return
	}
	v.int("ifindex", "%d: ", int64(int32(l.Index)))
	down := v.showName("%s: ", l)
	v.showFlags(l.Flags, down)
	v.nonzero("mtu", "mtu %d ", l.MTU)
	v.showXDP(l, x, false)
	v.word("qdisc", "qdisc %s ", l.QDisc)
	if l.Master.Ok {
		v.str("master", "master %s ", v.linkName(l.Master.V))
	}
	v.showOperState(l)
	if x == ofLink {
		v.showLinkMode(l.LinkMode.V)
	}
	if l.Group.Ok {
		v.str("group", "group %s ", v.tables.name(groups, l.Group.V))
	}
	if l.TxQLen.V != 0 && !v.events {
		v.int("txqlen", "qlen %d", int64(int32(l.TxQLen.V)))
	}
	if e := l.Event.V; e != 0 {
		v.str("event", "event %s ", nameIn(linkEvents, uint32(e), strconv.Itoa(int(e))))
	}
	if v.family == 0 || v.family == unix.AF_PACKET || v.opt.details > 0 {
		v.showLinkAddress(l)
	}
	v.showPlace(l)
	if v.opt.details > 0 {
		v.showDetails(l, x)
	}
	if (x == ofLink || v.opt.details > 0) && l.Alias.Ok {
		v.line()
		v.str("ifalias", "    alias %s", l.Alias.V)
	}
	if x == ofLink || v.opt.details > 0 {
		v.showXDP(l, x, true)
	}
	if x == ofLink && v.opt.stats > 0 {
		v.line()
		v.showStats(l)
	}
	if len(l.AltNames) > 0 {
		v.array("altnames")
		for _, name := range l.AltNames {
			v.line()
			v.str("", "    altname %s", name)
		}
		v.endArray()
	}
	v.write("\n")
}

func (v *view) showLinkBrief(l *rtnl.Link) {
	down := v.showName("%-16s ", l)
	v.showOperState(l)
	if v.family == unix.AF_PACKET {
		v.mac("address", "%s ", l.Addr, l)
		v.showFlags(l.Flags, down)
		v.write("\n")
	}
}

// showName renders NAME, NAME@LINK or NAME@ifINDEX, and reports whether the
// link at the other end is down.
func (v *view) showName(format string, l *rtnl.Link) (down bool) {
	name := l.Name
	switch {
	case !l.Parent.Ok:
	case l.Parent.V == 0:
		v.null("link", "")
		name += "@NONE"
	case l.ParentNSID.Ok:
		v.uint("link_index", "", uint64(l.Parent.V))
		name += "@" + unnamed(l.Parent.V)
	default:
		other, flags := v.link(l.Parent.V)
		v.str("link", "", other)
		name += "@" + other
		down = flags&unix.IFF_UP == 0
	}
	if v.json != nil {
		name = l.Name
	}
	v.strColor(colorName, "ifname", format, name)
	return down
}

func (v *view) showFlags(f rtnl.LinkFlags, down bool) {
	v.array("flags")
	v.write("<")
	comma := ""
	show := func(name string) {
		v.write(comma)
		v.str("", "%s", name)
		comma = ","
	}
	if f&unix.IFF_UP != 0 && f&unix.IFF_RUNNING == 0 {
		show("NO-CARRIER")
	}
	rest := uint32(f &^ unix.IFF_RUNNING)
	for i := range linkFlags {
		if n := &linkFlags[i]; rest&n.id != 0 {
			show(n.name)
			rest &^= n.id
		}
	}
	if rest != 0 {
		show(fmt.Sprintf("%08x", rest))
	}
	if down {
		show("M-DOWN")
	}
	v.endArray()
	v.write("> ")
}

// list is an array of strings, in JSON only.
func (v *view) list(key string, values []string) {
	v.array(key)
	if v.json != nil {
		for _, s := range values {
			v.str("", "", s)
		}
	}
	v.endArray()
}

func (v *view) showOperState(l *rtnl.Link) {
	c := plain
	switch l.OperState {
	case rtnl.OperUp:
		c = colorUp
	case rtnl.OperDown:
		c = colorDown
	}
	if int(l.OperState) >= len(operStates) {
		v.uint("operstate_index", "state %#x", uint64(l.OperState))
		return
	}
	format := "%-14s "
	if !v.opt.brief {
		v.write("state ")
		format = "%s "
	}
	v.strColor(c, "operstate", format, operStates[l.OperState])
}

func (v *view) showLinkMode(mode uint8) {
	if int(mode) >= len(linkModes) {
		v.uint("linkmode_index", "mode %d ", uint64(mode))
		return
	}
	v.str("linkmode", "mode %s ", linkModes[mode])
}

func (v *view) showLinkAddress(l *rtnl.Link) {
	v.line()
	v.str("link_type", "    link/%s ", v.linkType(l.Type))
	v.mac("address", "%s", l.Addr, l)
	if l.Broadcast.Len() > 0 {
		if l.Flags&unix.IFF_POINTOPOINT != 0 {
			v.flag("link_pointtopoint", " peer ")
		} else {
			v.write(" brd ")
		}
		v.mac("broadcast", "%s", l.Broadcast, l)
	}
	if l.PermAddr.Len() > 0 && l.PermAddr != l.Addr {
		v.write(" permaddr ")
		v.mac("permaddr", "%s", l.PermAddr, l)
	}
}

// mac renders a link-layer address of a link, if there is one.
func (v *view) mac(key, format string, a nl.HardwareAddr, l *rtnl.Link) {
	if a.Len() > 0 {
		v.strColor(colorMAC, key, format, lladdr(a, l.Type))
	}
}

// showPlace renders the namespace in which the other end is.
func (v *view) showPlace(l *rtnl.Link) {
	if id := l.ParentNSID; id.Ok {
		v.showNSID("link_netnsid", "link-netns", id.V)
	}
	if id := l.NewNSID; id.Ok {
		v.showNSID("new_netnsid", "new-netns", id.V)
	}
	v.nonzero("new_ifindex", " new-ifindex %d", l.NewIndex)
	if l.ProtoDown.V != 0 {
		v.flag("proto_down", " protodown on ")
	}
	if reasons := l.DownReason.Value; reasons != 0 {
		v.array("proto_down_reason")
		format := "protodown_reason <%s"
		for i := range uint32(32) {
			if reasons>>i&1 != 0 {
				v.str("", format, v.tables.name(downReasons, i))
				format = ",%s"
			}
		}
		v.endArray()
		v.write(">")
	}
}

func (v *view) showNSID(key, word string, id int32) {
	if v.json != nil {
		v.int(key, "", int64(id))
		return
	}
	switch name := v.netns(id); {
	case id < 0:
		v.write(" " + word + "id unknown")
	case name != "":
		v.write(" " + word + " " + name)
	default:
		v.write(" " + word + "id " + decimal(uint32(id)))
	}
}
