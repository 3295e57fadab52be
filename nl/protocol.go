//go:build linux

package nl

// A Protocol is one netlink family: what a [Conn] is opened for, and how its
// message types are named and described. It is a table that is never written.
type Protocol struct {
	Name   string // the kernel's: "NETLINK_ROUTE"
	Family int    // unix.NETLINK_ROUTE
	Needs  string // what a kernel without it lacks, for the error of [Dial]; "": each has it

	// Type names message type typ ("RTM_NEWLINK") and makes an empty message
	// of it for [Describe], or returns "" and nil for a type it does not know.
	Type func(typ uint16) (name string, m Message)
}
