//go:build linux

package trace

import (
	"bufio"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
)

// The formats.
const (
	formatText  = "text"
	formatBytes = "bytes"
	formatJSON  = "json"
	formatSent  = "sent" // text of what is sent, and of answers the first line
)

// A Tracer shows the datagrams of all sockets of a process. The first error of what it
// writes to is kept for Close.
type Tracer struct {
	mu     sync.Mutex
	out    *bufio.Writer
	format string
	file   *file
	err    error
	flush  func() // what the command has printed, so that both are in order
}

// New begins a trace on w, which a person reads; flush is called before.
func New(o Options, w io.Writer, flush func()) (*Tracer, error) {
	t := &Tracer{out: bufio.NewWriter(w), format: o.Format, flush: flush}
	if o.File != "" {
		f, err := create(o.File)
		if err != nil {
			return nil, err
		}
		t.file = f
	}
	return t, nil
}

// Close ends the trace.
func (t *Tracer) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file != nil {
		t.keep(t.file.close())
	}
	return t.err
}

func (t *Tracer) keep(err error) {
	if t.err == nil {
		t.err = err
	}
}

// A socket is one that is traced.
type socket struct {
	t        *Tracer
	protocol *nl.Protocol
	ns       string             // the name of its namespace, "" for that of the process
	requests map[uint32]request // that have no verdict yet, by sequence number
	swapped  bool               // its datagrams are of a machine of the other byte order
	iface    int                // in the file
	section  int                // of the file
}

// A request is one that was sent.
type request struct {
	message []byte
	sent    time.Time
}

// Socket is what sees the datagrams of a socket in a namespace, by its name or path, or ""
// for that of the process.
func (t *Tracer) Socket(p *nl.Protocol, ns string) func(sent bool, datagram []byte) {
	if ns == "" {
		ns = nameOf(0)
	}
	see := t.Source(p, ns, false)
	return func(sent bool, datagram []byte) { see(time.Now(), sent, datagram) }
}

// Source is the same for datagrams that were recorded, at a time, which may be none, and
// on a machine that may have the other byte order.
func (t *Tracer) Source(p *nl.Protocol, ns string, swapped bool) func(at time.Time, sent bool, datagram []byte) (named bool) {
	s := &socket{t: t, protocol: p, ns: ns, requests: map[uint32]request{}, swapped: swapped}
	return s.datagram
}

// Tracer is t for sockets that libraries open.
func (t *Tracer) Tracer(p *nl.Protocol, netns int) func(sent bool, datagram []byte) {
	return t.Socket(p, nameOf(netns))
}

// nameOf is the name of an open namespace, or of that of the process for 0; or "" if it is
// that of the process and has none.
func nameOf(netns int) string {
	var of, is unix.Stat_t
	if unix.Stat("/proc/self/ns/net", &of) != nil {
		return ""
	}
	home := netns == 0
	if !home {
		is = of
		if unix.Fstat(netns, &of) != nil {
			return ""
		}
		home = is.Ino == of.Ino && is.Dev == of.Dev
	}
	names, _ := nsfs.List() // without them it has none
	slices.Sort(names)
	for _, name := range names {
		if unix.Stat(nsfs.Path(name), &is) == nil && is.Ino == of.Ino && is.Dev == of.Dev {
			return name
		}
	}
	if home {
		return ""
	}
	return "net:[" + strconv.FormatUint(of.Ino, 10) + "]"
}

// forgotten is how many requests without a verdict are remembered: dumps that were not
// read to their end have none.
const forgotten = 100_000

// datagram says whether all of it has names.
func (s *socket) datagram(now time.Time, sent bool, datagram []byte) (named bool) {
	t := s.t
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.file != nil {
		t.keep(t.file.packet(s, now, sent, datagram))
	}
	if t.format == "" {
		return true
	}
	t.flush()
	if len(s.requests) > forgotten {
		clear(s.requests)
	}
	named = true
	recorded := datagram
	if s.swapped {
		datagram = slices.Clone(datagram)
		s.protocol.Swap(datagram)
	}
	for rest := datagram; len(rest) > 0; {
		h, _, next, ok := nl.Next(rest)
		m := event{s: s, now: now, sent: sent, header: h, bytes: rest[:len(rest)-len(next)], recorded: recorded[len(datagram)-len(rest):]}
		if !ok {
			m.bytes, next = rest, nil
		}
		m.about(ok)
		switch t.format {
		case formatJSON:
			m.json(t.out)
		case formatBytes:
			m.head(t.out)
			m.named = m.walk(func(i *nl.Item) { i.Explain(t.out) })
			m.refusal(t.out)
		default:
			m.text(t.out, t.format == formatSent && !sent)
		}
		named = named && m.named
		rest = next
	}
	t.keep(t.out.Flush())
	return named
}

// An event is a message on its way.
type event struct {
	s       *socket
	now     time.Time
	sent    bool
	header  nl.Header
	bytes   []byte    // in this machine's order
	request *request  // that it answers, or nil
	refused *nl.Error // what it says of that, or nil
	named   bool      // set by what shows it

	recorded []byte // bytes, in the order that they have come in, and what follows
}

// walk is nl.Protocol.Walk with the bytes as they were recorded.
func (m *event) walk(visit func(*nl.Item)) (named bool) {
	return m.s.protocol.Walk(m.bytes, func(i *nl.Item) {
		i.Bytes = m.recorded[i.Offset:][:len(i.Bytes)]
		visit(i)
	})
}

// about finds the request that a message answers, or notes that it is one.
func (m *event) about(whole bool) {
	if !whole {
		return
	}
	seq := m.header.Seq
	if m.sent {
		m.s.requests[seq] = request{slices.Clone(m.bytes), m.now}
		return
	}
	r, ok := m.s.requests[seq]
	if !ok {
		return
	}
	m.request = &r
	if m.verdict() {
		if e, ok := m.s.protocol.Verdict(r.message, m.bytes).(*nl.Error); ok {
			m.refused = e
		}
		delete(m.s.requests, seq)
	}
}

// verdict says whether the message is the last that there is about its request.
func (m *event) verdict() bool {
	return m.header.Type == unix.NLMSG_ERROR || m.header.Type == unix.NLMSG_DONE
}
