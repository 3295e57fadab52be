//go:build linux

package ip

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

const monitorWords grammar = `
	file* FILE  show what "rtmon" has saved
	label*  begin each event with [LINK], [ROUTE] …
	link*  devices
	address*  addresses of devices
	route*  routes of all tables
	mroute*
	prefix*
	neigh*  neighbours, and forwarding entries of bridges
	netconf*  forwarding and the like, of each device
	rule*  routing rules
	nsid*  ids of network namespaces
	nexthop*
	stats
	all  all of them, with labels
	all-nsid*  of all namespaces that have an id here
	help*
	dev DEV  what is about one device
`

// A monitorGroup is a multicast group for an object, and for a family if there
// are several. What has no line here minins cannot show: to add it takes one, a
// help text above and a case in [monitor.show].
type monitorGroup struct {
	object string
	family rtnl.Family
	group  uint32
	get    uint16 // the dump of all families; 0: see the line above
}

var monitorGroups = []monitorGroup{
	{"link", 0, unix.RTNLGRP_LINK, unix.RTM_GETLINK},
	{"address", unix.AF_INET, unix.RTNLGRP_IPV4_IFADDR, unix.RTM_GETADDR},
	{"address", unix.AF_INET6, unix.RTNLGRP_IPV6_IFADDR, 0},
	{"neigh", 0, unix.RTNLGRP_NEIGH, unix.RTM_GETNEIGH},
	{"route", unix.AF_INET, unix.RTNLGRP_IPV4_ROUTE, unix.RTM_GETROUTE},
	{"route", unix.AF_INET6, unix.RTNLGRP_IPV6_ROUTE, 0},
	{"rule", unix.AF_INET, unix.RTNLGRP_IPV4_RULE, unix.RTM_GETRULE},
	{"rule", unix.AF_INET6, unix.RTNLGRP_IPV6_RULE, 0},
	{"netconf", unix.AF_INET, unix.RTNLGRP_IPV4_NETCONF, unix.RTM_GETNETCONF},
	{"netconf", unix.AF_INET6, unix.RTNLGRP_IPV6_NETCONF, 0},
	{"netconf", unix.AF_MPLS, unix.RTNLGRP_MPLS_NETCONF, 0},
	{"nsid", 0, unix.RTNLGRP_NSID, unix.RTM_GETNSID},
}

// A monitor shows events.
type monitor struct {
	s       *session
	v       *view
	coder   nl.Coder
	shown   uint // bits of monitorGroups
	label   bool
	allNSID bool
	file    string
	dev     string
	index   uint32     // of dev
	route   routeQuery // what of a route is not to be shown
	lost    bool       // events, and what there is now was not read yet
}

// monitor is the object "monitor".
func (s *session) monitor(w *words) error {
	m := &monitor{s: s}
	if s.opt.json { // iproute2 shows events as text in any case
		s.opt.json, s.opt.color = false, "never"
	}
	if err := m.parse(w); err != nil {
		return err
	}
	if err := s.index(m.dev, &m.index); err != nil {
		return s.wrongDevice(m.dev, err)
	}
	m.route = routeQuery{family: s.opt.family, index: m.index}
	m.v = s.view()
	m.v.events, m.v.netns = true, m.netnsName
	if m.file != "" {
		return m.play()
	}
	if s.c.Explains("socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE)", "it joins a multicast group for each object, and reads") {
		return nil
	}
	return m.run()
}

// parse reads the words after "monitor".
func (m *monitor) parse(w *words) error {
	for w.next() {
		switch key := monitorWords.find(w.cur); key {
		case "file":
			w.text(&m.file)
		case "label", "all":
			m.label = true
		case "all-nsid":
			m.allNSID = true
		case "help":
			return usage("monitor")
		case "dev":
			w.device(&m.dev)
		case "":
			return fail(exitUsage, say("Argument \"%s\" is unknown, try \"ip monitor help\".", w.cur), meant(w.cur, monitorWords.words()))
		default:
			if !m.take(key) {
				return fail(exitFailed, say("\"ip monitor %s\" is one of iproute2's that minins does not have", key), "")
			}
		}
	}
	if m.shown == 0 {
		m.shown = 1<<len(monitorGroups) - 1
	}
	return w.err
}

// take adds an object to what is shown.
func (m *monitor) take(object string) (known bool) {
	for i := range monitorGroups {
		if object == monitorGroups[i].object {
			m.shown |= 1 << i
			known = true
		}
	}
	return known
}

func (m *monitor) takesFamily(f rtnl.Family) bool {
	return f == 0 || m.s.opt.family == 0 || m.s.opt.family == f
}

// run shows events until it is killed.
func (m *monitor) run() error {
	cfg := nl.ListenConfig{AllNSID: m.allNSID, Buffer: m.s.opt.rcvbuf}
	for i := range monitorGroups {
		if g := &monitorGroups[i]; m.shown>>i&1 != 0 && m.takesFamily(g.family) {
			cfg.Groups = append(cfg.Groups, g.group)
		}
	}
	conn, err := m.s.c.Dial(rtnl.Protocol, m.s.opt.netns)
	if err != nil {
		return err
	}
	l, err := conn.Listen(cfg)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	defer l.Close()
	// What a link that goes was called can be asked for only before.
	if _, err := m.s.listLinks(&rtnl.Link{}); err != nil {
		return err
	}
	m.s.netnsByID(-1)
	for {
		ok, err := l.Poll(m.event)
		switch {
		case err == nl.ErrLost:
			m.lost = true
			m.s.complain("netlink receive error No buffer space available (105)", "")
			m.note("[LOST] events did not fit the receive buffer; all that there is will be read anew")
		case err != nil:
			return err
		case ok:
		case m.lost: // now there is nothing in the buffer from before
			if err := m.resync(); err != nil {
				return err
			}
		default:
			if err := m.s.c.Stdout.Flush(); err != nil {
				return err
			}
			if err := l.Wait(m.s.ctx); err != nil {
				return err
			}
		}
	}
}

// note is a line about the events themselves.
func (m *monitor) note(text string) {
	m.head(text, false, m.index, true)
	m.v.text("\n")
}

// netnsName is the name for an id, which may be new. For what the ids of other
// namespaces mean there are no names.
func (m *monitor) netnsName(id int32) string {
	if id < 0 || m.s.where.Ok {
		return ""
	}
	name := m.s.netnsByID(id)
	if name == "" {
		m.s.nsids = nil
		name = m.s.netnsByID(id)
	}
	return name
}

// event shows one message.
func (m *monitor) event(h nl.Header, body []byte, nsid nl.Opt[int32]) error {
	m.s.where = nsid
	_, msg := rtnl.Protocol.Type(h.Type)
	if msg == nil {
		m.unknown(h)
	} else if err := m.coder.Decode(body, msg); err != nil {
		m.s.report(err)
	} else {
		m.show(h, msg)
	}
	return nil
}

func (m *monitor) unknown(h nl.Header) {
	m.s.complain(fmt.Sprintf("Unknown message: type=0x%08x(%[1]d) flags=0x%08[2]x(%[2]d) len=0x%08[3]x(%[3]d)", h.Type, h.Flags, h.Len), "")
}

func (m *monitor) show(h nl.Header, msg nl.Message) {
	gone := h.Type&3 == unix.RTM_DELLINK&3
	v := m.v
	switch o := msg.(type) {
	case *rtnl.Link:
		if gone {
			delete(m.s.links, m.s.key(o.Index))
		} else {
			m.s.remember(o)
		}
		if m.head("[LINK]", gone, o.Index, m.label) {
			v.showLink(o, ofAddr)
		}
	case *rtnl.Addr:
		if m.takesFamily(o.Family) && m.head("[ADDR]", gone, o.Index, m.label) {
			v.showAddr(o, v.linkName(o.Index), true)
		}
	case *rtnl.Route:
		if inet(o.Family) && m.route.takes(o) && m.head("[ROUTE]", gone, m.index, m.label) {
			v.showRoute(o, &m.route)
		}
	case *rtnl.Neigh:
		if m.takesFamily(o.Family) && m.head("[NEIGH]", gone, o.Index, m.label) {
			if h.Type == unix.RTM_GETNEIGH {
				v.text("miss ")
			}
			v.showNeigh(o, m.index != 0)
		}
	case *rtnl.NetConf:
		if m.takesFamily(o.Family) && m.head("[NETCONF]", gone, uint32(o.Index.V), m.label) {
			v.showNetConf(o)
		}
	case *rtnl.Rule:
		if inet(o.Family) && m.takesFamily(o.Family) {
			m.head("[RULE]", gone, m.index, m.label)
			v.showRule(o)
		}
	case *rtnl.NSID:
		if !gone {
			m.s.nsids = nil // there may be a name for it
		}
		id := o.CurrentID.Or(o.ID.V)
		name := m.netnsName(id)
		if gone && !m.s.where.Ok {
			m.forget(id)
		}
		m.head("[NSID]", gone, m.index, m.label)
		v.showID(o, name)
	default:
		m.unknown(h)
	}
}

func inet(f rtnl.Family) bool { return f == unix.AF_INET || f == unix.AF_INET6 }

// forget forgets what a namespace was called, and the links in it.
func (m *monitor) forget(id int32) {
	delete(m.s.nsids, id)
	for key := range m.s.links {
		if key>>32 == uint64(uint32(id+1)) {
			delete(m.s.links, key)
		}
	}
}

// head begins an event, if it is about the link that is asked for.
func (m *monitor) head(label string, gone bool, index uint32, labelled bool) bool {
	if m.index != 0 && m.index != index {
		return false
	}
	m.stamp()
	switch {
	case !m.allNSID:
	case m.s.where.Ok:
		m.v.text("[nsid %d]", m.s.where.V)
	default:
		m.v.text("[nsid current]")
	}
	if labelled {
		m.v.text("%s", label)
	}
	if gone {
		m.v.text("Deleted ")
	}
	return true
}

// play shows the messages in a file.
func (m *monitor) play() error {
	const stamp = 15 // NLMSG_TSTAMP of iproute2
	b, err := os.ReadFile(m.file)
	if err != nil {
		return fail(exitUsage, "Cannot fopen: "+errnoText(err), "")
	}
	for len(b) > 0 {
		h, body, rest, ok := nl.Next(b)
		if !ok {
			return fail(exitFailed, "rtnl-from_file: truncated message", "it takes a file that \"rtmon\" has written")
		}
		b = rest
		if h.Type == stamp && len(body) >= 8 {
			m.showStamp(body)
		} else if h.Type > unix.NLMSG_DONE {
			m.event(h, body, nl.Opt[int32]{})
		}
	}
	return nil
}

// resync shows all that there is, after events were lost. What changes meanwhile
// follows as events, so that at the end the picture is right again.
func (m *monitor) resync() error {
	m.lost = false
	m.s.where = nl.Opt[int32]{}
	m.note("[RESYNC] forget what came before: all that there is now is")
	err := m.dumps(m.s.opt.netns)
	if err == nil && m.allNSID {
		err = m.dumpOthers()
	}
	m.s.where = nl.Opt[int32]{}
	if m.lost {
		m.note("[LOST] it changed while it was read, and will be read again")
	} else {
		m.note("[SYNCED] that was all; events go on")
	}
	return err
}

// dumpOthers shows what there is in the other namespaces with an id. To get there
// it takes a name.
func (m *monitor) dumpOthers() error {
	ids, err := nl.List[rtnl.NSID](m.s.ctx, m.s.conn, unix.RTM_GETNSID, &rtnl.NSID{}, nil)
	for i := 0; i < len(ids) && err == nil; i++ {
		m.s.where = nl.Opt[int32]{}
		name := m.netnsName(ids[i].ID.V)
		if m.s.where = ids[i].ID; name == "" {
			m.note("[LOST] without a name, it cannot be read")
		} else {
			err = m.dumps(name)
		}
	}
	return err
}

// dumps shows all that was asked for in a namespace, by a socket of its own: the
// session's is asked for names meanwhile.
func (m *monitor) dumps(netns string) error {
	conn, err := m.s.c.Dial(rtnl.Protocol, netns)
	if err != nil {
		return err
	}
	for i := range monitorGroups {
		typ := monitorGroups[i].get
		if typ == 0 || m.shown>>i&1 == 0 {
			continue
		}
		_, req := rtnl.Protocol.Type(typ)
		err = errors.Join(err, m.dump(conn, typ, req))
		if typ == unix.RTM_GETNEIGH {
			err = errors.Join(err, m.dump(conn, typ, &rtnl.Neigh{Flags: unix.NTF_PROXY}),
				m.dump(conn, typ, &rtnl.Neigh{Family: unix.AF_BRIDGE}))
		}
	}
	return errors.Join(err, conn.Close())
}

// dump shows all of one kind.
func (m *monitor) dump(conn *nl.Conn, typ uint16, req nl.Message) error {
	nsid := m.s.where
	err := conn.Dump(m.s.ctx, typ, req, func(h nl.Header, body []byte) error { return m.event(h, body, nsid) })
	switch {
	case errors.Is(err, nl.ErrInterrupted): // it may have missed what did not change
		m.lost = true
		return nil
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOENT): // the kernel has none of these
		return nil
	}
	return err
}

var rpFilters = []numbered{{0, "off"}, {1, "strict"}, {2, "loose"}}

// showNetConf renders settings of a link.
func (v *view) showNetConf(n *rtnl.NetConf) {
	v.text("%s ", familyName(n.Family))
	if n.Index.Ok {
		name := "all"
		switch n.Index.V {
		case rtnl.NetConfAll:
		case rtnl.NetConfDefault:
			name = "default"
		default:
			name = v.linkName(uint32(n.Index.V))
		}
		v.strColor(colorName, "interface", "%s ", name)
	}
	v.setting("forwarding %s ", n.Forwarding)
	if f := n.RPFilter; f.Ok {
		v.text("rp_filter %s ", nameIn(rpFilters, f.V, decimal(uint8(f.V))))
	}
	v.setting("mc_forwarding %s ", n.MCForwarding)
	v.setting("proxy_neigh %s ", n.ProxyNeigh)
	v.setting("ignore_routes_with_linkdown %s ", n.IgnoreLinkDown)
	v.setting("input %s ", n.Input)
	v.text("\n")
}

func (v *view) setting(format string, o nl.Opt[uint32]) {
	if o.Ok {
		v.onOff("", format, o.V != 0)
	}
}
