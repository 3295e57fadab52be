//go:build linux

package nft_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// howLong is how long programs go on beside each other: a little, or, with MININS_SOAK,
// as long as that says, such as 60s.
func howLong(t *testing.T) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(os.Getenv("MININS_SOAK"))
	if err != nil {
		return 2 * time.Second
	}
	return d
}

// In every state that is committed, each rule of both chains has the same number as
// its comment, and both sets the same elements, as many as the number says.
const (
	rulesEach = 300
	mostElems = 500
)

// A shared ruleset is read as a whole.
type shared struct {
	number int
	elems  int
}

// readShared reads it, and says what is torn.
func readShared(ctx context.Context, c *nft.Conn) (s shared, gen uint32, err error) {
	var rules []nft.Rule
	var elems [2][]nft.Elem
	gen, err = c.Snapshot(ctx, func() (err error) {
		if rules, err = c.Rules(ctx, nft.IPv4, "t", ""); err != nil {
			return err
		}
		for i, set := range []string{"s", "r"} {
			if elems[i], err = c.Elems(ctx, nft.IPv4, "t", set); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return s, gen, err
	}
	if len(rules) != 2*rulesEach || len(elems[0]) != len(elems[1]) {
		return s, gen, fmt.Errorf("torn: %d rules, %d and %d elements", len(rules), len(elems[0]), len(elems[1]))
	}
	s.elems = len(elems[0])
	for i := range rules {
		n, err := strconv.Atoi(rules[i].Userdata.Comment())
		if err != nil || i > 0 && n != s.number {
			return s, gen, fmt.Errorf("torn: rule %d has %q, those before it %d", i, rules[i].Userdata.Comment(), s.number)
		}
		s.number = n
	}
	if s.elems != s.number%mostElems {
		return s, gen, fmt.Errorf("torn: %d elements in state %d", s.elems, s.number)
	}
	return s, gen, nil
}

// writeShared makes state n of the one before.
func writeShared(b *nft.Batch, n int) {
	u, err := nft.WithComment(strconv.Itoa(n))
	for _, chain := range []string{"a", "b"} {
		b.FlushChain(nft.IPv4, "t", chain)
		for range rulesEach {
			b.AddRule(&nft.Rule{Family: nft.IPv4, Table: "t", Chain: chain, Userdata: u, Exprs: []nft.Expr{&nft.Counter{}}})
		}
	}
	if err != nil {
		panic(err) // a number is short
	}
	for _, set := range []string{"s", "r"} {
		if n%mostElems == 0 {
			b.FlushSet(nft.IPv4, "t", set)
		} else {
			b.CreateElems(&nft.Elems{Family: nft.IPv4, Table: "t", Set: set, Elems: []nft.Elem{{Key: binary.BigEndian.AppendUint32(nil, uint32(n))}}})
		}
	}
}

// TestConcurrent has two writers add one to the number of a ruleset, again and again,
// while it is read: no addition is lost, no reading torn, and nobody sees an error.
func TestConcurrent(t *testing.T) {
	ns := testns.New(t)
	change(t, dial(t, ns), func(b *nft.Batch) {
		b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
		for i, set := range []string{"s", "r"} {
			b.AddSet(&nft.Set{Family: nft.IPv4, Table: "t", Name: set, KeyType: 7, KeyLen: 4, ID: uint32(i + 1)})
		}
		for _, chain := range []string{"a", "b"} {
			b.AddChain(&nft.Chain{Family: nft.IPv4, Table: "t", Name: chain})
		}
		writeShared(b, 0)
	})
	var group sync.WaitGroup
	var added, stale [2]int
	var read, torn, streams, interrupted int
	end := time.Now().Add(howLong(t))
	for i := range added {
		c := dial(t, ns)
		group.Go(func() {
			for time.Now().Before(end) || added[i] == 0 {
				s, gen, err := readShared(t.Context(), c)
				if err != nil {
					t.Errorf("writer %d: %v", i, err)
					return
				}
				b := c.BeginAt(t.Context(), gen)
				writeShared(b, s.number+1)
				switch err := b.Commit(t.Context()); {
				case errors.Is(err, nft.ErrStale):
					stale[i]++
				case err != nil:
					t.Errorf("writer %d: %v", i, err)
					return
				default:
					added[i]++
				}
			}
		})
	}
	c, stream := dial(t, ns), dial(t, ns)
	group.Go(func() {
		last := 0
		for time.Now().Before(end) || read == 0 {
			s, _, err := readShared(t.Context(), c)
			if err != nil {
				t.Errorf("reader: %v", err)
				return
			}
			if s.number < last {
				torn++
				t.Errorf("reader: %d behind %d", s.number, last)
			}
			last = s.number
			read++
			// A stream is whole, or says that it is not.
			numbers := make(map[string]int)
			err = nil
			for r, e := range stream.StreamRules(t.Context(), nft.IPv4, "t", "") {
				if err = e; err == nil {
					numbers[strings.Clone(r.Userdata.Comment())]++
				}
			}
			switch {
			case errors.Is(err, nl.ErrInterrupted):
				interrupted++
			case err != nil:
				t.Errorf("stream: %v", err)
			case len(numbers) != 1:
				t.Errorf("stream: torn, without an error: %v", numbers)
			}
			streams++
		}
	})
	group.Wait()
	s, _, err := readShared(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if want := added[0] + added[1]; s.number != want || added[0] == 0 || added[1] == 0 || read == 0 {
		t.Errorf("the number is %d, want %d + %d, read %d times", s.number, added[0], added[1], read)
	}
	t.Logf("%d + %d transactions of %d requests, %d + %d taken back as stale; %d readings, of %d streams %d said that they were interrupted",
		added[0], added[1], 2*rulesEach+4, stale[0], stale[1], read, streams, interrupted)
}
