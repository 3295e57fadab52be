//go:build linux

package ip

import (
	"context"
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/jsonout"
	"github.com/minins/minins/cmd/minins/internal/resolve"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// A session is one call of ip: its options, one socket in the namespace that
// it is about, and what it has learned so far.
type session struct {
	c      *applet.Cmd
	ctx    context.Context
	opt    options
	tables *tables
	words  words // of the command
	conn   *nl.Conn
	lines  *batch              // nil: there is one command only
	links  map[uint64]linkFact // by key
	nsids  map[int32]string    // names of namespaces; nil: not asked yet
	live   bool                // an id that has no name may get one
	where  nl.Opt[int32]       // the namespace that links are in, if not here
}

// A linkFact is what is remembered of a link.
type linkFact struct {
	_ [0]func() // not to be compared: that would take code

	name  string
	flags rtnl.LinkFlags
}

func (s *session) close() error {
	if s.conn == nil {
		return nil
	}
	return s.conn.Close()
}

// dial opens the socket, once, for what is not to overtake the lines before it.
func (s *session) dial() (*nl.Conn, error) {
	if err := s.flush(); err != nil {
		return nil, err
	}
	if s.conn == nil {
		conn, err := s.c.Dial(rtnl.Protocol, s.opt.netns)
		if err != nil {
			return nil, err
		}
		s.conn = conn
	}
	return s.conn, nil
}

// stream dumps in constant memory. What each asks of the kernel goes over a socket
// of its own. Like iproute2 it goes on if the tables changed meanwhile, and says so.
func (s *session) stream(typ uint16, req nl.Message, each func(h nl.Header, body []byte) error) error {
	conn, err := s.dial()
	if err != nil {
		return err
	}
	s.conn = nil
	err = conn.Dump(s.ctx, typ, req, each)
	err = errors.Join(err, s.close())
	s.conn = conn
	if errors.Is(err, nl.ErrInterrupted) {
		s.complain("Dump was interrupted and may be inconsistent.", "")
		return nil
	}
	return err
}

// each is stream for messages that are all decoded to m.
func (s *session) each(typ uint16, req, m nl.Message, do func()) error {
	var c nl.Coder
	return s.stream(typ, req, func(_ nl.Header, body []byte) error {
		err := c.Decode(body, m)
		if err == nil {
			do()
		}
		return err
	})
}

// do sends one request.
func (s *session) do(typ, flags uint16, req, reply nl.Message) error {
	conn, err := s.dial()
	if err != nil {
		return err
	}
	return conn.Do(s.ctx, typ, flags, req, reply)
}

// changeNow sends a request that changes something. With -echo it shows what the
// kernel says of the object then; it does not of all, and older kernels of less.
func (s *session) changeNow(typ, flags uint16, req nl.Message) error {
	if !s.opt.echo {
		return s.do(typ, flags, req, nil)
	}
	_, echo := rtnl.Protocol.Type(typ)
	m := &monitor{s: s, v: s.view()}
	m.v.events = true
	if err := s.do(typ, flags|unix.NLM_F_ECHO, req, echo); err != nil {
		return err
	}
	m.show(typ, echo)
	m.v.finish()
	return nil
}

// view is for rendering: links and namespaces are asked for when their names
// are needed.
func (s *session) view() *view {
	p := &printer{out: s.c.Stdout, oneline: s.opt.oneline}
	if s.opt.json {
		p.json = &jsonout.Writer{Out: s.c.Stdout, Pretty: s.opt.pretty}
	} else {
		p.colors = colorsFor(s.opt.color, s.c.Getenv)
	}
	v := &view{printer: p, opt: &s.opt, tables: s.tables, link: s.linkByIndex, netns: s.netnsByID, nexthop: s.nexthopByID}
	hosts := resolve.System()
	if s.c.Explain != nil {
		hosts.Port = resolve.NoSocket
	}
	v.host = func(a netip.Addr) string {
		name, _ := hosts.LookupAddr(a)
		return name
	}
	return v
}

// findLink asks for a link by its name or alternative name.
func (s *session) findLink(name string) (*rtnl.Link, error) {
	req := &rtnl.Link{Name: name, ExtMask: s.opt.linkMask()}
	if len(name) >= unix.IFNAMSIZ {
		req.Name, req.AltName = "", name
	}
	var l rtnl.Link
	err := s.do(unix.RTM_GETLINK, 0, req, &l)
	if asRefusal(err) != nil {
		return nil, s.noSuchLink(name)
	}
	if err == nil {
		s.remember(&l)
	}
	return &l, err
}

// noSuchLink says so, and where the name may be found instead.
func (s *session) noSuchLink(name string) error {
	f := fail(exitFailed, say("Cannot find device \"%s\"", name), "")
	if !s.c.Hints {
		return f
	}
	all, err := s.listLinks(&rtnl.Link{})
	if err != nil {
		return f
	}
	var names []string
	for i := range all {
		names = append(append(names, all[i].Name), all[i].AltNames...)
	}
	where := "here"
	if s.opt.netns != "" {
		where = "in " + s.opt.netns
	}
	f.hint = meant(name, names)
	if f.hint == "" {
		f.hint = "\"ip link\" lists them"
	}
	f.hint = say("there is no device %q %s; ", name, where) + f.hint
	return f
}

// index sets the index of a link that must be there; "" is none.
func (s *session) index(name string, to *uint32) error {
	if name == "" {
		return nil
	}
	b := s.lines
	if b != nil {
		if index := b.indexes[name]; index != 0 {
			*to = index
			return nil
		}
	}
	l, err := s.findLink(name)
	if err != nil {
		return err
	}
	if *to = l.Index; b != nil {
		if b.indexes == nil {
			b.indexes = map[string]uint32{}
		}
		b.indexes[strings.Clone(name)] = l.Index
	}
	return nil
}

// listLinks dumps the links that match req as far as the kernel filters.
func (s *session) listLinks(req *rtnl.Link) ([]rtnl.Link, error) {
	conn, err := s.dial()
	if err != nil {
		return nil, err
	}
	all, err := nl.List[rtnl.Link](s.ctx, conn, unix.RTM_GETLINK, req, nil)
	for i := range all {
		s.remember(&all[i])
	}
	return all, err
}

func (s *session) remember(l *rtnl.Link) {
	if s.links == nil {
		s.links = map[uint64]linkFact{}
	}
	s.links[s.key(l.Index)] = linkFact{name: l.Name, flags: l.Flags}
}

// key tells links in one namespace from those in others.
func (s *session) key(index uint32) uint64 {
	if s.where.Ok {
		return uint64(index) | uint64(s.where.V+1)<<32
	}
	return uint64(index)
}

func unnamed(index uint32) string { return "if" + strconv.Itoa(int(int32(index))) }

// linkByIndex is the name and the flags of a link; if there is none, "if5" and up,
// as nothing is known to be down.
func (s *session) linkByIndex(index uint32) (string, rtnl.LinkFlags) {
	if f, ok := s.links[s.key(index)]; ok {
		return f.name, f.flags
	}
	if index == 0 {
		return "*", 0
	}
	var l rtnl.Link
	req := &rtnl.Link{Index: index, ExtMask: rtnl.ExtVF | rtnl.ExtSkipStats, TargetNSID: s.where}
	if err := s.do(unix.RTM_GETLINK, 0, req, &l); err != nil {
		return unnamed(index), unix.IFF_UP // it may have gone meanwhile
	}
	l.Index = index
	s.remember(&l)
	return l.Name, l.Flags
}

// netnsByID is the name of the namespace with that id, or "". There are no names
// for what the ids of other namespaces mean.
func (s *session) netnsByID(id int32) string {
	if s.where.Ok {
		return ""
	}
	if s.nsids == nil || s.live && id >= 0 && s.nsids[id] == "" {
		s.nsids = map[int32]string{}
		names, err := nsfs.List()
		if err != nil {
			return "" // then the id is what can be shown
		}
		for _, name := range names {
			id, err := s.nsid(name)
			if err != nil {
				s.report(err)
			} else if _, ok := s.nsids[id]; !ok && id >= 0 {
				s.nsids[id] = name
			}
		}
	}
	return s.nsids[id]
}

// nsid is the id that the session's namespace has for that of a name; -1 if
// it has none.
func (s *session) nsid(name string) (int32, error) {
	fd, err := unix.Open(nsfs.Path(name), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return rtnl.NSIDNotAssigned, nil // it was removed meanwhile, or is not ours to see
	}
	defer unix.Close(fd)
	return s.nsidOf(&rtnl.NSID{FD: nl.Some(uint32(fd))})
}

func (s *session) nsidOf(req *rtnl.NSID) (int32, error) {
	var reply rtnl.NSID
	if err := s.do(unix.RTM_GETNSID, 0, req, &reply); err != nil {
		return rtnl.NSIDNotAssigned, err
	}
	return reply.ID.Or(rtnl.NSIDNotAssigned), nil
}
