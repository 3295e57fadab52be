//go:build linux

package nft_test

import (
	"testing"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

func BenchmarkDescribeRule(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		nl.Describe(&nft.Rule{})
	}
}
