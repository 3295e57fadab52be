//go:build linux

package ip

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// nexthopCommands are in iproute2's order.
const nexthopCommands grammar = `
	add* NEXTHOP  make an object or a group
	replace* NEXTHOP  change one and thereby all routes that name it, or make it
	delete* ID  delete it and all routes that name it
	list*|show*|lst* SELECTOR  show those that fit
	get* ID  show one
	flush* SELECTOR  delete those that fit
	bucket* SELECTOR  "bucket list" and "bucket get": shares of resilient groups
	help*`

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
	vrf* VRF
	id ID  this one
	protocol* NUMBER  made by this one
	fdb*  those of forwarding tables
	help*`

// bucketWords are those of "bucket list".
const bucketWords grammar = `
	dev* DEV
	master* DEV
	vrf* VRF
	id ID
	nhid ID  buckets that lead to this object
	help*`

// A nexthopRequest is what the commands ask for: an object, or what those have
// that are to be shown.
type nexthopRequest struct {
	nexthop     rtnl.NextHopObject
	dev, master string
	protocol    uint32 // of those to be shown

	making bool // for "add" and the like
	usage  bool // a word that is wrong gets the usage
	single bool // "id" ends the line
	hasID  bool
}

// nexthop is the object "nexthop": ways that routes share.
func (s *session) nexthop(w *words) error {
	key := "list"
	if w.next() {
		key = nexthopCommands.find(w.cur)
	}
	q := new(nexthopRequest)
	h := &q.nexthop
	h.Family = s.opt.family
	known, typ := nexthopQueryWords, uint16(unix.RTM_GETNEXTHOP)
	if key == "bucket" {
		known, typ, key = bucketWords, unix.RTM_GETNEXTHOPBUCKET, "list"
		if w.next() {
			key = keywords("list*|show*|lst* get* help*").find(w.cur)
		}
	}
	whole := len(w.rest) == 0
	switch key {
	case "":
		return unknownCommand("nexthop", w.cur, nexthopCommands.words())
	case "help":
		return usage("nexthop")
	case "add", "replace":
		known, typ, q.making = nexthopWords, unix.RTM_NEWNEXTHOP, true
	case "delete":
		known, typ, q.making = nexthopWords, unix.RTM_DELNEXTHOP, true
	case "get":
		known, q.usage = "id\nindex", true
		if typ == unix.RTM_GETNEXTHOP {
			known = "id"
		}
	default:
		q.single = typ == unix.RTM_GETNEXTHOP
	}
	for w.next() && !q.take(w, known) {
	}
	if q.usage && w.err == nil && (h.ID == 0 || typ == unix.RTM_GETNEXTHOPBUCKET && h.Bucket == nil) {
		return usage("nexthop")
	}
	if w.err != nil {
		return w.err
	}
	if err := s.index(q.dev, &h.OIF); err != nil {
		return s.wrongDevice(q.dev, err)
	}
	if err := s.index(q.master, &h.Master); err != nil {
		return s.wrongDevice(q.master, err)
	}
	one := q.single && q.hasID
	switch {
	case one && key == "flush":
		if err := s.delNexthop(h.ID); err != nil { // here the exit status is not 2
			s.report(err)
			return fail(exitFailed, "", "")
		}
		return nil
	case key == "flush":
		return s.flushNexthops(q, whole)
	case key == "list" && !one:
		return s.listNexthops(typ, q)
	case q.hasID && h.ID == 0 && typ != unix.RTM_NEWNEXTHOP:
		return noNexthop()
	case q.making:
		return explained(s.do(typ, changeFlags(key), h, nil), whyNoNexthop)
	}
	var reply rtnl.NextHopObject
	err := explained(s.do(typ, 0, &rtnl.NextHopObject{Family: h.Family, ID: h.ID, Bucket: h.Bucket}, &reply), whyNoNexthop)
	if err == nil {
		s.showNexthops([]rtnl.NextHopObject{reply})
	}
	return err
}

var whyNoNexthop = []reason{
	{unix.EEXIST, "", 0, "there is one with that id already; \"ip nexthop replace\" changes it"},
	{unix.ENOENT, "", 0, "there is none with that id; \"ip nexthop\" lists those that are"},
	{unix.ENETDOWN, "", 0, "the link is down: \"ip link set NAME up\" first"},
	{0, "", 0, "the nexthop objects are unchanged"},
}

// noNexthop is what the kernel says to the ID 0, which is not sent.
func noNexthop() error {
	return fail(exitKernel, "Error: Invalid nexthop id.", "\"ip nexthop\" lists those that are")
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
func (s *session) dumpNexthops(typ uint16, q *nexthopRequest) ([]rtnl.NextHopObject, error) {
	conn, err := s.dial()
	if err != nil {
		return nil, err
	}
	all, err := nl.List(s.ctx, conn, typ, &q.nexthop, q.takes)
	if err != nil {
		err = dumpFailure("Dump", err)
	}
	return all, err
}

func (q *nexthopRequest) takes(h *rtnl.NextHopObject) bool {
	return q.protocol == 0 || q.protocol == uint32(h.Protocol)
}

func (s *session) listNexthops(typ uint16, q *nexthopRequest) error {
	all, err := s.dumpNexthops(typ, q)
	if err == nil {
		s.showNexthops(all)
	}
	return err
}

func (s *session) delNexthop(id uint32) error {
	if id == 0 {
		return noNexthop()
	}
	return explained(s.do(unix.RTM_DELNEXTHOP, 0, &rtnl.NextHopObject{ID: id}, nil), whyNoNexthop)
}

// flushNexthops deletes what q selects; of the whole, groups go first, since
// without members they would go by themselves.
func (s *session) flushNexthops(q *nexthopRequest, whole bool) error {
	n := 0
	for q.nexthop.Groups = q.nexthop.Groups || whole; ; {
		all, err := s.dumpNexthops(unix.RTM_GETNEXTHOP, q)
		if err != nil {
			if f := asFailure(err); f != nil {
				f.text += ". Failed to flush nexthops"
			}
			return err
		}
		for i := range all {
			if err := s.delNexthop(all[i].ID); err != nil {
				s.report(err)
			} else {
				n++
			}
		}
		if !whole {
			break
		}
		q.nexthop.Groups, whole = false, false
	}
	text := "Nothing to flush\n"
	if n > 0 {
		text = "Flushed " + strconv.Itoa(n) + " nexthops\n"
	}
	s.c.Stdout.WriteString(text)
	return nil
}
