//go:build linux

package nft

import (
	"context"
	"errors"
	"fmt"

	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// An Event is a change of the ruleset, whoever made it, or a step of a packet that is
// traced. (NFNLGRP_NFTABLES, NFNLGRP_NFTRACE)
type Event struct {
	// Msg is which message it is, NFT_MSG_*: NEWRULE, DELRULE, … After the changes of
	// one transaction comes NEWGEN.
	Msg uint16

	// Flags are those of the request: NLM_F_APPEND of a rule at the end of its chain,
	// NLM_F_EXCL of what was not to be there. (Linux 5.19)
	Flags uint16

	// About is a *[Table], *[Chain], *[Rule], *[Set], *[Elems], *[Obj], *[Flowtable],
	// *[Gen] or *[Trace].
	About nl.Message
}

// Gone says that the event is the end of something.
func (e *Event) Gone() bool {
	switch e.Msg {
	case unix.NFT_MSG_DELTABLE, unix.NFT_MSG_DELCHAIN, unix.NFT_MSG_DELRULE, unix.NFT_MSG_DELSET, unix.NFT_MSG_DELSETELEM,
		unix.NFT_MSG_DELOBJ, unix.NFT_MSG_DELFLOWTABLE:
		return true
	}
	return false
}

// decode makes an event of a message. It is nil for one that this package does not know.
func decodeEvent(c *nl.Coder, h nl.Header, body []byte) (*Event, error) {
	name, m := message(h.Type)
	if m == nil || h.Type>>8 != unix.NFNL_SUBSYS_NFTABLES {
		return nil, nil
	}
	if err := c.Decode(body, m); err != nil {
		return nil, fmt.Errorf("nft: an event %s: %w", name, err)
	}
	return &Event{Msg: h.Type & 0xff, Flags: h.Flags, About: m}, nil
}

// Events listens to changes of the ruleset, and with trace to steps of packets instead.
// It takes the Conn over, as [nl.Conn.Listen] does. Equivalent to: nft monitor [trace]
func (c *Conn) Events(trace bool) (*Events, error) {
	group := uint32(unix.NFNLGRP_NFTABLES)
	if trace {
		group = unix.NFNLGRP_NFTRACE
	}
	l, err := c.Listen(nl.ListenConfig{Groups: []uint32{group}})
	if err != nil {
		return nil, err
	}
	return &Events{l: l}, nil
}

var errCut = errors.New("nft: an event is cut short")

// Events are what a socket hears of the ruleset.
type Events struct {
	l     *nl.Listener
	coder nl.Coder
}

// Receive waits for events and calls each with every one of a datagram. An error of
// each ends it and is returned. [nl.ErrLost] says that some did not fit the receive
// buffer, and is not the end.
func (e *Events) Receive(ctx context.Context, each func(*Event) error) error {
	return e.l.Receive(ctx, func(h nl.Header, body []byte, _ nl.Opt[int32]) error {
		ev, err := decodeEvent(&e.coder, h, body)
		if err != nil || ev == nil {
			return err
		}
		return each(ev)
	})
}

// Poll is Receive without waiting: it returns whether there was a datagram.
func (e *Events) Poll(each func(*Event) error) (any bool, err error) {
	b, _, err := e.l.Poll()
	for any = b != nil; err == nil && len(b) > 0; {
		h, body, rest, ok := nl.Next(b)
		if !ok {
			return any, errCut
		}
		var ev *Event
		if ev, err = decodeEvent(&e.coder, h, body); ev != nil {
			err = each(ev)
		}
		b = rest
	}
	return any, err
}

// Close ends it.
func (e *Events) Close() error { return e.l.Close() }
