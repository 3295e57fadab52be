//go:build linux

package graph

import (
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/survey"
)

// pidLabel begins what namespaces without a name are called: see [survey.Namespace.Label].
const pidLabel = "pid "

// A picture is what is drawn, in an order that does not depend on the kernel's.
type picture struct {
	_ [0]func() // not to be compared: that would take code

	spaces spaces // the caller's; then by name, those of processes last
	stale  list   // names without a namespace behind them, and why
	ups    []*uplink
}

// A space is a network namespace.
type space struct {
	_ [0]func()

	id       string // "n0", "n1" …: unique in the picture
	name     string
	names    list // all of its names, or what it is called
	raw      list // what it is called and all of its names, as they are
	home     bool // the caller's
	nameless bool // found by a process in it
	links    links
	routes   []*route
	policies list // the rules of which routing table is asked
	rules    []*natRule
	blind    string // why not all of it is to be seen, or ""

	chosen bool  // it stays in the picture
	item   *item // where it is drawn
}

// A link is a network device.
type link struct {
	_ [0]func()

	id    string // "n0l0", "n0l1" …
	space *space
	name  string
	kind  string // in a few words: "bridge", "vlan 7"; hardware has none
	addrs list   // with prefix lengths, without those that every link has
	down  string // "", "down" or "no carrier"
	every list   // all addresses
	mac   string
	mtu   int
	index uint32

	peer   *link // other end of the cable
	away   bool  // it is not in the picture
	master *link // the bridge, or the like, that it is a port of
	ports  links // those it is the master of
	lower  *link // the device that it stands on
	uppers links // those that stand on it

	drawn bool  // already, or at the end of a cable
	item  *item // where it is drawn as a bar
}

// To add by a call takes less code than append.
type (
	links  []*link
	spaces []*space
)

func (t *links) add(l *link)   { *t = append(*t, l) }
func (t *spaces) add(s *space) { *t = append(*t, s) }

// A route is one that somebody added, or the default route.
type route struct {
	_ [0]func()

	to    string // "default", "10.1.0.0/16", "unreachable 10.0.0.0/8"
	via   string // gateways, or ""
	link  *link  // nil if there are several, or none
	table uint32 // 0 is the main one
	out   bool   // it leads out of the picture
}

// words is the route as "ip route" begins it.
func (r *route) words() string {
	s := r.to
	if r.via != "" {
		s += " via " + r.via
	}
	return s
}

// full is the same with the device and the table.
func (r *route) full() string {
	s := r.words()
	if r.link != nil {
		s += " dev " + r.link.name
	}
	if r.table != 0 {
		s += " table " + number(int(r.table))
	}
	return s
}

// An uplink is a link of the caller's namespace that leads out of the picture.
type uplink struct {
	_ [0]func()

	link *link
	to   list // the routes there

	lines list   // where it leaves the frame
	pill  string // what is written where it leads
	x, w  int
}

// paint makes a picture of a survey. rules are those of its namespaces, in their order.
//
// Namespaces without a name are in it if they can be looked into, or a cable leads there.
func paint(s *survey.Survey, rules []ruleset) *picture {
	p := &picture{}
	for i := range s.Stale {
		p.stale.add(clean(s.Stale[i].Name + ": " + s.Stale[i].Why))
	}
	slices.Sort(p.stale)
	known := map[*survey.Link]*link{}
	for i, n := range s.Namespaces {
		sp := &space{home: n.Home, nameless: n.Names == nil && !n.Home}
		for _, name := range n.Names {
			if !n.Home && (name == survey.HomeLabel || strings.HasPrefix(name, pidLabel)) { // it is not what its name says
				name = nsfs.Path(name)
			}
			sp.names.add(clean(name))
			sp.raw.add(name)
		}
		if sp.names == nil {
			sp.names.add(n.Label())
			sp.raw.add(n.Label())
		}
		sp.name = sp.names[0]
		err := n.Err
		for _, l := range n.Links {
			if d := newLink(sp, l); d.name != "lo" || len(d.addrs) > 0 {
				known[l] = d
				sp.links.add(d)
			}
		}
		sp.addRoutes(n)
		sp.addPolicies(n.Rules)
		if i < len(rules) {
			sp.rules = rules[i].nat
			if err == nil {
				err = rules[i].err
			}
		}
		if err != nil {
			sp.blind = clean(applet.Strerror(err))
		}
		p.spaces.add(sp)
	}
	for l, d := range known {
		d.peer, d.lower, d.master = known[l.Peer], known[l.Lower], known[l.Master()]
		d.away = l.Peer == nil && l.Lower == nil && l.Parent.Ok && l.Parent.V != 0
		if d.lower != nil {
			d.lower.uppers.add(d)
		}
		if d.master != nil {
			d.master.ports.add(d)
		}
	}
	for _, sp := range p.spaces {
		if !sp.nameless || sp.blind == "" {
			sp.reach()
		}
	}
	p.tidy()
	return p
}

// gather makes one of nameless namespaces with nothing in them, where there are many, as
// services and browsers make them for processes that shall have no network. They are the
// last ones.
func (p *picture) gather() {
	all, bare := p.spaces, 0
	for _, s := range all {
		if s.isBare() {
			bare++
		}
	}
	if bare < 4 {
		return
	}
	p.spaces = nil
	var first *space
	for _, s := range all {
		switch {
		case !s.isBare():
			p.spaces.add(s)
		case first == nil:
			first = s
			first.name += " and " + number(bare-1) + " more"
			p.spaces.add(s)
		default:
			first.names.addAll(s.names)
			first.raw.addAll(s.raw)
		}
	}
}

// isBare says whether a namespace has neither a name nor anything in it.
func (s *space) isBare() bool {
	return s.nameless && len(s.links)+len(s.routes)+len(s.policies)+len(s.rules) == 0 && s.blind == ""
}

// heading has all names, or all namespaces that it stands for.
func (s *space) heading() string {
	if s.nameless {
		return strings.Join(s.names, ", ")
	}
	return strings.Join(s.names, " = ")
}

// reach chooses a namespace and all that cables lead to.
func (s *space) reach() {
	if s.chosen {
		return
	}
	s.chosen = true
	for _, l := range s.links {
		for _, other := range l.others() {
			other.space.reach()
		}
	}
}

// others are the links that a link is connected to in whatever namespace.
func (l *link) others() (all links) {
	if l.peer != nil {
		all.add(l.peer)
	}
	if l.lower != nil {
		all.add(l.lower)
	}
	return append(all, l.uppers...)
}

// only keeps the namespaces of these names and their neighbours, and returns the names
// that there are not.
func (p *picture) only(names []string) (missing []string) {
	for _, s := range p.spaces {
		s.chosen = false
	}
	for _, name := range names {
		found := false
		for _, s := range p.spaces {
			if !slices.Contains(s.raw, name) && !(s.home && name == survey.HomeLabel) {
				continue
			}
			found, s.chosen = true, true
			for _, l := range s.links {
				for _, other := range l.others() {
					other.space.chosen = true
				}
			}
		}
		if !found {
			missing = append(missing, name)
		}
	}
	p.stale = nil
	p.tidy()
	return missing
}

// tidy takes out what is not chosen, sorts the rest, numbers it, and finds the ways out.
func (p *picture) tidy() {
	all := p.spaces
	p.spaces = nil
	for _, s := range all {
		if s.chosen {
			p.spaces.add(s)
		}
	}
	sortBy(p.spaces, func(s *space) string { return s.rank() + s.name })
	p.gather()
	for i, s := range p.spaces {
		s.id = "n" + number(i)
	}
	for _, s := range p.spaces {
		sortLinks(s.links)
		for j, l := range s.links {
			l.id = s.id + "l" + number(j)
			sortLinks(l.ports)
			sortLinks(l.uppers)
			if l.peer != nil && !l.peer.space.chosen {
				l.peer, l.away = nil, true
			}
			if l.lower != nil && !l.lower.space.chosen {
				l.lower, l.away = nil, true
			}
		}
	}
	for _, s := range p.spaces {
		for _, r := range s.rules {
			if owner, n := p.owner(r.to); n == 1 && r.owner == "" {
				r.owner = owner
			}
		}
		if s.home {
			p.findUplinks(s)
		}
	}
}

// findUplinks finds hardware, cables that end elsewhere, and what routes go out by.
func (p *picture) findUplinks(home *space) {
	p.ups = nil
	for _, l := range home.links {
		u := &uplink{link: l}
		for _, r := range home.routes {
			if _, n := p.owner(r.via); r.link == l && r.via != "" && n == 0 {
				r.out = true
				u.to.add(r.words())
			}
		}
		if u.to != nil || l.parent() == nil && l.name != "lo" && (l.kind == "" || l.away) {
			p.ups = append(p.ups, u)
		}
	}
}

// owner is the namespace that has an address, and how many have.
func (p *picture) owner(addr string) (name string, n int) {
	for _, s := range p.spaces {
		for _, l := range s.links {
			for _, a := range l.addrs {
				if head, _, _ := strings.Cut(a, " "); head == addr || strings.HasPrefix(a, addr+"/") {
					name, n = s.name, n+1
				}
			}
		}
	}
	return name, n
}

// fresh has nothing drawn yet.
func (p *picture) fresh() {
	for _, s := range p.spaces {
		s.item = nil
		for _, l := range s.links {
			l.item, l.drawn = nil, false
		}
	}
}

func sortLinks(all []*link) {
	sortBy(all, func(l *link) string { return l.space.id + " " + l.name })
}

// rank is what a namespace is sorted by before its name.
func (s *space) rank() string {
	switch {
	case s.home:
		return "a"
	case s.nameless:
		return "c"
	}
	return "b"
}

func newLink(s *space, l *survey.Link) *link {
	d := &link{space: s, name: clean(l.Name), kind: clean(l.Info.Kind), index: l.Index}
	switch i := &l.Info; {
	case i.VLAN != nil:
		d.kind += " " + number(int(i.VLAN.ID.V))
	case i.VXLAN != nil && i.VXLAN.ID.Ok:
		d.kind += " " + number(int(i.VXLAN.ID.V))
	case i.Geneve != nil && !i.Geneve.External:
		d.kind += " " + number(int(i.Geneve.ID.V))
	case i.VRF != nil:
		d.kind += " " + number(int(i.VRF.Table.V))
	case i.Tun != nil && i.Tun.Type.V == 2:
		d.kind = "tap"
	}
	switch {
	case l.Flags&unix.IFF_UP == 0:
		d.down = "down"
	case l.Carrier.Ok && l.Carrier.V == 0:
		d.down = "no carrier"
	}
	var six list
	for _, a := range l.Addrs() {
		text, local := a.Prefix().String(), a.Prefix().Addr()
		if a.Address.IsValid() && a.Address != local { // of the other end
			text = local.String() + " peer " + netip.PrefixFrom(a.Address, int(a.PrefixLen)).String()
		}
		d.every.add(text)
		switch {
		case local.IsLoopback() && l.Name == "lo" && (local.Is6() || a.PrefixLen == 8):
		case !local.Is6():
			d.addrs.add(text)
		case !local.IsLinkLocalUnicast():
			six.add(text)
		}
	}
	d.addrs.addAll(six)
	d.mac, d.mtu = l.Addr.String(), int(l.MTU)
	return d
}

// addRoutes adds the routes but those that the kernel made for addresses.
func (s *space) addRoutes(n *survey.Namespace) {
	for i := range n.Routes {
		r := &n.Routes[i]
		if r.Protocol == unix.RTPROT_KERNEL || r.Table == unix.RT_TABLE_LOCAL || r.Flags&unix.RTM_F_CLONED != 0 ||
			r.Type >= unix.RTN_LOCAL && r.Type <= unix.RTN_MULTICAST {
			continue
		}
		d := &route{to: "default"}
		if r.Dst.IsValid() && r.Dst.Bits() > 0 {
			d.to = r.Dst.String()
		}
		if r.Type != unix.RTN_UNICAST {
			d.to = strings.ToLower(strings.TrimPrefix(r.Type.String(), "RTN_")) + " " + d.to
		}
		if r.Table != unix.RT_TABLE_MAIN {
			d.table = r.Table
		}
		for _, l := range s.links {
			if l.index == r.OIF {
				d.link = l
			}
		}
		d.through(r.Gateway)
		d.through(r.Via)
		for j := range r.NextHops {
			d.through(r.NextHops[j].Gateway)
			d.through(r.NextHops[j].Via)
		}
		s.routes = append(s.routes, d)
	}
	sortBy(s.routes, func(r *route) string { return string(rune('a'+r.rank())) + r.full() })
}

// through adds a gateway.
func (r *route) through(gateway netip.Addr) {
	if !gateway.IsValid() {
		return
	}
	if r.via != "" {
		r.via += " and "
	}
	r.via += gateway.String()
}

// rank puts default routes first, and IPv6 and other tables last.
func (r *route) rank() (n int) {
	if r.table != 0 {
		n = 4
	}
	if r.to != "default" {
		n += 2
	}
	if strings.Contains(r.to+r.via, ":") {
		n++
	}
	return n
}
