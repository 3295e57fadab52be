//go:build linux

package nft_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"log"
	"net/netip"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
	"github.com/minins/minins/nl"
)

// Masquerade all that leaves 192.168.15.0/24.
// Equivalent to: nft add rule ip lab post ip saddr 192.168.15.0/24 counter masquerade
func Example_masquerade() {
	ctx := context.Background()
	c, err := nft.Dial(nl.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	b := c.Begin(ctx)
	b.AddTable(&nft.Table{Family: nft.IPv4, Name: "lab"})
	b.AddChain(&nft.Chain{
		Family: nft.IPv4, Table: "lab", Name: "post", Type: "nat",
		Hook: nl.Some(nft.Hook{Num: nft.Postrouting, Priority: nft.PrioritySrcNAT}),
	})
	b.AddRule(&nft.Rule{Family: nft.IPv4, Table: "lab", Chain: "post", Exprs: []nft.Expr{
		&nft.Payload{Dreg: nft.Reg1, Base: nft.NetworkHeader, Offset: 12, Len: 3}, // the source's first three bytes
		&nft.Cmp{Sreg: nft.Reg1, Op: nft.Eq, Data: []byte{192, 168, 15}},
		&nft.Counter{},
		&nft.Masq{},
	}})
	if err := b.Commit(ctx); err != nil {
		log.Fatal(err)
	}

	rules, err := c.Rules(ctx, nft.IPv4, "lab", "post")
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range rules {
		for _, e := range r.Exprs {
			fmt.Println(e.Name())
		}
	}
	// Output:
	// payload
	// cmp
	// counter
	// masq
}

// Forward port 80 of this host to a namespace, by a rule that the real
// iptables lists and deletes.
// Equivalent to: iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80
func Example_portForwarding() {
	ctx := context.Background()
	c, err := nft.Dial(nl.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	if ok, err := c.Probe(ctx, nft.IPv4, xt.TargetKind, "DNAT", 2); err != nil || !ok {
		log.Fatal("this kernel has no nft_compat: use nft.Native ", err)
	}
	red := netip.MustParseAddr("192.168.15.2")
	b := c.Begin(ctx)
	b.AddTable(&nft.Table{Family: nft.IPv4, Name: "nat"})
	b.AddChain(&nft.Chain{
		Family: nft.IPv4, Table: "nat", Name: "PREROUTING", Type: "nat",
		Hook: nl.Some(nft.Hook{Num: nft.Prerouting, Priority: nft.PriorityDstNAT}), Policy: nl.Some(nft.VerdictAccept),
	})
	b.AddRule(&nft.Rule{
		Family: nft.IPv4, Table: "nat", Chain: "PREROUTING",
		Exprs: []nft.Expr{
			&nft.Meta{Key: nft.MetaL4Proto, Dreg: nft.Reg1},
			&nft.Cmp{Sreg: nft.Reg1, Op: nft.Eq, Data: []byte{6}}, // TCP
			&nft.Payload{Dreg: nft.Reg1, Base: nft.TransportHeader, Offset: 2, Len: 2},
			&nft.Cmp{Sreg: nft.Reg1, Op: nft.Eq, Data: []byte{0, 80}}, // its destination port
			&nft.Counter{},
			&nft.Target{Info: xt.DNAT(red, red).Ports(80, 80)},
		},
		Compat: nl.Some(nft.RuleCompat{Proto: 6}),
	})
	if err := b.Commit(ctx); err != nil {
		log.Fatal(err)
	}

	rules, err := c.Rules(ctx, nft.IPv4, "nat", "PREROUTING")
	if err != nil {
		log.Fatal(err)
	}
	to := rules[0].Exprs[5].(*nft.Target).Info.(*xt.NAT)
	fmt.Printf("%s to %v:%d, because of %v\n", to.Name(), to.MinAddr.IPv4(), to.MinPort, to.Flags)
	// Output:
	// DNAT to 192.168.15.2:80, because of NF_NAT_RANGE_MAP_IPS|NF_NAT_RANGE_PROTO_SPECIFIED
}

// Publish ports by one map: a packet takes one look, whatever their number,
// where rules take one each. Any number of elements goes into a transaction.
// Equivalent to: nft add map ip lab ports { type inet_service : ipv4_addr . inet_service ; }
// and nft add element ip lab ports { 8000 : 192.168.15.2 . 80, … }
func ExampleBatch_AddElems() {
	ctx := context.Background()
	c, err := nft.Dial(nl.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	const service, ipv4Service = 13, 7<<6 | 13 // nft's numbers for the types of the key and the data
	ports := &nft.Elems{Family: nft.IPv4, Table: "ports", Set: "ports", SetID: 1}
	for port := uint16(8000); port < 18000; port++ {
		ports.Elems = append(ports.Elems, nft.Elem{
			Key:  binary.BigEndian.AppendUint16(nil, port),
			Data: nft.Data{Value: []byte{192, 168, 15, 2, 0, 80, 0, 0}}, // each part padded to 4 bytes
		})
	}
	b := c.Begin(ctx)
	b.AddTable(&nft.Table{Family: nft.IPv4, Name: "ports"})
	b.AddSet(&nft.Set{
		Family: nft.IPv4, Table: "ports", Name: "ports", ID: 1, Flags: nl.Some(nft.SetMap),
		KeyType: service, KeyLen: 2, DataType: ipv4Service, DataLen: 8,
	})
	b.AddElems(ports)
	if err := b.Commit(ctx); err != nil {
		log.Fatal(err)
	}

	n := 0
	for e, err := range c.StreamElems(ctx, nft.IPv4, "ports", "ports") {
		if err != nil {
			log.Fatal(err)
		}
		if len(e.Data.Value) == 8 {
			n++
		}
	}
	fmt.Println(n, "ports")
	// Output: 10000 ports
}

// Count what the rules of a chain have seen, in constant memory.
// Equivalent to: nft list chain ip lab pre
func ExampleConn_StreamRules() {
	ctx := context.Background()
	c, err := nft.Dial(nl.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	var packets uint64
	for r, err := range c.StreamRules(ctx, nft.IPv4, "lab", "pre") {
		if err != nil {
			log.Fatal(err)
		}
		for _, e := range r.Exprs {
			if n, ok := e.(*nft.Counter); ok {
				packets += n.Packets.V
			}
		}
	}
	fmt.Println(packets, "packets")
	// Output: 0 packets
}
