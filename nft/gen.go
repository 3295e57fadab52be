//go:build linux

package nft

import (
	"context"
	"errors"
	"fmt"

	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Gen is the generation of a namespace's ruleset: a number that every batch
// that changes something increases. (NFTA_GEN_*)
type Gen struct {
	Family   Family
	ResID    uint16 // the low half of ID, as in all replies
	ID       uint32
	ProcPID  uint32 // of the process that made the change, in events; in a reply, of who asked
	ProcName string
	Rest     []byte // attributes that this package does not know
}

// Fields is the layout of NFT_MSG_NEWGEN.
func (g *Gen) Fields(c *nl.Coder) {
	if c.Decoding() {
		*g = Gen{}
	}
	header(c, &g.Family, &g.ResID)
	nl.BE32(c, unix.NFTA_GEN_ID, "NFTA_GEN_ID", &g.ID)
	nl.BE32(c, unix.NFTA_GEN_PROC_PID, "NFTA_GEN_PROC_PID", &g.ProcPID)
	nl.Str(c, unix.NFTA_GEN_PROC_NAME, "NFTA_GEN_PROC_NAME", &g.ProcName)
	c.Rest(&g.Rest)
}

// Gen asks for the current generation. A kernel with netlink for netfilter and no nf_tables
// is [unix.EPROTONOSUPPORT].
func (c *Conn) Gen(ctx context.Context) (uint32, error) {
	var g Gen
	err := c.Do(ctx, typ(unix.NFT_MSG_GETGEN), 0, &Gen{}, &g)
	if errors.Is(err, unix.EINVAL) { // nfnetlink: there is nobody of that number
		return 0, fmt.Errorf("nft: the kernel has no nf_tables: %s: %w", Protocol.Needs, unix.EPROTONOSUPPORT)
	}
	if err != nil {
		return 0, fmt.Errorf("nft: get the generation: %w", err)
	}
	return g.ID, nil
}
