//go:build linux

package doctor

import (
	"encoding/binary"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
)

// Priorities of a base chain less than this see packets before connection tracking does
// (NF_IP_PRI_CONNTRACK).
const priorityConntrack = -200

// early says that a base chain does.
func early(ch *nft.Chain) bool { return ch.Hook.V.Priority < priorityConntrack }

// untracked says that connection tracking does not look at the packet: NAT does not
// either, and the answer is that of nothing.
func (m *machine) untracked() bool { return m.packet.nd != 0 || m.conn.notrack != nil }

// untrack notes that a rule takes the packet out of connection tracking.
func (m *machine) untrack(r *nft.Rule) {
	if !early(m.base) || m.tracked || m.unsure || m.conn.notrack != nil {
		return
	}
	m.conn.notrack = m.place(r)
	if m.notrack == nil {
		m.notrack = m.conn.notrack
	}
}

// noTrack says that a target of xtables is NOTRACK, or CT with XT_CT_NOTRACK of linux/netfilter/xt_CT.h.
func noTrack(i *xt.Raw) bool {
	return i.Extension == "NOTRACK" || len(i.Data) > 1 && binary.NativeEndian.Uint16(i.Data)&1 != 0
}
