//go:build linux

package nft

import (
	"context"
	"errors"
	"fmt"

	"github.com/minins/minins/nft/xt"
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Compat asks nft_compat whether it has an extension of xtables.
// (NFTA_COMPAT_* of linux/netfilter/nf_tables_compat.h)
type Compat struct {
	Family    Family
	ResID     uint16
	Extension string
	Rev       uint32
	Kind      xt.Kind
	Rest      []byte // attributes that this package does not know
}

// Fields is the layout of NFNL_MSG_COMPAT_GET.
func (q *Compat) Fields(c *nl.Coder) {
	if c.Decoding() {
		*q = Compat{}
	}
	header(c, &q.Family, &q.ResID)
	nl.Str(c, unix.NFTA_COMPAT_NAME, "NFTA_COMPAT_NAME", &q.Extension)
	nl.ReqBE32(c, unix.NFTA_COMPAT_REV, "NFTA_COMPAT_REV", &q.Rev)
	nl.ReqBE32(c, unix.NFTA_COMPAT_TYPE, "NFTA_COMPAT_TYPE", &q.Kind)
	c.Rest(&q.Rest)
}

// Probe asks whether the kernel has a match or target of xtables for rules of
// nf_tables, of that revision or a later one. Without nft_compat it has none,
// and [Native] says what to use instead.
//
// The error is of the question, not the answer: EPERM without CAP_NET_ADMIN.
func (c *Conn) Probe(ctx context.Context, f Family, k xt.Kind, name string, rev uint32) (bool, error) {
	q := Compat{Family: f, Extension: name, Rev: rev, Kind: k}
	err := c.Do(ctx, compatGet, 0, &q, &Compat{})
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, unix.ENOENT), // no such extension
		errors.Is(err, unix.EPROTONOSUPPORT), // only of an earlier revision
		errors.Is(err, unix.EINVAL):          // no nft_compat
		return false, nil
	}
	return false, fmt.Errorf("nft: ask for the xtables %s %s: %w", k, name, err)
}
