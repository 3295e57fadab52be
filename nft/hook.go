//go:build linux

package nft

import (
	"fmt"

	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// A Hook is where packets enter a base chain. (NFTA_HOOK_*)
type Hook struct {
	Num      HookNum
	Priority Priority // lower runs earlier
	Dev      string   // of the netdev family: the one device
	Devs     Devices  // or several (Linux 5.5)
	Rest     []byte   // attributes that this package does not know
}

func (h *Hook) fields(c *nl.Coder) {
	nl.ReqBE32(c, unix.NFTA_HOOK_HOOKNUM, "NFTA_HOOK_HOOKNUM", &h.Num)
	nl.ReqBE32(c, unix.NFTA_HOOK_PRIORITY, "NFTA_HOOK_PRIORITY", &h.Priority)
	nl.Str(c, unix.NFTA_HOOK_DEV, "NFTA_HOOK_DEV", &h.Dev)
	if c.Nest(attrHookDevs, "NFTA_HOOK_DEVS") {
		h.Devs.fields(c)
		c.End()
	}
	c.Rest(&h.Rest)
}

// Devices are the devices of a netdev chain or a flowtable. (NFTA_DEVICE_*)
type Devices struct {
	Names    []string
	Prefixes []string // of names: all devices that begin so
	Rest     []byte   // attributes that this package does not know
}

func (d *Devices) fields(c *nl.Coder) {
	nl.Strs(c, attrDeviceName, "NFTA_DEVICE_NAME", &d.Names)
	nl.Strs(c, attrDevicePrefix, "NFTA_DEVICE_PREFIX", &d.Prefixes)
	c.Rest(&d.Rest)
}

// A HookNum is a place in the path of packets: NF_INET_* of linux/netfilter.h.
// (The netdev and arp families number theirs differently.)
type HookNum uint32

// The hooks of the families ip, ip6, inet and bridge.
const (
	Prerouting  HookNum = unix.NF_INET_PRE_ROUTING
	Input       HookNum = unix.NF_INET_LOCAL_IN
	Forward     HookNum = unix.NF_INET_FORWARD
	Output      HookNum = unix.NF_INET_LOCAL_OUT
	Postrouting HookNum = unix.NF_INET_POST_ROUTING
)

// String is the kernel's name.
func (h HookNum) String() string { return enum(h, hookNumNames[:]) }

var hookNumNames = [...]string{"NF_INET_PRE_ROUTING", "NF_INET_LOCAL_IN", "NF_INET_FORWARD", "NF_INET_LOCAL_OUT", "NF_INET_POST_ROUTING"}

// A Priority orders the chains of a hook: NF_IP_PRI_* of linux/netfilter_ipv4.h.
type Priority int32

// Priorities by their names in nft's language.
const (
	PriorityRaw    Priority = -300
	PriorityMangle Priority = -150
	PriorityDstNAT Priority = -100
	PriorityFilter Priority = 0
	PrioritySrcNAT Priority = 100
)

// String is the number, with the kernel's name if it has one.
func (p Priority) String() string {
	switch p {
	case PriorityRaw:
		return "-300 (NF_IP_PRI_RAW)"
	case PriorityMangle:
		return "-150 (NF_IP_PRI_MANGLE)"
	case PriorityDstNAT:
		return "-100 (NF_IP_PRI_NAT_DST)"
	case PriorityFilter:
		return "0 (NF_IP_PRI_FILTER)"
	case PrioritySrcNAT:
		return "100 (NF_IP_PRI_NAT_SRC)"
	}
	return fmt.Sprint(int32(p))
}
