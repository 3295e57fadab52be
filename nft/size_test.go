//go:build linux

package nft_test

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// publish is "ip protocol tcp tcp dport PORT counter dnat to ADDR:80", to be
// set to one port and address after another.
type publish struct {
	nft.Rule
	port, addr []byte
}

func newPublish() *publish {
	p := &publish{port: make([]byte, 2), addr: []byte{10, 1, 0, 0}}
	p.Rule = nft.Rule{Family: nft.IPv4, Table: "t", Chain: "pre", Exprs: []nft.Expr{
		&nft.Payload{Dreg: nft.Reg1, Base: nft.NetworkHeader, Offset: 9, Len: 1},
		&nft.Cmp{Sreg: nft.Reg1, Op: nft.Eq, Data: []byte{6}},
		&nft.Payload{Dreg: nft.Reg1, Base: nft.TransportHeader, Offset: 2, Len: 2},
		&nft.Cmp{Sreg: nft.Reg1, Op: nft.Eq, Data: p.port},
		&nft.Counter{},
		nft.Load(nft.Reg1, p.addr),
		nft.Load(nft.Reg2, []byte{0, 80}),
		&nft.NAT{Type: nft.DNAT, Family: nft.NATFamily(nft.IPv4), AddrMin: nft.Reg1, PortMin: nft.Reg2},
	}}
	return p
}

// set makes it rule i.
func (p *publish) set(i int) {
	binary.BigEndian.PutUint16(p.port, uint16(i%65535+1))
	p.addr[2], p.addr[3] = byte(i/250), byte(i%250+1)
}

func preroutingOf(b *nft.Batch) {
	b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
	b.AddChain(chain(nft.IPv4, "t", "pre", "nat", nft.Prerouting, nft.PriorityDstNAT))
}

// portMap is a map of ports to addresses and ports, and its elements.
func portMap(n int) (*nft.Set, *nft.Elems) {
	const typeService, typeIPv4Service = 13, 7<<6 | 13 // inet_service, ipv4_addr . inet_service
	set := &nft.Set{
		Family: nft.IPv4, Table: "t", Name: "m", Flags: nl.Some(nft.SetMap),
		KeyType: typeService, KeyLen: 2, DataType: typeIPv4Service, DataLen: 8, ID: 1, Desc: nl.Some(nft.SetDesc{Size: 65536}),
	}
	all := &nft.Elems{Family: nft.IPv4, Table: "t", Set: "m", SetID: 1}
	for i := range n {
		all.Elems = append(all.Elems, nft.Elem{
			Key:  binary.BigEndian.AppendUint16(nil, uint16(i+1)),
			Data: nft.Data{Value: []byte{10, 1, byte(i / 250), byte(i%250 + 1), 0, 80, 0, 0}},
		})
	}
	return set, all
}

// fits commits, and skips the test if this process may not send so much.
func fits(t testing.TB, b *nft.Batch) {
	t.Helper()
	err := b.Commit(t.Context())
	if errors.Is(err, unix.EMSGSIZE) {
		if !strings.Contains(err.Error(), "raise net.core.wmem_max to ") {
			t.Errorf("err = %v", err)
		}
		testns.Skip(t, "net.core.wmem_max is too small for a batch of this size")
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestManyElems loads a map that needs some 40 requests, and reads it whole.
func TestManyElems(t *testing.T) {
	ns := testns.New(t)
	c := dial(t, ns)
	const n = 65000
	set, all := portMap(n)
	b := c.Begin(t.Context())
	preroutingOf(b)
	b.AddSet(set)
	before := b.Len()
	b.AddElems(all)
	if parts := b.Len() - before; parts < 30 || parts > 60 {
		t.Errorf("%d requests", parts)
	}
	fits(t, b)
	seen := make(map[uint16]bool)
	for e, err := range c.StreamElems(t.Context(), nft.IPv4, "t", "m") {
		if err != nil {
			t.Fatal(err)
		}
		port := binary.BigEndian.Uint16(e.Key)
		i := int(port) - 1
		if want := all.Elems[i].Data.Value; string(e.Data.Value[:6]) != string(want[:6]) || seen[port] {
			t.Fatalf("port %d: %v, want %v", port, e.Data.Value, want)
		}
		seen[port] = true
	}
	if len(seen) != n {
		t.Errorf("%d elements, want %d", len(seen), n)
	}
	b = c.Begin(t.Context())
	b.DelElems(&nft.Elems{Family: nft.IPv4, Table: "t", Set: "m"})
	if b.Len() != 0 {
		t.Errorf("%d requests to delete no elements", b.Len())
	}
	all.Elems = all.Elems[:n-1]
	b.DelElems(all)
	fits(t, b)
	if left, err := c.Elems(t.Context(), nft.IPv4, "t", "m"); err != nil || len(left) != 1 {
		t.Errorf("%d elements left, %v; want 1", len(left), err)
	}
	change(t, c, func(b *nft.Batch) { b.FlushSet(nft.IPv4, "t", "m") })
	if left, err := c.Elems(t.Context(), nft.IPv4, "t", "m"); err != nil || len(left) != 0 {
		t.Errorf("%d elements left, %v; want 0", len(left), err)
	}
}
