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
	return &failure{code: exitKernel, text: "RTNETLINK answers: Operation not supported",
		hint: fmt.Sprintf("%q has no ports, it is not a bridge; %q is unchanged", master.Name, l.Name)}
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
	restore(&undo.Addr, before.Addr, now.Addr, &changed)
	restore(&undo.Broadcast, before.Broadcast, now.Broadcast, &changed)
	restore(&undo.MTU, before.MTU, now.MTU, &changed)
	restore(&undo.TxQLen, before.TxQLen, now.TxQLen, &changed)
	restore(&undo.Group, before.Group, now.Group, &changed)
	restore(&undo.Name, before.Name, now.Name, &changed)
	if before.Alias != now.Alias {
		undo.Alias, changed = nl.Some(before.Alias.V), true
	}
	if before.Master != now.Master {
		undo.Master, changed = nl.Some(before.Master.V), true
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

// restore puts the old value into undo if the new one is another.
func restore[T comparable](undo *T, before, now T, changed *bool) {
	if before != now {
		*undo, *changed = before, true
	}
}
