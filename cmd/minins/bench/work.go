//go:build linux

package bench

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// A workload is work that is done by minins, and may be done by others.
type workload struct {
	name   string
	phases []string
	n      int        // how many objects, if nothing is said
	most   int        // and at most
	stage  string     // what "ip -batch" sets up before the clock runs
	own    func(*run) // the work, by minins
}

var workloads = [...]workload{
	{"namespaces", []string{"create", "release"}, 100, 100000, "", (*run).namespaces},
	{"links", []string{"create", "delete one", "delete all"}, 100, 100000, "", (*run).links},
	{"routes", []string{
		"add IPv4", "replace IPv4", "delete IPv4", "add IPv6", "replace IPv6", "delete IPv6",
	}, 10000, 1000000, "link add v0 type veth peer name v1\nlink set v1 up\nlink set v0 up\n" +
		"addr add 10.0.0.1/24 dev v0\naddr add fd00::1/64 dev v0 nodad\n", (*run).routes},
	{"containers", []string{"up", "down"}, 50, 1000,
		"link add br0 type bridge\nlink set br0 up\naddr add 10.1.255.254/16 dev br0\n", (*run).containers},
	{"rules", []string{"load", "list"}, 2000, 65535, "", (*run).rules},
}

// few is how many links are deleted one by one: each takes as long as a group.
func (r *run) few() int { return min(5, r.n-1) }

// dst4 is the address of object i, 10.1.0.0+i, and hop4 a gateway, 10.0.0.i;
// dst6 is fd01::i, hop6 fd00::i.
func dst4(i int) netip.Addr { return ip4(1<<16 + i) }
func hop4(i int) netip.Addr { return ip4(i) }
func dst6(i int) netip.Addr { return ip6(1, i) }
func hop6(i int) netip.Addr { return ip6(0, i) }

func ip4(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

func ip6(net byte, i int) netip.Addr {
	a := [16]byte{0: 0xfd, 1: net}
	binary.BigEndian.PutUint32(a[12:], uint32(i))
	return netip.AddrFrom16(a)
}

func name(prefix string, i int) string { return prefix + strconv.Itoa(i+1) }

// pool makes namespaces on one thread, holds each by a descriptor, as an
// [nsfs.Pool] does it, and calls inside in each.
func (r *run) pool(inside func(i, ns int) error) {
	single := make([]int64, r.n)
	r.phase(0, r.n, single, func() error {
		return nsfs.Throwaway(func() (err error) {
			for i := 0; i < r.n && err == nil; i++ {
				start := time.Now()
				if err = r.hold(); err == nil && inside != nil {
					err = inside(i, r.held[i])
				}
				single[i] = int64(time.Since(start))
			}
			return err
		})
	})
}

// hold makes a namespace for the calling thread, and keeps it.
func (r *run) hold() error {
	err := unix.Unshare(unix.CLONE_NEWNET)
	if err != nil {
		return err
	}
	fd, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == unix.EMFILE {
		return errors.New("each namespace takes a descriptor, and there may be no more: see ulimit -n")
	}
	r.held = append(r.held, fd)
	return err
}

func (r *run) release() error {
	for _, fd := range r.held {
		if err := unix.Close(fd); err != nil {
			return err
		}
	}
	return nil
}

// namespaces are made one by one and let go together.
func (r *run) namespaces() {
	r.pool(nil)
	r.phase(1, r.n, nil, r.release)
}

// cable is a veth, with one queue at each end; its index is chosen.
func cable(i int, near, far string) *rtnl.Link {
	return &rtnl.Link{
		Name: near, Index: uint32(1000 + i), NumTxQueues: 1, NumRxQueues: 1,
		Info: rtnl.LinkInfo{Kind: "veth", Peer: &rtnl.Link{Name: far, NumTxQueues: 1, NumRxQueues: 1}},
	}
}

// group is the link group of cables that are deleted together.
const group = 77

// links are created in a batch, and but for a few deleted as a group.
func (r *run) links() {
	b := r.conn.Batch(r.ctx)
	few := r.few()
	r.phase(0, r.n, nil, func() error {
		for i := range r.n {
			l := cable(i, name("a", i), name("b", i))
			if i >= few {
				l.Group = nl.Some[uint32](group)
			}
			b.AddLink(l)
		}
		return b.Flush()
	})
	r.phase(1, few, nil, func() error {
		for i := range few {
			b.DelLink(cable(i, "", ""))
		}
		return b.Flush()
	})
	r.phase(2, r.n-few, nil, r.delete)
}

// delete deletes the cables in group.
func (r *run) delete() error { return r.conn.DelLink(r.ctx, &rtnl.Link{Group: nl.Some[uint32](group)}) }

// unicast is a route that is not finished.
func unicast(family rtnl.Family, oif uint32, gateway netip.Addr) *rtnl.Route {
	return &rtnl.Route{
		Family: family, Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_STATIC, Type: unix.RTN_UNICAST,
		OIF: oif, Gateway: gateway,
	}
}

// routes are added, replaced and deleted in batches.
func (r *run) routes() {
	index, err := r.conn.LinkIndex(r.ctx, "v0")
	r.err = err
	b := r.conn.Batch(r.ctx)
	for i := range 6 {
		put := [...]func(*rtnl.Route){b.AddRoute, b.ReplaceRoute, b.DelRoute}[i%3]
		family, dst, hop := rtnl.Family(unix.AF_INET), dst4, hop4
		if i >= 3 {
			family, dst, hop = unix.AF_INET6, dst6, hop6
		}
		route := unicast(family, index, hop(min(2+i%3, 3)))
		r.phase(i, r.n, nil, func() error {
			for k := range r.n {
				a := dst(k)
				route.Dst = netip.PrefixFrom(a, a.BitLen())
				put(route)
			}
			return b.Flush()
		})
	}
}

// containers are set up one by one, each with a namespace, a cable to the
// bridge that is made with its far end inside under its name, an address and a
// route, as package container does it; they are taken down together.
func (r *run) containers() {
	bridge, err := r.conn.LinkIndex(r.ctx, "br0")
	if err != nil {
		r.err = err
		return
	}
	const eth0 = 2
	route := unicast(unix.AF_INET, eth0, dst4(0xfffe))
	r.pool(func(i, ns int) error {
		l := cable(i, name("c", i), "eth0")
		l.Flags, l.Change, l.Master, l.Group = unix.IFF_UP, unix.IFF_UP, nl.Some(bridge), nl.Some[uint32](group)
		l.Info.Peer.Index, l.Info.Peer.NetNSFD = eth0, nl.Some(uint32(ns))
		if err := r.conn.AddLink(r.ctx, l); err != nil {
			return err
		}
		c, err := rtnl.Dial(nl.Config{}) // the thread is in the new namespace
		if err != nil {
			return err
		}
		defer c.Close()
		b := c.Batch(r.ctx)
		up := rtnl.Link{Flags: unix.IFF_UP, Change: unix.IFF_UP}
		for up.Index = 1; up.Index <= eth0; up.Index++ { // lo is 1
			b.SetLink(&up)
		}
		addr := dst4(i + 1)
		b.AddAddr(&rtnl.Addr{Family: unix.AF_INET, Index: eth0, PrefixLen: 16, Address: addr, Local: addr})
		b.AddRoute(route)
		return b.Flush()
	})
	r.phase(1, r.n, nil, func() error {
		if err := r.delete(); err != nil {
			return err
		}
		return r.release()
	})
}

// What rules are put into, and of what they are made: ip protocol tcp tcp dport
// PORT counter.
var (
	filter = nft.Table{Family: nft.IPv4, Name: "t"}
	input  = nft.Chain{
		Family: nft.IPv4, Table: "t", Name: "in", Type: "filter",
		Hook: nl.Opt[nft.Hook]{V: nft.Hook{Num: nft.Input}, Ok: true},
	}
	isTCP = [...]nft.Expr{
		&nft.Meta{Key: nft.MetaL4Proto, Dreg: nft.Reg1},
		&nft.Cmp{Sreg: nft.Reg1, Op: nft.Eq, Data: []byte{unix.IPPROTO_TCP}},
		&nft.Payload{Dreg: nft.Reg1, Base: nft.TransportHeader, Offset: 2, Len: 2},
		nil,
		&nft.Counter{},
	}
)

// rules are loaded in one transaction, and listed.
func (r *run) rules() {
	c, err := nft.Dial(nl.Config{})
	if err != nil {
		r.err = err
		return
	}
	defer c.Close()
	r.phase(0, r.n, nil, func() error {
		b := c.Begin(r.ctx)
		b.AddTable(&filter)
		b.AddChain(&input)
		port := make([]byte, 2)
		exprs := isTCP
		exprs[3] = &nft.Cmp{Sreg: nft.Reg1, Op: nft.Eq, Data: port}
		rule := nft.Rule{Family: nft.IPv4, Table: "t", Chain: "in", Exprs: exprs[:]}
		for i := range r.n {
			binary.BigEndian.PutUint16(port, uint16(i+1))
			b.AddRule(&rule)
		}
		return b.Commit(r.ctx)
	})
	r.phase(1, r.n, nil, func() error {
		all, err := c.Rules(r.ctx, nft.IPv4, "t", "in")
		if err == nil && len(all) != r.n {
			err = errors.New("not all rules that were loaded are listed")
		}
		return err
	})
}
