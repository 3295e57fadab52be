//go:build linux

package ip

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// refuseMaster refuses a master that can have no ports, in the kernel's words.
// The kernel itself would first take the link out of its old bridge, and set
// whatever else the request says, and leave it so.
func refuseMaster(master, l *rtnl.Link) error {
	return fail(exitKernel, "RTNETLINK answers: Operation not supported",
		say("%q has no ports, it is not a bridge; %q is unchanged", master.Name, l.Name))
}

// mayHavePorts reports whether a link may be a master. Hardware, which has no
// kind, is for the kernel to judge.
func mayHavePorts(l *rtnl.Link) bool {
	const loopback = 772 // ARPHRD_LOOPBACK
	switch l.Info.Kind {
	case "":
		return l.Type != loopback
	case "bridge", "bond", "team", "vrf", "batadv", "openvswitch", "hsr", "rmnet", "qmimux", "ipoib":
		return true
	}
	return false
}

// putBack undoes what the kernel did of a request before it refused the rest.
func (s *session) putBack(before *rtnl.Link) error {
	var now rtnl.Link
	err := s.do(unix.RTM_GETLINK, 0, &rtnl.Link{Index: before.Index}, &now)
	if errors.Is(err, unix.ENODEV) {
		return nil // it is in another namespace, or gone
	}
	if err != nil {
		return err
	}
	undo := rtnl.Link{Index: before.Index}
	changed := false
	if before.Addr != now.Addr {
		undo.Addr, changed = before.Addr, true
	}
	if before.Broadcast != now.Broadcast {
		undo.Broadcast, changed = before.Broadcast, true
	}
	if before.MTU != now.MTU {
		undo.MTU, changed = before.MTU, true
	}
	if before.Name != now.Name {
		undo.Name, changed = before.Name, true
	}
	if before.Alias != now.Alias {
		undo.Alias, changed = nl.Some(before.Alias.V), true
	}
	for _, n := range [][3]*nl.Opt[uint32]{
		{&undo.TxQLen, &before.TxQLen, &now.TxQLen}, {&undo.Group, &before.Group, &now.Group}, {&undo.Master, &before.Master, &now.Master},
	} {
		if *n[1] != *n[2] {
			*n[0], changed = nl.Some(n[1].V), true
		}
	}
	const settable = unix.IFF_UP | unix.IFF_NOARP | unix.IFF_MULTICAST | unix.IFF_ALLMULTI | unix.IFF_PROMISC | unix.IFF_DYNAMIC
	if diff := (before.Flags ^ now.Flags) & settable; diff != 0 {
		undo.Flags, undo.Change, changed = before.Flags, diff, true
	}
	if !changed {
		return nil
	}
	if err := s.do(unix.RTM_NEWLINK, 0, &undo, nil); err != nil {
		return fmt.Errorf("link %q was changed in part, and changing it back failed: %w", before.Name, err)
	}
	return nil
}
