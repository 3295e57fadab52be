//go:build linux

package container

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// When the last holder of a namespace lets go of it, the kernel takes it down in the
// background, some 20 to 1,000 ms later. Until then the other end of each cable into it
// stays where it is, under its name, and whoever makes the same cable anew is told that
// it exists. To delete such an end is safe, as it is going anyway, and takes effect at
// once.

// DeleteNamespace removes the name of a network namespace, as [nsfs.Delete] does. Where
// the namespace goes with it, because no process, socket or open file holds it, the
// cables out of it are gone, at both ends, when this returns: those that lead to the
// namespace of the calling thread, and to others that have names. Where it is held, they
// stay: if not by a process in it, this returns a second later than it would otherwise.
//
// Equivalent to: ip netns delete $name
func DeleteNamespace(ctx context.Context, name string) (err error) {
	if err := nsfs.ValidName(name); err != nil {
		return err
	}
	id, ends, looked := farEnds(ctx, name)
	defer func() {
		for _, e := range ends {
			err = errors.Join(err, e.conn.Close())
		}
	}()
	if err := nsfs.Delete(name); err != nil {
		return err
	}
	errs := []error{looked}
	for until := time.Now().Add(lingering); ; time.Sleep(2 * time.Millisecond) {
		left := false
		for i := range ends {
			errs = append(errs, ends[i].deleteDying(ctx))
			left = left || len(ends[i].links) > 0
		}
		if err := errors.Join(errs...); err != nil {
			return failed(name, StepEnding, err)
		}
		if !left || id.Inhabited() || time.Now().After(until) {
			return nil
		}
	}
}

// lingering is how long the namespace may still be held by what has ended, but not for
// the kernel: it lets go of a socket that was closed some 30 ms later (RCU), also of
// that of a command which was run there just before. Others may look at the namespace
// at the moment, such as "ip netns", and on a busy host have to wait in the middle of it.
const lingering = time.Second

// A farEnd is where cables out of a namespace end.
type farEnd struct {
	conn  *rtnl.Conn
	links []uint32
}

// farEnds finds the other ends of the cables in a namespace. A name without one has none.
//
// A socket in the namespace would hold it for a while even after it is closed, and to
// ask from another one gives namespaces ids there, which are never taken back and which
// "ip netns" shows. So it asks from a namespace made for it.
func farEnds(ctx context.Context, name string) (is nsfs.Identity, all []farEnd, err error) {
	ns, err := nsfs.Open(name)
	if err != nil {
		return is, nil, nil // it is stale, or Delete says what is the matter
	}
	defer ns.Close()
	if only, err := hasOnlyLo(ns); only || err != nil {
		return is, nil, err
	}
	if is, err = ns.Identity(); err == nil {
		all, err = farEndsOf(ctx, ns)
	}
	return is, all, err
}

func farEndsOf(ctx context.Context, ns *nsfs.NS) (all []farEnd, err error) {
	observatory, err := nsfs.New()
	if err != nil {
		return nil, err
	}
	defer observatory.Close()
	conn, err := rtnl.Dial(nl.Config{NetNS: observatory.Fd()}.Traced(ctx, rtnl.Protocol))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	id, err := idOf(ctx, conn, ns)
	if err != nil {
		return nil, err
	}
	ends := map[int32][]uint32{} // by the id of the namespace
	filter := rtnl.LinkFilter{Kind: "veth", ExtMask: rtnl.ExtSkipStats, TargetNSID: nl.Some(id)}
	for l, err := range conn.StreamLinks(ctx, filter) {
		if err != nil {
			return nil, err
		}
		if l.ParentNSID.Ok && l.Parent.Ok {
			ends[l.ParentNSID.V] = append(ends[l.ParentNSID.V], l.Parent.V)
		}
	}
	if len(ends) == 0 {
		return nil, nil
	}
	names, err := nsfs.List()
	for _, where := range append([]string{"/proc/thread-self/ns/net"}, names...) {
		if err != nil || len(ends) == 0 {
			break
		}
		var e farEnd
		if e, err = farEndsIn(ctx, conn, where, ends); e.conn != nil {
			all = append(all, e)
		}
	}
	return all, err
}

// hasOnlyLo reads what devices a namespace has without a socket in it.
func hasOnlyLo(ns *nsfs.NS) (only bool, err error) {
	err = ns.Do(func() error {
		b, err := os.ReadFile("/proc/thread-self/net/dev")
		only = bytes.Count(b, []byte("\n")) <= 3 // two lines of headings
		return err
	})
	return only, err
}

// idOf is the id of a namespace where conn is, and gives it one.
func idOf(ctx context.Context, conn *rtnl.Conn, ns *nsfs.NS) (int32, error) {
	if err := conn.SetNSID(ctx, ns.Fd(), rtnl.NSIDNotAssigned); err != nil {
		return 0, err
	}
	return conn.GetNSID(ctx, ns.Fd())
}

// farEndsIn takes those that are in one namespace out of ends.
func farEndsIn(ctx context.Context, conn *rtnl.Conn, where string, ends map[int32][]uint32) (e farEnd, err error) {
	ns, err := nsfs.Open(where)
	if err != nil {
		return e, nil // a stale name, or one that has just been deleted, leads nowhere
	}
	defer ns.Close()
	id, err := conn.GetNSID(ctx, ns.Fd())
	if err != nil {
		return e, err
	}
	links, ok := ends[id]
	if !ok {
		return e, nil
	}
	delete(ends, id)
	e.links = links
	e.conn, err = rtnl.Dial(nl.Config{NetNS: ns.Fd()}.Traced(ctx, rtnl.Protocol))
	return e, err
}

// deleteDying deletes those of the ends that are of cables into a namespace that is
// being taken down. The others are left in e.
func (e *farEnd) deleteDying(ctx context.Context) error {
	var dying, living []uint32
	for _, index := range e.links {
		l, err := e.conn.GetLinkByIndex(ctx, index)
		if errors.Is(err, unix.ENODEV) {
			continue
		}
		if err != nil {
			return err
		}
		is, err := isDying(ctx, e.conn, l)
		if err != nil {
			return err
		}
		if is {
			dying = append(dying, index)
		} else {
			living = append(living, index)
		}
	}
	e.links = living
	return deleteLinks(ctx, e.conn, dying)
}

// isDying says whether a link is the end of a cable into a namespace that is being
// taken down.
func isDying(ctx context.Context, conn *rtnl.Conn, l *rtnl.Link) (bool, error) {
	if l.Info.Kind != "veth" || !l.ParentNSID.Ok {
		return false, nil
	}
	lives, err := conn.NSIDLives(ctx, l.ParentNSID.V)
	return !lives, err
}

// CollectLinks deletes what killed processes left of the links that this package makes:
// ends of cables into namespaces that are being taken down, and links that were about to
// be deleted. It returns the names of the links. With dry it only says which they are.
func CollectLinks(ctx context.Context, conn *rtnl.Conn, dry bool) (names []string, err error) {
	var indexes []uint32
	links, err := conn.Links(ctx, rtnl.LinkFilter{Kind: "veth", ExtMask: rtnl.ExtSkipStats})
	if err != nil {
		return nil, failed("", StepCollect, err)
	}
	for i := range links {
		l := &links[i]
		is := rtnl.Doomed(l.Group.V)
		if !is && l.Group.V == Group {
			if is, err = isDying(ctx, conn, l); err != nil {
				return nil, failed("", StepCollect, fmt.Errorf("link %s: %w", l.Name, err))
			}
		}
		if is {
			indexes = append(indexes, l.Index)
			names = append(names, l.Name)
		}
	}
	if dry {
		return names, nil
	}
	return names, failed("", StepCollect, deleteLinks(ctx, conn, indexes))
}
