//go:build linux

package nl

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// A Batch is several requests in one datagram. The kernel runs them in order
// within one system call. rtnetlink goes on after a refused request; nf_tables
// takes all of the requests between its batch messages or none.
//
// The requests share the Conn's buffer: use the Conn for nothing else from
// [Conn.Batch] to [Batch.Send].
type Batch struct {
	c    *Conn
	ends []int // end of each request in c.out
	seq  uint32
	err  error

	// Each, if set, gets the messages that answer request index and are not
	// its verdict, such as the echo of what NLM_F_ECHO asked for.
	Each func(index int, h Header, body []byte) error
}

// Batch begins a batch.
func (c *Conn) Batch() *Batch {
	c.out = c.out[:0]
	return &Batch{c: c, seq: c.seq + 1}
}

// Add appends a request. NLM_F_REQUEST is added to flags. An error in it is
// kept for [Batch.Send], which then sends nothing.
func (b *Batch) Add(typ, flags uint16, m Message) {
	if b.err != nil {
		return
	}
	out, err := b.c.append(b.c.out, typ, flags|unix.NLM_F_REQUEST, m)
	if err != nil {
		b.err = fmt.Errorf("request %d: %w", len(b.ends), b.c.failed(typ, err))
		return
	}
	b.c.out = out
	b.ends = append(b.ends, len(out))
}

// Len is the number of requests.
func (b *Batch) Len() int { return len(b.ends) }

// Bytes is the datagram so far.
func (b *Batch) Bytes() []byte { return b.c.out }

// Request is message index of the batch, with its header.
func (b *Batch) Request(index int) []byte {
	start := 0
	if index > 0 {
		start = b.ends[index-1]
	}
	return b.c.out[start:b.ends[index]]
}

// Space that the kernel accounts for one small reply, and for a datagram
// beyond its bytes.
const (
	replySpace = 832
	sendSpace  = 512
)

// Send sends the batch in one datagram and collects what the kernel answers:
// the refused requests as [*Error] values with their Index, joined. acked
// reports whether the last request was acknowledged; only requests with
// NLM_F_ACK are, and the end of an nf_tables batch only since Linux 6.10.
//
// The kernel has answered before the system call returns, so that Send does
// not wait: no error and no acknowledgement is all that there is to know.
func (b *Batch) Send(ctx context.Context) (acked bool, err error) {
	c := b.c
	if b.err != nil || len(b.ends) == 0 {
		return false, b.err
	}
	if err := c.acquire(); err != nil {
		return false, err
	}
	defer c.release()
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if err := c.t.grow(len(c.out)+sendSpace, b.replies()*replySpace); err != nil {
		return false, fmt.Errorf("nl: socket buffers for a batch: %w", err)
	}
	if c.trace != nil {
		c.trace(true, c.out)
	}
	if err := c.t.send(c.out); err != nil {
		return false, fmt.Errorf("nl: send a batch of %d requests, %d bytes: %w", len(b.ends), len(c.out), err)
	}
	var errs []error
	for {
		d, err := c.receive(ctx, false)
		if errors.Is(err, unix.EAGAIN) {
			return acked, errors.Join(errs...)
		}
		for len(d) > 0 && err == nil {
			h, body, rest, ok := Next(d)
			if !ok {
				err = errTruncated
				break
			}
			d = rest
			i := int(h.Seq - b.seq)
			if h.Seq < b.seq || i >= len(b.ends) {
				continue // an answer to something earlier
			}
			last, refusal := b.answer(i, h, body)
			if refusal != nil {
				errs = append(errs, refusal)
			}
			acked = acked || last
		}
		if err != nil {
			return acked, errors.Join(append(errs, err)...)
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
	err = b.c.verdict(b.Request(i), h, body)
	var refused *Error
	if errors.As(err, &refused) {
		refused.Index = i
	}
	return err == nil && i == len(b.ends)-1, err
}

// replies is how many messages the kernel may send back: every request can be
// refused.
func (b *Batch) replies() int { return len(b.ends) + 1 }
