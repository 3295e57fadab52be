//go:build linux

package tracepacket

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/path"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/survey"
)

// patience is for requests that the kernel answers at once.
const patience = 10 * time.Second

// A session is one call of the command.
type session struct {
	_ [0]func() // not to be compared: that would take code

	c        *applet.Cmd
	o        *options
	iptables func(r *nft.Rule) (string, bool)

	out     output
	survey  *survey.Survey
	flow    *path.Flow
	table   string // the name of our tables
	events  []path.Heard
	places  []*place // those that are watched; the first is that of -n
	closers []io.Closer
}

// A place is a namespace that is watched.
type place struct {
	*survey.Namespace
	conn   *nft.Conn   // owns the table
	events *nft.Events // hears of packets
	tables []nft.Family
	rules  rules
}

// run traces packets, and returns the exit status: the worst of them.
func (s *session) run() (status int, err error) {
	s.flow = s.o.flow()
	s.table = path.TablePrefix + hex.EncodeToString(s.flow.Cookie[4:])
	if s.c.Explain != nil {
		return 0, s.explain()
	}
	if err := s.watch(); err != nil {
		return exitFailed, err
	}
	for i := range s.o.count {
		if i > 0 && !s.o.json {
			s.out.say("\n")
		}
		one, err := s.trace(uint16(i + 1))
		if err == nil {
			err = s.c.Stdout.Flush()
		}
		if err != nil {
			return exitFailed, err
		}
		if status != exitFailed && one != 0 {
			status = one
		}
	}
	return status, nil
}

// close lets go of everything: with its socket, each table is gone. As the kernel then
// waits some 15 ms in each namespace until no packet is in them, they are deleted before,
// which waits for nothing; if that is refused, it only takes longer.
func (s *session) close() (err error) {
	ctx, cancel := context.WithTimeout(s.c.Context(), patience)
	defer cancel()
	for _, p := range s.places {
		b := p.conn.Begin(ctx)
		for _, family := range p.tables {
			b.DelTable(family, s.table)
		}
		_ = b.Commit(ctx)
	}
	for _, c := range s.closers {
		err = errors.Join(err, c.Close())
	}
	return err
}

// watch finds the namespaces, makes the tables and listens. Where it is not able to, the
// way is not seen, which is an error only where the packet comes from.
func (s *session) watch() (err error) {
	ctx, cancel := context.WithTimeout(s.c.Context(), patience)
	defer cancel()
	if s.survey, err = survey.Take(ctx, survey.Options{}); err != nil {
		return err
	}
	s.closers = append(s.closers, s.survey)
	var all []*survey.Namespace
	for _, name := range append([]string{s.o.ns}, s.o.in...) {
		n := s.survey.Namespace(name)
		if n == nil {
			return errors.New("there is no network namespace \"" + name + "\": 'ip netns' lists their names")
		}
		all = append(all, n)
	}
	if len(s.o.in) == 0 {
		all = append(all, s.survey.Namespaces...)
	}
	if s.o.wait {
		if err := s.addrs(all[0]); err != nil {
			return err
		}
	}
	for _, n := range all {
		if s.place(n) >= 0 {
			continue
		}
		err := n.Err
		if err == nil {
			err = s.open(ctx, n)
		}
		if err != nil && (n == all[0] || errors.Is(err, unix.EMFILE)) { // nor is there one to send by
			return s.at(n, err)
		}
		if err != nil {
			s.c.Errorf("minins trace-packet: not looked at: %v", s.at(n, err))
		}
	}
	return nil
}

// at is an error of a namespace.
func (s *session) at(n *survey.Namespace, err error) error {
	return fmt.Errorf("namespace %s: %w", n.Label(), err)
}

// place is the number of a namespace that is watched, or -1.
func (s *session) place(n *survey.Namespace) int {
	for i, p := range s.places {
		if p.Namespace == n {
			return i
		}
	}
	return -1
}

// open begins to listen in a namespace, and then has packets traced.
func (s *session) open(ctx context.Context, n *survey.Namespace) error {
	p := &place{Namespace: n}
	for p.events == nil || p.conn == nil {
		conn, err := n.DialNFT(ctx)
		if err != nil {
			return err
		}
		if p.events == nil {
			if p.events, err = conn.Events(true); err != nil {
				return errors.Join(err, conn.Close())
			}
			s.closers = append(s.closers, p.events)
		} else {
			p.conn = conn
			s.closers = append(s.closers, conn)
		}
	}
	bridged := false
	for _, l := range n.Links {
		bridged = bridged || l.Info.Kind == bridgeKind
	}
	err := s.addTables(ctx, p, bridged)
	if err == nil {
		s.places = append(s.places, p)
	}
	return err
}

// bridgeKind is the kind of links that have chains of family bridge see frames.
const bridgeKind = "bridge"

// addTables makes a table in the family of the packet, in that of ARP, which IPv4 waits
// for, and in that of bridges, if there are any; but for the latter two where this kernel
// lacks them: nothing is then seen there.
func (s *session) addTables(ctx context.Context, p *place, bridged bool) error {
	for _, family := range [...]nft.Family{s.flow.Family, nft.ARP, nft.Bridge} {
		if family == nft.ARP && s.flow.Family == nft.IPv6 || family == nft.Bridge && !bridged {
			continue
		}
		b := p.conn.Begin(ctx)
		err := s.flow.AddTable(b, family, s.table)
		if err == nil {
			err = b.Commit(ctx)
		}
		unknown := errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EAFNOSUPPORT)
		if family != s.flow.Family && unknown {
			continue
		}
		if unknown || errors.Is(err, unix.EINVAL) {
			var u unix.Utsname
			if unix.Uname(&u) == nil {
				err = fmt.Errorf("a table that goes with its socket, so that nothing is left behind, takes Linux 5.12, and this is %s: %w",
					unix.ByteSliceToString(u.Release[:]), err)
			}
		}
		if err != nil {
			return err
		}
		p.tables = append(p.tables, family)
	}
	return nil
}

// hear collects events until nothing more is to be expected, or for so long. The timeout
// is 0 for none.
func (s *session) hear(timeout time.Duration) (events []path.Heard, err error) {
	const interval = 2 * time.Millisecond
	const enough = 10_000 // events of packets of others, before the one that is waited for
	until := time.Now().Add(timeout)
	for pause, quiet := interval, false; ; time.Sleep(pause) {
		n := len(events)
		for i, p := range s.places {
			if events, err = s.poll(i, p, events); err != nil {
				return nil, err
			}
		}
		switch {
		case quiet && (len(events) == n || s.o.wait), timeout > 0 && time.Now().After(until):
			return events, nil
		case len(events) > n:
			pause = s.expects(events)
			if quiet = pause > 0; !quiet {
				pause = interval
			}
			if s.o.wait && !quiet && len(events) > enough {
				events = events[len(events)-enough/2:]
			}
		}
	}
}

// poll adds the events of one place that are there.
func (s *session) poll(i int, p *place, events []path.Heard) ([]path.Heard, error) {
	for {
		more, err := p.events.Poll(func(e *nft.Event) error {
			if t, ok := e.About.(*nft.Trace); ok {
				events = append(events, path.Heard{Where: i, Trace: t})
			}
			return nil
		})
		switch {
		case errors.Is(err, nl.ErrLost):
			s.c.Errorf("minins trace-packet: events of namespace %s were lost, as there were too many", p.Label())
		case err != nil, !more:
			return events, err
		}
	}
}

// expects is how long to wait for more events, if what there is may be all; or 0.
func (s *session) expects(events []path.Heard) time.Duration {
	const (
		settled  = 20 * time.Millisecond  // for what is on its way on another CPU
		answered = 100 * time.Millisecond // for who is told of a packet that was dropped
		others   = 300 * time.Millisecond // for the answer to a packet of others
	)
	if s.o.wait {
		s.follow(events)
		if s.flow.Follow == nil {
			return 0
		}
		return others
	}
	legs := s.assemble(events)
	for i := range legs {
		l := &legs[i]
		v := l.Visits[len(l.Visits)-1]
		switch {
		case l.Kind != path.Request && l.Fate == path.Delivered && v.Where == 0:
			return settled
		case i == len(legs)-1 && (l.Fate == path.Dropped || l.Fate == path.Taken):
			return answered
		}
	}
	return 0
}

func (s *session) assemble(events []path.Heard) []path.Leg {
	return path.Assemble(events, s.table, s.flow, s.next)
}

// follow chooses the packet of others to follow: the first one that the namespace sees
// of those that were asked for.
func (s *session) follow(events []path.Heard) {
	for i := range events {
		t := events[i].Trace
		if s.flow.Follow != nil || events[i].Where != 0 || t.Table != s.table {
			continue
		}
		p := path.Headers(t)
		if p != nil && p.Dst == s.o.dst.WithZone("") && p.Proto == s.flow.Proto && p.Asks() &&
			(s.o.port == 0 || s.o.port == p.DstPort) && (s.o.sport == 0 || s.o.sport == p.SrcPort) &&
			(!s.o.src.IsValid() || s.o.src == p.Src) {
			s.flow.Follow = p
		}
	}
}

// next is where a packet comes out that left by a link.
func (s *session) next(v *path.Visit) []path.Arrival {
	n := s.places[v.Where].Namespace
	var links []*survey.Link
	if link, ok := v.Up(); ok {
		links = append(links, n.Link(link).Master())
	}
	for _, out := range v.Out {
		behind := s.behind(n.Link(out))
		if behind == nil {
			return nil
		}
		links = append(links, behind...)
	}
	all := make([]path.Arrival, 0, len(links))
	for _, l := range links {
		if i := s.place(l.Namespace); i >= 0 {
			all = append(all, path.Arrival{Where: i, Link: l.Index})
		}
	}
	return all
}

// behind is the link, for one that gives back what it is given: lo, and a bridge. Of a
// cable, it is the other end, what stands on that, the bridge that it is a port of, and
// what is behind the other ports, if nobody sees the frames of the bridge.
func (s *session) behind(l *survey.Link) (all []*survey.Link) {
	if l != nil && l.Lower != nil {
		l = l.Lower
	}
	switch {
	case l == nil:
		return nil
	case l.Flags&unix.IFF_LOOPBACK != 0, l.Info.Kind == bridgeKind:
		return append(all, l)
	case l.Peer == nil:
		return nil
	}
	all = append(all, l.Peer)
	bridge := l.Peer.Master()
	if bridge != nil {
		all = append(all, bridge)
	}
	for _, n := range s.survey.Namespaces {
		for _, other := range n.Links {
			switch {
			case other.Lower == l.Peer:
				all = append(all, other)
			case bridge != nil && other.Peer != nil && other != l.Peer && other.Master() == bridge:
				all = append(all, other.Peer)
			}
		}
	}
	return all
}
