//go:build linux

package ip

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

const monitorWords grammar = `
	file* FILE  show what "rtmon" has saved
	label*  begin with [LINK], [ROUTE] …
	link*  devices
	address*  addresses of devices
	route*  routes of all tables
	mroute*
	prefix*
	neigh*  neighbours, and what bridges learned
	netconf*  settings such as forwarding
	rule*  routing rules
	nsid*  ids of network namespaces
	nexthop*  nexthop objects
	stats
	all  all of them, with labels
	all-nsid*  of all namespaces with an id
	help*
	dev DEV  of one device
`

// bridgeMonitorWords are those of "bridge monitor".
const bridgeMonitorWords grammar = `
	file* FILE  show what "rtmon" has saved
	link*  devices and ports
	fdb*  forwarding databases
	mdb*
	vlan
	vni
	all  all of them, with labels
	help*
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
	{"nexthop", 0, unix.RTNLGRP_NEXTHOP, unix.RTM_GETNEXTHOP},
}

// A monitor shows events.
type monitor struct {
	s       *session
	v       *view
	coder   nl.Coder
	shown   uint // bits of monitorGroups
	label   bool
	allNSID bool
	index   uint32     // of the only link
	route   routeQuery // what of a route is not to be shown
	gone    bool       // the object of the event
	lost    bool       // events, and what there is now was not read yet
	unseen  bool       // links are listened to for their names alone
	held    []early
}

// An early event is about a link whose name is not known yet: the kernel tells of
// the settings of a new one first. Who asks has to wait until the link is made, and
// by then it may be gone; but the next event has its name.
type early struct {
	conf rtnl.NetConf
	nsid nl.Opt[int32]
}

// nameComes is how long an early event waits for the next one.
const nameComes = 20 * time.Millisecond

// monitor is the object "monitor".
func (s *session) monitor(w *words) error {
	m := &monitor{s: s}
	known, tool := monitorWords, "ip"
	if s.opt.bridge {
		known, tool = bridgeMonitorWords, "bridge"
	}
	file, dev := "", ""
	for w.next() {
		switch key := known.find(w.cur); key {
		case "file":
			w.text(&file)
		case "label", "all":
			m.label = true
		case "all-nsid":
			m.allNSID = true
		case "dev":
			w.device(&dev)
		case "help":
			return usage(strings.TrimPrefix(tool+" monitor", "ip "))
		case "":
			return fail(exitUsage, say("Argument \"%s\" is unknown, try \"%s monitor help\".", w.cur, tool), meant(w.cur, known.words()))
		default:
			here := false
			for i := range monitorGroups {
				if g := &monitorGroups[i]; key == g.object || s.opt.bridge && key == "fdb" && g.group == unix.RTNLGRP_NEIGH {
					m.shown |= 1 << i
					here = true
				}
			}
			if !here {
				f := fail(exitFailed, say(notHere, "monitor "+key), "")
				f.text = strings.Replace(f.text, "\"ip", "\""+tool, 1)
				return f
			}
		}
	}
	if w.err != nil {
		return w.err
	}
	if m.shown == 0 {
		m.shown = 1<<len(monitorGroups) - 1
	}
	if s.opt.bridge {
		m.shown &= 1<<0 | 1<<3 // link and neigh
	}
	if err := s.index(dev, &m.index); err != nil {
		return s.wrongDevice(dev, err)
	}
	m.route = routeQuery{family: s.opt.family, index: m.index}
	if s.opt.json { // iproute2 shows events as text in any case
		s.opt.json, s.opt.color = false, "never"
	}
	m.v = s.view()
	m.v.events = true
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return fail(exitUsage, "Cannot fopen: "+applet.Strerror(err), "")
		}
		s.opt.stamp = 0 // they are in the file
		err = m.events(b, nl.Opt[int32]{})
		m.release()
		return err
	}
	if s.c.Explains("socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE)", "it joins groups") {
		return nil
	}
	return m.run()
}

func (m *monitor) takesFamily(f rtnl.Family) bool {
	return f == 0 || m.s.opt.family == 0 || m.s.opt.family == f
}

// run shows events until it is killed.
func (m *monitor) run() error {
	s := m.s
	cfg := nl.ListenConfig{AllNSID: m.allNSID, Buffer: s.opt.rcvbuf}
	for i := range monitorGroups {
		if g := &monitorGroups[i]; m.shown>>i&1 != 0 && m.takesFamily(g.family) {
			cfg.Groups = append(cfg.Groups, g.group)
		}
	}
	if m.shown&1 == 0 { // without links
		cfg.Groups = append(cfg.Groups, unix.RTNLGRP_LINK)
		m.unseen = true
	}
	conn, err := s.c.Dial(rtnl.Protocol, s.opt.netns)
	if err != nil {
		return err
	}
	l, err := conn.Listen(cfg)
	if err != nil {
		_ = conn.Close() // the error that counts is err
		return fail(exitFailed, err.Error(), "")
	}
	// What a link that goes was called can be asked for only before.
	_, err = s.listLinks(&rtnl.Link{})
	s.netnsByID(-1)
	s.live = true
	for err == nil {
		var b []byte
		var nsid nl.Opt[int32]
		switch b, nsid, err = l.Poll(); {
		case err == nl.ErrLost:
			err, m.lost = nil, true
			m.release()
			s.complain("netlink receive error No buffer space available (105)", "")
			m.note("[LOST] events did not fit the receive buffer; all will be read anew\n", true)
		case b != nil:
			err = m.events(b, nsid)
		case err != nil:
		case len(m.held) > 0:
			ctx, cancel := context.WithTimeout(s.ctx, nameComes)
			if err = l.Wait(ctx); err != nil && s.ctx.Err() == nil {
				err = nil
				m.release()
			}
			cancel()
		case m.lost: // now there is nothing in the buffer from before
			err = m.resync()
		default:
			if s.c.Stdout.Flush() != nil {
				err = &failure{code: exitFailed} // main finds it too, and says why
			} else {
				err = l.Wait(s.ctx)
			}
		}
	}
	return errors.Join(err, l.Close())
}

// events shows the messages of a datagram, or of a file that rtmon has written.
func (m *monitor) events(b []byte, nsid nl.Opt[int32]) error {
	for len(b) > 0 {
		h, body, rest, ok := nl.Next(b)
		if !ok {
			return fail(exitFailed, "rtnl-from_file: truncated message", "")
		}
		m.event(h, body, nsid)
		b = rest
	}
	return nil
}

// event shows one message.
func (m *monitor) event(h nl.Header, body []byte, nsid nl.Opt[int32]) {
	const stamp = 15 // NLMSG_TSTAMP of iproute2: seconds and microseconds
	s := m.s
	s.where = nsid
	_, msg := rtnl.Protocol.Type(h.Type)
	if msg != nil {
		if err := m.coder.Decode(body, msg); err != nil {
			s.report(err)
			return
		}
	}
	switch o := msg.(type) {
	case *rtnl.NetConf:
		if _, ok := s.links[s.key(uint32(o.Index.V))]; o.Index.V > 0 && !ok && !isGone(h.Type) {
			m.held = append(m.held, early{*o, nsid})
			return
		}
	case *rtnl.Link:
		if !isGone(h.Type) {
			s.remember(o)
		} else if o.Family != unix.AF_BRIDGE { // which is a port that leaves its bridge
			delete(s.links, s.key(o.Index))
		}
	}
	m.release()
	s.where = nsid
	if !m.show(h.Type, msg) {
		if h.Type == stamp && len(body) >= 8 {
			sec, usec := binary.NativeEndian.Uint32(body), binary.NativeEndian.Uint32(body[4:])
			m.stamp(time.Unix(int64(sec), int64(usec)*1000), "us")
		} else if h.Type > unix.NLMSG_DONE {
			s.complain("Unknown message: "+rtnl.Protocol.TypeName(h.Type), "")
		}
	}
}

func isGone(typ uint16) bool { return typ&3 == unix.RTM_DELLINK&3 }

// show shows what an event is about, unless that is nothing that it knows. Of a link
// or an address, nothing has no number: the kernel did not echo it.
func (m *monitor) show(typ uint16, msg nl.Message) bool {
	s, v := m.s, m.v
	m.gone = isGone(typ)
	switch o := msg.(type) {
	case *rtnl.Link:
		if !m.unseen && o.Index != 0 && m.head("[LINK]", 0, o.Index) {
			if s.opt.bridge {
				v.showPort(o)
				break
			}
			v.object("")
			v.showLink(o, ofAddr)
			v.end()
		}
	case *rtnl.Addr:
		if o.Index != 0 && m.head("[ADDR]", o.Family, o.Index) {
			v.object("")
			v.showAddr(o, v.linkName(o.Index), true)
			v.end()
		}
	case *rtnl.Route:
		if inet(o.Family) && m.route.takes(o) && m.head("[ROUTE]", 0, m.index) {
			v.showRoute(o, &m.route)
		}
	case *rtnl.Neigh:
		if s.opt.bridge {
			if o.Family == unix.AF_BRIDGE && m.head("[NEIGH]", 0, o.Index) {
				v.showEntry(o, false)
			}
		} else if m.head("[NEIGH]", o.Family, o.Index) {
			if typ == unix.RTM_GETNEIGH {
				v.write("miss ")
			}
			v.showNeigh(o, m.index != 0)
		}
	case *rtnl.NetConf:
		m.showNetConf(o)
	case *rtnl.Rule:
		if inet(o.Family) && m.head("[RULE]", o.Family, m.index) {
			v.showRule(o)
		}
	case *rtnl.NextHopObject:
		if o.Bucket == nil && m.head("[NEXTHOP]", 0, m.index) {
			v.showNexthop("", o)
			v.write("\n")
		}
	case *rtnl.NSID:
		if !m.gone {
			s.nsids = nil // there may be a name for it
		}
		id := o.CurrentID.Or(o.ID.V)
		name := s.netnsByID(id)
		if m.gone && !s.where.Ok { // the id may be that of another one next
			delete(s.nsids, id)
			for key := range s.links {
				if key>>32 == uint64(uint32(id+1)) {
					delete(s.links, key)
				}
			}
		}
		m.head("[NSID]", 0, m.index)
		v.showID(o, name)
	default:
		return false
	}
	return true
}

// release shows the events that were held back.
func (m *monitor) release() {
	held := m.held
	m.held = held[:0]
	m.gone = false
	for i := range held {
		m.s.where = held[i].nsid
		m.showNetConf(&held[i].conf)
	}
}

func (m *monitor) showNetConf(n *rtnl.NetConf) {
	if m.head("[NETCONF]", n.Family, uint32(n.Index.V)) {
		m.v.showNetConf(n)
	}
}

func inet(f rtnl.Family) bool { return f == unix.AF_INET || f == unix.AF_INET6 }

// head begins an event, if it is of the family and about the link that is asked for.
func (m *monitor) head(label string, f rtnl.Family, index uint32) bool {
	if m.index != 0 && m.index != index || !m.takesFamily(f) {
		return false
	}
	m.v.begin()
	m.note(label, m.label)
	m.v.deleted = m.gone
	return true
}

// note says when, in which namespace, and what.
func (m *monitor) note(text string, show bool) {
	if m.s.opt.stamp != 0 {
		m.stamp(time.Now(), "usec")
	}
	if id := m.s.where; m.allNSID && id.Ok {
		m.v.write("[nsid " + strconv.Itoa(int(id.V)) + "]")
	} else if m.allNSID {
		m.v.write("[nsid current]")
	}
	if show {
		m.v.write(text)
	}
}

// stamp writes when an event came.
func (m *monitor) stamp(t time.Time, unit string) {
	layout := "Timestamp: " + time.ANSIC
	if m.s.opt.stamp&shortStamp != 0 {
		layout = "[2006-01-02T15:04:05.000000]"
		unit = ""
	}
	m.v.write(t.Format(layout) + " ")
	if unit != "" {
		m.v.write(strconv.Itoa(t.Nanosecond()/1000) + " " + unit + "\n")
	}
}

// resync shows all that there is, after events were lost. What changes meanwhile
// follows as events, so that at the end the picture is right again.
func (m *monitor) resync() error {
	m.lost = false
	m.s.where = nl.Opt[int32]{}
	m.note("[RESYNC] forget what came before: all that there is now is\n", true)
	err := m.dumps(m.s.opt.netns)
	if err == nil && m.allNSID {
		err = m.dumpOthers()
	}
	m.s.where = nl.Opt[int32]{}
	if m.lost {
		m.note("[LOST] it has changed meanwhile; all will be read anew\n", true)
	} else {
		m.note("[SYNCED] that was all; events go on\n", true)
	}
	return err
}

// dumpOthers shows what there is in the other namespaces with an id. To get there
// it takes a name.
func (m *monitor) dumpOthers() error {
	ids, err := nl.List[rtnl.NSID](m.s.ctx, m.s.conn, unix.RTM_GETNSID, &rtnl.NSID{}, nil)
	for i := 0; i < len(ids) && err == nil; i++ {
		m.s.where = nl.Opt[int32]{}
		name := m.s.netnsByID(ids[i].ID.V)
		if m.s.where = ids[i].ID; name == "" {
			m.note("[LOST] without a name, it cannot be read\n", true)
		} else if e := m.dumps(name); e != nil { // it may have gone meanwhile
			m.note("[LOST] it cannot be read: "+e.Error()+"\n", true)
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
	nsid := m.s.where
	each := func(h nl.Header, body []byte) error { m.event(h, body, nsid); return nil }
	for i := range monitorGroups {
		typ := monitorGroups[i].get
		if typ == 0 || m.shown>>i&1 == 0 {
			continue
		}
		_, req := rtnl.Protocol.Type(typ)
		if l, ok := req.(*rtnl.Link); ok && m.s.opt.bridge {
			l.Family = unix.AF_BRIDGE
		}
		for more := 1; req != nil; more++ {
			switch e := conn.Dump(m.s.ctx, typ, req, each); {
			case errors.Is(e, nl.ErrInterrupted): // it may have missed what did not change
				m.lost = true
			case errors.Is(e, unix.EOPNOTSUPP), errors.Is(e, unix.ENOENT): // the kernel has none of these
			default:
				err = errors.Join(err, e)
			}
			switch req = nil; {
			case typ == unix.RTM_GETNEIGH && more == 1:
				req = &rtnl.Neigh{Flags: unix.NTF_PROXY}
			case typ == unix.RTM_GETNEIGH && more == 2:
				req = &rtnl.Neigh{Family: unix.AF_BRIDGE}
			}
		}
	}
	return errors.Join(err, conn.Close())
}

// showNetConf renders settings of a link.
func (v *view) showNetConf(n *rtnl.NetConf) {
	v.object("")
	v.write(familyName(n.Family) + " ")
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
	for i := range n.Settings {
		is := n.Settings[i]
		if !is.Ok {
			continue
		}
		word := "on"
		switch {
		case is.V == 0:
			word = "off"
		case i != int(rtnl.NetConfRPFilter):
		case is.V == 1:
			word = "strict"
		default:
			word = "loose"
		}
		name := rtnl.NetConfSetting(i).String()[len("NETCONFA_"):]
		v.write(strings.ToLower(name) + " " + word + " ")
	}
	v.write("\n")
	v.end()
}
