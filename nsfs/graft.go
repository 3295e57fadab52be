//go:build linux

package nsfs

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// A graft takes a copy of a mount tree and puts it elsewhere, or back where it
// was after the ground has changed. Unlike mount(2), move_mount can cover a
// symbolic link itself.
type graft struct {
	_ [0]func() // not to be compared: that would take code

	from, to string
	fd       int // the tree; -1 where there is no open_tree, before Linux 5.2
}

func (g *graft) take(why string) *step {
	return &step{
		Step: Step{"open_tree(AT_FDCWD, " + strconv.Quote(g.from) + ", OPEN_TREE_CLONE|OPEN_TREE_CLOEXEC|AT_RECURSIVE)", why},
		op:   OpSetup, what: "open_tree of " + g.from + " failed", do: g.open, soft: true,
	}
}

func (g *graft) put(why string) *step {
	return &step{
		Step: Step{`move_mount(fd, "", AT_FDCWD, ` + strconv.Quote(g.to) + `, MOVE_MOUNT_F_EMPTY_PATH)`, why},
		op:   OpSetup, what: "Bind " + g.from + " -> " + g.to + " failed", do: g.move, soft: true,
	}
}

func (g *graft) open() (err error) {
	g.fd, err = unix.OpenTree(unix.AT_FDCWD, g.from, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		g.fd = -1
	}
	if err == unix.ENOSYS || g.from != g.to {
		return nil // move can do without
	}
	return err
}

func (g *graft) move() error {
	switch {
	case g.fd >= 0:
		defer g.close()
		return unix.MoveMount(g.fd, "", unix.AT_FDCWD, g.to, unix.MOVE_MOUNT_F_EMPTY_PATH)
	case g.from != g.to:
		return unix.Mount(g.from, g.to, "", unix.MS_BIND, "")
	default:
		return nil // lost with the old /sys, as it is with iproute2 before Linux 5.2
	}
}

func (g *graft) close() {
	if g.fd >= 0 {
		unix.Close(g.fd)
		g.fd = -1
	}
}
