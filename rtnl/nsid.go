//go:build linux

package rtnl

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// A NSID is the number by which one network namespace knows another: struct
// rtgenmsg and NETNSA_* of linux/net_namespace.h, the body of RTM_NEWNSID,
// RTM_DELNSID and RTM_GETNSID.
type NSID struct {
	Family Family

	ID        nl.Opt[int32]  // [NSIDNotAssigned] if there is none, or for one of the kernel's choice
	PID       nl.Opt[uint32] // a process in the namespace
	FD        nl.Opt[uint32] // a descriptor of the namespace
	TargetID  nl.Opt[int32]  // answer from the point of view of this namespace
	CurrentID nl.Opt[int32]

	Other []byte // attributes that are not modelled, as they came
}

// NSIDNotAssigned is NETNSA_NSID_NOT_ASSIGNED.
const NSIDNotAssigned = -1

// Fields is the one description of struct rtgenmsg and NETNSA_*.
func (n *NSID) Fields(c *nl.Coder) {
	if c.Decoding() {
		*n = NSID{}
	}
	nl.M8(c, "rtgen_family", &n.Family)
	c.Skip("(pad)", 3)
	nl.OptU32(c, unix.NETNSA_NSID, "NETNSA_NSID", &n.ID)
	nl.OptU32(c, unix.NETNSA_PID, "NETNSA_PID", &n.PID)
	nl.OptU32(c, unix.NETNSA_FD, "NETNSA_FD", &n.FD)
	nl.OptU32(c, unix.NETNSA_TARGET_NSID, "NETNSA_TARGET_NSID", &n.TargetID)
	nl.OptU32(c, unix.NETNSA_CURRENT_NSID, "NETNSA_CURRENT_NSID", &n.CurrentID)
	c.Rest(&n.Other)
}
