//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/minins/minins/bench/internal/contestant"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// nftRules loads n rules in one transaction and lists them.
func nftRules(r *contestant.Run, n int) error {
	ctx := context.Background()
	c, err := nft.Dial(nl.Config{})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := r.Phase("load", n, func() error { return loadRules(ctx, c, n) }); err != nil {
		return err
	}
	if n > contestant.Listed {
		return nil
	}
	return r.Phase("list", n, func() error { return listRules(ctx, c, n) })
}

func loadRules(ctx context.Context, c *nft.Conn, n int) error {
	b := c.Begin(ctx)
	b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
	b.AddChain(&nft.Chain{
		Family: nft.IPv4, Table: "t", Name: "pre", Type: "nat",
		Hook: nl.Some(nft.Hook{Num: nft.Prerouting, Priority: nft.PriorityDstNAT}),
	})
	// One rule, whose port and address are changed: it is encoded when added.
	port, addr := make([]byte, 2), make([]byte, 4)
	rule := &nft.Rule{Family: nft.IPv4, Table: "t", Chain: "pre", Exprs: dnat(port, addr)}
	for i := range n {
		binary.BigEndian.PutUint16(port, contestant.Port(i))
		to := contestant.Target(i).As4()
		copy(addr, to[:])
		b.AddRule(rule)
	}
	return b.Commit(ctx)
}

// dnat is: ip protocol tcp tcp dport PORT counter dnat to ADDR:80
func dnat(port, addr []byte) []nft.Expr {
	return []nft.Expr{
		&nft.Meta{Key: nft.MetaL4Proto, Dreg: nft.Reg1},
		&nft.Cmp{Sreg: nft.Reg1, Op: nft.Eq, Data: []byte{6}},
		&nft.Payload{Dreg: nft.Reg1, Base: nft.TransportHeader, Offset: 2, Len: 2},
		&nft.Cmp{Sreg: nft.Reg1, Op: nft.Eq, Data: port},
		&nft.Counter{},
		nft.Load(nft.Reg1, addr),
		nft.Load(nft.Reg2, []byte{0, 80}),
		&nft.NAT{Type: nft.DNAT, Family: nft.NATFamily(nft.IPv4), AddrMin: nft.Reg1, PortMin: nft.Reg2},
	}
}

func listRules(ctx context.Context, c *nft.Conn, n int) error {
	found := 0
	for rule, err := range c.StreamRules(ctx, nft.IPv4, "t", "pre") {
		if err != nil {
			return err
		}
		if len(rule.Exprs) != 8 {
			return fmt.Errorf("a rule of %d expressions, expected 8", len(rule.Exprs))
		}
		found++
	}
	if found != n {
		return fmt.Errorf("%d rules, expected %d", found, n)
	}
	return nil
}

// nftMap loads a map of n elements in one transaction.
func nftMap(r *contestant.Run, n int) error {
	if n > 65535 {
		return fmt.Errorf("there are 65535 ports, not %d", n)
	}
	ctx := context.Background()
	c, err := nft.Dial(nl.Config{})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := r.Phase("load", n, func() error { return loadMap(ctx, c, n) }); err != nil {
		return err
	}
	found := 0
	for _, err := range c.StreamElems(ctx, nft.IPv4, "t", "m") {
		if err != nil {
			return err
		}
		found++
	}
	if found != n {
		return fmt.Errorf("%d elements, expected %d", found, n)
	}
	return nil
}

// atOnce is how many elements are made before they are encoded. About as many
// make a message, which holds 64 KiB.
const atOnce = 2000

func loadMap(ctx context.Context, c *nft.Conn, n int) error {
	const service, ipv4Service = 13, 7<<6 | 13 // nft's numbers for inet_service and ipv4_addr . inet_service
	b := c.Begin(ctx)
	b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
	b.AddSet(&nft.Set{
		Family: nft.IPv4, Table: "t", Name: "m", ID: 1, Flags: nl.Some(nft.SetMap),
		KeyType: service, KeyLen: 2, DataType: ipv4Service, DataLen: 8,
	})
	elems := &nft.Elems{Family: nft.IPv4, Table: "t", Set: "m", SetID: 1, Elems: make([]nft.Elem, atOnce)}
	for i := range elems.Elems {
		elems.Elems[i].Key = make([]byte, 2)
		elems.Elems[i].Data.Value = []byte{4: 0, 80, 0, 0} // each part of a concatenation takes whole words
	}
	for from := 0; from < n; from += atOnce {
		elems.Elems = elems.Elems[:min(atOnce, n-from)]
		for i := range elems.Elems {
			e := &elems.Elems[i]
			binary.BigEndian.PutUint16(e.Key, contestant.Port(from+i))
			to := contestant.Target(from + i).As4()
			copy(e.Data.Value, to[:])
		}
		b.AddElems(elems)
	}
	return b.Commit(ctx)
}

// nftSet loads a set of n intervals in one transaction and lists them.
func nftSet(r *contestant.Run, n int) error {
	ctx := context.Background()
	c, err := nft.Dial(nl.Config{})
	if err != nil {
		return err
	}
	defer c.Close()
	if err := r.Phase("load", n, func() error { return loadSet(ctx, c, n) }); err != nil {
		return err
	}
	if n > contestant.Listed {
		return nil
	}
	return r.Phase("list", n, func() error {
		found := 0
		for _, err := range c.StreamElems(ctx, nft.IPv4, "t", "s") {
			if err != nil {
				return err
			}
			found++
		}
		return contestant.CheckCount("ends of intervals", found, 2*n, 2*n+1)
	})
}

func loadSet(ctx context.Context, c *nft.Conn, n int) error {
	const ipv4 = 7 // nft's number for ipv4_addr
	b := c.Begin(ctx)
	b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
	b.AddSet(&nft.Set{Family: nft.IPv4, Table: "t", Name: "s", ID: 1, Flags: nl.Some(nft.SetInterval), KeyType: ipv4, KeyLen: 4})
	b.AddElems(&nft.Elems{Family: nft.IPv4, Table: "t", Set: "s", SetID: 1, Each: func(yield func(*nft.Elem) bool) {
		begin, end := nft.Elem{Key: make([]byte, 4)}, nft.Elem{Key: make([]byte, 4), Flags: nft.ElemIntervalEnd}
		for i := range n {
			from, to := contestant.Interval(i)
			binary.BigEndian.PutUint32(begin.Key, from)
			binary.BigEndian.PutUint32(end.Key, to+1)
			if !yield(&begin) || !yield(&end) {
				return
			}
		}
	}})
	return b.Commit(ctx)
}
