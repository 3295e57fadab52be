//go:build linux

package nft_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// A fault is a request that the kernel refuses.
type fault struct {
	name  string
	add   func(b *nft.Batch, i int) // i is a number that no other request of the batch has
	errno unix.Errno                // 0: not the same on all kernels
	words string                    // lines of what it was about; %d is i
}

func ruleOf(chain string, exprs ...nft.Expr) *nft.Rule {
	return &nft.Rule{Family: nft.IPv4, Table: "t", Chain: chain, Exprs: exprs}
}

func elemsOf(set string, first, n int) *nft.Elems {
	e := &nft.Elems{Family: nft.IPv4, Table: "t", Set: set}
	for i := range n {
		e.Elems = append(e.Elems, nft.Elem{Key: binary.BigEndian.AppendUint32(nil, uint32(first+i))})
	}
	return e
}

func named(name string, i int) string { return fmt.Sprint(name, i) }

// standing makes what requests are about: of what is there faults are about, beside it
// are those that succeed.
func standing(b *nft.Batch) {
	b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
	b.AddChain(chain(nft.IPv4, "t", "base", "filter", nft.Forward, nft.PriorityFilter))
	for _, name := range []string{"c", "busy"} {
		b.AddChain(&nft.Chain{Family: nft.IPv4, Table: "t", Name: name})
	}
	for i, name := range []string{"s", "used"} {
		b.AddSet(&nft.Set{Family: nft.IPv4, Table: "t", Name: name, KeyType: 7, KeyLen: 4, ID: uint32(i + 1)})
	}
	b.AddElems(elemsOf("s", 0, 100))
	b.AddObj(&nft.Obj{Family: nft.IPv4, Table: "t", Name: "o", Type: nft.ObjCounter, Data: &nft.Counter{}})
	b.AddRule(ruleOf("base", nft.Jump("busy")))
	b.AddRule(ruleOf("base",
		&nft.Payload{Dreg: nft.Reg1, Base: nft.NetworkHeader, Offset: 12, Len: 4},
		&nft.Lookup{Sreg: nft.Reg1, Set: "used"}))
}

// faults are all kinds. The errnos are the kernel's.
var faults = []fault{
	{"no chain", func(b *nft.Batch, i int) { b.AddRule(ruleOf(named("none", i), &nft.Counter{})) },
		unix.ENOENT, "add a rule to chain ip t none%d: there is no such chain"},
	{"no table", func(b *nft.Batch, i int) {
		b.AddChain(&nft.Chain{Family: nft.IPv4, Table: named("gone", i), Name: "c"})
	}, unix.ENOENT, "add chain ip gone%d c: there is no such table"},
	{"no set", func(b *nft.Batch, i int) { b.AddElems(elemsOf(named("no", i), 0, 1)) },
		unix.ENOENT, "elements of set ip t no%d"},
	{"a lookup in no set", func(b *nft.Batch, i int) {
		b.AddRule(commentOf(i, ruleOf("c",
			&nft.Payload{Dreg: nft.Reg1, Base: nft.NetworkHeader, Offset: 12, Len: 4},
			&nft.Lookup{Sreg: nft.Reg1, Set: "noset"})))
	}, unix.ENOENT, "add a rule to chain ip t c: there is no set noset"},
	{"an element that is there", func(b *nft.Batch, i int) {
		e := elemsOf("s", 1<<24+i<<8, 100)
		e.Elems[i%100].Key = []byte{0, 0, 0, 50}
		b.CreateElems(e)
	}, unix.EEXIST, "elements of set ip t s: it exists already"},
	{"an element too long", func(b *nft.Batch, i int) {
		e := elemsOf("s", 1<<24+i<<8, 100)
		e.Elems[i%100].Key = []byte{1, 2, 3, 4, 5, 6, 7, 8}
		b.AddElems(e)
	}, unix.EINVAL, "elements of set ip t s"},
	{"a jump to no chain", func(b *nft.Batch, _ int) { b.AddRule(ruleOf("c", nft.Jump("nowhere"))) },
		unix.ENOENT, "add a rule to chain ip t c"},
	{"a jump to a base chain", func(b *nft.Batch, _ int) { b.AddRule(ruleOf("c", nft.Jump("base"))) },
		unix.EOPNOTSUPP, "add a rule to chain ip t c"},
	{"another priority", func(b *nft.Batch, _ int) {
		b.AddChain(chain(nft.IPv4, "t", "base", "filter", nft.Forward, 7))
	}, 0, "add chain ip t base: \nexists with another hook or priority"}, // EEXIST, and since Linux 6.4 or so EOPNOTSUPP
	{"no such chain type", func(b *nft.Batch, i int) {
		b.AddChain(chain(nft.IPv4, "t", named("odd", i), "odd", nft.Forward, 0))
	}, unix.ENOENT, "add chain ip t odd%d"},
	{"translation too early", func(b *nft.Batch, i int) {
		b.AddChain(chain(nft.IPv4, "t", named("early", i), "nat", nft.Prerouting, -300))
	}, unix.EOPNOTSUPP, "add chain ip t early%d: the kernel has no such chain type"},
	{"a table that is there", func(b *nft.Batch, _ int) { b.CreateTable(&nft.Table{Family: nft.IPv4, Name: "t"}) },
		unix.EEXIST, "create table ip t: it exists already"},
	{"a chain that is there", func(b *nft.Batch, _ int) {
		b.CreateChain(&nft.Chain{Family: nft.IPv4, Table: "t", Name: "c"})
	}, unix.EEXIST, "create chain ip t c: it exists already"},
	{"no such handle", func(b *nft.Batch, i int) { b.DelRule(nft.IPv4, "t", "c", uint64(1000000+i)) },
		unix.ENOENT, "delete the rule with handle 100%04d of chain ip t c"},
	{"behind no such handle", func(b *nft.Batch, i int) {
		r := ruleOf("c", &nft.Counter{})
		r.Position = uint64(1000000 + i)
		b.AddRule(r)
	}, unix.ENOENT, "add a rule next to handle 100%04d of chain ip t c"},
	{"no such expression", func(b *nft.Batch, _ int) { b.AddRule(ruleOf("c", &nft.Counter{}, &nft.Raw{Kind: "nosuch"})) },
		unix.ENOENT, "add a rule to chain ip t c: the kernel has no expression nosuch"},
	{"a field too long", func(b *nft.Batch, _ int) {
		b.AddRule(ruleOf("c", &nft.Payload{Dreg: nft.Reg1, Base: nft.NetworkHeader, Len: 200}))
	}, unix.ERANGE, "add a rule to chain ip t c"},
	{"a translation without an address", func(b *nft.Batch, _ int) {
		b.AddRule(ruleOf("c", &nft.NAT{Type: nft.DNAT, Family: nft.NATFamily(nft.IPv4), AddrMin: 77}))
	}, unix.ERANGE, "add a rule to chain ip t c"},
	{"a chain in use", func(b *nft.Batch, _ int) { b.DelChain(nft.IPv4, "t", "busy") },
		unix.EBUSY, "delete chain ip t busy: it still has rules, or rules jump to it"},
	{"a set in use", func(b *nft.Batch, _ int) { b.DelSet(nft.IPv4, "t", "used") },
		unix.EBUSY, "delete set ip t used: rules still use it"},
	{"no such object", func(b *nft.Batch, i int) { b.DelObj(nft.IPv4, "t", named("lost", i), nft.ObjCounter) },
		unix.ENOENT, "delete object ip t lost%d"},
	{"a rule that uses no object", func(b *nft.Batch, _ int) {
		b.AddRule(ruleOf("c", &nft.Objref{Type: nft.ObjCounter, Object: "noobject"}))
	}, unix.ENOENT, "add a rule to chain ip t c: what expression objref refers to is not there"},
}

// commentOf gives a rule a number.
func commentOf(i int, r *nft.Rule) *nft.Rule {
	r.Userdata, _ = nft.WithComment(named("rule ", i)) // it has room
	return r
}

// sound adds a request that alone would be carried out.
func sound(b *nft.Batch, rng *rand.Rand, i int) {
	switch rng.IntN(8) {
	case 0:
		b.CreateChain(&nft.Chain{Family: nft.IPv4, Table: "t", Name: named("fresh", i)})
	case 1:
		b.CreateElems(elemsOf("s", 1<<28+i<<4, 1+rng.IntN(16)))
	case 2:
		b.AddObj(&nft.Obj{Family: nft.IPv4, Table: "t", Name: named("counter", i), Type: nft.ObjCounter, Data: &nft.Counter{}})
	case 3:
		b.InsertRule(commentOf(i, ruleOf("base", &nft.Counter{}, nft.Jump("busy"))))
	default:
		b.AddRule(commentOf(i, ruleOf("c", &nft.Counter{})))
	}
}

// dumped is all that there is, as bytes.
func dumped(t *testing.T, c *nft.Conn) string {
	t.Helper()
	var all []string
	rs, err := c.Ruleset(t.Context(), nft.Unspec, "")
	if err != nil {
		t.Fatal(err)
	}
	sets, err := c.Sets(t.Context(), nft.Unspec, "")
	if err != nil {
		t.Fatal(err)
	}
	objs, err := c.Objs(t.Context(), nft.Unspec, "")
	if err != nil {
		t.Fatal(err)
	}
	for i := range rs.Tables {
		all = append(all, encoded(t, &rs.Tables[i]))
	}
	for i := range rs.Chains {
		all = append(all, encoded(t, &rs.Chains[i]))
	}
	for i := range rs.Rules {
		all = append(all, encoded(t, &rs.Rules[i]))
	}
	for i := range objs {
		all = append(all, encoded(t, &objs[i]))
	}
	for i := range sets {
		all = append(all, encoded(t, &sets[i]))
		elems, err := c.Elems(t.Context(), sets[i].Family, sets[i].Table, sets[i].Name)
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(elems, func(a, b nft.Elem) int { return bytes.Compare(a.Key, b.Key) }) // a hash table may have grown
		all = append(all, encoded(t, &nft.Elems{Elems: elems}))
	}
	return strings.Join(all, "\n")
}

// TestFaults: of 200 batches (60 in short), of 10 to 10,000 requests with one to twenty faults among
// them, every fault and nothing else is reported, as what it is; nothing has changed, and
// the next transaction on the Conn goes well.
func TestFaults(t *testing.T) {
	c := dial(t, testns.New(t))
	change(t, c, standing)
	requests, total := 0, 0
	met := make(map[string]int)
	seeds := 200
	if testing.Short() {
		seeds = 60
	}
	rounds := max(10, testns.Rounds(seeds))
	for i := range rounds {
		seed := uint64(i)
		rng := rand.New(rand.NewPCG(seed, 0))
		size := 10 << rng.IntN(10)
		size += rng.IntN(size)
		size = min(size, 10000)
		number := 1 + rng.IntN(min(20, size))
		at := make(map[int]*fault)
		for len(at) < number {
			at[rng.IntN(size)] = &faults[rng.IntN(len(faults))]
		}
		before, gen := dumped(t, c), generation(t, c)
		b := c.Begin(t.Context())
		want := make(map[int]string) // by the index of the request: words
		for i := range size {
			f := at[i]
			if f == nil {
				sound(b, rng, i)
				continue
			}
			f.add(b, i)
			words := f.words
			if strings.Contains(words, "%") {
				words = fmt.Sprintf(words, i)
			}
			if f.errno != 0 {
				words += "\n" + f.errno.Error()
			}
			want[b.Len()] = words
			if strings.HasPrefix(f.name, "an element") && testns.Since(t, 6, 1) { // 5.10 does not say which
				want[b.Len()] += fmt.Sprintf("\n(element %d)", i%100)
			}
			met[f.name]++
		}
		err := b.Commit(t.Context())
		if err == nil {
			t.Fatalf("seed %d: done, with %d faults", seed, number)
		}
		located(t, seed, err, want)
		if after := generation(t, c); after != gen {
			t.Fatalf("seed %d: generation %d, was %d", seed, after, gen)
		}
		if after := dumped(t, c); after != before {
			t.Fatalf("seed %d: something has changed: was\n%x\nis\n%x", seed, before, after)
		}
		change(t, c, func(b *nft.Batch) {
			b.CreateChain(&nft.Chain{Family: nft.IPv4, Table: "t", Name: "next"})
			b.DelChain(nft.IPv4, "t", "next")
		})
		requests, total = requests+size, total+number
	}
	for _, f := range faults {
		if met[f.name] == 0 && rounds == seeds {
			t.Errorf("no seed has %s", f.name)
		}
	}
	t.Logf("%d faults among %d requests", total, requests)
}

// located sees that err has the wanted refusals, each in the wanted words, and no other.
func located(t *testing.T, seed uint64, err error, want map[int]string) {
	t.Helper()
	errs := []error{err}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		errs = many.Unwrap()
	}
	got := refusals(t, err)
	if len(got) != len(errs) || len(got) != len(want) {
		t.Errorf("seed %d: %d refusals of %d requests, want %d", seed, len(errs), len(got), len(want))
	}
	for _, err := range errs {
		var e *nl.Error
		errors.As(err, &e) // as refusals has seen
		words, ok := want[e.Index]
		if !ok {
			t.Errorf("seed %d: request %d is sound: %v", seed, e.Index, err)
			continue
		}
		for word := range strings.SplitSeq(words, "\n") {
			if !strings.Contains(err.Error(), word) {
				t.Errorf("seed %d, request %d: %v\nlacks %q", seed, e.Index, err, word)
			}
		}
	}
}

func generation(t *testing.T, c *nft.Conn) uint32 {
	t.Helper()
	gen, err := c.Gen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return gen
}
