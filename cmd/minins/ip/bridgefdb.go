//go:build linux

package ip

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// fdb is the object "fdb" of "bridge": forwarding databases.
func (s *session) fdb(w *words, verb string) error {
	typ, flags := uint16(unix.RTM_NEWNEIGH), changeFlags(verb)
	switch verb {
	case "get":
		return s.getFDB(w)
	case "show":
		return s.showFDB(w)
	case "delete":
		typ = unix.RTM_DELNEIGH
	case "flush":
		return s.changeFDB(w, &fdbFlush, unix.RTM_DELNEIGH, unix.NLM_F_BULK)
	}
	return s.changeFDB(w, &fdbChange, typ, flags)
}

const fdbWords grammar = `
	dev DEV  the port, or the device with a database of its own
	dst ADDRESS  where a VXLAN device sends packets to
	nhid ID  or one of the nexthops there
	port NUMBER  UDP port there
	vni ID  of the VXLAN there
	src_vni ID  of the VXLAN here
	via DEV  the link that leads there
	self  in the device's own database (the default)
	master*  in that of its bridge
	router*  a router
	permanent*|local*  an address of this host (the default)
	static*|temp*  one that does not age
	dynamic*  one that ages
	vlan* ID  in the VLAN
	use*  as if a packet had come from there
	extern_learn*  learned by another program
	sticky*  stays at this port
	to LLADDR
	help*`

const fdbShowWords grammar = `
	dev|brport DEV  of the port
	br DEV  its bridge
	vlan ID  in the VLAN
	state STATE  permanent, static, dynamic, stale, all or a number
	dynamic  learned ones
	help*`

// sticky is NTF_STICKY of linux/neighbour.h, which x/sys lacks.
const sticky = 0x40

// fdbFlags are in the order in which they are shown.
var fdbFlags = []numbered{{unix.NTF_SELF, "self"}, {unix.NTF_ROUTER, "router"}, {unix.NTF_EXT_LEARNED, "extern_learn"},
	{unix.NTF_OFFLOADED, "offload"}, {unix.NTF_MASTER, "master"}, {sticky, "sticky"}, {unix.NTF_USE, "use"}}

// numberOf is the number that a table has for a name, or 0.
func numberOf(table []numbered, name string) uint32 {
	for _, n := range table {
		if n.name == name {
			return n.id
		}
	}
	return 0
}

// An fdbRequest is an entry, and the names in it.
type fdbRequest struct {
	neigh        rtnl.Neigh
	lladdr       string
	dev, br, via string
	vlan         bool
	states       rtnl.NeighState // to be shown
}

// An fdbVerb is how a command of "fdb" reads its words.
type fdbVerb struct {
	words   grammar
	show    bool
	flush   bool
	state   rtnl.NeighState // without a word
	missing string          // what it says where something is missing
	hint    string
	noVia   string // and of a link that is not there, a format
	noDev   string
}

// fdbRequest reads the words of a command and turns names into numbers.
func (s *session) fdbRequest(w *words, verb *fdbVerb) (*fdbRequest, error) {
	r := &fdbRequest{neigh: rtnl.Neigh{Family: unix.AF_BRIDGE, State: verb.state}}
	n := &r.neigh
	for w.next() {
		key := verb.words.find(w.cur)
		switch {
		case verb.flush && flushOnly(n, w.cur):
		case key != "" || !verb.show && !verb.flush:
			r.take(w, key, verb, s.opt.family)
		default:
			s.passOver(w)
		}
	}
	err := w.err
	if err == nil {
		err = s.called(verb.noVia, r.via, &n.IfIndex)
	}
	entry := !verb.show && !verb.flush
	if err == nil && !verb.show && (r.dev == "" && r.br == "" || r.lladdr == "" && entry) {
		err = fail(exitFailed, verb.missing, verb.hint)
	}
	if err == nil && entry {
		b, bad := hexWithColons(r.lladdr)
		if len(b) < 6 {
			hint := lladdrHint("")
			if bad != nil {
				hint = lladdrHint(*bad)
			}
			return nil, fail(exitFailed, "Invalid mac address "+r.lladdr, hint)
		}
		n.LLAddr = nl.HardwareAddrFrom(b[:6]) // iproute2 takes one with more behind it
	}
	if err == nil {
		err = s.called(noBridge, r.br, &n.Master)
	}
	if err == nil {
		err = s.called(verb.noDev, r.dev, &n.Index)
	}
	return r, err
}

const noDevice = "Cannot find device \"%s\""

// take reads a word, as which it is known.
func (r *fdbRequest) take(w *words, key string, verb *fdbVerb, family rtnl.Family) {
	n := &r.neigh
	switch key {
	case "dev":
		w.device(&r.dev)
	case "br":
		w.text(&r.br)
	case "brport":
		if r.via != "" {
			w.fail(garbage(key, key, "", nil))
		}
		w.text(&r.via)
	case "via":
		w.text(&r.via)
	case "state":
		if key := entryStateWords.find(w.arg()); key != "" {
			r.states |= rtnl.NeighState(numberOf(entryStates, key))
		} else {
			r.states |= rtnl.NeighState(w.asUint(32, "invalid state"))
		}
	case "dst":
		w.arg()
		if n.Dst.IsValid() {
			w.fail(garbage("dst", w.cur, "", nil))
		}
		w.asAddr(&n.Dst, &family)
	case "nhid":
		w.uint32(&n.NextHopID, "\"id\" value is invalid\n")
	case "port":
		n.Port = uint16(w.uint(16, "invalid port\n"))
	case "vni":
		n.VNI = uint32(w.uint(24, "invalid VNI\n"))
	case "src_vni":
		n.SrcVNI = uint32(w.uint(24, "invalid src VNI\n"))
	case "permanent":
		n.State |= unix.NUD_PERMANENT
	case "static":
		n.State |= unix.NUD_REACHABLE
	case "dynamic":
		n.State = n.State&^unix.NUD_NOARP | unix.NUD_REACHABLE
	case "vlan":
		id, _ := number(w.arg(), 16)
		switch {
		case r.vlan && verb.show:
			w.fail(duplicate(key, w.cur))
		case r.vlan:
			w.fail(garbage(key, key, "", nil))
		case id == 0 && !verb.show: // what the kernel says; in a message zero is absent
			w.fail(fail(exitFailed, "Error: invalid vlan id.", "the number of a VLAN is from 1 to 4094"))
		}
		n.VLAN, r.vlan = uint16(id), true
	case "help":
		w.fail(usage("bridge fdb"))
	case "", "to":
		if key != "" {
			w.arg()
		}
		if r.lladdr != "" {
			w.fail(garbage("to", w.cur, "", nil))
		}
		r.lladdr = w.cur
	default:
		n.Flags |= rtnl.NeighFlags(numberOf(fdbFlags, key))
	}
}

var fdbChange = fdbVerb{words: fdbWords, missing: "Device and address are required arguments.",
	hint: "as in \"bridge fdb add 02:00:00:00:00:02 dev veth0 master static\"", noVia: noDevice, noDev: noDevice,
	state: unix.NUD_NOARP}

// changeFDB adds, deletes or flushes: in the device's own database unless the
// words say else.
func (s *session) changeFDB(w *words, verb *fdbVerb, typ, flags uint16) error {
	r, err := s.fdbRequest(w, verb)
	if err != nil {
		return err
	}
	n, master := &r.neigh, ""
	switch {
	case n.NextHopID != 0 && (n.Dst.IsValid() || n.Port != 0 || n.VNI != 0):
		return fail(exitFailed, "dst, port, vni are mutually exclusive with nhid", "")
	case !verb.flush && n.State&(unix.NUD_PERMANENT|unix.NUD_REACHABLE) == 0:
		n.State |= unix.NUD_PERMANENT
	}
	if n.Flags&unix.NTF_MASTER == 0 {
		n.Flags |= unix.NTF_SELF
		master = "or mean its bridge by \"master\""
	}
	return explained(s.do(typ, flags, n, nil), whyNoEntry, r.dev, r.lladdr, master)
}

// whyNoEntry is of a device, an address and a hint to its bridge.
var whyNoEntry = []reason{
	{unix.EEXIST, "", 0, "%s has an entry for %s already; \"bridge fdb replace\" changes it"},
	{unix.ENOENT, "", 3, "%s has no entry for %s; see \"bridge fdb show dev %[1]s\", %[3]s"},
	{unix.ENOENT, "", 0, noSuchNeigh},
	{unix.EOPNOTSUPP, "", 3, "%s has no forwarding database; take another device, %[3]s"},
	{0, "", 0, "the forwarding database of %[1]s is unchanged"},
}

const fdbGetWords grammar = `
	dev|brport DEV  the port, or the device with a database of its own
	br DEV  or the bridge
	vni ID  of the VXLAN there
	self  in the device's own database
	master*  in that of its bridge
	vlan* ID  in the VLAN
	dynamic*
	to LLADDR
	help*`

var fdbGet = fdbVerb{words: fdbGetWords, missing: "Device or master and address are required arguments.",
	hint: "as in \"bridge fdb get 02:00:00:00:00:02 br br0\"", noDev: noDevice}

// getFDB is "bridge fdb get": one entry.
func (s *session) getFDB(w *words) error {
	r, err := s.fdbRequest(w, &fdbGet)
	if err != nil {
		return err
	}
	n := &r.neigh
	n.State = 0
	var found rtnl.Neigh
	err = s.do(unix.RTM_GETNEIGH, 0, n, &found)
	if refused := asRefusal(err); refused != nil {
		return fail(0x100-2, kernelText(refused), "\"bridge fdb show\" lists all entries")
	}
	if err != nil {
		return err
	}
	v := s.view()
	v.begin()
	v.showEntry(&found, false)
	v.finish()
	return nil
}

// An fdbFlushWord is what an entry has to be to be flushed, and the states that
// it is not to be with "no" before the word.
type fdbFlushWord struct {
	word              string
	state, mask       rtnl.NeighState
	notState, notMask rtnl.NeighState
	flag              rtnl.NeighFlags
}

const notLearned = unix.NUD_NOARP | unix.NUD_PERMANENT

var fdbFlushTable = []fdbFlushWord{
	{"permanent", unix.NUD_PERMANENT, unix.NUD_PERMANENT, 0, unix.NUD_PERMANENT, 0},
	{"static", unix.NUD_NOARP, notLearned, 0, unix.NUD_NOARP, 0},
	{"dynamic", 0, notLearned, unix.NUD_NOARP, unix.NUD_NOARP, 0},
	{"added_by_user", 0, 0, 0, 0, unix.NTF_USE},
	{"extern_learn", 0, 0, 0, 0, unix.NTF_EXT_LEARNED},
	{"sticky", 0, 0, 0, 0, sticky},
	{"offloaded", 0, 0, 0, 0, unix.NTF_OFFLOADED},
}

const fdbFlushWords grammar = `
	dev DEV  the bridge, or the device with a database of its own
	brport DEV  a port of the bridge
	vlan ID  in the VLAN
	self  in the device's own database (the default)
	master  in that of its bridge
	permanent  and nopermanent: an address of this host
	static  and nostatic: does not age
	dynamic  and nodynamic: ages
	added_by_user  and noadded_by_user
	extern_learn  and noextern_learn
	sticky  and nosticky
	offloaded  and nooffloaded`

// flushOnly adds what a word says of the entries to flush, if it does.
func flushOnly(n *rtnl.Neigh, word string) bool {
	word, not := strings.CutPrefix(word, "no")
	for i := range fdbFlushTable {
		t := &fdbFlushTable[i]
		if t.word != word {
			continue
		}
		state, mask, flag := t.state, t.mask, t.flag
		if not {
			state, mask, flag = t.notState, t.notMask, 0
		}
		if mask != 0 {
			n.State = n.State&^mask | state
			n.StateMask = nl.Some(n.StateMask.V | mask)
		} else {
			n.Flags = n.Flags&^t.flag | flag
			n.FlagsMask = nl.Some(n.FlagsMask.V | t.flag)
		}
		return true
	}
	return false
}

var fdbFlush = fdbVerb{words: fdbFlushWords, flush: true, missing: "Device is a required argument.",
	hint: "as in \"bridge fdb flush dev br0\"", noVia: "Cannot find bridge port device \"%s\"", noDev: noBridge}

var fdbShow = fdbVerb{words: fdbShowWords, show: true, noDev: noDevice}

// showFDB is "bridge fdb show".
func (s *session) showFDB(w *words) error {
	r, err := s.fdbRequest(w, &fdbShow)
	if err != nil {
		return err
	}
	index, vlan, dynamic := r.neigh.Index, r.neigh.VLAN, r.neigh.State != 0
	req := &rtnl.Neigh{Family: unix.AF_BRIDGE, Master: r.neigh.Master, IfIndex: index}
	conn, err := s.dial()
	if err != nil {
		return err
	}
	all, err := nl.List(s.ctx, conn, unix.RTM_GETNEIGH, req, func(n *rtnl.Neigh) bool {
		return n.Family == unix.AF_BRIDGE && (index == 0 || n.Index == index) && (vlan == 0 || n.VLAN == vlan) &&
			(r.states == 0 || n.State&r.states != 0) && (!dynamic || n.State&unix.NUD_PERMANENT == 0)
	})
	if err != nil {
		return err
	}
	v := s.view()
	v.begin()
	for i := range all {
		v.showEntry(&all[i], index != 0)
	}
	v.finish()
	return nil
}

// entryStates are those of an entry, by the first of which it is shown.
var entryStates = []numbered{{unix.NUD_PERMANENT, "permanent"}, {unix.NUD_NOARP, "static"}, {unix.NUD_STALE, "stale"},
	{unix.NUD_REACHABLE, "reachable"}, {0xffff, "all"}}

const entryStateWords keywords = "permanent* static*|temp* stale* reachable*|dynamic* all"

// showEntry renders an entry of a forwarding database; sameDev leaves the
// device's name out.
func (v *view) showEntry(n *rtnl.Neigh, sameDev bool) {
	v.object("")
	if n.LLAddr.Len() > 0 {
		v.strColor(colorMAC, "mac", "%s ", n.LLAddr.String())
	}
	if !sameDev && n.Index != 0 {
		v.showDev("ifname", "dev ", n.Index)
	}
	v.showInet("dst", "dst ", "%s ", n.Dst)
	v.named("vlan", uint32(n.VLAN))
	v.named("port", uint32(n.Port))
	v.named("vni", n.VNI)
	v.named("src_vni", n.SrcVNI)
	if n.LinkNSID.Ok {
		v.nonzero("viaIfIndex", "via ifindex %d ", n.IfIndex)
		v.uint("linkNetNsId", "link-netnsid %d ", uint64(n.LinkNSID.V))
	} else if n.IfIndex != 0 {
		v.str("viaIf", "via %s ", v.linkName(n.IfIndex))
	}
	v.named("nhid", n.NextHopID)
	if v.opt.stats > 0 && n.CacheInfo.Ok {
		v.uint("used", "used %d", uint64(n.CacheInfo.V.Used/ticksPerSecond))
		v.uint("updated", "/%d ", uint64(n.CacheInfo.V.Updated/ticksPerSecond))
	}
	v.array("flags")
	flags, _ := bitNames(fdbFlags, uint32(n.Flags))
	for _, name := range flags {
		v.str("", "%s ", name)
	}
	v.endArray()
	if n.Master != 0 {
		v.str("master", "master %s ", v.linkName(n.Master))
	}
	names, _ := bitNames(entryStates[:4], uint32(n.State))
	if names == nil {
		names = []string{"state=" + cHex(uint64(n.State))}
	}
	if names[0] == "reachable" {
		names[0] = ""
	}
	v.str("state", "%s\n", names[0])
	v.end()
}

// named is a number behind its name, where it is not 0.
func (p *printer) named(key string, n uint32) { p.nonzero(key, key+" %d ", n) }
