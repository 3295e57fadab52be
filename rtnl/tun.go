//go:build linux

package rtnl

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// Tun is what a link of kind "tun" has of its own: IFLA_TUN_* of
// linux/if_link.h. It can only be read: such a link is made by TUNSETIFF on
// /dev/net/tun, see linux/if_tun.h.
//
// Equivalent to: `ip -d link show type tun`
type Tun struct {
	_ [0]func() // not to be compared: that would take code

	Owner, Group      nl.Opt[uint32] // the user and the group that may open it; none: root alone
	Type              nl.Opt[uint8]  // 1 IFF_TUN: IP packets, 2 IFF_TAP: Ethernet frames
	PI                nl.Opt[uint8]  // packets are behind a struct tun_pi
	VNetHdr           nl.Opt[uint8]  // packets are behind a struct virtio_net_hdr
	Persist           nl.Opt[uint8]  // it stays when nobody has it open
	MultiQueue        nl.Opt[uint8]
	NumQueues         nl.Opt[uint32] // how many times it is open
	NumDisabledQueues nl.Opt[uint32]
}

func (t *Tun) fields(c *nl.Coder) {
	if t == nil {
		return
	}
	nl.OptU32(c, unix.IFLA_TUN_OWNER, "IFLA_TUN_OWNER", &t.Owner)
	nl.OptU32(c, unix.IFLA_TUN_GROUP, "IFLA_TUN_GROUP", &t.Group)
	nl.OptU8(c, unix.IFLA_TUN_TYPE, "IFLA_TUN_TYPE", &t.Type)
	nl.OptU8(c, unix.IFLA_TUN_PI, "IFLA_TUN_PI", &t.PI)
	nl.OptU8(c, unix.IFLA_TUN_VNET_HDR, "IFLA_TUN_VNET_HDR", &t.VNetHdr)
	nl.OptU8(c, unix.IFLA_TUN_PERSIST, "IFLA_TUN_PERSIST", &t.Persist)
	nl.OptU8(c, unix.IFLA_TUN_MULTI_QUEUE, "IFLA_TUN_MULTI_QUEUE", &t.MultiQueue)
	nl.OptU32(c, unix.IFLA_TUN_NUM_QUEUES, "IFLA_TUN_NUM_QUEUES", &t.NumQueues)
	nl.OptU32(c, unix.IFLA_TUN_NUM_DISABLED_QUEUES, "IFLA_TUN_NUM_DISABLED_QUEUES", &t.NumDisabledQueues)
}
