//go:build linux

package nft_test

import (
	"encoding/binary"
	"errors"
	"fmt"
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
	n := testns.Rounds(65000)
	set, all := portMap(n)
	b := c.Begin(t.Context())
	preroutingOf(b)
	b.AddSet(set)
	before := b.Len()
	b.AddElems(all)
	if parts := b.Len() - before; parts < n/2100 || parts > n/1080 {
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

// TestRefusedElement: of a map with one element that is wrong nothing is
// loaded, and the refusal says where it is.
func TestRefusedElement(t *testing.T) {
	c := dial(t, testns.New(t))
	set, all := portMap(10000)
	all.Elems[5000].Key = []byte{1, 2, 3, 4, 5} // longer than the set's
	b := c.Begin(t.Context())
	preroutingOf(b)
	b.AddSet(set)
	b.AddElems(all)
	err := b.Commit(t.Context())
	got := refusals(t, err)
	if len(got) != 1 || !errors.Is(err, unix.EINVAL) {
		t.Fatalf("err = %v", err)
	}
	for index, e := range got {
		h, body, _, _ := nl.Next(e.Request())
		var part nft.Elems
		if err := new(nl.Coder).Decode(body, &part); err != nil || h.Type != nftMsg(unix.NFT_MSG_NEWSETELEM) {
			t.Fatalf("%v, %v", h, err)
		}
		first := int(binary.BigEndian.Uint16(part.Elems[0].Key)) - 1
		said := "(element 5000)"
		if !testns.Since(t, 6, 1) { // 5.10 does not say which
			said = fmt.Sprintf("(elements %d to %d)", first, first+len(part.Elems)-1)
		}
		if first > 5000 || first+len(part.Elems) <= 5000 || index < 4 || !strings.HasSuffix(err.Error(), said) {
			t.Errorf("request %d: err = %v", index, err)
		}
	}
	if all, err := c.Tables(t.Context(), nft.Unspec); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// TestRefusedRules: each of a few bad ones among 10,000 is named.
func TestRefusedRules(t *testing.T) {
	c := dial(t, testns.New(t))
	b := c.Begin(t.Context())
	preroutingOf(b)
	want := map[int]bool{}
	for i := range 10000 {
		r := &nft.Rule{Family: nft.IPv4, Table: "t", Chain: "pre", Exprs: []nft.Expr{&nft.Counter{}}}
		if i%3000 == 1000 {
			r.Chain = "none"
		}
		b.AddRule(r)
		if r.Chain == "none" {
			want[b.Len()] = true
		}
	}
	err := b.Commit(t.Context())
	got := refusals(t, err)
	for index := range want {
		if got[index] == nil || got[index].Errno != unix.ENOENT {
			t.Errorf("request %d: %v", index, got[index])
		}
	}
	if len(got) != 3 || strings.Count(err.Error(), "add a rule to chain ip t none: there is no such chain") != 3 {
		t.Errorf("err = %v", err)
	}
	if all, err := c.Tables(t.Context(), nft.Unspec); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// TestTooLarge: a transaction beyond what the process may send at once is not
// sent, and the Conn goes on.
func TestTooLarge(t *testing.T) {
	c := dial(t, testns.New(t))
	const much = 64 << 20
	room, _, err := c.Reserve(much, 1)
	if err != nil {
		t.Fatal(err)
	}
	if room >= much {
		testns.Skip(t, "this process may send any size")
	}
	b := c.Begin(t.Context())
	preroutingOf(b)
	for p, n := newPublish(), 0; n <= room; n += 256 { // a rule is more than that
		b.AddRule(&p.Rule)
	}
	err = b.Commit(t.Context())
	if !errors.Is(err, unix.EMSGSIZE) || !strings.Contains(err.Error(), fmt.Sprintf("of which this process may send %d: raise net.core.wmem_max to ", room)) {
		t.Errorf("err = %v", err)
	}
	change(t, c, preroutingOf)
	if all, err := c.Tables(t.Context(), nft.Unspec); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
}

// TestManyEchoes: the handles of many rules.
func TestManyEchoes(t *testing.T) {
	c := dial(t, testns.New(t))
	rules := make([]nft.Rule, 500)
	change(t, c, func(b *nft.Batch) {
		preroutingOf(b)
		for i := range rules {
			rules[i] = newPublish().Rule
			b.EchoRule(&rules[i])
		}
	})
	for i, r := range rules {
		if r.Handle == 0 || i > 0 && r.Handle <= rules[i-1].Handle {
			t.Fatalf("rule %d: handle %d", i, r.Handle)
		}
	}
}

// TestElemKinds: elements of several requests with intervals, concatenations,
// timeouts and comments, as nft lists them.
func TestElemKinds(t *testing.T) {
	ns := testns.New(t)
	c := dial(t, ns)
	text := `table ip t {
	set i {
		type ipv4_addr
		flags interval
	}
	set p {
		type ipv4_addr . inet_service
		flags interval
	}
	map v {
		type ipv4_addr : verdict
		flags timeout
	}
}`
	testns.Cmd{NS: ns, Args: []string{"nft", "-f", "-"}, Stdin: text}.Run(t).Must(t)
	n := max(1800, testns.Rounds(3000)) // more than go into one request
	last := fmt.Sprintf("10.%d.%d.", (n-1)>>8, (n-1)&255)
	list := func(set string) *nft.Elems { return &nft.Elems{Family: nft.IPv4, Table: "t", Set: set} }
	i, p, v := list("i"), list("p"), list("v")
	comment, err := nft.WithComment("a comment")
	if err != nil {
		t.Fatal(err)
	}
	for k := range n {
		addr := func(host byte) []byte { return []byte{10, byte(k >> 8), byte(k), host} }
		i.Elems = append(i.Elems, nft.Elem{Key: addr(16)}, nft.Elem{Key: addr(32), Flags: nft.ElemIntervalEnd})
		p.Elems = append(p.Elems, nft.Elem{
			Key: append(addr(0), 0, 80, 0, 0), KeyEnd: append(addr(255), 0, 90, 0, 0), Userdata: comment,
		})
		v.Elems = append(v.Elems, nft.Elem{
			Key: addr(1), Timeout: 3_600_000, Data: nft.Data{Verdict: nl.Some(nft.Verdict{Code: nft.VerdictDrop})},
		})
	}
	b := c.Begin(t.Context())
	for _, e := range []*nft.Elems{i, p, v} {
		before := b.Len()
		b.AddElems(e)
		if b.Len() == before+1 {
			t.Errorf("set %s is one request", e.Set)
		}
	}
	fits(t, b)
	text = ns.Run(t, "nft", "list", "ruleset").Must(t)
	for _, want := range []struct{ set, text string }{
		{"i", last + "16/28"},
		{"p", last + `0/24 . 80-90 comment "a comment"`},
		{"v", last + "1 timeout 1h expires "},
	} {
		if !strings.Contains(text, want.text) {
			t.Errorf("set %s lacks %s", want.set, want.text)
		}
	}
	for _, want := range []struct {
		set string
		n   int
	}{{"i", 2 * n}, {"p", n}, {"v", n}} {
		streamed := 0
		for e, err := range c.StreamElems(t.Context(), nft.IPv4, "t", want.set) {
			if err != nil {
				t.Fatal(err)
			}
			if (e.KeyEnd != nil) != (want.set == "p") || e.Data.Verdict.Ok != (want.set == "v") || len(e.Key) == 0 {
				t.Fatalf("set %s: %+v", want.set, e)
			}
			streamed++
		}
		if streamed < want.n || streamed > want.n+1 { // an interval set may begin with an end
			t.Errorf("set %s: %d elements, want %d", want.set, streamed, want.n)
		}
	}
}
