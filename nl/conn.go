//go:build linux

package nl

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A Conn is one netlink socket in one network namespace, with one request in
// flight at a time. It stays in the namespace that it was opened in and may be
// used from any goroutine, but not by two at once: that is [ErrBusy], and
// another socket costs 20 µs.
type Conn struct {
	protocol *Protocol
	t        transport
	strict   bool
	busy     atomic.Bool
	seq      uint32
	coder    Coder
	out, in  []byte // reused by every request
	batch    pieces // and by every batch
	trace    func(sent bool, datagram []byte)
	sets     map[uint16]*Set // descriptions of refused messages
	breath   time.Time       // when it last took one
}

// A Config says how to open a [Conn]. The zero Config is ready for use.
type Config struct {
	// NetNS is a descriptor of the network namespace to open the socket in,
	// or 0 for that of the calling thread. It may be closed afterwards.
	NetNS int

	// Trace, if set, sees every datagram as it is sent and received. The
	// bytes are only valid during the call.
	Trace func(sent bool, datagram []byte)
}

// receiveBuffer holds any datagram that the kernel builds for a dump, which
// is at most 32 KiB, and any reply with one attribute of the largest size.
// Being odd, it is never filled exactly: netlink pads to four bytes.
const receiveBuffer = 128<<10 + 1

// Dial opens a socket of protocol p. A kernel that does not have it is [unix.EPROTONOSUPPORT].
func Dial(p *Protocol, cfg Config) (*Conn, error) {
	s, strict, err := openSocket(p.Family, cfg.NetNS)
	if errors.Is(err, unix.EPROTONOSUPPORT) && p.Needs != "" {
		err = fmt.Errorf("nl: the kernel has no %s: %s: %w", p.Name, p.Needs, unix.EPROTONOSUPPORT)
	}
	if err != nil {
		return nil, err
	}
	c := newConn(p, s, strict)
	c.trace = cfg.Trace
	return c, nil
}

func newConn(p *Protocol, t transport, strict bool) *Conn {
	return &Conn{protocol: p, t: t, strict: strict, in: make([]byte, receiveBuffer)}
}

// Close closes the socket. A call that is waiting on it, and every later one,
// returns [os.ErrClosed].
func (c *Conn) Close() error { return c.t.close() }

// Protocol returns what the Conn was opened for.
func (c *Conn) Protocol() *Protocol { return c.protocol }

// Strict reports whether the kernel checks requests strictly and filters dumps
// itself (NETLINK_GET_STRICT_CHK, since Linux 4.20). Where it does not, it
// ignores filters, and the caller has to filter what comes.
func (c *Conn) Strict() bool { return c.strict }

// Trace sets the function that sees every datagram, or nil for none.
func (c *Conn) Trace(f func(sent bool, datagram []byte)) { c.trace = f }

// acquire makes the caller the one user of the Conn until release.
func (c *Conn) acquire() error {
	if !c.busy.CompareAndSwap(false, true) {
		return ErrBusy
	}
	return nil
}

// breathe lets the scheduler see, every 5 ms, that the goroutine does not run on
// and on. Of one that does nothing but system calls for 10 ms it would take the
// processor away and look again every 20 µs: a tenth of the time of all calls.
// More often than needed is no better: what was let go may go on on another thread.
func (c *Conn) breathe() {
	if now := time.Now(); now.Sub(c.breath) > 5*time.Millisecond {
		c.breath = now
		runtime.Gosched()
	}
}

func (c *Conn) release() { c.busy.Store(false) }

// Do sends one request and waits for the kernel's verdict. NLM_F_REQUEST is
// added to flags. If reply is nil, the request is acknowledged; if not, the
// first message that answers is decoded into it, and with NLM_F_ECHO in flags
// the acknowledgement follows. The kernel's refusal is an [*Error].
//
// Without a deadline in ctx, Do gives up after 30 seconds. It allocates
// nothing but what a refusal and reply's own strings and slices need.
func (c *Conn) Do(ctx context.Context, typ, flags uint16, req, reply Message) error {
	if err := c.acquire(); err != nil {
		return err
	}
	defer c.release()
	if reply == nil || flags&unix.NLM_F_ECHO != 0 {
		flags |= unix.NLM_F_ACK
	}
	c.breathe()
	if err := c.request(ctx, typ, flags, req); err != nil {
		return err
	}
	for {
		b, err := c.receive(ctx, true)
		if err != nil {
			return c.failed(typ, err)
		}
		for len(b) > 0 {
			h, body, rest, ok := Next(b)
			if !ok {
				return c.failed(typ, errTruncated)
			}
			b = rest
			if h.Seq != c.seq {
				continue // the tail of a dump that was given up
			}
			if h.Type == unix.NLMSG_ERROR || h.Type == unix.NLMSG_DONE {
				return c.verdict(c.out, h, body)
			}
			if reply == nil {
				continue
			}
			if err := c.coder.Decode(body, reply); err != nil {
				return c.failed(typ, err)
			}
			if flags&unix.NLM_F_ACK == 0 {
				return nil
			}
			reply = nil // of several, the first one counts
		}
	}
}

// request sends one message; c.out keeps it.
func (c *Conn) request(ctx context.Context, typ, flags uint16, req Message) error {
	if err := ctx.Err(); err != nil {
		return c.failed(typ, err)
	}
	out, err := c.append(c.out[:0], typ, flags|unix.NLM_F_REQUEST, req)
	c.out = out
	if err != nil {
		return c.failed(typ, err)
	}
	if err := c.send(out); err != nil {
		return c.failed(typ, err)
	}
	return nil
}

// send sends a datagram of one message.
func (c *Conn) send(b []byte) error {
	if c.trace != nil {
		c.trace(true, b)
	}
	if err := c.t.send(b); err != nil {
		return fmt.Errorf("send %d bytes: %w", len(b), err)
	}
	return nil
}

// append encodes a message with its header behind b, under the next sequence
// number.
func (c *Conn) append(b []byte, typ, flags uint16, m Message) ([]byte, error) {
	at := len(b)
	b = append(b, make([]byte, headerLen)...)
	if m != nil {
		var err error
		if b, err = c.coder.Append(b, m); err != nil {
			return b[:at], err
		}
	}
	c.seq++
	Header{Len: uint32(len(b) - at), Type: typ, Flags: flags, Seq: c.seq}.put(b[at:])
	return append(b, 0, 0, 0)[:at+align(len(b)-at)], nil
}

// receive returns the next datagram, valid until the next call.
func (c *Conn) receive(ctx context.Context, wait bool) ([]byte, error) {
	n, err := c.t.receive(ctx, c.in, wait)
	switch {
	case errors.Is(err, unix.ENOBUFS):
		return nil, ErrLost
	case err != nil:
		return nil, err
	case n == len(c.in):
		c.in = make([]byte, 2*len(c.in)+1)
		return nil, fmt.Errorf("%w: a reply of more than %d bytes", ErrLost, n)
	}
	if c.trace != nil {
		c.trace(false, c.in[:n])
	}
	return c.in[:n], nil
}

// failed says which request an error of our own, not the kernel's, belongs to.
func (c *Conn) failed(typ uint16, err error) error {
	return fmt.Errorf("%s: %w", c.protocol.TypeName(typ), err)
}
