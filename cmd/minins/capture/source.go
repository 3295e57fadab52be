//go:build linux

package capture

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/pcap"
	"github.com/minins/minins/rtnl"
)

// A source is a network namespace.
type source struct {
	_ [0]func() // not to be compared: that would take code

	name    string // or a path; "": that of this process
	id      nsfs.Identity
	ns      *nsfs.NS // until the ring is open
	code    []unix.SockFilter
	err     error
	ring    *ring   // nil once it is closed
	links   []*link // those that were there when it was opened, and those that had a packet
	last    *link   // of the last packet
	gone    int64   // when its name was deleted; 0: it is there
	dropped uint64
	queue   queue
}

func (s *source) String() string {
	if s.name == "" {
		return "this namespace"
	}
	return s.name
}

// A link of a namespace.
type link struct {
	index  uint32
	name   string // "red:eth0", or "eth0" in the namespace of this process
	typ    uint16 // pcap.LinkTypeEthernet …
	id     int    // in the file
	count  uint64
	source *source
}

func (s *source) add(index uint32, name string, hatype uint16) *link {
	if s.name != "" {
		name = s.name + ":" + name
	}
	l := &link{index: index, name: name, typ: pcap.LinkTypeRaw, source: s}
	switch hatype {
	case unix.ARPHRD_ETHER, unix.ARPHRD_LOOPBACK:
		l.typ = pcap.LinkTypeEthernet
	case unix.ARPHRD_NETLINK:
		l.typ = pcap.LinkTypeNetlink
	}
	s.links = append(s.links, l)
	return l
}

// open opens the namespaces that were asked for, of which all must be there, and
// with all those that have a name.
func (s *session) open() error {
	if s.all || len(s.names) == 0 {
		s.names = append(s.names, "")
	}
	names := s.names
	if s.all {
		all, err := nsfs.List()
		if err != nil {
			return err
		}
		names = append(names, all...)
	}
	s.blocks = min(max(allBlocks/len(names), minBlocks), maxBlocks)
	found := make([]bool, len(s.links))
	for i, name := range names {
		err := s.add(name, found)
		if err != nil && i < len(s.names) {
			return err
		}
		s.warn(name, err)
	}
	for i, ok := range found {
		if !ok {
			return errors.New("there is no link " + s.links[i] + " in any of these namespaces")
		}
	}
	return s.start(s.sources)
}

// start opens the rings of namespaces, all at once: the kernel waits some 20 ms for each.
// That of one which was asked for by name must open.
func (s *session) start(sources []*source) (err error) {
	var opened sync.WaitGroup
	for _, src := range sources {
		opened.Go(func() { src.open(s.blocks) })
	}
	opened.Wait()
	for _, src := range sources {
		if src.err != nil && err == nil && slices.Contains(s.names, src.name) {
			err = src.err
		} else {
			s.warn(src.name, src.err)
		}
		for _, l := range src.links {
			s.promise(l)
		}
	}
	return err
}

// open opens the ring. If err says that it could not, there is none.
func (s *source) open(blocks int) {
	defer s.ns.Close()
	open := func() (err error) {
		s.ring, err = openRing(s.code, blocks)
		return err
	}
	var err error
	if s.name == "" {
		err = open() // which takes no right to enter it
	} else {
		err = s.ns.Do(open)
	}
	if err != nil {
		s.ring = nil
		s.err = fmt.Errorf("cannot capture in %s: %w", s, err)
	}
}

// warn says what else is wrong with a namespace, but not that it, or a link, has gone
// meanwhile. It keeps those for which there was no descriptor.
func (s *session) warn(name string, err error) {
	switch {
	case errors.Is(err, unix.EMFILE):
		if !slices.Contains(s.lacking, name) { // which is tried again when the watch tells of it
			s.lacking = append(s.lacking, name)
		}
	case err != nil && !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENODEV):
		s.c.Errorf("minins capture: %v", err)
	}
}

// captured is how many namespaces are captured, or will be.
func (s *session) captured() (n int) {
	for _, src := range s.sources {
		if src.err == nil && src.gone == 0 {
			n++
		}
	}
	return n
}

// room says whether there are descriptors for another namespace: while it is opened, it
// takes three. Those that were asked for by name come first, and have them.
func (s *session) room(name string) bool {
	var limit unix.Rlimit
	return slices.Contains(s.names, name) || unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil || uint64(3*s.captured()+20) < limit.Cur
}

// warnLacking says for how many namespaces there was no descriptor.
func (s *session) warnLacking() {
	if n := len(s.lacking) - s.told; n > 0 {
		s.c.Errorf("minins capture: not captured: %d %s: too many open files; 'ulimit -n %d' allows more", n, plural(n, "namespace"), 100+4*(s.captured()+len(s.lacking)))
		s.told += n
	}
}

// add adds a namespace, unless it is there, or has none of the links that were
// asked for; those that it has are noted.
func (s *session) add(name string, found []bool) error {
	path := name
	if name == "" {
		path = "/proc/thread-self/ns/net"
	}
	ns, err := nsfs.Open(path)
	if err != nil {
		return err
	}
	src := &source{name: name, ns: ns}
	src.id, err = ns.Identity()
	known := false
	for _, other := range s.sources {
		known = known || other.gone == 0 && other.id == src.id
	}
	if err == nil && !known && !s.room(name) {
		err = unix.EMFILE
	}
	var wanted *node
	if err == nil && !known {
		wanted, err = s.list(src, found)
	}
	if err != nil || known || len(s.links) > 0 && wanted == nil {
		ns.Close()
		return err
	}
	src.code = s.program(wanted)
	s.sources = append(s.sources, src)
	return nil
}

// list reads the links that there are and are wanted, and makes the filter of them.
func (s *session) list(src *source, found []bool) (wanted *node, err error) {
	conn, err := s.c.Dial(rtnl.Protocol, src.name)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	all, err := rtnl.New(conn).Links(context.Background(), rtnl.LinkFilter{ExtMask: rtnl.ExtSkipStats})
	for i := range all {
		l := &all[i]
		at := slices.Index(s.links, l.Name)
		if at >= 0 {
			found[at] = true
		}
		if at >= 0 || len(s.links) == 0 {
			src.add(l.Index, l.Name, uint16(l.Type))
			wanted = join('|', wanted, known(adIfindex, l.Index))
		}
	}
	return wanted, err
}

// program is that of a namespace; wanted are the links that were asked for. What
// leaves by a loopback device comes in there, too, and is taken once.
func (s *session) program(wanted *node) []unix.SockFilter {
	filter := not(join('&', known(adHatype, unix.ARPHRD_LOOPBACK), known(adPktType, unix.PACKET_OUTGOING)))
	if len(s.links) > 0 {
		filter = join('&', wanted, filter)
	}
	if s.filter != nil {
		filter = join('&', filter, s.filter)
	}
	return compile(filter, uint32(s.snaplen))
}

// promise has a link take frames for others, if that is wanted.
func (s *session) promise(l *link) {
	if s.promiscuous && l.source.ring != nil {
		s.warn("", l.source.ring.promiscuous(l.index))
	}
}

// watch tells of namespaces that come and go, until ctx is done. If it ends before,
// it tells of nil, and s.watched says why.
func (s *session) watch(ctx context.Context, events chan<- *nsfs.Event) {
	s.watched = nsfs.Watch(ctx, func(e nsfs.Event) error {
		events <- &e
		return nil
	})
	if s.watched != nil {
		events <- nil
	}
	close(events)
}

// happened adds a namespace that has come, and will soon close one that has gone: an open socket would keep it, and its ends of cables, alive.
func (s *session) happened(e *nsfs.Event, at int64) {
	if e == nil {
		s.warn("", s.watched)
	} else if e.Gone {
		for _, src := range s.sources {
			if src.name == e.Name && src.id == e.ID {
				src.gone = at
			}
		}
	} else if s.all || slices.Contains(s.names, e.Name) {
		s.warn(e.Name, s.add(e.Name, make([]bool, len(s.links))))
	}
}

// closeRing leaves the kernel to wait for another 40 ms.
func (s *session) closeRing(src *source) {
	s.closing.Go(src.ring.close)
	src.ring = nil
}

func (s *session) close() {
	for _, src := range s.sources {
		if src.ring != nil {
			s.closeRing(src)
		}
	}
	s.closing.Wait()
}

// poll waits until a ring has a block, but not for long: signals and time are
// looked at in between.
func (s *session) poll() {
	s.fds = s.fds[:0]
	for _, src := range s.sources {
		if src.ring != nil {
			s.fds = append(s.fds, unix.PollFd{Fd: int32(src.ring.fd), Events: unix.POLLIN})
		}
	}
	_, _ = unix.Poll(s.fds, int(retire/time.Millisecond)) // interrupted, it has waited long enough
}

// drain takes all that the kernel has handed over.
func (s *session) drain(at int64) {
	for _, src := range s.sources {
		if src.ring == nil {
			continue
		}
		for {
			packet, n := src.ring.next()
			if n == 0 {
				break
			}
			for ; n > 0; n-- {
				s.take(src, packet)
				packet = packet[binary.NativeEndian.Uint32(packet[hdrNext:]):]
			}
			src.ring.release()
		}
		if src.gone != 0 && at-src.gone > hold {
			src.dropped = src.ring.dropped()
			s.closeRing(src)
		}
	}
}

// find is the link of a packet. One that is not known yet has come since, and may be
// gone again.
func (s *session) find(src *source, index uint32, hatype uint16) *link {
	if l := src.last; l != nil && l.index == index {
		return l
	}
	for _, l := range src.links {
		if l.index == index {
			src.last = l
			return l
		}
	}
	name := src.ring.name(index)
	if name == "" {
		name = "if" + strconv.Itoa(int(index))
	}
	l := src.add(index, name, hatype)
	s.promise(l)
	s.output.link(l)
	return l
}

// maxHeader is the longest that take puts in front of a packet, that of LINKTYPE_NETLINK.
const maxHeader = 16

// take copies a packet into the queue.
func (s *session) take(src *source, h []byte) {
	var word [hdrEnd / 4]uint32
	for i := range word {
		word[i] = binary.NativeEndian.Uint32(h[4*i:])
	}
	half := func(at int) uint16 { return binary.NativeEndian.Uint16(h[at:]) }
	index := word[sllIfindex/4]
	start, network := half(hdrMac), half(hdrMac+2)
	data := h[start:][:word[hdrSnaplen/4]]
	if len(s.slab) == 0 {
		s.slab = make([]captured, 1<<9)
	}
	c := &s.slab[0]
	s.slab = s.slab[1:]
	*c = captured{
		ns:      int64(word[hdrSec/4])*int64(time.Second) + int64(word[hdrNsec/4]),
		link:    s.find(src, index, half(sllHatype)),
		network: min(int(network-start), len(data)),
		ether:   binary.BigEndian.Uint16(h[sllProtocol:]),
		dir:     pcap.Inbound,
	}
	if h[sllPkttype] == unix.PACKET_OUTGOING {
		c.dir = pcap.Outbound
	}
	if len(s.chunk) < maxHeader+len(data) {
		s.chunk = make([]byte, 1<<18+len(data))
	}
	b := s.chunk
	n, rest, typ := 0, data, c.link.typ
	switch status := word[hdrStatus/4]; {
	case typ == pcap.LinkTypeNetlink:
		n = len(pcap.AppendNetlink(b[:0], c.dir, c.ether, nil))
	case typ == pcap.LinkTypeRaw: // whatever was there
		rest = data[c.network:]
	case status&unix.TP_STATUS_VLAN_VALID != 0 && c.network == ethernetHeader: // the kernel took the tag out
		c.ether = unix.ETH_P_8021Q
		if status&unix.TP_STATUS_VLAN_TPID_VALID != 0 {
			c.ether = half(hdrVlanTPID)
		}
		n = ethernetHeader + 2
		copy(b, data[:ethernetHeader-2])
		binary.BigEndian.PutUint32(b[ethernetHeader-2:], uint32(c.ether)<<16|word[hdrVlanTCI/4]&0xffff)
		rest = data[ethernetHeader-2:]
	}
	n += copy(b[n:], rest)
	c.data, s.chunk = b[:n:n], b[n:]
	c.length = int(word[hdrLen/4]) + n - len(data)
	if typ != pcap.LinkTypeEthernet {
		c.network += n - len(data) // behind the header that it has now
	}
	src.queue.push(c)
}
