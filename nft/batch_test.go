//go:build linux

package nft_test

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
	"github.com/minins/minins/nl"
)

// refusals returns the kernel's refusals in err, by their index in the batch.
func refusals(t *testing.T, err error) map[int]*nl.Error {
	t.Helper()
	all := make(map[int]*nl.Error)
	errs := []error{err}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		errs = many.Unwrap()
	}
	for _, err := range errs {
		var e *nl.Error
		if !errors.As(err, &e) {
			t.Fatalf("not a refusal: %v", err)
		}
		all[e.Index] = e
	}
	return all
}

// TestAbortedBatch: one bad request undoes the good ones, and all bad ones are
// reported.
func TestAbortedBatch(t *testing.T) {
	c := dial(t, testns.New(t))
	change(t, c, func(b *nft.Batch) {
		b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
		b.AddChain(&nft.Chain{Family: nft.IPv4, Table: "t", Name: "c"})
	})
	before, err := c.Gen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := c.Begin(t.Context())
	b.AddTable(&nft.Table{Family: nft.IPv4, Name: "new"})                                                                 // 1
	b.CreateChain(&nft.Chain{Family: nft.IPv4, Table: "t", Name: "c"})                                                    // 2: exists
	b.AddRule(&nft.Rule{Family: nft.IPv4, Table: "t", Chain: "nochain"})                                                  // 3: no chain
	b.AddRule(&nft.Rule{Family: nft.IPv4, Table: "t", Chain: "c"})                                                        // 4
	b.AddRule(&nft.Rule{Family: nft.IPv4, Table: "notable", Chain: "c"})                                                  // 5: no table
	b.AddRule(&nft.Rule{Family: nft.IPv4, Table: "t", Chain: "c", Exprs: []nft.Expr{&nft.Raw{Kind: "nosuchexpression"}}}) // 6
	b.DelRule(nft.IPv4, "t", "c", 999)                                                                                    // 7: no rule
	err = b.Commit(t.Context())
	if !errors.Is(err, fs.ErrExist) || !errors.Is(err, unix.ENOENT) {
		t.Errorf("err = %v", err)
	}
	got := refusals(t, err)
	want := map[int]unix.Errno{2: unix.EEXIST, 3: unix.ENOENT, 5: unix.ENOENT, 6: unix.ENOENT, 7: unix.ENOENT}
	for i, errno := range want {
		if got[i] == nil || got[i].Errno != errno {
			t.Errorf("request %d: got %v, want %v", i, got[i], errno)
		}
	}
	if len(got) != len(want) {
		t.Errorf("got %d refusals, want %d:\n%v", len(got), len(want), err)
	}
	for _, words := range []string{
		"create chain ip t c: it exists already",
		"add a rule to chain ip t nochain: there is no such chain",
		"add a rule to chain ip notable c: there is no such table",
		"delete the rule with handle 999 of chain ip t c",
		"the kernel has no expression nosuchexpression: it is too old, or there is none",
	} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("no %q in\n%v", words, err)
		}
	}
	rs, err := c.Ruleset(t.Context(), nft.Unspec, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(rs.Tables) != 1 || len(rs.Rules) != 0 || rs.Gen != before {
		t.Errorf("an aborted batch left %+v, generation %d before", rs, before)
	}
}

// TestMasqueradeElsewhere: NAT that is not in its chain.
func TestMasqueradeElsewhere(t *testing.T) {
	c := dial(t, testns.New(t))
	b := c.Begin(t.Context())
	b.AddTable(&nft.Table{Family: nft.IPv4, Name: "filter"})
	b.AddChain(chain(nft.IPv4, "filter", "FORWARD", "filter", nft.Forward, nft.PriorityFilter))
	b.AddRule(rule(nft.IPv4, "filter", "FORWARD", 0, counter(), target(xt.Masquerade(false))))
	want := "add a rule to chain ip filter FORWARD: the kernel does not take this expression in this chain"
	if err := b.Commit(t.Context()); !errors.Is(err, unix.EINVAL) || !strings.Contains(err.Error(), want) {
		t.Errorf("err = %v, want EINVAL and %q", err, want)
	}
}

// TestStale: a batch on a generation that is over is not done.
func TestStale(t *testing.T) {
	ns := testns.New(t)
	c, other := dial(t, ns), dial(t, ns)
	rs, err := c.Ruleset(t.Context(), nft.IPv4, "")
	if err != nil {
		t.Fatal(err)
	}
	change(t, other, func(b *nft.Batch) { b.AddTable(&nft.Table{Family: nft.IPv4, Name: "other"}) })
	b := c.BeginAt(t.Context(), rs.Gen)
	b.AddTable(&nft.Table{Family: nft.IPv4, Name: "late"})
	if err := b.Commit(t.Context()); !errors.Is(err, nft.ErrStale) || !errors.Is(err, unix.ERESTART) {
		t.Fatalf("err = %v, want ErrStale", err)
	}
	if rs, err = c.Ruleset(t.Context(), nft.IPv4, ""); err != nil || len(rs.Tables) != 1 {
		t.Fatalf("%+v, %v", rs, err)
	}
	b = c.BeginAt(t.Context(), rs.Gen)
	b.AddTable(&nft.Table{Family: nft.IPv4, Name: "late"})
	if err := b.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if gen, err := c.Gen(t.Context()); err != nil || gen != rs.Gen+1 {
		t.Errorf("generation %d, %v; want %d", gen, err, rs.Gen+1)
	}
}

// TestEmptyBatch is not sent: the generation stays.
func TestEmptyBatch(t *testing.T) {
	c := dial(t, testns.New(t))
	before, err := c.Gen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	change(t, c, func(*nft.Batch) {})
	if after, err := c.Gen(t.Context()); err != nil || after != before {
		t.Errorf("generation %d, %v; want %d", after, err, before)
	}
}

func TestEncodeErrorIsReturned(t *testing.T) {
	c := dial(t, testns.New(t))
	for _, e := range []nft.Expr{nil, &nft.Target{}, &nft.Match{}} {
		b := c.Begin(t.Context())
		b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
		b.AddRule(&nft.Rule{Family: nft.IPv4, Table: "t", Chain: "c", Exprs: []nft.Expr{e}})
		if err := b.Commit(t.Context()); err == nil || errors.As(err, new(*nl.Error)) {
			t.Errorf("%T: err = %v, want one of our own", e, err)
		}
	}
	if all, err := c.Tables(t.Context(), nft.Unspec); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

// TestManyRules: more than the 256 whose acknowledgements would fit, and
// 20,000, far more than the default send buffer takes.
func TestManyRules(t *testing.T) {
	for _, n := range []int{1, 255, 256, 257, 1000, testns.Rounds(20000)} {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			c := dial(t, testns.New(t))
			r := rule(nft.IPv4, "t", "c", 0, source(nft.Eq, "10.0.0.0/8"), counter(), []nft.Expr{nft.Drop()})
			b := c.Begin(t.Context())
			b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
			b.AddChain(&nft.Chain{Family: nft.IPv4, Table: "t", Name: "c"})
			for range n {
				b.AddRule(r)
			}
			err := b.Commit(t.Context())
			if errors.Is(err, unix.EMSGSIZE) && wmemMax(t) < 4<<20 {
				testns.Skip(t, "net.core.wmem_max is too small for a batch of this size")
			}
			if err != nil {
				t.Fatal(err)
			}
			rules, err := c.Rules(t.Context(), nft.IPv4, "t", "c")
			if err != nil || len(rules) != n {
				t.Errorf("%d rules, %v; want %d", len(rules), err, n)
			}
		})
	}
}

func wmemMax(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/sys/net/core/wmem_max")
	if err != nil {
		return 0 // a network namespace does not show it, and it is small by default
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestManyRefusals: each of 1000 bad requests is reported.
func TestManyRefusals(t *testing.T) {
	c := dial(t, testns.New(t))
	b := c.Begin(t.Context())
	for range 1000 {
		b.AddRule(&nft.Rule{Family: nft.IPv4, Table: "none", Chain: "c"})
	}
	err := b.Commit(t.Context())
	if err == nil {
		t.Fatal("no error")
	}
	if errors.Is(err, unix.ENOBUFS) {
		testns.Skip(t, "net.core.rmem_max is too small for 1000 replies")
	}
	if got := len(refusals(t, err)); got != 1000 {
		t.Errorf("%d refusals, want 1000", got)
	}
}

// TestPlaces: where AddRule, InsertRule and ReplaceRule put rules.
func TestPlaces(t *testing.T) {
	ns := testns.New(t)
	c := dial(t, ns)
	at := func(comment string, position uint64) *nft.Rule {
		return commented(t, &nft.Rule{Family: nft.IPv4, Table: "t", Chain: "c", Position: position, Exprs: []nft.Expr{&nft.Counter{}}}, comment)
	}
	order := func() string {
		t.Helper()
		rules, err := c.Rules(t.Context(), nft.IPv4, "t", "c")
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, r := range rules {
			all = append(all, r.Userdata.Comment())
		}
		return strings.Join(all, " ")
	}
	one, two := at("one", 0), at("two", 0)
	change(t, c, func(b *nft.Batch) {
		b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
		b.AddChain(&nft.Chain{Family: nft.IPv4, Table: "t", Name: "c"})
		b.EchoRule(one)
		b.EchoRule(two)
	})
	if one.Handle == 0 || two.Handle <= one.Handle {
		t.Fatalf("handles %d and %d", one.Handle, two.Handle)
	}
	change(t, c, func(b *nft.Batch) {
		b.InsertRule(at("first", 0))
		b.InsertRule(at("before-two", two.Handle))
		b.AddRule(at("behind-one", one.Handle))
		b.AddRule(at("last", 0))
	})
	if got, want := order(), "first one behind-one before-two two last"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	change(t, c, func(b *nft.Batch) {
		r := at("new-two", 0)
		r.Handle = two.Handle
		b.ReplaceRule(r)
		b.DelRule(nft.IPv4, "t", "c", one.Handle)
	})
	if got, want := order(), "first behind-one before-two new-two last"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	change(t, c, func(b *nft.Batch) { b.FlushChain(nft.IPv4, "t", "c") })
	if got := order(); got != "" {
		t.Errorf("after a flush: %s", got)
	}
}

// TestChains: policies, counters, and chains that are in use.
func TestChains(t *testing.T) {
	ns := testns.New(t)
	c := dial(t, ns)
	change(t, c, func(b *nft.Batch) {
		b.AddTable(&nft.Table{Family: nft.IPv4, Name: "filter"})
		b.AddChain(chain(nft.IPv4, "filter", "FORWARD", "filter", nft.Forward, nft.PriorityFilter))
		b.CreateChain(&nft.Chain{Family: nft.IPv4, Table: "filter", Name: "LAB"})
		b.AddRule(&nft.Rule{Family: nft.IPv4, Table: "filter", Chain: "FORWARD", Exprs: []nft.Expr{&nft.Counter{}, nft.Jump("LAB")}})
		b.AddRule(&nft.Rule{Family: nft.IPv4, Table: "filter", Chain: "LAB", Exprs: []nft.Expr{&nft.Counter{}, nft.Return()}})
	})
	change(t, c, func(b *nft.Batch) { b.SetPolicy(nft.IPv4, "filter", "FORWARD", nft.VerdictDrop) })
	ch, err := c.Chain(t.Context(), nft.IPv4, "filter", "FORWARD")
	if err != nil {
		t.Fatal(err)
	}
	if ch.Policy != nl.Some(nft.VerdictDrop) || ch.Counters != nl.Some(nft.Counters{}) || ch.Flags != nft.ChainBase ||
		ch.Type != "filter" || ch.Hook.V.Num != nft.Forward || ch.Use.V != 1 {
		t.Errorf("got %+v", ch)
	}
	want := "-P FORWARD DROP\n-N LAB\n-A FORWARD -j LAB\n-A LAB -j RETURN\n"
	if got := strings.ReplaceAll(strings.ReplaceAll(ns.Run(t, "iptables", "-S").Must(t), "-P INPUT ACCEPT\n", ""), "-P OUTPUT ACCEPT\n", ""); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, err := c.Chain(t.Context(), nft.IPv4, "filter", "NONE"); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "get chain ip filter NONE") {
		t.Errorf("err = %v", err)
	}
	b := c.Begin(t.Context())
	b.DelChain(nft.IPv4, "filter", "LAB")
	if err := b.Commit(t.Context()); !errors.Is(err, unix.EBUSY) || !strings.Contains(err.Error(), "delete chain ip filter LAB: it still has rules") {
		t.Errorf("err = %v", err)
	}
	change(t, c, func(b *nft.Batch) {
		b.FlushTable(nft.IPv4, "filter")
		b.DelChain(nft.IPv4, "filter", "LAB")
	})
	change(t, c, func(b *nft.Batch) { b.DelTable(nft.IPv4, "filter") })
	if got := ns.Run(t, "nft", "list", "ruleset").Must(t); got != "" {
		t.Errorf("left:\n%s", got)
	}
}

// TestProbe asks for extensions that iptables uses.
func TestProbe(t *testing.T) {
	c := dial(t, testns.New(t))
	for _, q := range []struct {
		family nft.Family
		kind   xt.Kind
		name   string
		rev    uint32
		want   bool
	}{
		{nft.IPv4, xt.TargetKind, "MASQUERADE", 0, true},
		{nft.IPv4, xt.TargetKind, "DNAT", 2, true},
		{nft.IPv6, xt.TargetKind, "SNAT", 1, true},
		{nft.IPv4, xt.MatchKind, "conntrack", 3, true},
		{nft.IPv4, xt.MatchKind, "conntrack", 99, false},
		{nft.IPv4, xt.TargetKind, "NOSUCHTARGET", 0, false},
	} {
		got, err := c.Probe(t.Context(), q.family, q.kind, q.name, q.rev)
		if err != nil || got != q.want {
			t.Errorf("%v %s %d: %v, %v; want %v", q.kind, q.name, q.rev, got, err, q.want)
		}
	}
}
