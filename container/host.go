//go:build linux

package container

import (
	"context"
	"errors"
	"iter"
	"sync"

	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// A Host sets up containers in one network namespace, the host's, and takes
// them down. It may be used from many goroutines; one call waits for another.
type Host struct {
	// Each, if set, is told when container i of the specs of an Up is up: for a
	// progress bar, or a clock. It must not use the Host.
	Each func(i int)

	conn  *rtnl.Conn
	pool  *nsfs.Pool
	setUp *setUp

	mu    sync.Mutex
	links map[string]uint32 // indexes of the host ends of what Up made, by container
}

// NewHost makes a Host of a socket in the host's namespace and of the pool
// that the namespaces of containers are to be in: they end with this process. Without
// a pool, nil, they have names in [nsfs.Dir], as "ip netns" makes them: they are
// then seen everywhere, stay, and cost more to make and much more to release. A name
// is given to a container that is complete.
//
// Both stay the caller's: while a Host works, use conn for nothing else, and
// close both when it is not used any more.
func NewHost(conn *rtnl.Conn, pool *nsfs.Pool) *Host {
	return &Host{conn: conn, pool: pool, setUp: newSetUp(conn), links: map[string]uint32{}}
}

// Up sets up the containers, one after the other, or none of them: what it had
// made when something failed, it takes back, in reverse order. ctx is obeyed between
// containers. The error is an [*Error].
//
// It is refused with EEXIST (a namespace or a link of that name is there), ENODEV
// (no such bridge), EOPNOTSUPP or EINVAL (it takes no ports), EXFULL (it
// takes no more), ENETUNREACH (a gateway is in no subnet of Addrs), ENOSPC
// (/proc/sys/user/max_net_namespaces), EMFILE, EPERM.
//
// Equivalent to, for each:
//
//	ip netns add $name
//	ip link add $hostend master $bridge group 7171699 up type veth peer name eth0 netns $name
//	ip -n $name link set lo up
//	ip -n $name link set eth0 up
//	ip -n $name address add $addr dev eth0 nodad
//	ip -n $name route add default via $gateway dev eth0
func (h *Host) Up(ctx context.Context, specs ...Spec) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range specs {
		if err := specs[i].check(); err != nil {
			return failed(specs[i].Name, StepSpec, err)
		}
	}
	done := 0        // how many have their names
	var cable uint32 // the index of the host end of the one that has none yet
	err := h.setUp.begin(ctx, specs)
	if err == nil {
		next := func() bool { return done < len(specs) && ctx.Err() == nil }
		names := func(yield func(string) bool) {
			for next() && yield(specs[done].Name) {
				h.links[specs[done].Name], cable = cable, 0
				done++
				if h.Each != nil {
					h.Each(done - 1)
				}
			}
		}
		err = h.createEach(names, func(ns *nsfs.NS) (err error) {
			cable, err = h.setUp.one(ctx, ns, &specs[done])
			return err
		})
	}
	if err == nil && done < len(specs) {
		err = ctx.Err()
	}
	if err == nil {
		return nil
	}
	if done < len(specs) {
		err = failed(specs[done].Name, StepNamespace, err)
	} else { // all is done, but the thread could not come home
		err = failed("", StepNamespace, err)
	}
	ctx = context.WithoutCancel(ctx)
	if cable != 0 { // somebody else took the name in the meantime
		undo := deleteLinks(ctx, h.conn, []uint32{cable})
		err = errors.Join(err, failed(specs[done].Name, StepUnlink, undo))
	}
	return errors.Join(err, h.down(ctx, specs[:done]))
}

func (h *Host) createEach(names iter.Seq[string], inside func(*nsfs.NS) error) error {
	if h.pool == nil {
		return nsfs.CreateEach(names, inside)
	}
	return h.pool.CreateEach(names, inside)
}
