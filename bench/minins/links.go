//go:build linux

package main

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// getLink asks for interface 1 over and over, and reads what most programs want
// of a link.
func getLink(r *contestant.Run, n int) error {
	return ask(r, "getlink", n, &device{index: 1}, &device{})
}

// getLinkAll reads all that the kernel says.
func getLinkAll(r *contestant.Run, n int) error {
	return ask(r, "getlinkall", n, &rtnl.Link{Index: 1}, &rtnl.Link{})
}

func ask(r *contestant.Run, phase string, n int, req, reply nl.Message) error {
	ctx, c, err := dial()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Do(ctx, unix.RTM_GETLINK, 0, req, reply); err != nil {
		return err
	}
	return r.Each(phase, n, func(int) error { return c.Do(ctx, unix.RTM_GETLINK, 0, req, reply) })
}

// The indices of the links: chosen, they are known without a look.
const (
	firstLink = 1000
	firstPeer = 100000
	bridge    = 500
)

func veths(r *contestant.Run, n int) error { return pairs(r, n, 0, nil) }

// vethsAway has the peers in another namespace.
func vethsAway(r *contestant.Run, n int) error {
	away, err := contestant.NewNetns()
	if err != nil {
		return err
	}
	defer away.Close()
	return pairs(r, n, 0, func(l *rtnl.Link) { l.Info.Peer.NetNSFD = nl.Some(uint32(away.Fd())) })
}

// bridged has the links on a bridge, and both ends up: the link in the message
// that creates it, the peer, which may not be, by one of its own. Those come
// behind all that create: the kernel's work on a carrier that has come up would
// be in the way of them.
func bridged(r *contestant.Run, n int) error {
	return pairs(r, n, n, func(l *rtnl.Link) {
		l.Master, l.Flags, l.Change = nl.Some[uint32](bridge), unix.IFF_UP, unix.IFF_UP
	})
}

// pairs creates and deletes n veth pairs with one queue each, and raises as many
// of their peers.
func pairs(r *contestant.Run, n, raise int, prepare func(*rtnl.Link)) error {
	ctx, c, err := dial()
	if err != nil {
		return err
	}
	defer c.Close()
	link := rtnl.NewVeth("", "")
	peer := link.Info.Peer
	if prepare != nil {
		prepare(link)
	}
	if link.Master.Ok {
		if err := c.AddLink(ctx, &rtnl.Link{
			Index: bridge, Name: "br0", Flags: unix.IFF_UP, Change: unix.IFF_UP, Info: rtnl.LinkInfo{Kind: "bridge"},
		}); err != nil {
			return err
		}
	}
	up := rtnl.Link{Flags: unix.IFF_UP, Change: unix.IFF_UP}
	index := make([]uint32, n)
	names, peers := contestant.Names("a", n), contestant.Names("b", n)
	b := c.Batch(ctx)
	if err := r.Phase("create", n, func() error {
		for i := range n {
			index[i] = firstLink + uint32(i)
			link.Index, link.Name = index[i], names[i]
			peer.Index, peer.Name = firstPeer+uint32(i), peers[i]
			b.AddLink(link)
		}
		for i := range raise {
			up.Index = firstPeer + uint32(i)
			b.SetLink(&up)
		}
		return b.Flush()
	}); err != nil {
		return err
	}
	if err := contestant.CheckLinks("a", n); err != nil {
		return err
	}
	if err := r.Phase("delete", n, func() error { return c.DelLinks(ctx, index...) }); err != nil {
		return err
	}
	return contestant.CheckLinks("a", 0)
}
