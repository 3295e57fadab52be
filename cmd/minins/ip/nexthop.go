//go:build linux

package ip

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// nexthopWords are what an object is made of.
const nexthopWords grammar = `
	id ID  its number, by which routes name it
	dev DEV  the link that leads there
	via ADDRESS  the gateway
	blackhole  drop packets
	fdb  for the forwarding table of a bridge or VXLAN
	onlink  the gateway is on that link, whatever the addresses say
	group GROUP  each flow takes one of these: ID[,WEIGHT]/ID[,WEIGHT]...
	type { mpath | resilient }  by hash, or by buckets that keep their flows
	protocol* PROTO  who made it
	encap
	help`

// resilientWords are what may follow "type resilient".
const resilientWords grammar = `
	buckets NUMBER  in so many shares
	idle_timer SECONDS  a bucket that has been idle for so long may move
	unbalanced_timer SECONDS  after so long out of balance any may`

// nexthopQueryWords are those of "list" and "flush".
const nexthopQueryWords grammar = `
	dev* DEV  those by this link
	groups*  groups alone
	master* DEV  those by ports of this link
	vrf* NAME  on links in the VRF
	id ID  this one
	protocol* NUMBER  made by this one
	fdb*  those of forwarding tables
	help*`

// bucketWords are those of "bucket list".
const bucketWords grammar = `
	dev* DEV
	master* DEV
	vrf* NAME  on links in the VRF
	id ID
	nhid ID  buckets that lead to this object
	help*`

// A nexthopRequest is a command: an object, or what those have that are to be
// shown or deleted.
type nexthopRequest struct {
	nexthop     rtnl.NextHopObject
	dev, master string
	protocol    uint32 // of those to be shown
	key         string // the command
	typ         uint16 // RTM_*
	whole       bool   // the command alone
	hasID       bool

	making bool // for "add" and the like
	usage  bool // a word that is wrong gets the usage
	single bool // "id" ends the line, and the list is of that one
}

// parseNexthop reads the command, if there is one, and the words behind it.
func parseNexthop(w *words, family rtnl.Family) (*nexthopRequest, error) {
	q := &nexthopRequest{key: "list", typ: unix.RTM_GETNEXTHOP}
	h := &q.nexthop
	h.Family = family
	if w.next() {
		q.key = command("nexthop", w.cur)
	}
	known := nexthopQueryWords
	bucket := q.key == "bucket"
	if bucket {
		known, q.typ, q.key = bucketWords, unix.RTM_GETNEXTHOPBUCKET, "list"
		if w.next() {
			q.key = keywords("list*|show*|lst* get* help*").find(w.cur)
		}
	}
	q.whole = len(w.rest) == 0
	switch q.key {
	case "":
		return nil, unknownCommand("nexthop", w.cur, commands("nexthop"))
	case "help":
		return nil, usage("nexthop")
	case "add", "replace":
		known, q.typ, q.making = nexthopWords, unix.RTM_NEWNEXTHOP, true
	case "delete":
		known, q.typ, q.making = nexthopWords, unix.RTM_DELNEXTHOP, true
	case "get":
		if known, q.usage = "id", true; bucket {
			known = "id index"
		}
	default:
		q.single = !bucket
	}
	for w.next() {
		if q.take(w, known) {
			break
		}
	}
	if q.usage && w.err == nil && (h.ID == 0 || bucket && h.Bucket == nil) {
		return nil, usage("nexthop")
	}
	return q, w.err
}

// nexthop is the object "nexthop": ways that routes share.
func (s *session) nexthop(w *words) error {
	q, err := parseNexthop(w, s.opt.family)
	if err != nil {
		return err
	}
	h := &q.nexthop
	if err := s.index(q.dev, &h.OIF); err != nil {
		return s.wrongDevice(q.dev, err)
	}
	if err := s.index(q.master, &h.Master); err != nil {
		return s.wrongDevice(q.master, err)
	}
	one := q.single && q.hasID
	switch {
	case one && q.key == "flush":
		if err := s.doNexthop(unix.RTM_DELNEXTHOP, &rtnl.NextHopObject{ID: h.ID}, nil); err != nil {
			s.report(err) // here the exit status is not 2
			return fail(exitFailed, "", "")
		}
		return nil
	case q.key == "flush":
		return s.flushNexthops(q)
	case q.key == "list" && !one:
		all, err := s.dumpNexthops(q)
		if err == nil {
			s.showNexthops(all)
		}
		return err
	case q.making && (q.typ == unix.RTM_NEWNEXTHOP || !q.hasID || h.ID != 0):
		return explained(s.changeNow(q.typ, changeFlags(q.key), h), whyNoNexthop, strconv.FormatUint(uint64(h.ID), 10))
	}
	var reply rtnl.NextHopObject
	err = s.doNexthop(q.typ, &rtnl.NextHopObject{Family: h.Family, ID: h.ID, Bucket: h.Bucket}, &reply)
	if err == nil {
		s.showNexthops([]rtnl.NextHopObject{reply})
	}
	return err
}

// doNexthop is about one object. An ID of 0 would not be sent; this is what the
// kernel says to one.
func (s *session) doNexthop(typ uint16, h *rtnl.NextHopObject, reply nl.Message) error {
	if h.ID == 0 {
		return fail(exitKernel, "Error: Invalid nexthop id.", "0 is none; \"ip nexthop\" lists those that are")
	}
	return explained(s.do(typ, 0, h, reply), whyNoNexthop, strconv.FormatUint(uint64(h.ID), 10))
}

// whyNoNexthop is of an ID.
var whyNoNexthop = []reason{
	{unix.EEXIST, "", 0, "nexthop object %s is there already; \"ip nexthop replace\" changes it"},
	{unix.ENOENT, "", 0, "nexthop object %s is not there; \"ip nexthop\" lists those that are"},
	{unix.ENETDOWN, "", 0, "the link is down: \"ip link set NAME up\" first"},
	{0, "Nexthop has invalid gateway", 0, "the gateway is not on any network that a link here is part of"},
	{0, "", 0, "the nexthop objects are unchanged"},
}

// take reads a word that is one of known, and its value, and reports whether
// it is the last one that counts.
func (q *nexthopRequest) take(w *words, known grammar) bool {
	h := &q.nexthop
	switch known.find(w.cur) {
	case "id":
		w.uint32(&h.ID, whyNoID)
		q.hasID = true
		return q.single
	case "dev":
		w.master(&q.dev)
		q.inet()
	case "master":
		w.master(&q.master)
	case "vrf":
		w.vrf(invalidVRF)
		q.master = w.cur
	case "encap":
		w.notOurs("nexthop")
	case "via":
		f := w.family(h.Family)
		if w.addr(&h.Gateway, &f); h.Family == 0 {
			h.Family = f
		} else if f != h.Family {
			w.wrong(w.cur, "address family mismatch\n", "")
		}
	case "blackhole":
		h.Blackhole = true
		q.inet()
	case "fdb":
		h.FDB = true
	case "onlink":
		h.Flags |= unix.RTNH_F_ONLINK
	case "group":
		h.Group = groupArg(w)
	case "groups":
		h.Groups = true
	case "type":
		groupTypeArg(w, h)
	case "protocol":
		if !q.making {
			w.uint32(&q.protocol, "invalid protocol value")
		} else {
			h.Protocol = rtnl.RouteProtocol(w.named(protocols, 8, "\"protocol\" value is invalid\n"))
		}
	case "nhid":
		h.Bucket = new(rtnl.NextHopBucket)
		w.uint32(&h.Bucket.NextHopID, whyNoID)
	case "index":
		h.Bucket = &rtnl.NextHopBucket{Index: nl.Some(uint16(w.uint(16, "invalid bucket index value")))}
	case "help":
		q.usage = true
		fallthrough
	default:
		if q.usage {
			w.fail(usage("nexthop"))
		}
		w.wrong(w.cur, "", meant(w.cur, known.words()))
	}
	return false
}

const whyNoID = "invalid id value"

// inet settles the family of an object that does not say so.
func (q *nexthopRequest) inet() {
	if q.making && q.nexthop.Family == 0 {
		q.nexthop.Family = unix.AF_INET
	}
}

// groupArg reads ID[,WEIGHT]/ID[,WEIGHT]...
func groupArg(w *words) (group []rtnl.NextHopShare) {
	rest := w.arg()
	word := rest
	if i := strings.IndexAny(word, "/,"); i >= 0 {
		word = word[:i] // iproute2 has cut it there by the time that it complains
	}
	for more := true; more; {
		var member string
		member, rest, more = strings.Cut(rest, "/")
		id, weight, weighted := strings.Cut(member, ",")
		n, ok := number(id, 32)
		if !ok {
			w.wrong(word, "\"group\" value is invalid\n", "it is the numbers of objects: 1/2, or 1,10/2,20")
		}
		share := rtnl.NextHopShare{ID: uint32(n)}
		if weighted {
			if n, ok = number(weight, 32); !ok || n-1 > 255 {
				w.wrong(weight, whyNoWeight, "")
			}
			share.Weight = uint16(n - 1)
		}
		group = append(group, share)
	}
	return group
}

// groupTypeArg reads the type of a group and its arguments.
func groupTypeArg(w *words, h *rtnl.NextHopObject) {
	switch w.arg() {
	case "mpath":
		return
	case "resilient":
		h.GroupType = 1
	default:
		w.wrong(w.cur, "\"type\" value is invalid\n", "it is mpath or resilient")
	}
	if len(w.rest) == 0 {
		return
	}
	g := new(rtnl.ResilientGroup)
	for h.Resilient = g; ; {
		key := resilientWords.find(w.peek())
		if key == "" {
			return
		}
		w.next()
		why := "invalid " + strings.Replace(key, "_", " ", 1) + " value"
		if key == "buckets" {
			g.Buckets = nl.Some(uint16(w.uint(16, why)))
			continue
		}
		n := w.uint(32, why)
		if n >= (1<<32-1)/100 {
			w.wrong(w.cur, why, "")
		}
		timer := nl.Some(uint32(n) * 100)
		if key == "idle_timer" {
			g.IdleTimer = timer
		} else {
			g.UnbalancedTimer = timer
		}
	}
}

// dumpNexthops lists what q selects; the kernel does not know of who made it.
func (s *session) dumpNexthops(q *nexthopRequest) ([]rtnl.NextHopObject, error) {
	conn, err := s.dial()
	if err != nil {
		return nil, err
	}
	all, err := nl.List(s.ctx, conn, q.typ, &q.nexthop, q.takes)
	if err != nil {
		err = dumpFailure("Dump", err)
	}
	return all, err
}

func (q *nexthopRequest) takes(h *rtnl.NextHopObject) bool {
	return q.protocol == 0 || q.protocol == uint32(h.Protocol)
}

// flushNexthops deletes what q selects; of the whole, groups go first, since
// without members they would go by themselves.
func (s *session) flushNexthops(q *nexthopRequest) error {
	n, again := 0, q.whole
	for q.nexthop.Groups = q.nexthop.Groups || again; ; {
		all, err := s.dumpNexthops(q)
		if err != nil {
			if f := asFailure(err); f != nil {
				f.text += ". Failed to flush nexthops"
			}
			return err
		}
		for i := range all {
			if err := s.doNexthop(unix.RTM_DELNEXTHOP, &rtnl.NextHopObject{ID: all[i].ID}, nil); err != nil {
				s.report(err)
			} else {
				n++
			}
		}
		if !again {
			break
		}
		q.nexthop.Groups, again = false, false
	}
	text := "Nothing to flush\n"
	if n > 0 {
		text = "Flushed " + strconv.Itoa(n) + " nexthops\n"
	}
	s.c.Stdout.WriteString(text)
	return nil
}
