//go:build linux

package bench

import (
	"encoding/binary"
	"fmt"
	"net/netip"
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
	n      int              // how many objects, if nothing is said
	most   int              // and at most
	stage  func(*run) error // what all do before the clock runs, or nil
	own    func(*run) error // the work, by minins
}

var workloads = [...]workload{
	{"namespaces", []string{"create", "release"}, 100, 100000, nil, (*run).namespaces},
	{"links", []string{"create", "delete one", "delete all"}, 100, 100000, nil, (*run).links},
	{"routes", []string{
		"add IPv4", "replace IPv4", "delete IPv4", "add IPv6", "replace IPv6", "delete IPv6",
	}, 10000, 1000000, (*run).cable, (*run).routes},
	{"containers", []string{"up", "down"}, 50, 1000, (*run).bridge, (*run).containers},
	{"rules", []string{"load", "list"}, 2000, 65535, nil, (*run).rules},
}

func findWorkload(name string) *workload {
	for i := range workloads {
		if workloads[i].name == name {
			return &workloads[i]
		}
	}
	return nil
}

// few is how many links are deleted one by one: each takes as long as a group.
func (r *run) few() int { return min(5, r.n-1) }

// dst4 is the address that belongs to object i, 0 to a million.
func dst4(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i>>16) + 1, byte(i >> 8), byte(i)})
}

// gateway is the number of the bridge's own address.
const gateway = 0xfffe

// dst6 is fd01::i, hop4 10.0.0.i, hop6 fd00::i.
func dst6(i int) netip.Addr { return ip6(1, i) }
func hop4(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}) }
func hop6(i int) netip.Addr { return ip6(0, i) }

func ip6(net byte, i int) netip.Addr {
	a := [16]byte{0: 0xfd, 1: net}
	binary.BigEndian.PutUint32(a[12:], uint32(i))
	return netip.AddrFrom16(a)
}

// dir is where namespaces are pinned: a tmpfs of their own, so that one unmount
// lets all go, as an [nsfs.Pool] does it.
const dir = "/run/n/"

// pool makes n namespaces, pinned in dir, on one thread, calls inside in each, and
// notes how long each took.
func (r *run) pool(inside func(i int) error) error {
	if err := unix.Mkdir(dir, 0o755); err != nil {
		return err
	}
	if err := unix.Mount("minins", dir, "tmpfs", 0, ""); err != nil {
		return err
	}
	single := make([]int64, r.n)
	files := names(dir, r.n)
	return r.phase(0, r.n, single, func() error {
		return nsfs.Throwaway(func() error {
			for i, file := range files {
				start := time.Now()
				if err := pin(file); err != nil {
					return err
				}
				if err := inside(i); err != nil {
					return err
				}
				single[i] = int64(time.Since(start))
			}
			return nil
		})
	})
}

// pin makes a namespace for the calling thread, and keeps it.
func pin(file string) error {
	fd, err := unix.Open(file, unix.O_CREAT|unix.O_CLOEXEC, 0o444)
	if err != nil {
		return err
	}
	_ = unix.Close(fd) // nothing was written
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	return unix.Mount("/proc/thread-self/ns/net", file, "", unix.MS_BIND, "")
}

func release() error { return unix.Unmount(dir, unix.MNT_DETACH) }

// namespaces are made one by one and let go together.
func (r *run) namespaces() error {
	if err := r.pool(func(int) error { return nil }); err != nil {
		return err
	}
	return r.phase(1, r.n, nil, release)
}

// links are veth pairs with one queue each: created in a batch, and but for a
// few deleted as a group.
func (r *run) links() error {
	near, far := names("a", r.n), names("b", r.n)
	index := make([]uint32, r.n)
	peer := rtnl.Link{NumTxQueues: 1, NumRxQueues: 1}
	l := rtnl.Link{NumTxQueues: 1, NumRxQueues: 1, Info: rtnl.LinkInfo{Kind: "veth", Peer: &peer}}
	if err := r.phase(0, r.n, nil, func() error {
		b := r.conn.Batch(r.ctx)
		for i := range index {
			index[i] = uint32(1000 + i)
			l.Name, peer.Name, l.Index = near[i], far[i], index[i]
			b.AddLink(&l)
		}
		return b.Flush()
	}); err != nil {
		return err
	}
	few := r.few()
	if few > 0 {
		if err := r.phase(1, few, nil, func() error {
			b := r.conn.Batch(r.ctx)
			for i := range few {
				b.DelLink(&rtnl.Link{Index: index[i]})
			}
			return b.Flush()
		}); err != nil {
			return err
		}
	}
	return r.phase(2, r.n-few, nil, func() error { return r.conn.DelLinks(r.ctx, index[few:]...) })
}

// cable is the link that routes go out of.
func (r *run) cable() error {
	err := r.conn.AddLink(r.ctx, &rtnl.Link{
		Name: "v0", Info: rtnl.LinkInfo{Kind: "veth", Peer: &rtnl.Link{Name: "v1"}},
	})
	for _, name := range []string{"v1", "v0"} {
		if err == nil {
			err = r.conn.SetLink(r.ctx, &rtnl.Link{Name: name, Flags: unix.IFF_UP, Change: unix.IFF_UP})
		}
	}
	if err != nil {
		return err
	}
	if err := r.address("v0", unix.AF_INET, 24, hop4(1)); err != nil {
		return err
	}
	return r.address("v0", unix.AF_INET6, 64, hop6(1))
}

// address gives a link an address, which is written as its bytes.
func (r *run) address(link string, family rtnl.Family, prefix uint8, addr netip.Addr) error {
	index, err := r.conn.LinkIndex(r.ctx, link)
	if err != nil {
		return err
	}
	a := rtnl.Addr{Family: family, Index: index, PrefixLen: prefix, Address: addr, Local: addr}
	if addr.Is6() {
		a.Flags = unix.IFA_F_NODAD
	}
	return r.conn.AddAddr(r.ctx, &a)
}

// routes are added, replaced and deleted in batches.
func (r *run) routes() error {
	index, err := r.conn.LinkIndex(r.ctx, "v0")
	if err != nil {
		return err
	}
	route := rtnl.Route{Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_STATIC, Type: unix.RTN_UNICAST, OIF: index}
	b := r.conn.Batch(r.ctx)
	for i := range 6 {
		dst, hop := dst4, hop4
		route.Family = unix.AF_INET
		if i >= 3 {
			dst, hop = dst6, hop6
			route.Family = unix.AF_INET6
		}
		put := b.AddRoute
		route.Gateway = hop(2)
		switch i % 3 {
		case 1:
			put = b.ReplaceRoute
			route.Gateway = hop(3)
		case 2:
			put = b.DelRoute
			route.Gateway = hop(3)
		}
		if err := r.phase(i, r.n, nil, func() error {
			for k := range r.n {
				a := dst(k)
				route.Dst = netip.PrefixFrom(a, a.BitLen())
				put(&route)
			}
			return b.Flush()
		}); err != nil {
			return err
		}
	}
	return nil
}

// bridge is what containers are connected to.
func (r *run) bridge() error {
	if err := r.conn.AddLink(r.ctx, &rtnl.Link{
		Name: "br0", Flags: unix.IFF_UP, Change: unix.IFF_UP, Info: rtnl.LinkInfo{Kind: "bridge"},
	}); err != nil {
		return err
	}
	return r.address("br0", unix.AF_INET, 16, dst4(gateway))
}

// containers are set up one by one, each with a namespace, a cable to the
// bridge that is made with its far end inside under its name, an address and a
// route; they are taken down together.
func (r *run) containers() error {
	bridge, err := r.conn.LinkIndex(r.ctx, "br0")
	if err != nil {
		return err
	}
	ends, index := names("c", r.n), make([]uint32, r.n)
	peer := rtnl.Link{Name: "eth0", Index: 2, NumTxQueues: 1, NumRxQueues: 1}
	l := rtnl.Link{
		Flags: unix.IFF_UP, Change: unix.IFF_UP, Master: nl.Some(bridge), NumTxQueues: 1, NumRxQueues: 1,
		Info: rtnl.LinkInfo{Kind: "veth", Peer: &peer},
	}
	route := rtnl.Route{
		Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_STATIC, Type: unix.RTN_UNICAST,
		OIF: peer.Index, Gateway: dst4(gateway),
	}
	if err := r.pool(func(i int) error {
		ns, err := unix.Open("/proc/thread-self/ns/net", unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(ns)
		index[i] = uint32(1000 + i)
		l.Name, l.Index, peer.NetNSFD = ends[i], index[i], nl.Some(uint32(ns))
		if err := r.conn.AddLink(r.ctx, &l); err != nil {
			return err
		}
		c, err := rtnl.Dial(nl.Config{}) // the thread is in the new namespace
		if err != nil {
			return err
		}
		defer c.Close()
		addr := dst4(i + 1)
		b := c.Batch(r.ctx)
		b.SetLink(&rtnl.Link{Index: 1, Flags: unix.IFF_UP, Change: unix.IFF_UP})
		b.SetLink(&rtnl.Link{Index: peer.Index, Flags: unix.IFF_UP, Change: unix.IFF_UP})
		b.AddAddr(&rtnl.Addr{Family: unix.AF_INET, Index: peer.Index, PrefixLen: 16, Address: addr, Local: addr})
		b.AddRoute(&route)
		return b.Flush()
	}); err != nil {
		return err
	}
	return r.phase(1, r.n, nil, func() error {
		if err := r.conn.DelLinks(r.ctx, index...); err != nil {
			return err
		}
		return release()
	})
}

// rules are published ports, loaded in one transaction and listed.
func (r *run) rules() error {
	c, err := nft.Dial(nl.Config{})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := r.phase(0, r.n, nil, func() error { return r.load(c) }); err != nil {
		return err
	}
	found := 0
	if err := r.phase(1, r.n, nil, func() error {
		all, err := c.Rules(r.ctx, nft.IPv4, "t", "pre")
		found = len(all)
		return err
	}); err != nil {
		return err
	}
	if found != r.n {
		return fmt.Errorf("%d rules are listed, %d were loaded", found, r.n)
	}
	return nil
}

// load adds rules: ip protocol tcp tcp dport PORT counter dnat to ADDR:80
func (r *run) load(c *nft.Conn) error {
	b := c.Begin(r.ctx)
	b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
	b.AddChain(&nft.Chain{
		Family: nft.IPv4, Table: "t", Name: "pre", Type: "nat",
		Hook: nl.Some(nft.Hook{Num: nft.Prerouting, Priority: nft.PriorityDstNAT}),
	})
	var port [2]byte
	var addr [4]byte
	rule := nft.Rule{Family: nft.IPv4, Table: "t", Chain: "pre", Exprs: []nft.Expr{
		&nft.Meta{Key: nft.MetaL4Proto, Dreg: nft.Reg1},
		&nft.Cmp{Sreg: nft.Reg1, Op: nft.Eq, Data: []byte{unix.IPPROTO_TCP}},
		&nft.Payload{Dreg: nft.Reg1, Base: nft.TransportHeader, Offset: 2, Len: 2},
		&nft.Cmp{Sreg: nft.Reg1, Op: nft.Eq, Data: port[:]},
		&nft.Counter{},
		nft.Load(nft.Reg1, addr[:]),
		nft.Load(nft.Reg2, []byte{0, 80}),
		&nft.NAT{Type: nft.DNAT, Family: nft.NATFamily(nft.IPv4), AddrMin: nft.Reg1, PortMin: nft.Reg2},
	}}
	for i := range r.n {
		binary.BigEndian.PutUint16(port[:], uint16(i+1))
		addr = dst4(i).As4()
		b.AddRule(&rule)
	}
	return b.Commit(r.ctx)
}
