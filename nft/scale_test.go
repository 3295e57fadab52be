//go:build linux

package nft_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// scaled is a size: small, or, with MININS_SCALE=1, the full one. That takes minutes,
// and to send it CAP_NET_ADMIN in the initial user namespace: "make scale".
func scaled(small, full int) int {
	if os.Getenv("MININS_SCALE") == "1" {
		return full
	}
	return small
}

// TestScaleRules loads rules of ten chains, 655,350 at full size, in one transaction,
// and lists them as a stream.
func TestScaleRules(t *testing.T) {
	ns := testns.New(t)
	const chains = 10
	each := scaled(500, 65535)
	name := func(i int) string { return "c" + strconv.Itoa(i) }
	loading(t, ns, "rules", chains*each, func(b *nft.Batch) {
		b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
		p := newPublish()
		for i := range chains {
			p.Chain = name(i)
			b.AddChain(chain(nft.IPv4, "t", p.Chain, "nat", nft.Prerouting, nft.PriorityDstNAT))
			for k := range each {
				p.set(k)
				b.AddRule(&p.Rule)
			}
		}
	})
	listing(t, ns, "rules", chains*each, func(c *nft.Conn) (n int) {
		want := newPublish()
		for i := range chains {
			k := 0
			for r, err := range c.StreamRules(t.Context(), nft.IPv4, "t", name(i)) {
				if err != nil {
					t.Fatal(err)
				}
				want.set(k)
				port, addr := r.Exprs[3].(*nft.Cmp), r.Exprs[5].(*nft.Immediate)
				if string(port.Data) != string(want.port) || string(addr.Data.Value) != string(want.addr) {
					t.Fatalf("rule %d of chain %s: port %x to %x, want %x to %x", k, name(i), port.Data, addr.Data.Value, want.port, want.addr)
				}
				k++
			}
			if k != each {
				t.Errorf("chain %s: %d rules, want %d", name(i), k, each)
			}
			n += k
		}
		return n
	})
}

// TestScaleIntervals loads a set of intervals, 1,000,000 at full size, in one transaction,
// and lists them as a stream.
func TestScaleIntervals(t *testing.T) {
	ns := testns.New(t)
	n := scaled(20000, 1000000)
	const first, step, length = 10 << 24, 8, 5
	loading(t, ns, "intervals", n, func(b *nft.Batch) {
		const typeIPv4 = 7
		b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
		b.AddSet(&nft.Set{Family: nft.IPv4, Table: "t", Name: "s", Flags: nl.Some(nft.SetInterval), KeyType: typeIPv4, KeyLen: 4, ID: 1})
		b.AddElems(&nft.Elems{Family: nft.IPv4, Table: "t", Set: "s", SetID: 1, Each: func(yield func(*nft.Elem) bool) {
			begin, end := nft.Elem{Key: make([]byte, 4)}, nft.Elem{Key: make([]byte, 4), Flags: nft.ElemIntervalEnd}
			for i := range uint32(n) {
				binary.BigEndian.PutUint32(begin.Key, first+i*step)
				binary.BigEndian.PutUint32(end.Key, first+i*step+length)
				if !yield(&begin) || !yield(&end) {
					return
				}
			}
		}})
	})
	listing(t, ns, "intervals", n, func(c *nft.Conn) int {
		seen := [2][]bool{make([]bool, n), make([]bool, n)} // beginnings and ends
		for e, err := range c.StreamElems(t.Context(), nft.IPv4, "t", "s") {
			if err != nil {
				t.Fatal(err)
			}
			end := e.Flags & nft.ElemIntervalEnd
			at := binary.BigEndian.Uint32(e.Key) - first - uint32(end)*length
			if at%step != 0 || at/step >= uint32(n) || seen[end][at/step] {
				t.Fatalf("an element %x, flags %v", e.Key, e.Flags)
			}
			seen[end][at/step] = true
		}
		for i := range n {
			if !seen[0][i] || !seen[1][i] {
				t.Fatalf("interval %d is not there", i)
			}
		}
		return n
	})
}

// loading commits what fill adds, sees that it was one transaction, and logs what it took.
func loading(t *testing.T, ns *testns.NS, what string, n int, fill func(*nft.Batch)) {
	t.Helper()
	c := dial(t, ns)
	before, err := c.Gen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	b := c.Begin(t.Context())
	fill(b)
	fits(t, b)
	if after, err := c.Gen(t.Context()); err != nil || after != before+1 {
		t.Errorf("generation %d, %v; want %d", after, err, before+1)
	}
	t.Logf("%d %s loaded in %v", n, what, time.Since(start))
}

// mostForList is how many bytes a stream may take beside what there was before it.
const mostForList = 16 << 20

// listing sees that list has n objects, and takes no more memory than a few do.
func listing(t *testing.T, ns *testns.NS, what string, n int, list func(*nft.Conn) int) {
	t.Helper()
	c := dial(t, ns)
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // VmHWM begins anew
		t.Fatal(err)
	}
	before, start := resident(t, "VmRSS:"), time.Now()
	if found := list(c); found != n {
		t.Errorf("%d %s, want %d", found, what, n)
	}
	more := resident(t, "VmHWM:") - before
	if more > mostForList {
		t.Errorf("a stream of %d %s takes %d bytes, at most %d are expected", n, what, more, mostForList)
	}
	t.Logf("%d %s listed in %v, in %d bytes more than the %d before", n, what, time.Since(start), more, before)
}

// resident is a number of /proc/self/status, in bytes.
func resident(t *testing.T, key string) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), key)
	var kib int
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(key, err)
	}
	return kib << 10
}

// TestStreamLeft: a list that is too long for one reading is left in its middle, and the
// Conn lists again.
func TestStreamLeft(t *testing.T) {
	c := dial(t, testns.New(t))
	change(t, c, func(b *nft.Batch) {
		preroutingOf(b)
		for range 1000 {
			b.AddRule(&newPublish().Rule)
		}
	})
	for range 3 {
		for _, err := range c.StreamRules(t.Context(), nft.IPv4, "t", "pre") {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		if _, err := c.Gen(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if rules, err := c.Rules(t.Context(), nft.IPv4, "t", "pre"); err != nil || len(rules) != 1000 {
		t.Errorf("%d rules, %v", len(rules), err)
	}
}
