//go:build linux

package main

import (
	"context"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

func BenchmarkX(b *testing.B) {
	c, err := rtnl.Dial(nl.Config{})
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		for _, err := range nl.Stream[way](context.Background(), c.Conn, unix.RTM_GETROUTE, &way{}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/each")
}
