//go:build linux

package rtnl

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// MACVLAN is what a link of kind "macvlan" or "macvtap" has of its own:
// IFLA_MACVLAN_* of linux/if_link.h. Its Parent is the device that it shares.
//
// Equivalent to: `ip link add link $parent name $name type macvlan mode bridge`
type MACVLAN struct {
	Mode           MACVLANMode
	Flags          nl.Opt[uint16]    // 1 MACVLAN_FLAG_NOPROMISC, 2 MACVLAN_FLAG_NODST
	SourceMode     nl.Opt[uint32]    // in requests: what becomes of the sources, MACVLANSourceAdd and so on
	Source         nl.HardwareAddr   // in requests: the one to add or delete
	Sources        []nl.HardwareAddr // of MACVLANModeSource: from whom frames are taken
	SourceCount    nl.Opt[uint32]    // read only
	BCQueueLen     nl.Opt[uint32]    // wanted length of the queue for broadcasts, in packets
	BCQueueLenUsed nl.Opt[uint32]    // read only: the longest that any on the same Parent wants
	BCCutoff       nl.Opt[int32]     // a multicast address with more receivers than that is queued
}

// MACVLANMode says with whom a macvlan speaks, MACVLAN_MODE_*.
type MACVLANMode uint32

// The modes.
const (
	MACVLANModePrivate  MACVLANMode = 1  // with none that has the same parent
	MACVLANModeVEPA     MACVLANMode = 2  // with those by way of the switch that the parent is at
	MACVLANModeBridge   MACVLANMode = 4  // with those directly
	MACVLANModePassthru MACVLANMode = 8  // it is the only one, and has the parent's address
	MACVLANModeSource   MACVLANMode = 16 // with the addresses in Sources
)

func (m MACVLANMode) String() string { return nl.FlagNames(uint32(m), macvlanModeNames[:]) }

var macvlanModeNames = [...]nl.FlagName{
	{Bits: 1, Name: "MACVLAN_MODE_PRIVATE"}, {Bits: 2, Name: "MACVLAN_MODE_VEPA"}, {Bits: 4, Name: "MACVLAN_MODE_BRIDGE"},
	{Bits: 8, Name: "MACVLAN_MODE_PASSTHRU"}, {Bits: 16, Name: "MACVLAN_MODE_SOURCE"},
}

// What becomes of the list of sources, MACVLAN_MACADDR_*.
const (
	MACVLANSourceAdd   uint32 = iota // Source joins
	MACVLANSourceDel                 // Source leaves
	MACVLANSourceFlush               // all leave
	MACVLANSourceSet                 // all leave, Sources join
)

func (m *MACVLAN) fields(c *nl.Coder) {
	if m == nil {
		return
	}
	nl.U32(c, unix.IFLA_MACVLAN_MODE, "IFLA_MACVLAN_MODE", &m.Mode)
	nl.OptU16(c, unix.IFLA_MACVLAN_FLAGS, "IFLA_MACVLAN_FLAGS", &m.Flags)
	nl.OptU32(c, unix.IFLA_MACVLAN_MACADDR_MODE, "IFLA_MACVLAN_MACADDR_MODE", &m.SourceMode)
	nl.HWAddr(c, unix.IFLA_MACVLAN_MACADDR, "IFLA_MACVLAN_MACADDR", &m.Source)
	if c.NestIf(unix.IFLA_MACVLAN_MACADDR_DATA, "IFLA_MACVLAN_MACADDR_DATA", m.Sources != nil) {
		nl.Structs(c, unix.IFLA_MACVLAN_MACADDR, "IFLA_MACVLAN_MACADDR", len(m.Sources), func(i int) {
			var b [6]byte
			if c.Encoding() {
				if m.Sources[i].Len() != len(b) {
					c.Fail(errors.New("rtnl: a source of a macvlan is an Ethernet address, of 6 bytes, not " + m.Sources[i].String()))
				}
				m.Sources[i].AppendTo(b[:0:6])
			}
			if nl.MBytes(c, "addr", b[:]); c.Decoding() {
				m.Sources = append(m.Sources, nl.HardwareAddrFrom(b[:]))
			}
		})
		c.EndEmpty()
	}
	nl.OptU32(c, unix.IFLA_MACVLAN_MACADDR_COUNT, "IFLA_MACVLAN_MACADDR_COUNT", &m.SourceCount)
	nl.OptU32(c, unix.IFLA_MACVLAN_BC_QUEUE_LEN, "IFLA_MACVLAN_BC_QUEUE_LEN", &m.BCQueueLen)
	nl.OptU32(c, unix.IFLA_MACVLAN_BC_QUEUE_LEN_USED, "IFLA_MACVLAN_BC_QUEUE_LEN_USED", &m.BCQueueLenUsed)
	nl.OptU32(c, unix.IFLA_MACVLAN_BC_CUTOFF, "IFLA_MACVLAN_BC_CUTOFF", &m.BCCutoff)
}
