//go:build linux

package ip

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// A linkRequest is what "ip link add, set, del" ask for: the message, and the
// names in it that have yet to be turned into numbers.
type linkRequest struct {
	link     rtnl.Link
	dev      string // the link that it is about
	lower    string // link DEV
	master   string
	netns    string       // a name, a path or a process
	linkNS   string       // link-netns NAME
	peer     *linkRequest // veth
	backup   string       // bridge_slave backup_port
	physical string       // vxlan dev
	note     string       // for standard error, before the request is sent
	create   bool

	masterLink *rtnl.Link // what master was found to be
}

// linkWords are the keywords, in the order in which abbreviations are tried.
const linkWords grammar = `
	up  make it work
	down  make it stop
	name NAME  its name
	index NUMBER  its number, where it is made or moved to
	link* DEV  the link that it is on top of, where it is made
	address* LLADDR  its link-layer address
	broadcast*|brd LLADDR  the link-layer address of all
	txqueuelen*|qlen|txqlen* PACKETS  how long its queue may get
	mtu BYTES  how long a packet may be
	xdp|xdpgeneric|xdpdrv|xdpoffload PROGRAM
	netns NETNS  the namespace to make it in or to move it to
	multicast { on | off }  whether it does multicast
	allmulticast { on | off }  whether it receives all multicast
	promisc { on | off }  whether it receives everything
	trailers { on | off }
	arp { on | off }  whether addresses are resolved by ARP
	carrier { on | off }  whether the cable is in
	vf NUMBER
	master* DEV  the bridge, bond or VRF that it is to be a port of
	vrf NAME  the VRF that it is to be in
	nomaster*  take it out of that
	dynamic* { on | off }  whether its addresses go when it goes down
	type* KIND  the kind of link, and behind it the options of that kind
	alias* TEXT  a note on it
	group GROUP  the group that it is in
	mode { default | dormant }  whether it waits to be told that it is up
	state STATE  what it is told to be: up, dormant ...
	numtxqueues* COUNT  how many queues it sends from
	numrxqueues* COUNT  how many queues it receives into
	addrgenmode* { eui64 | none | stable_secret | random }  how IPv6 makes its link-local address
	link-netns* NETNS  the namespace of the link that it is on top of
	link-netnsid* NUMBER  that namespace by its id
	protodown { on | off }  hold it down, whatever else says up
	protodown_reason NUMBER { on | off }  and why
	gso_max_size BYTES  how long a packet for segmentation may be
	gso_max_segs COUNT  how many segments that may be
	gro_max_size BYTES  how long a packet put together may be
	parentdev NAME  the bus's name of the device that it is a part of
	help*
	[dev] DEV  the link`

// parseLink reads the words of "ip link add" (create) or set.
func parseLink(w *words, create bool) (*linkRequest, error) {
	r, err := parseLinkWords(w, create)
	if err != nil {
		return nil, err
	}
	kind := r.link.Info.Kind
	if kind == "" && create {
		return nil, notEnough("type", exitFailed, "", "")
	}
	if base, slave := strings.CutSuffix(kind, "_slave"); slave {
		r.link.Info.Kind, r.link.Info.SlaveKind = "", base
	}
	if len(w.rest) == 0 {
		return r, nil
	}
	switch kind {
	case "veth":
		err = r.parsePeer(w)
	case "bridge":
		r.link.Info.Bridge, err = parseBridge(w)
	case "bridge_slave":
		err = r.parsePort(w)
	case "macvlan", "macvtap":
		parseMACVLAN(w, r)
	case "vxlan":
		parseVXLAN(w, r)
	case "vlan":
		parseVLAN(w, r)
	case "vrf":
		parseVRF(w, r)
	case "ipvlan", "ipvtap":
		parseIPVLAN(w, r)
	case "geneve":
		parseGeneve(w, r)
	case "bond":
		parseBond(w, r)
	case "bond_slave":
		parseBondPort(w, r)
	case "dummy", "ifb", "nlmon", "tun", "vcan", "team":
		// iproute2 does not look at what follows
	default:
		if abbreviates(w.peek(), "help") {
			return nil, usage("link")
		}
		err = fail(exitFailed, say("Garbage instead of arguments \"%s ...\". Try \"ip link help\".", w.peek()),
			say("minins knows no options of type %q", kind))
	}
	if err == nil {
		err = w.err
	}
	return r, err
}

// parsePeer reads "peer [name] NAME ..." of a veth.
func (r *linkRequest) parsePeer(w *words) error {
	if w.arg(); !w.is("peer") {
		f := &failure{code: exitFailed, usage: "veth", hint: say("after \"type veth\", \"peer\" is expected, not %q", w.cur)}
		if w.is("name") {
			f.hint += `: "type veth peer name ` + w.peek() + `"`
		}
		return f
	}
	peer, err := parseLinkWords(w, true)
	if f := asFailure(err); f != nil && f.code == int(unix.EINVAL) {
		f.code = exitFailed // iproute2 loses the number on the way out of here
	}
	if err != nil {
		return err
	}
	if kind := peer.link.Info.Kind; kind != "" {
		return duplicate("type", kind)
	}
	r.peer, r.link.Info.Peer = peer, &peer.link
	return nil
}

// given remembers which words there were, of those that may only come once.
type given map[string]bool

// once fails for the second of its kind.
func (g given) once(w *words, key string) {
	if g[key] && w.peek() != "" {
		w.fail(duplicate(key, w.peek()))
	}
	g[key] = true
}

// onlyOnce are the words that may not come twice, those of the last two being
// one.
const onlyOnce keywords = "name index txqueuelen mtu group numtxqueues numrxqueues netns link-netns|link-netnsid"

// A linkParser is a linkRequest in the making.
type linkParser struct {
	*linkRequest
	name  string // after the word "name"
	index int32
	seen  given
}

// parseLinkWords reads the words up to "type KIND", which ends them.
func parseLinkWords(w *words, create bool) (*linkRequest, error) {
	p := &linkParser{linkRequest: &linkRequest{create: create}, seen: given{}}
	for p.link.Info.Kind == "" && w.next() {
		p.take(w)
	}
	if w.err != nil {
		return nil, w.err
	}
	return p.linkRequest, p.finish(p.name, uint32(p.index))
}

// take reads a word and its value.
func (p *linkParser) take(w *words) {
	l := &p.link
	key := linkWords.find(w.cur)
	if once := onlyOnce.find(key); once == "link-netns" {
		p.seen.once(w, "link-netns/link-netnsid")
	} else if once != "" {
		p.seen.once(w, once)
	}
	if p.takeNumber(w, key) {
		return
	}
	switch key {
	case "up", "down":
		p.flag(unix.IFF_UP, key == "up")
	case "name":
		if p.name = w.arg(); !validName(p.name) {
			w.wrong(p.name, `"name" not a valid ifname`, "")
		}
		if p.dev == "" {
			p.dev = p.name
		}
	case "index":
		if p.index, _ = integer(w.arg()); p.index <= 0 {
			w.wrong(w.cur, `Invalid "index" value`, "")
		}
	case "type":
		if l.Info.Kind = w.arg(); l.Info.Kind == "" {
			w.wrong("", "a type has a name", "")
		}
	case "address":
		before := w.cur
		w.lladdr(&l.Addr)
		explainAddress(w, before)
	case "broadcast":
		w.lladdr(&l.Broadcast)
	case "alias":
		if l.Alias = nl.Some(w.arg()); len(l.Alias.V) >= 256 {
			w.wrong(l.Alias.V, "alias too long\n", "")
		}
	case "group":
		l.Group = w.someNamed(groups, 31, invalid(key))
	case "addrgenmode":
		l.Inet6 = &rtnl.Inet6{AddrGenMode: nl.Some(rtnl.AddrGenMode(w.whichOf(addrGenModes, "Invalid address generation mode\n")))}
	case "carrier":
		l.Carrier = nl.Some(bit(w.offOn(key)))
	case "protodown":
		l.ProtoDown = nl.Some(bit(w.offOn(key)))
	case "protodown_reason":
		reason := uint32(1) << w.named(downReasons, 5, "invalid protodown reason\n")
		l.DownReason.Mask |= reason
		if w.onOff(key) {
			l.DownReason.Value |= reason
		}
	case "mode":
		l.LinkMode = nl.Some(w.whichOf(linkModes, "Invalid link mode\n"))
	case "state":
		l.OperState = rtnl.OperState(w.whichOf(operStates, "Invalid operstate\n"))
	case "parentdev":
		w.text(&l.ParentDev)
	case "vrf":
		w.vrf(noVRF)
		p.master = w.cur
	case "vf", "xdp":
		w.notOurs("link set")
	case "link":
		w.device(&p.lower)
	case "netns":
		w.text(&p.netns)
		if p.netns == "" {
			w.fail(fail(exitKernel, "RTNETLINK answers: Invalid argument", "netns needs a name, a path or a process id"))
		}
	case "master":
		w.master(&p.master)
	case "nomaster":
		p.master, l.Master = "", nl.Some(uint32(0))
	case "link-netns":
		w.text(&p.linkNS)
	case "link-netnsid":
		l.ParentNSID = nl.Some(w.int(invalid(key)))
	case "help":
		w.fail(usage("link"))
	case "dev":
		w.arg()
		p.takeDev(w)
	case "":
		p.takeDev(w)
	default:
		p.takeSwitch(w, key)
	}
}

// takeDev takes the word for the name of the link.
func (p *linkParser) takeDev(w *words) {
	if p.dev != "" && (p.dev != p.name || p.seen["dev"]) {
		w.fail(secondDevice(p.dev, w.cur, linkWords.words()))
	}
	if !validAltName(w.cur) {
		w.wrong(w.cur, `"dev" not a valid ifname`, "")
	}
	p.seen["dev"] = true
	p.dev = w.cur
}

func invalid(key string) string { return say("Invalid \"%s\" value\n", key) }

// number32 is where a setting that is a number goes, or nil. iproute2 reads
// some of them as signed. A zero of those with an attribute is not sent by itself.
func number32(l *rtnl.Link, key string) (to *uint32, signed bool, zero byte) {
	switch key {
	case "txqueuelen":
		return &l.TxQLen.V, true, 0
	case "mtu":
		return &l.MTU, true, unix.IFLA_MTU
	case "numtxqueues":
		return &l.NumTxQueues, true, unix.IFLA_NUM_TX_QUEUES
	case "numrxqueues":
		return &l.NumRxQueues, true, unix.IFLA_NUM_RX_QUEUES
	case "gso_max_size":
		return &l.GSOMaxSize, false, unix.IFLA_GSO_MAX_SIZE
	case "gso_max_segs":
		return &l.GSOMaxSegs, false, unix.IFLA_GSO_MAX_SEGS
	case "gro_max_size":
		return &l.GROMaxSize, false, unix.IFLA_GRO_MAX_SIZE
	}
	return nil, false, 0
}

// takeNumber reads the value of a setting that is a number, if the key is one.
func (p *linkParser) takeNumber(w *words, key string) bool {
	to, signed, zero := number32(&p.link, key)
	switch {
	case to == nil:
		return false
	case signed:
		*to = uint32(w.int(invalid(key)))
	default:
		w.uint32(to, invalid(key))
	}
	if to == &p.link.TxQLen.V {
		p.link.TxQLen.Ok = true
	} else if *to == 0 && zero != 0 {
		p.link.Other = append(p.link.Other, zeroU32(zero)...)
	}
	return true
}

// linkSwitches are the flags that are on or off; on clears those that are not.
var linkSwitches = []struct {
	word string
	bit  rtnl.LinkFlags
	not  bool
}{
	{"multicast", unix.IFF_MULTICAST, false},
	{"allmulticast", unix.IFF_ALLMULTI, false},
	{"promisc", unix.IFF_PROMISC, false},
	{"trailers", unix.IFF_NOTRAILERS, true},
	{"arp", unix.IFF_NOARP, true},
	{"dynamic", unix.IFF_DYNAMIC, false},
}

func (r *linkRequest) takeSwitch(w *words, key string) {
	for _, f := range linkSwitches {
		if f.word == key {
			r.flag(f.bit, w.onOff(key) != f.not)
		}
	}
}

// finish settles what the words mean together.
func (r *linkRequest) finish(name string, index uint32) error {
	l := &r.link
	if !r.create {
		if r.dev == "" && l.Group.Ok {
			return nil // all links of the group
		}
		if r.dev == "" {
			return notEnough("dev", exitUsage, ".", "")
		}
		if index != 0 && r.netns == "" {
			return fail(exitUsage, "index can be used only when creating devices or when moving device to another netns.", "")
		}
		if name != r.dev {
			l.Name = name
		}
		l.NewIndex = index
		return nil
	}
	if name != "" && name != r.dev {
		return fail(exitUsage, `both "name" and "dev" cannot be used when creating devices.`, "")
	}
	l.Name, l.Index = r.dev, index
	return nil
}

func (r *linkRequest) flag(f rtnl.LinkFlags, on bool) {
	r.link.Change |= f
	r.link.Flags &^= f
	if on {
		r.link.Flags |= f
	}
}

// explainAddress adds what most people mean who meet this error: a device
// whose name is taken for the keyword "address".
func explainAddress(w *words, word string) {
	if f, ok := w.err.(*failure); ok && len(word) < 4 {
		f.hint = say("%[1]q is read as short for \"address\"; if it is a device, say \"dev %[1]s\"", word)
	}
}

// whichOf is the number of the name that is the argument, in small letters or capitals.
func (w *words) whichOf(names []string, why string) uint8 {
	s := w.arg()
	for i, name := range names {
		if strings.EqualFold(s, name) {
			return uint8(i)
		}
	}
	w.wrong(s, why, meant(s, names))
	return 0
}

func bit(on bool) uint8 {
	if on {
		return 1
	}
	return 0
}

// validName is what iproute2 takes for the name of a link; the kernel takes less.
func validName(s string) bool { return validAltName(s) && len(s) < unix.IFNAMSIZ }

// validAltName is validName for names of any length.
func validAltName(s string) bool {
	return s != "" && !strings.ContainsAny(s, "/ \t\n\v\f\r")
}

// zeroU32 is an attribute whose value is 0, which [rtnl.Link] takes for none.
func zeroU32(typ byte) []byte {
	if nativeLittle() {
		return []byte{8, 0, typ, 0, 0, 0, 0, 0}
	}
	return []byte{0, 8, 0, typ, 0, 0, 0, 0}
}
