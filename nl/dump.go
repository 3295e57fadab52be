//go:build linux

package nl

import (
	"context"
	"encoding/binary"
	"errors"
	"iter"
	"time"

	"golang.org/x/sys/unix"
)

// Dump sends a request with NLM_F_DUMP and calls each with every message that
// answers, in the kernel's order; the bytes are only valid during the call. An
// error of each ends the dump and is returned. If the tables changed while
// they were read, Dump returns [ErrInterrupted] at the end.
func (c *Conn) Dump(ctx context.Context, typ uint16, req Message, each func(h Header, body []byte) error) error {
	if err := c.acquire(); err != nil {
		return err
	}
	defer c.release()
	return c.dump(ctx, typ, req, func(message []byte) error {
		h, body, _, _ := Next(message)
		return each(h, body)
	})
}

// dump is [Conn.Dump] that gives each message with its header: to take the
// header apart for every message of a dump takes a twentieth of the whole.
//
// A loop over an earlier dump may have been left in its middle: as long as the
// kernel is not rid of the rest, it refuses another one.
func (c *Conn) dump(ctx context.Context, typ uint16, req Message, each func(message []byte) error) error {
	err := c.dumpOnce(ctx, typ, req, each)
	var refused *Error
	if !errors.As(err, &refused) || refused.Errno != unix.EBUSY {
		return err
	}
	for err = nil; err == nil || errors.Is(err, ErrLost); {
		_, err = c.receive(ctx, false)
	}
	if !errors.Is(err, unix.EAGAIN) {
		return c.failed(typ, err)
	}
	return c.dumpOnce(ctx, typ, req, each)
}

func (c *Conn) dumpOnce(ctx context.Context, typ uint16, req Message, each func(message []byte) error) error {
	if err := c.request(ctx, typ, unix.NLM_F_DUMP, req); err != nil {
		return err
	}
	var flags uint16 // of all messages: DUMP_INTR is set on one of them alone
	for {
		b, err := c.receive(ctx, true)
		if err != nil {
			return c.failed(typ, err)
		}
		c.breathe()
		for len(b) > 0 {
			if len(b) < headerLen {
				return c.failed(typ, errTruncated)
			}
			l := int(binary.NativeEndian.Uint32(b))
			if l < headerLen || l > len(b) {
				return c.failed(typ, errTruncated)
			}
			m := b[:l]
			b = b[min(align(l), len(b)):]
			if binary.NativeEndian.Uint32(m[8:]) != c.seq {
				continue // the tail of a dump that was given up
			}
			flags |= binary.NativeEndian.Uint16(m[6:])
			switch binary.NativeEndian.Uint16(m[4:]) {
			case unix.NLMSG_DONE, unix.NLMSG_ERROR:
				h, body, _, _ := Next(m)
				err := c.verdict(c.out, h, body)
				if err == nil && flags&unix.NLM_F_DUMP_INTR != 0 {
					err = c.failed(typ, ErrInterrupted)
				}
				return err
			default:
				if err := each(m); err != nil {
					return err
				}
			}
		}
	}
}

var errStop = errors.New("nl: the loop was left")

// Stream dumps messages of type T in constant memory: the pointer it yields
// is the same each time, to a value that the next step overwrites. It ends
// with an error if the dump fails or was interrupted by a change. The Conn is
// in use until the loop ends.
//
//go:noinline // or each caller would have a copy of the loop
func Stream[T any, P interface {
	*T
	Message
}](ctx context.Context, c *Conn, typ uint16, req Message) iter.Seq2[P, error] {
	return func(yield func(P, error) bool) {
		var v T
		if err := c.acquire(); err != nil {
			yield(nil, err)
			return
		}
		defer c.release()
		err := c.dump(ctx, typ, req, func(message []byte) error {
			if err := c.coder.Decode(message[headerLen:], P(&v)); err != nil {
				return c.failed(typ, err)
			}
			if !yield(&v, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(nil, err)
		}
	}
}

// List dumps the messages of type T that keep accepts (nil: all), whole: if
// the tables change while they are read, it starts again, after 1, 2, 4 … up
// to 128 ms, until ctx is done or 30 seconds are over.
func List[T any, P interface {
	*T
	Message
}](ctx context.Context, c *Conn, typ uint16, req Message, keep func(P) bool) ([]T, error) {
	var all []T
	var v *T
	err := c.whole(ctx, typ, req, func(first bool) Message {
		if first {
			all = nil
		} else if keep == nil || keep(v) {
			all = append(all, *v)
		}
		v = new(T) // afresh: what is kept must share no slice with the next
		return P(v)
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// whole dumps until a dump is not interrupted. next is called at the beginning
// of each and behind each message, to give the place to decode one to.
func (c *Conn) whole(ctx context.Context, typ uint16, req Message, next func(first bool) Message) error {
	if err := c.acquire(); err != nil {
		return err
	}
	defer c.release()
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	for pause := time.Millisecond; ; pause = min(2*pause, 128*time.Millisecond) {
		m := next(true)
		err := c.dump(ctx, typ, req, func(message []byte) error {
			if err := c.coder.Decode(message[headerLen:], m); err != nil {
				return c.failed(typ, err)
			}
			m = next(false)
			return nil
		})
		if !errors.Is(err, ErrInterrupted) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// withDeadline gives ctx the deadline of a call that has none.
func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, callTimeout)
}
