//go:build linux

package ip

import (
	"fmt"
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
	netns    string // a name, a path or a process
	linkNS   string // link-netns NAME
	newIndex uint32
	peer     *linkRequest // veth
	backup   string       // bridge_slave backup_port
	create   bool

	masterLink *rtnl.Link // what master was found to be
}

// linkWords are the keywords, for "did you mean".
func linkWords() []string {
	return []string{"up", "down", "name", "index", "link", "address", "broadcast", "txqueuelen", "mtu", "netns", "arp",
		"multicast", "allmulticast", "promisc", "trailers", "carrier", "dynamic", "master", "nomaster", "type", "alias", "group",
		"numtxqueues", "numrxqueues", "addrgenmode", "link-netns", "link-netnsid", "protodown", "gso_max_size", "gso_max_segs",
		"gro_max_size", "peer", "dev"}
}

// parseLink reads the words of "ip link add" (create) or set.
func parseLink(w *words, create bool) (*linkRequest, error) {
	r, err := parseLinkWords(w, create)
	if err != nil {
		return nil, err
	}
	kind := r.link.Info.Kind
	if kind == "" && create {
		return nil, notEnough("type", exitFailed)
	}
	if base, slave := strings.CutSuffix(kind, "_slave"); slave {
		r.link.Info.Kind, r.link.Info.SlaveKind = "", base
	}
	if w.peek() == "" {
		return r, nil
	}
	switch kind {
	case "veth":
		err = r.parsePeer(w)
	case "bridge":
		r.link.Info.Bridge, err = parseBridge(w)
	case "bridge_slave":
		err = r.parsePort(w)
	default:
		if abbreviates(w.peek(), "help") {
			return nil, usage("link")
		}
		err = &failure{
			code: exitFailed,
			text: fmt.Sprintf("Garbage instead of arguments \"%s ...\". Try \"ip link help\".", w.peek()),
			hint: fmt.Sprintf("minins knows no options of type %q", kind),
		}
	}
	return r, err
}

// parsePeer reads "peer [name] NAME ..." of a veth.
func (r *linkRequest) parsePeer(w *words) error {
	if w.arg(); !w.is("peer") {
		f := &failure{code: exitFailed, usage: "veth", hint: fmt.Sprintf("after \"type veth\", \"peer\" is expected, not %q", w.cur)}
		if w.is("name") {
			f.hint += `: "type veth peer name ` + w.peek() + `"`
		}
		return f
	}
	peer, err := parseLinkWords(w, true)
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

// parseLinkWords reads the words up to "type KIND", which ends them.
func parseLinkWords(w *words, create bool) (*linkRequest, error) {
	r := &linkRequest{create: create}
	l := &r.link
	seen := given{}
	name, index := "", int32(0)
	for l.Info.Kind == "" && w.next() {
		switch {
		case w.is("up"):
			r.flag(unix.IFF_UP, true)
		case w.is("down"):
			r.flag(unix.IFF_UP, false)
		case w.is("name"):
			seen.once(w, "name")
			if name = w.arg(); !validName(name) && w.err == nil {
				w.fail(wrong(name, `"name" not a valid ifname`))
			}
			if r.dev == "" {
				r.dev = name
			}
		case w.is("index"):
			seen.once(w, "index")
			if index, _ = integer(w.arg()); index <= 0 && w.err == nil {
				w.fail(wrong(w.cur, `Invalid "index" value`))
			}
		case w.short("type"):
			if l.Info.Kind = w.arg(); l.Info.Kind == "" {
				w.fail(wrong("", "a type has a name"))
			}
		case r.takeSetting(w, seen), r.takeSwitch(w), r.takePlace(w, seen):
		case w.short("help"):
			return nil, usage("link")
		default:
			if w.is("dev") {
				w.arg()
			}
			if w.err == nil && (r.dev != "" && r.dev != name || r.dev != "" && seen["dev"]) {
				w.fail(garbage(r.dev, w.cur, linkWords()))
			}
			if w.err == nil && !validAltName(w.cur) {
				w.fail(wrong(w.cur, `"dev" not a valid ifname`))
			}
			seen["dev"] = true
			r.dev = w.cur
		}
	}
	if w.err != nil {
		return nil, w.err
	}
	return r, r.finish(name, uint32(index))
}

// finish settles what the words mean together.
func (r *linkRequest) finish(name string, index uint32) error {
	l := &r.link
	if !r.create {
		if r.dev == "" && l.Group.Ok {
			return nil // all links of the group
		}
		if r.dev == "" {
			return notEnough("dev", exitUsage).dot()
		}
		if index != 0 && r.netns == "" {
			return &failure{code: exitUsage, text: "index can be used only when creating devices or when moving device to another netns."}
		}
		if name != r.dev {
			l.Name = name
		}
		l.NewIndex = index
		return nil
	}
	if name != "" && name != r.dev {
		return &failure{code: exitUsage, text: `both "name" and "dev" cannot be used when creating devices.`}
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

// takeSwitch reads the flags that are on or off.
func (r *linkRequest) takeSwitch(w *words) bool {
	for _, f := range []struct {
		word  string
		bit   rtnl.LinkFlags
		not   bool // on clears the bit
		short bool
	}{
		{"multicast", unix.IFF_MULTICAST, false, false},
		{"allmulticast", unix.IFF_ALLMULTI, false, false},
		{"promisc", unix.IFF_PROMISC, false, false},
		{"trailers", unix.IFF_NOTRAILERS, true, false},
		{"arp", unix.IFF_NOARP, true, false},
		{"dynamic", unix.IFF_DYNAMIC, false, true},
	} {
		if w.is(f.word) || f.short && w.short(f.word) {
			r.flag(f.bit, w.onOff(f.word) != f.not)
			return true
		}
	}
	return false
}

// takeSetting reads the settings that have a value.
func (r *linkRequest) takeSetting(w *words, seen given) bool {
	l := &r.link
	switch {
	case w.short("address"):
		before := w.cur
		l.Addr = w.lladdr()
		explainAddress(w, before)
	case w.short("broadcast"), w.is("brd"):
		l.Broadcast = w.lladdr()
	case w.short("txqueuelen"), w.is("qlen"), w.short("txqlen"):
		seen.once(w, "txqueuelen")
		l.TxQLen = nl.Some(uint32(w.int("Invalid \"txqueuelen\" value\n")))
	case w.is("mtu"):
		seen.once(w, "mtu")
		if l.MTU = uint32(w.int("Invalid \"mtu\" value\n")); l.MTU == 0 && w.err == nil {
			l.Other = zeroU32(unix.IFLA_MTU)
		}
	case w.short("alias"):
		if l.Alias = nl.Some(w.arg()); len(l.Alias.V) >= 256 {
			w.fail(wrong(l.Alias.V, "alias too long\n"))
		}
	case w.is("group"):
		seen.once(w, "group")
		l.Group = nl.Some(w.named((*tables).groups, 32, "Invalid \"group\" value\n"))
	case w.short("numtxqueues"):
		seen.once(w, "numtxqueues")
		l.NumTxQueues = uint32(w.int("Invalid \"numtxqueues\" value\n"))
	case w.short("numrxqueues"):
		seen.once(w, "numrxqueues")
		l.NumRxQueues = uint32(w.int("Invalid \"numrxqueues\" value\n"))
	case w.short("addrgenmode"):
		l.Inet6 = &rtnl.Inet6{AddrGenMode: nl.Some(addrGenModeArg(w))}
	case w.is("carrier"):
		l.Carrier = nl.Some(bit(w.offOn("carrier")))
	case w.is("protodown"):
		l.ProtoDown = nl.Some(bit(w.offOn("protodown")))
	case w.is("gso_max_size"):
		l.GSOMaxSize = uint32(w.uint(32, "Invalid \"gso_max_size\" value\n"))
	case w.is("gso_max_segs"):
		l.GSOMaxSegs = uint32(w.uint(32, "Invalid \"gso_max_segs\" value\n"))
	case w.is("gro_max_size"):
		l.GROMaxSize = uint32(w.uint(32, "Invalid \"gro_max_size\" value\n"))
	default:
		return false
	}
	return true
}

// takePlace reads where the link is, and below or beside what.
func (r *linkRequest) takePlace(w *words, seen given) bool {
	switch {
	case w.short("link"):
		r.lower = w.arg()
	case w.is("netns"):
		seen.once(w, "netns")
		r.netns = w.arg()
	case w.short("master"):
		r.master = w.arg()
	case w.short("nomaster"):
		r.master, r.link.Master = "", nl.Some(uint32(0))
	case w.short("link-netns"):
		seen.once(w, "link-netns/link-netnsid")
		r.linkNS = w.arg()
	case w.short("link-netnsid"):
		seen.once(w, "link-netns/link-netnsid")
		r.link.ParentNSID = nl.Some(w.int("Invalid \"link-netnsid\" value\n"))
	default:
		return false
	}
	return true
}

// explainAddress adds what most people mean who meet this error: a device
// whose name is taken for the keyword "address".
func explainAddress(w *words, word string) {
	if f, ok := w.err.(*failure); ok && len(word) < 4 {
		f.hint = fmt.Sprintf("%q is read as short for \"address\"; if it is a device, say \"dev %s\"", word, word)
	}
}

func addrGenModeArg(w *words) rtnl.AddrGenMode {
	s := w.arg()
	for i, name := range addrGenModes() {
		if s == name {
			return rtnl.AddrGenMode(i)
		}
	}
	w.fail(wrong(s, "Invalid address generation mode\n"))
	return 0
}

func bit(on bool) uint8 {
	if on {
		return 1
	}
	return 0
}

// validName is what the kernel takes for the name of a link.
func validName(s string) bool {
	return s != "" && s != "." && s != ".." && len(s) < unix.IFNAMSIZ && !strings.ContainsAny(s, "/ \t\n\v\f\r:")
}

// validAltName is validName for names of up to 127 bytes.
func validAltName(s string) bool {
	return s != "" && len(s) < 128 && !strings.ContainsAny(s, "/ \t\n\v\f\r")
}

// zeroU32 is an attribute whose value is 0, which [rtnl.Link] takes for none.
func zeroU32(typ byte) []byte {
	if nativeLittle() {
		return []byte{8, 0, typ, 0, 0, 0, 0, 0}
	}
	return []byte{0, 8, 0, typ, 0, 0, 0, 0}
}
