//go:build linux

package nft_test

import (
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
)

// What one rule and one element of many cost, the kernel's part included.
const (
	manyRules = 10_000
	manyElems = 65_000
)

// each reports the time of one of n objects.
func each(b *testing.B, n int) {
	b.ReportAllocs()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/each")
}

// commit commits, and takes away what it made.
func commit(b *testing.B, batch *nft.Batch, c *nft.Conn) {
	fits(b, batch)
	b.StopTimer()
	batch = c.Begin(b.Context())
	batch.DelTable(nft.IPv4, "t")
	fits(b, batch)
	b.StartTimer()
}

func addRules(b *nft.Batch) {
	preroutingOf(b)
	for p, i := newPublish(), 0; i < manyRules; i++ {
		p.set(i)
		b.AddRule(&p.Rule)
	}
}

func BenchmarkLoadRules(b *testing.B) {
	c := dial(b, testns.New(b))
	for b.Loop() {
		batch := c.Begin(b.Context())
		addRules(batch)
		commit(b, batch, c)
	}
	each(b, manyRules)
}

func BenchmarkEncodeRules(b *testing.B) {
	c := dial(b, testns.New(b))
	for b.Loop() {
		addRules(c.Begin(b.Context()))
	}
	each(b, manyRules)
}

func BenchmarkLoadMap(b *testing.B) {
	c := dial(b, testns.New(b))
	set, all := portMap(manyElems)
	for b.Loop() {
		batch := c.Begin(b.Context())
		preroutingOf(batch)
		batch.AddSet(set)
		batch.AddElems(all)
		commit(b, batch, c)
	}
	each(b, manyElems)
}

func BenchmarkEncodeMap(b *testing.B) {
	c := dial(b, testns.New(b))
	_, all := portMap(manyElems)
	for b.Loop() {
		c.Begin(b.Context()).AddElems(all)
	}
	each(b, manyElems)
}

// listed is a Conn to many rules.
func listed(b *testing.B) *nft.Conn {
	c := dial(b, testns.New(b))
	batch := c.Begin(b.Context())
	addRules(batch)
	fits(b, batch)
	b.ResetTimer()
	return c
}

func BenchmarkListRules(b *testing.B) {
	c := listed(b)
	for b.Loop() {
		if all, err := c.Rules(b.Context(), nft.IPv4, "t", "pre"); err != nil || len(all) != manyRules {
			b.Fatal(len(all), err)
		}
	}
	each(b, manyRules)
}

func BenchmarkStreamRules(b *testing.B) {
	c := listed(b)
	for b.Loop() {
		n := 0
		for _, err := range c.StreamRules(b.Context(), nft.IPv4, "t", "pre") {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != manyRules {
			b.Fatal(n)
		}
	}
	each(b, manyRules)
}
