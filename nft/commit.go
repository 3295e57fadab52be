//go:build linux

package nft

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

var (
	// ErrStale says that the ruleset has changed since the generation that the
	// batch was to begin from, and that nothing was done: read it and try again.
	ErrStale = errors.New("nft: the ruleset was changed by another program in the meantime; nothing was done")

	// ErrUnconfirmed says that the kernel neither refused a batch nor said that
	// it was done. Read the ruleset to know.
	ErrUnconfirmed = errors.New("nft: the kernel did not confirm the batch")
)

// Commit sends the batch. If any request is refused nothing is done, and the
// error holds all refusals, each in words and as an [*nl.Error] whose Index
// counts from 1. An empty batch is not sent, since it would be confirmed
// without a new generation.
//
// A transaction is one datagram. Up to some 900 rules fit the default socket
// buffers; Commit enlarges them as far as the process may. Without
// CAP_NET_ADMIN in the initial user namespace that is net.core.wmem_max: a
// greater transaction is not sent, and the error, EMSGSIZE, says what it needs.
func (b *Batch) Commit(ctx context.Context) error {
	if b.err != nil || b.Len() == 0 {
		return b.err
	}
	b.b.Add(unix.NFNL_MSG_BATCH_END, unix.NLM_F_ACK, &BatchMark{ResID: unix.NFNL_SUBSYS_NFTABLES})
	if b.echoes != nil || b.OnEvent != nil {
		b.b.Each = b.echo
	}
	if err := b.fits(); err != nil {
		return err
	}
	acked, err := b.b.Send(ctx)
	switch {
	case err != nil:
		return b.refused(ctx, err)
	case acked:
		b.c.acks = true
		return nil
	case b.c.acks:
		return ErrUnconfirmed
	}
	// Before Linux 6.10 the end is not acknowledged, but there is a new
	// generation.
	after, err := b.c.Gen(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnconfirmed, err)
	}
	if after == b.before {
		return ErrUnconfirmed
	}
	return nil
}

// Check has the kernel check the requests, and does nothing: the error holds what
// it would refuse. What only shows when all is done together, such as a loop of jumps,
// it does not. A batch that was checked is used up. Equivalent to: nft -c
func (b *Batch) Check(ctx context.Context) error {
	if b.err != nil || b.Len() == 0 {
		return b.err
	}
	if err := b.fits(); err != nil {
		return err
	}
	if _, err := b.b.Send(ctx); err != nil { // without its end a batch is not done
		return b.refused(ctx, err)
	}
	return nil
}

// ackRoom is what an acknowledgement takes of the receive buffer, in bytes.
const ackRoom = 832

// fits makes room in the socket's buffers, or says how far that went.
func (b *Batch) fits() error {
	bytes := b.b.Size()
	answers := b.b.Len() + 1
	if b.OnEvent != nil { // an event has all of its request, and more
		answers += b.b.Len() + 4*bytes/ackRoom
	}
	room, _, err := b.c.Reserve(bytes, answers)
	switch {
	case err != nil:
		return failed(err, "make room for a transaction")
	case bytes > room:
		return fmt.Errorf("nft: a transaction of %d requests and %d bytes, of which this process may send %d: "+
			"raise net.core.wmem_max to %d in the initial network namespace, or use CAP_NET_ADMIN "+
			"in the initial user namespace, or commit in parts: %w", b.Len()-1, bytes, room, bytes, unix.EMSGSIZE)
	}
	return nil
}

func (b *Batch) echo(index int, h nl.Header, body []byte) error {
	if b.OnEvent != nil {
		if e, err := decodeEvent(&b.c.coder, h, body); err != nil || e == nil {
			return err
		} else if err := b.OnEvent(e); err != nil {
			return err
		}
	}
	if h.Type != typ(unix.NFT_MSG_NEWRULE) {
		return nil
	}
	i, ok := slices.BinarySearchFunc(b.echoes, index, func(e echo, index int) int { return e.index - index })
	if !ok {
		return nil
	}
	var r Rule
	if err := b.c.coder.Decode(body, &r); err != nil {
		return fmt.Errorf("nft: the echo of a rule: %w", err)
	}
	b.echoes[i].rule.Handle = r.Handle
	return nil
}

// refused puts the refusals in words.
func (b *Batch) refused(ctx context.Context, err error) error {
	all := []error{err}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		all = slices.Clone(many.Unwrap())
	}
	for i, err := range all {
		var e *nl.Error
		switch {
		case errors.Is(err, nl.ErrLost):
			all[i] = fmt.Errorf("nft: the kernel has more to say of %d requests than the receive buffer holds; "+
				"read the ruleset to know what was done (more fits with CAP_NET_ADMIN in the initial user namespace, "+
				"or a greater net.core.rmem_max): %w", b.Len()-1, err)
		case !errors.As(err, &e):
			all[i] = fmt.Errorf("nft: %w", err)
		case e.Index == 0 && errors.Is(e, unix.ERESTART):
			all[i] = fmt.Errorf("%w: %w", ErrStale, err)
		default:
			all[i] = b.inWords(ctx, e, err)
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}
