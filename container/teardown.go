//go:build linux

package container

import (
	"context"
	"errors"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// Down takes the containers down: all cables in one request, and the namespaces. Of a
// Spec it needs Name and HostEnd. A container may have been set up by another Host; a
// link named HostEnd is taken for its cable only if it is a veth in [Group], or one
// that a Down which was killed was about to delete.
//
// Names in [nsfs.Dir] go first, in their order: where Down is killed, the cables into
// the namespaces that it released go with them, or at once by [CollectLinks], and the
// other containers are as they were. A pool's namespaces end with the process anyway:
// their cables go first, as the kernel then has less to do.
//
// What is not there any more is as it should be. Down goes on behind an error,
// and returns all of them, as [*Error] values, joined. ctx is obeyed before anything
// is changed; after that it goes through.
//
// Equivalent to, for each: `ip netns delete $name` and `ip link delete $hostend`
func (h *Host) Down(ctx context.Context, specs ...Spec) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.down(ctx, specs)
}

func (h *Host) down(ctx context.Context, specs []Spec) error {
	if err := ctx.Err(); err != nil {
		return failed("", StepUnlink, err)
	}
	ctx = context.WithoutCancel(ctx)
	var errs []error
	indexes := make([]uint32, 0, len(specs))
	names := make([]string, 0, len(specs))
	for i := range specs {
		index, err := h.hostEnd(ctx, &specs[i])
		if err != nil {
			errs = append(errs, failed(specs[i].Name, StepUnlink, err))
			continue
		}
		names = append(names, specs[i].Name)
		if index != 0 {
			indexes = append(indexes, index)
		}
	}
	if h.pool == nil {
		errs = append(errs, release(names, nsfs.Delete))
	}
	if err := deleteLinks(ctx, h.conn, indexes); err != nil {
		errs = append(errs, failed("", StepUnlink, err))
	}
	if h.pool != nil {
		errs = append(errs, release(names, func(name string) error { return h.pool.Delete(name) }))
	}
	for _, name := range names {
		delete(h.links, name)
	}
	return errors.Join(errs...)
}

// ErrNotOurs is in the error of Down about a link that has the name of a
// container's cable and is none. The container is left as it is.
var ErrNotOurs = errors.New("it is not a veth in this package's link group")

// hostEnd is the index of a container's cable in the host's namespace, or 0 if there is none.
func (h *Host) hostEnd(ctx context.Context, spec *Spec) (uint32, error) {
	if index, ok := h.links[spec.Name]; ok {
		return index, nil
	}
	l, err := h.conn.GetLink(ctx, spec.HostEnd)
	switch {
	case errors.Is(err, unix.ENODEV):
		return 0, nil
	case err != nil:
		return 0, err
	case l.Info.Kind != "veth" || l.Group.V != Group && !rtnl.Doomed(l.Group.V):
		return 0, &rtnl.OpError{Op: "delete", Object: "link " + spec.HostEnd, Err: ErrNotOurs}
	}
	return l.Index, nil
}

// deleteLinks deletes links, of which some may have gone, or go in the meantime.
func deleteLinks(ctx context.Context, conn *rtnl.Conn, indexes []uint32) error {
	for {
		err := conn.DelLinks(ctx, indexes...)
		if !errors.Is(err, unix.ENODEV) {
			return err
		}
		there := make([]uint32, 0, len(indexes))
		for _, index := range indexes {
			_, err := conn.GetLinkByIndex(ctx, index)
			if err == nil {
				there = append(there, index)
			} else if !errors.Is(err, unix.ENODEV) {
				return err
			}
		}
		if indexes = there; len(there) == 0 {
			return nil
		}
	}
}

// release lets go of namespaces, of which some may have gone.
func release(names []string, remove func(name string) error) error {
	var errs []error
	for _, name := range names {
		if err := remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, failed(name, StepRelease, err))
		}
	}
	return errors.Join(errs...)
}
