//go:build linux

package nft_test

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// TestCopy has nft load a ruleset with a bit of everything, reads it, writes it
// to another namespace, and has nft list both: what we read is all there is.
func TestCopy(t *testing.T) {
	text, err := os.ReadFile("testdata/ruleset.nft")
	if err != nil {
		t.Fatal(err)
	}
	if !testns.WritesPackets(t) {
		testns.Skip(t, "since Linux 7 only the initial user namespace may write into packets")
	}
	from, to := testns.New(t), testns.New(t)
	testns.Cmd{NS: from, Args: []string{"nft", "-f", "-"}, Stdin: string(text)}.Run(t).Must(t)
	want := from.Run(t, "nft", "list", "ruleset").Must(t)
	if !strings.Contains(want, "masquerade random") || !strings.Contains(want, "numgen inc mod 2 0") {
		t.Fatalf("nft did not load it all:\n%s", want)
	}
	ruleset := read(t, dial(t, from))
	change(t, dial(t, to), func(b *nft.Batch) { ruleset.write(t, b) })
	if got := to.Run(t, "nft", "list", "ruleset").Must(t); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// everything of a namespace.
type everything struct {
	nft.Ruleset
	sets  []nft.Set
	elems map[string][]nft.Elem // by family, table and set
	objs  []nft.Obj
}

func key(s *nft.Set) string { return s.Family.Keyword() + " " + s.Table + " " + s.Name }

func read(t *testing.T, c *nft.Conn) (e everything) {
	t.Helper()
	ctx := t.Context()
	var err error
	if e.Ruleset, err = c.Ruleset(ctx, nft.Unspec, ""); err != nil {
		t.Fatal(err)
	}
	if e.sets, err = c.Sets(ctx, nft.Unspec, ""); err != nil {
		t.Fatal(err)
	}
	e.elems = make(map[string][]nft.Elem)
	for i := range e.sets {
		s := &e.sets[i]
		if e.elems[key(s)], err = c.Elems(ctx, s.Family, s.Table, s.Name); err != nil {
			t.Fatal(err)
		}
	}
	if e.objs, err = nl.List[nft.Obj](ctx, c.Conn, nftMsg(unix.NFT_MSG_GETOBJ), &nft.Obj{}, nil); err != nil {
		t.Fatal(err)
	}
	for _, r := range e.Rules {
		if r.Rest != nil {
			t.Errorf("rule %d of chain %s: unknown attributes %x", r.Handle, r.Chain, r.Rest)
		}
	}
	return e
}

// write leaves out what the kernel says and does not take.
func (e everything) write(t *testing.T, b *nft.Batch) {
	t.Helper()
	for _, x := range e.Tables {
		x.Handle, x.Use = 0, 0
		b.CreateTable(&x)
	}
	for _, x := range e.Chains {
		x.Handle, x.Use = 0, nl.Opt[uint32]{}
		b.CreateChain(&x)
	}
	for _, x := range e.objs {
		x.Handle, x.Use = 0, 0
		b.AddObj(&x)
	}
	for i, x := range e.sets {
		x.Handle, x.Count, x.Type, x.ID = 0, 0, "", uint32(i+1)
		b.AddSet(&x)
		if all := e.elems[key(&x)]; len(all) > 0 {
			b.AddElems(&nft.Elems{Family: x.Family, Table: x.Table, Set: x.Name, SetID: x.ID, Elems: all})
		}
	}
	for _, x := range e.Rules {
		x.Handle, x.Position = 0, 0
		b.AddRule(&x)
	}
}
