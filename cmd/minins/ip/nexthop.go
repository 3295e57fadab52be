//go:build linux

package ip

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// nexthopCommands are in iproute2's order.
const nexthopCommands grammar = `
	add* NEXTHOP  make a nexthop object, or a group of them
	replace* NEXTHOP  change one, and so all routes that name it, or make it
	delete* NEXTHOP  delete one, and all routes that name it
	list*|show*|lst* SELECTOR  show those that fit
	get* ID  show one: "id ID"
	flush* SELECTOR  delete those that fit
	bucket* SELECTOR  the shares of resilient groups: "list", or "get id ID index INDEX"
	help*`

// nexthop is the object "nexthop": ways that routes share.
func (s *session) nexthop(w *words) error {
	if !w.next() {
		return s.showNexthops(w, false)
	}
	switch key := nexthopCommands.find(w.cur); key {
	case "add", "replace":
		return s.changeNexthop(w, unix.RTM_NEWNEXTHOP, changeFlags(key))
	case "delete":
		return s.changeNexthop(w, unix.RTM_DELNEXTHOP, 0)
	case "list", "flush":
		return s.showNexthops(w, key == "flush")
	case "get":
		return s.getNexthop(w, false)
	case "bucket":
		return s.buckets(w)
	case "help":
		return usage("nexthop")
	}
	return unknownCommand("nexthop", w.cur, nexthopCommands.words())
}

// buckets is "ip nexthop bucket".
func (s *session) buckets(w *words) error {
	if !w.next() {
		return s.showBuckets(w)
	}
	switch keywords("list*|show*|lst* get* help*").find(w.cur) {
	case "list":
		return s.showBuckets(w)
	case "get":
		return s.getNexthop(w, true)
	case "help":
		return usage("nexthop")
	}
	return unknownCommand("nexthop", w.cur, []string{"list", "get"})
}

// A nexthopRequest is what the commands ask for: an object, or what those have
// that are to be shown.
type nexthopRequest struct {
	nexthop     rtnl.NextHopObject
	dev, master string
	one         bool   // "id ID": that one alone, whatever else is said
	noID        bool   // the ID is 0, which is not sent
	protocol    uint32 // of those to be shown
}

// nexthopWords are what an object is made of.
const nexthopWords grammar = `
	id ID  its number, by which routes name it
	dev DEV  the link that leads there
	via ADDRESS  the gateway
	blackhole  drop packets
	fdb  for a bridge's or VXLAN's forwarding table
	onlink  pretend that the gateway is on that link
	group GROUP  of these packets take one each: ID[,WEIGHT]/ID[,WEIGHT]...
	type { mpath | resilient }  by hash, or by buckets that keep their flows
	protocol* PROTO  who made it
	help`

// resilientWords are what may follow "type resilient".
const resilientWords grammar = `
	buckets NUMBER  in how many shares traffic is cut
	idle_timer SECONDS  a bucket without traffic for so long may move
	unbalanced_timer SECONDS  after so long out of balance any bucket may`

// nexthopQueryWords are those of "list" and "flush".
const nexthopQueryWords grammar = `
	dev* DEV  those by this link
	groups*  groups alone
	master* DEV  those by ports of this link
	vrf* VRF
	id ID  this one
	protocol* NUMBER  made by this one
	fdb*  those of forwarding tables
	help*`

// parseNexthop reads the words after "add" and the like.
func parseNexthop(w *words, family rtnl.Family) (*nexthopRequest, error) {
	q := &nexthopRequest{nexthop: rtnl.NextHopObject{Family: family}}
	h := &q.nexthop
	for w.next() {
		switch nexthopWords.find(w.cur) {
		case "id":
			w.uint32(&h.ID, whyNoID)
			q.noID = h.ID == 0
		case "dev":
			if w.master(&q.dev); h.Family == 0 {
				h.Family = unix.AF_INET
			}
		case "via":
			f := w.family(h.Family)
			if w.addr(&h.Gateway, &f); h.Family == 0 {
				h.Family = f
			} else if f != h.Family {
				w.wrong(w.cur, "address family mismatch\n", "")
			}
		case "blackhole":
			if h.Blackhole = true; h.Family == 0 {
				h.Family = unix.AF_INET
			}
		case "fdb":
			h.FDB = true
		case "onlink":
			h.Flags |= unix.RTNH_F_ONLINK
		case "group":
			h.Group = groupArg(w)
		case "type":
			groupTypeArg(w, h)
		case "protocol":
			h.Protocol = rtnl.RouteProtocol(w.named(protocols, 8, "\"protocol\" value is invalid\n"))
		case "help":
			w.fail(usage("nexthop"))
		default:
			w.wrong(w.cur, "", meant(w.cur, nexthopWords.words()))
		}
	}
	return q, w.err
}

const whyNoID = "invalid id value"

// groupArg reads ID[,WEIGHT]/ID[,WEIGHT]...
func groupArg(w *words) []rtnl.NextHopShare {
	all := strings.Split(w.arg(), "/")
	group := make([]rtnl.NextHopShare, len(all))
	first, _, _ := strings.Cut(all[0], ",")
	for i, member := range all {
		id, weight, weighted := strings.Cut(member, ",")
		n, ok := number(id, 32)
		if !ok { // iproute2 shows what it has cut the word to
			w.wrong(first, "\"group\" value is invalid\n", "it is numbers of nexthop objects, as in 1/2 or 1,10/2,20")
		}
		group[i].ID = uint32(n)
		if weighted {
			if n, ok = number(weight, 32); !ok || n == 0 || n > 256 {
				w.wrong(weight, "\"weight\" is invalid\n", "it is 1 to 256")
			}
			group[i].Weight = uint16(n - 1)
		}
	}
	return group
}

// groupTypeArg reads the type of a group and its arguments.
func groupTypeArg(w *words, h *rtnl.NextHopObject) {
	switch w.arg() {
	case "mpath":
		h.GroupType = 0
		return
	case "resilient":
		h.GroupType = 1
	default:
		w.wrong(w.cur, "\"type\" value is invalid\n", "it is mpath or resilient")
		return
	}
	if len(w.rest) == 0 {
		return
	}
	g := new(rtnl.ResilientGroup)
	for h.Resilient = g; ; {
		switch resilientWords.find(w.peek()) {
		case "buckets":
			w.next()
			g.Buckets = nl.Some(uint16(w.uint(16, "invalid buckets value")))
		case "idle_timer":
			w.next()
			g.IdleTimer = secondsArg(w, "invalid idle timer value")
		case "unbalanced_timer":
			w.next()
			g.UnbalancedTimer = secondsArg(w, "invalid unbalanced timer value")
		default:
			return
		}
	}
}

func secondsArg(w *words, why string) nl.Opt[uint32] {
	n := w.uint(32, why)
	if n >= (1<<32-1)/100 {
		w.wrong(w.cur, why, "")
	}
	return nl.Some(uint32(n) * 100)
}

// parseNexthopQuery reads the words after "list" or "flush" and, with buckets,
// after "bucket list".
func parseNexthopQuery(w *words, family rtnl.Family, buckets bool) (*nexthopRequest, error) {
	q := &nexthopRequest{nexthop: rtnl.NextHopObject{Family: family}}
	h := &q.nexthop
	for !q.one && w.next() {
		key := nexthopQueryWords.find(w.cur)
		if buckets && (key == "groups" || key == "protocol" || key == "fdb") {
			key = ""
		}
		switch key {
		case "dev":
			w.master(&q.dev)
		case "groups":
			h.Groups = true
		case "master":
			w.master(&q.master)
		case "vrf":
			w.wrong(w.arg(), "Invalid VRF\n", "")
		case "id":
			w.uint32(&h.ID, whyNoID)
			q.one = !buckets
		case "protocol":
			w.uint32(&q.protocol, "invalid protocol value")
		case "fdb":
			h.FDB = true
		case "help":
			w.fail(usage("nexthop"))
		default:
			if buckets && w.is("nhid") {
				h.Bucket = new(rtnl.NextHopBucket)
				w.uint32(&h.Bucket.NextHopID, whyNoID)
				continue
			}
			w.wrong(w.cur, "", meant(w.cur, nexthopQueryWords.words()))
		}
	}
	return q, w.err
}

// findNexthopLinks turns the names in a request into indexes.
func (s *session) findNexthopLinks(q *nexthopRequest) error {
	if err := s.index(q.dev, &q.nexthop.OIF); err != nil {
		return s.wrongDevice(q.dev, err)
	}
	if err := s.index(q.master, &q.nexthop.Master); err != nil {
		return s.wrongDevice(q.master, err)
	}
	return nil
}

func (s *session) changeNexthop(w *words, typ, flags uint16) error {
	q, err := parseNexthop(w, s.opt.family)
	if err == nil {
		err = s.findNexthopLinks(q)
	}
	if err != nil {
		return err
	}
	if q.noID && typ == unix.RTM_DELNEXTHOP {
		return noNexthop()
	}
	return s.doNexthop(typ, flags, &q.nexthop, nil)
}

// delNexthop deletes one object for "flush".
func (s *session) delNexthop(id uint32) error {
	return s.doNexthop(unix.RTM_DELNEXTHOP, 0, &rtnl.NextHopObject{ID: id}, nil)
}

// noNexthop is what the kernel says to the ID 0.
func noNexthop() error {
	return fail(exitKernel, "Error: Invalid nexthop id.", "say which: \"id ID\"; \"ip nexthop\" lists those that are")
}

func (s *session) doNexthop(typ, flags uint16, h, reply *rtnl.NextHopObject) error {
	var to nl.Message
	if reply != nil {
		to = reply
	}
	return explained(s.do(typ, flags, h, to), whyNoNexthop)
}

var whyNoNexthop = []reason{
	{unix.EEXIST, "", 0, "there is one with that id already; \"ip nexthop replace\" changes it"},
	{unix.ENOENT, "", 0, "there is none with that id; \"ip nexthop\" lists those that are"},
	{unix.ENETDOWN, "", 0, "the link is down: \"ip link set NAME up\" first"},
	{0, "Nexthop has invalid gateway", 0, "the gateway is not on any network that a link here is part of"},
	{0, "", 0, "the nexthop objects are unchanged"},
}

// getNexthop is "ip nexthop get" and "ip nexthop bucket get".
func (s *session) getNexthop(w *words, bucket bool) error {
	req, typ := rtnl.NextHopObject{Family: s.opt.family}, uint16(unix.RTM_GETNEXTHOP)
	if bucket {
		typ, req.Bucket = unix.RTM_GETNEXTHOPBUCKET, new(rtnl.NextHopBucket)
	}
	for w.next() {
		switch {
		case w.is("id"):
			w.uint32(&req.ID, whyNoID)
		case bucket && w.is("index"):
			req.Bucket.Index = nl.Some(uint16(w.uint(16, "invalid bucket index value")))
		default:
			return usage("nexthop")
		}
	}
	if w.err == nil && (req.ID == 0 || bucket && !req.Bucket.Index.Ok) {
		return usage("nexthop")
	}
	if w.err != nil {
		return w.err
	}
	return s.showOneNexthop(typ, &req)
}

func (s *session) showOneNexthop(typ uint16, req *rtnl.NextHopObject) error {
	var h rtnl.NextHopObject
	if err := s.doNexthop(typ, 0, req, &h); err != nil {
		return err
	}
	v := s.view()
	v.begin()
	v.showNexthopLine(&h)
	v.finish()
	return nil
}

// showNexthops is "ip nexthop list" and, with flush, "ip nexthop flush".
func (s *session) showNexthops(w *words, flush bool) error {
	whole := len(w.rest) == 0
	q, err := parseNexthopQuery(w, s.opt.family, false)
	if err == nil {
		err = s.findNexthopLinks(q)
	}
	if err != nil {
		return err
	}
	h := &q.nexthop
	switch {
	case q.one && h.ID == 0:
		err = noNexthop()
	case q.one && flush:
		err = s.delNexthop(h.ID)
	case q.one:
		return s.showOneNexthop(unix.RTM_GETNEXTHOP, &rtnl.NextHopObject{Family: h.Family, ID: h.ID})
	case flush:
		return s.flushNexthops(q, whole)
	default:
		return s.listNexthops(unix.RTM_GETNEXTHOP, q)
	}
	if err != nil && flush { // here it is not 2
		s.report(err)
		err = fail(exitFailed, "", "")
	}
	return err
}

// showBuckets is "ip nexthop bucket list".
func (s *session) showBuckets(w *words) error {
	q, err := parseNexthopQuery(w, s.opt.family, true)
	if err == nil {
		err = s.findNexthopLinks(q)
	}
	if err != nil {
		return err
	}
	return s.listNexthops(unix.RTM_GETNEXTHOPBUCKET, q)
}
