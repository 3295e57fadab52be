//go:build linux

package rtnl

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// A Batch is any number of requests, of which many are sent by one system
// call. That is why it is fast: the kernel is entered once for some 1,000
// routes, only the last of them is acknowledged (an acknowledgement costs the
// kernel 2.5 µs, half as much as a route), and every message is encoded into
// the same buffer without an allocation. What is left is the kernel's own work.
//
// Each method adds one request: what the method of [Conn] with the same name
// does, later. What is full is sent. [Batch.Flush] sends the rest and returns
// the errors. rtnetlink does requests in their order, each by itself, and goes on
// behind one that it refuses.
//
// While a Batch is filled, use its Conn for nothing else.
//
// Equivalent to: `ip -batch FILE`, `ip -batch FILE -force`
type Batch struct {
	c           *Conn
	ctx         context.Context // of everything from the first request to Flush
	b           *nl.Batch
	bytes, reqs int // what one datagram may hold
	most        int // what bytes may be
	sent        int
	last        int // the last refused request of this datagram
	err         error
	refusals    []error
	refused     func(i int, err error)
	coder       nl.Coder // of refused requests

	// Refused, if set, gets each refusal as it comes, with the index of its
	// request, from 0; Flush then does not return it. The errors of a million
	// requests need not be in memory at once.
	Refused func(index int, err error)
}

// What a datagram of a Batch may hold: as much as the kernel does in some 4 ms.
// Of a goroutine that is in the kernel for more than 10 ms Go takes the processor
// away and looks for it every 20 µs; and between short calls the kernel does in
// the caller's time what else it would do in its own, such as freeing the routes
// that were deleted. How long it takes differs by 10 from machine to machine, so
// that a datagram is as long as the one before suggests.
const (
	leastBytes    = 64 << 10 // 1,000 routes or so
	mostBytes     = 256 << 10
	batchRequests = 4096
	newLinks      = 12 // 0.35 ms each
	setLinks      = 256

	leastTime = 2 * time.Millisecond
	mostTime  = 6 * time.Millisecond
)

// Batch begins a batch. ctx is obeyed between datagrams, each of which the
// kernel does as a whole.
//
// The socket's buffers are enlarged, for as many replies as a datagram may
// have requests. Where the process may not (beyond 138 of them that takes
// CAP_NET_ADMIN in the initial user namespace), fewer are sent at once.
func (c *Conn) Batch(ctx context.Context) *Batch {
	b := &Batch{c: c, ctx: ctx, b: c.Conn.Batch()}
	b.refused = b.refuse // once: it would be an allocation per datagram
	b.most, b.reqs, b.err = c.Reserve(mostBytes, batchRequests+1)
	b.most, b.reqs = min(b.most, mostBytes), min(b.reqs-1, batchRequests)
	b.bytes = min(b.most, leastBytes)
	return b
}

// Len is the number of requests added so far.
func (b *Batch) Len() int { return b.sent + b.b.Len() }

// Sent is the number of requests that the kernel was given.
func (b *Batch) Sent() int { return b.sent }

// Flush sends what is left and returns everything that failed since the last
// Flush: the refusals as [*OpError] values, joined, whose [*nl.Error] has the
// Index of the request. After an error of another kind nothing more is sent.
// The Batch may be used again.
func (b *Batch) Flush() error {
	b.send()
	errs := b.refusals
	if b.err != nil {
		errs = append(errs, b.err)
	}
	b.refusals, b.err = nil, nil
	b.b.Reset()
	return errors.Join(errs...)
}

func (b *Batch) add(typ, flags uint16, m nl.Message) {
	if b.err != nil {
		return
	}
	b.b.Add(typ, flags, m)
	if b.b.Len() >= b.reqs || b.b.Size() >= b.bytes-maxRequest {
		b.send()
	}
}

// enough sends what there is if that is n requests.
func (b *Batch) enough(n int) {
	if b.b.Len() >= n {
		b.send()
	}
}

// maxRequest is more than a request of this package is long, but for one with
// kilobytes of raw attributes.
const maxRequest = 4 << 10

func (b *Batch) send() {
	if b.err != nil {
		return
	}
	n := b.b.Len()
	b.b.AskAck()
	b.last = -1
	start := time.Now()
	switch acked, err := b.b.SendEach(b.ctx, b.refused); {
	case err != nil:
		b.err = err
	case n > 0 && !acked && b.last != n-1:
		b.err = nl.ErrLost // the last one has a verdict, or replies did not fit
	}
	if b.err != nil {
		b.err = fmt.Errorf("rtnl: batch, behind %d requests: %w", b.sent, b.err)
		return
	}
	b.adapt(time.Since(start))
	b.sent += n
	b.b.Reset()
}

// adapt chooses the length of the next datagram by how long this one took.
func (b *Batch) adapt(took time.Duration) {
	full := b.b.Size() > b.bytes/2 // a short one says little
	switch {
	case took < leastTime && full:
		b.bytes = min(2*b.bytes, b.most)
	case took > mostTime:
		b.bytes = max(b.bytes/2, min(b.most, leastBytes))
	}
}

// refuse takes the refusal of request i of this datagram.
func (b *Batch) refuse(i int, err error) {
	b.last = i
	var e *nl.Error
	if errors.As(err, &e) {
		e.Index = b.sent + i
		err = b.refusal(e)
	}
	if b.Refused != nil {
		b.Refused(b.sent+i, err)
		return
	}
	b.refusals = append(b.refusals, err)
}

// refusal says of e what was to be done, and to what, by its request.
func (b *Batch) refusal(e *nl.Error) error {
	h, body, _, _ := nl.Next(e.Request())
	_, m := messageType(h.Type)
	if m == nil {
		return e
	}
	if err := b.coder.Decode(body, m); err != nil {
		return errors.Join(e, err)
	}
	return failed(verb(h.Type, h.Flags), m, e)
}

// verb is the word for a request that makes or deletes, as ip has it.
func verb(typ, flags uint16) string {
	switch {
	case typ&3 == unix.RTM_DELLINK&3:
		return "delete"
	case flags&^(unix.NLM_F_REQUEST|unix.NLM_F_ACK) == 0:
		return "set"
	case flags&unix.NLM_F_CREATE == 0:
		return "change"
	case flags&unix.NLM_F_REPLACE != 0:
		return "replace"
	}
	return "add"
}

// AddLink is [Conn.AddLink].
func (b *Batch) AddLink(l *Link) {
	b.add(unix.RTM_NEWLINK, createFlags, l)
	b.enough(newLinks)
}

// SetLink is [Conn.SetLink].
func (b *Batch) SetLink(l *Link) {
	b.add(unix.RTM_NEWLINK, 0, l)
	b.enough(setLinks)
}

// DelLink is [Conn.DelLink]. Each costs as long as the first, 15 ms of waiting
// for all CPUs: [Conn.DelLinks] deletes any number in that time.
func (b *Batch) DelLink(l *Link) { b.add(unix.RTM_DELLINK, 0, l) }

// AddAddr is [Conn.AddAddr].
func (b *Batch) AddAddr(a *Addr) { b.add(unix.RTM_NEWADDR, createFlags, a) }

// ReplaceAddr is [Conn.ReplaceAddr].
func (b *Batch) ReplaceAddr(a *Addr) { b.add(unix.RTM_NEWADDR, replaceFlags, a) }

// DelAddr is [Conn.DelAddr].
func (b *Batch) DelAddr(a *Addr) { b.add(unix.RTM_DELADDR, 0, a) }

// AddRoute is [Conn.AddRoute].
func (b *Batch) AddRoute(r *Route) { b.add(unix.RTM_NEWROUTE, createFlags, r) }

// ReplaceRoute is [Conn.ReplaceRoute].
func (b *Batch) ReplaceRoute(r *Route) { b.add(unix.RTM_NEWROUTE, replaceFlags, r) }

// DelRoute is [Conn.DelRoute].
func (b *Batch) DelRoute(r *Route) { b.add(unix.RTM_DELROUTE, 0, r) }

// AddNeigh is [Conn.AddNeigh].
func (b *Batch) AddNeigh(n *Neigh) { b.add(unix.RTM_NEWNEIGH, createFlags, n) }

// ReplaceNeigh is [Conn.ReplaceNeigh].
func (b *Batch) ReplaceNeigh(n *Neigh) { b.add(unix.RTM_NEWNEIGH, replaceFlags, n) }

// DelNeigh is [Conn.DelNeigh].
func (b *Batch) DelNeigh(n *Neigh) { b.add(unix.RTM_DELNEIGH, 0, n) }

// AddNextHopObject is [Conn.AddNextHopObject].
func (b *Batch) AddNextHopObject(h *NextHopObject) { b.add(unix.RTM_NEWNEXTHOP, createFlags, h) }

// ReplaceNextHopObject is [Conn.ReplaceNextHopObject].
func (b *Batch) ReplaceNextHopObject(h *NextHopObject) { b.add(unix.RTM_NEWNEXTHOP, replaceFlags, h) }

// DelNextHopObject is [Conn.DelNextHopObject].
func (b *Batch) DelNextHopObject(id uint32) {
	b.add(unix.RTM_DELNEXTHOP, 0, &NextHopObject{ID: id})
}

const (
	createFlags  = unix.NLM_F_CREATE | unix.NLM_F_EXCL
	replaceFlags = unix.NLM_F_CREATE | unix.NLM_F_REPLACE
)
