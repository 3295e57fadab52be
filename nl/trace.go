//go:build linux

package nl

import (
	"context"
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// A Tracer is asked, for each socket that is opened, what is to see its datagrams: see
// [Config].Trace. netns is as in Config.
type Tracer func(p *Protocol, netns int) func(sent bool, datagram []byte)

type tracerKey struct{}

// WithTracer returns a context in which what opens sockets of its own has them traced.
func WithTracer(ctx context.Context, t Tracer) context.Context {
	return context.WithValue(ctx, tracerKey{}, t)
}

// Traced is cfg with the Trace that the context asks for, if it does.
func (cfg Config) Traced(ctx context.Context, p *Protocol) Config {
	if t, ok := ctx.Value(tracerKey{}).(Tracer); ok {
		cfg.Trace = t(p, cfg.NetNS)
	}
	return cfg
}

// Verdict is what a reply, of NLMSG_ERROR or NLMSG_DONE with its header, says of the
// request that it is about: nil if it was carried out, or an [*Error].
func (p *Protocol) Verdict(request, reply []byte) error {
	h, body, _, ok := Next(reply)
	if !ok || len(request) < headerLen || int(binary.NativeEndian.Uint32(request)) < headerLen {
		return errTruncated
	}
	if h.Type != unix.NLMSG_ERROR && h.Type != unix.NLMSG_DONE {
		return nil
	}
	return (&Conn{protocol: p}).verdict(request, h, body)
}
