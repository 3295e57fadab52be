//go:build linux

package nl

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// A Batch is several requests in one datagram. The kernel runs them in order
// within one system call. rtnetlink goes on after a refused request; nf_tables
// takes all of the requests between its batch messages or none.
//
// The requests share the Conn's buffer: use the Conn for nothing else from the
// first [Batch.Add] to [Batch.Send].
type Batch struct {
	c   *Conn
	n   int // requests
	seq uint32
	err error

	refusals int
	sent     int // of them

	// Apart has each request sent in a datagram of its own, up to the first that
	// is refused: the kernel does all of a datagram, also what is behind a refused
	// request. Without NLM_F_ACK nothing that answers a request means that it was
	// done. It then takes two system calls, or a thousand take one where the kernel
	// can be told to stop (see tripwire): on the thread of the Conn's first such
	// batch alone, so that a goroutine with much to send should be locked to its.
	Apart bool

	// Each, if set, gets the messages that answer request index and are not
	// its verdict, such as the echo of what NLM_F_ECHO asked for. index is -1 of one
	// without a number: nf_tables gives the echoes of elements none.
	Each func(index int, h Header, body []byte) error
}

// Batch begins a batch.
func (c *Conn) Batch() *Batch {
	return &Batch{c: c}
}

// Reset empties the batch, to be filled anew with the space that it has.
func (b *Batch) Reset() { b.n, b.err = 0, nil }

// Add appends a request. NLM_F_REQUEST is added to flags. An error in it is
// kept for [Batch.Send], which then sends nothing.
func (b *Batch) Add(typ, flags uint16, m Message) {
	if b.err != nil {
		return
	}
	p := &b.c.batch
	if b.n == 0 {
		p.reset()
		b.seq = b.c.seq + 1
	}
	out, err := b.c.append(p.room(), typ, flags|unix.NLM_F_REQUEST, m)
	if err != nil {
		b.err = fmt.Errorf("request %d: %w", b.n, b.c.failed(typ, err))
		return
	}
	p.take(out, b.n)
	b.n++
}

// AskAck has the kernel acknowledge the last request added, and by that say
// that it got so far.
func (b *Batch) AskAck() {
	if b.n > 0 {
		flags := b.Request(b.n - 1)[6:8] // nlmsg_flags
		binary.NativeEndian.PutUint16(flags, binary.NativeEndian.Uint16(flags)|unix.NLM_F_ACK)
	}
}

// Len is the number of requests.
func (b *Batch) Len() int { return b.n }

// Sent is how many of the requests the last [Batch.Send] has given to the kernel.
func (b *Batch) Sent() int { return b.sent }

// Size is the length of the datagram so far, in bytes.
func (b *Batch) Size() int {
	if b.n == 0 {
		return 0
	}
	return b.c.batch.size
}

// Request is message index of the batch, with its header.
func (b *Batch) Request(index int) []byte { return b.c.batch.request(index) }

// Space that the kernel accounts for one small reply at most, and for a datagram
// beyond its bytes. A reply is accounted with its struct sk_buff, the room for headers that
// any packet gets, and struct skb_shared_info, each rounded up to the processor's line
// of cache: 768 to 960 bytes on x86 by version and configuration, up to 1,536 on s390x.
const (
	replySpace = 1536
	sendSpace  = 512
)

// Reserve makes room in the socket's buffers for a batch of bytes bytes and
// that many replies, as far as the process may, and returns what there is room
// for: beyond net.core.wmem_max and rmem_max (212,992 bytes, 138 replies) only
// with CAP_NET_ADMIN in the initial user namespace. What a batch has beyond
// that is refused with EMSGSIZE; replies beyond it are lost.
func (c *Conn) Reserve(bytes, replies int) (roomBytes, roomReplies int, err error) {
	if err := c.t.grow(bytes+sendSpace, replies*replySpace); err != nil {
		return 0, 0, fmt.Errorf("nl: socket buffers for a batch: %w", err)
	}
	sndbuf, rcvbuf := c.t.buffers()
	return sndbuf - sendSpace, rcvbuf / replySpace, nil
}

// Send sends the batch in one datagram and collects what the kernel answers:
// the refused requests as [*Error] values with their Index, joined. acked
// reports whether the last request was acknowledged; only requests with
// NLM_F_ACK are, and the end of an nf_tables batch only since Linux 6.10.
//
// The kernel has answered before the system call returns, so that Send does
// not wait: no error and no acknowledgement is all that there is to know.
func (b *Batch) Send(ctx context.Context) (acked bool, err error) {
	var errs []error
	acked, err = b.SendEach(ctx, func(_ int, err error) { errs = append(errs, err) })
	if err != nil {
		errs = append(errs, err)
	}
	return acked, errors.Join(errs...)
}

// SendEach is [Batch.Send], but gives each refusal to refused as it comes, with
// the request's index. err is what else went wrong.
func (b *Batch) SendEach(ctx context.Context, refused func(index int, err error)) (acked bool, err error) {
	c := b.c
	b.sent = 0
	if b.err != nil || b.n == 0 {
		return false, b.err
	}
	if err := c.acquire(); err != nil {
		return false, err
	}
	defer c.release()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	b.refusals = 0
	if b.Apart {
		for b.sent = 0; b.sent < b.n && b.refusals == 0 && err == nil; {
			if err = ctx.Err(); err != nil {
				break
			}
			n, silent := 0, false
			if c.trace == nil {
				n, silent = c.t.sendApart(&c.batch, b.sent, b.n)
			}
			if silent {
				b.sent += n
				continue
			}
			if n == 0 {
				c.breathe()
				n, err = 1, c.send(b.Request(b.sent))
			}
			if err == nil {
				b.sent += n
				acked, err = b.collect(ctx, refused)
			}
		}
		return acked, err
	}
	if _, _, err := c.Reserve(b.Size(), b.replies()); err != nil {
		return false, err
	}
	if c.trace != nil {
		c.trace(true, bytes.Join(c.batch.filled(), nil))
	}
	c.breathe()
	if err := c.t.sendv(c.batch.filled()); err != nil {
		return false, fmt.Errorf("nl: send a batch of %d requests, %d bytes: %w", b.n, b.Size(), err)
	}
	b.sent = b.n
	return b.collect(ctx, refused)
}

// collect reads all that the kernel has answered.
func (b *Batch) collect(ctx context.Context, refused func(index int, err error)) (acked bool, err error) {
	var lost error
	for {
		d, err := b.c.receive(ctx, false)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return acked, lost
		case errors.Is(err, ErrLost):
			lost = err // what came before it is still there to be read
			continue
		case err != nil:
			return acked, err
		}
		for len(d) > 0 {
			h, body, rest, ok := Next(d)
			if !ok {
				return acked, errTruncated
			}
			d = rest
			if h.Seq-b.seq >= uint32(b.n) { // it may begin anew within the batch
				if h.Seq != 0 || b.Each == nil || h.Type < unix.NLMSG_MIN_TYPE {
					continue // an answer to something earlier
				}
				if err := b.Each(-1, h, body); err != nil {
					return acked, err
				}
				continue
			}
			i := int(h.Seq - b.seq)
			last, refusal := b.answer(i, h, body)
			if refusal != nil {
				b.refusals++
				refused(i, refusal)
			}
			acked = acked || last
		}
	}
}

// answer takes a message that answers request i. acked reports whether it
// acknowledges the last one.
func (b *Batch) answer(i int, h Header, body []byte) (acked bool, err error) {
	if h.Type != unix.NLMSG_ERROR {
		if b.Each == nil {
			return false, nil
		}
		return false, b.Each(i, h, body)
	}
	if err = b.c.verdict(b.Request(i), h, body); err == nil {
		return i == b.n-1, nil
	}
	var refused *Error
	if errors.As(err, &refused) {
		refused.Index = i
	}
	return false, err
}

// replies is how many messages the kernel may send back: every request can be
// refused.
func (b *Batch) replies() int { return b.n + 1 }
