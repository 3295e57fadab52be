//go:build linux && (amd64 || arm64)

package matrix

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/container"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/rule"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// help is the program that calls the libraries.
func help(args []string) error {
	ctx := context.Background()
	switch args[0] {
	case "nothing":
		return nil
	case "attach":
		return nsfs.Attach(args[1], nsfs.Path(args[2]))
	case "up", "down":
		all := specs()
		if len(args) > 1 { // the first, or the second
			all = all[args[1][0]-'0':][:1]
		}
		return withHost(nil, func(h *container.Host) error {
			if args[0] == "up" {
				return h.Up(ctx, all...)
			}
			return h.Down(ctx, all...)
		})
	case "pooled":
		var pool nsfs.Pool
		err := withHost(&pool, func(h *container.Host) error {
			err := h.Up(ctx, specs()...)
			return errors.Join(err, h.Down(ctx, specs()...))
		})
		return errors.Join(err, pool.Close())
	case "litter":
		return litter()
	case "publish":
		return withPublisher(func(p *container.Publisher) error { return p.Publish(ctx, ports()...) })
	case "unpublish":
		return withPublisher(func(p *container.Publisher) error { return p.Unpublish(ctx, ports()...) })
	case "clear":
		return clear()
	case "forget":
		return forget()
	}
	return fmt.Errorf("helper: what is %q?", args)
}

// specs are two containers.
func specs() (all []container.Spec) {
	for i := range 2 {
		all = append(all, container.Spec{
			Name: fmt.Sprintf("web%d", i), HostEnd: fmt.Sprintf("c%d", i), Bridge: "br0",
			Addrs: []netip.Prefix{
				netip.MustParsePrefix(fmt.Sprintf("10.1.0.%d/16", i+2)), netip.MustParsePrefix(fmt.Sprintf("fd01::%d/64", i+2))},
			Gateways: []netip.Addr{netip.MustParseAddr("10.1.0.1")},
		})
	}
	return all
}

// ports are of both families.
func ports() []container.Port {
	return []container.Port{{
		Proto: rule.TCP, Host: netip.MustParseAddrPort("0.0.0.0:8080"), To: netip.MustParseAddrPort("10.1.0.2:80"),
		Container: "web0", HostEnd: "c0",
	}, {
		Proto: rule.UDP, Host: netip.MustParseAddrPort("[::]:5353"), To: netip.MustParseAddrPort("[fd01::3]:53"),
		Container: "web1", HostEnd: "c1",
	}}
}

func withHost(pool *nsfs.Pool, do func(*container.Host) error) error {
	c, err := rtnl.Dial(nl.Config{})
	if err != nil {
		return err
	}
	defer c.Close()
	return do(container.NewHost(c, pool))
}

func withPublisher(do func(*container.Publisher) error) error {
	ns, err := nsfs.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer ns.Close()
	p, err := container.NewPublisher(context.Background(), ns)
	if err != nil {
		return err
	}
	return errors.Join(do(p), p.Close())
}

// litter leaves what processes may leave that are killed: a link that was to be deleted,
// and all that is about ports, but none of them. A name without a namespace would have
// clean-up read what each process of the host has mounted: thousands of calls.
func litter() error {
	ctx := context.Background()
	c, err := rtnl.Dial(nl.Config{})
	if err != nil {
		return err
	}
	defer c.Close()
	const doomed = 0xed<<24 | 1 // see rtnl.Doomed
	if err := c.AddLink(ctx, &rtnl.Link{Name: "d0", Group: nl.Some[uint32](doomed), Info: rtnl.LinkInfo{Kind: "veth"}}); err != nil {
		return err
	}
	if err := withPublisher(func(p *container.Publisher) error { return p.Publish(ctx, ports()...) }); err != nil {
		return err
	}
	n, err := nft.Dial(nl.Config{})
	if err != nil {
		return err
	}
	defer n.Close()
	b := n.Begin(ctx)
	for _, family := range [...]nft.Family{nft.IPv4, nft.IPv6} {
		for _, set := range [...]string{"ports", "addr-ports"} {
			b.FlushSet(family, container.PortTable, set)
		}
	}
	return b.Commit(ctx)
}

// forget takes away the place for names, as on a host that was just started.
func forget() error {
	for {
		if err := unix.Unmount(nsfs.Dir, unix.MNT_DETACH); err == unix.EINVAL || err == unix.ENOENT {
			break
		} else if err != nil {
			return err
		}
	}
	if err := os.Remove(nsfs.Dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// clear takes away all links and names that a world may have. Links go first: those in
// namespaces that end are gone some time later.
func clear() error {
	names, err := nsfs.List()
	if err != nil {
		return err
	}
	for _, name := range append(names, "") {
		if err := clearLinks(name); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := nsfs.Delete(name); err != nil {
			return err
		}
	}
	return nil
}

func clearLinks(name string) error {
	var cfg nl.Config
	if name != "" {
		ns, err := nsfs.Open(name)
		if err != nil {
			return err
		}
		defer ns.Close()
		cfg.NetNS = ns.Fd()
	}
	c, err := rtnl.Dial(cfg)
	if err != nil {
		return err
	}
	defer c.Close()
	links, err := c.Links(context.Background(), rtnl.LinkFilter{})
	if err != nil {
		return err
	}
	for i := range links {
		err := c.DelLink(context.Background(), &rtnl.Link{Index: links[i].Index})
		if links[i].Info.Kind != "" && err != nil && !errors.Is(err, unix.ENODEV) { // the other end of one before
			return err
		}
	}
	return nil
}
