//go:build linux

package nft_test

import (
	"testing"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
	"github.com/minins/minins/nl"
)

// BenchmarkDescribeRule is what a refusal or an explanation costs beside the
// rest of it.
func BenchmarkDescribeRule(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		nl.Describe(&nft.Rule{})
	}
}

func BenchmarkEncodeRule(b *testing.B) {
	r := rule(nft.IPv4, "nat", "PREROUTING", 6, proto(6), dport(80), counter(), target(xt.DNAT(red, red).Ports(80, 80)))
	var c nl.Coder
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Append(buf, r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeRule(b *testing.B) {
	r := rule(nft.IPv4, "nat", "PREROUTING", 6, proto(6), dport(80), counter(), target(xt.DNAT(red, red).Ports(80, 80)))
	decodeAgain(b, r)
}

func BenchmarkDecodeNativeRule(b *testing.B) { decodeAgain(b, &newPublish().Rule) }

// decodeAgain decodes a rule into itself.
func decodeAgain(b *testing.B, r *nft.Rule) {
	var c nl.Coder
	body, err := c.Append(nil, r)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Decode(body, r); err != nil {
			b.Fatal(err)
		}
	}
}
