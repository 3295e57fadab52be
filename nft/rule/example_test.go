//go:build linux

package rule_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/rule"
	"github.com/minins/minins/nl"
)

// Masquerade what leaves 10.1.0.0/16, and be told of a mistake before anything is
// sent.
// Equivalent to: nft add rule ip lab post ip saddr 10.1.0.0/16 oifname "eth0" counter masquerade
func Example() {
	ctx := context.Background()
	c, err := nft.Dial(nl.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	post := &nft.Chain{
		Family: nft.IPv4, Table: "lab", Name: "post", Type: "nat",
		Hook: nl.Some(nft.Hook{Num: nft.Postrouting, Priority: nft.PrioritySrcNAT}),
	}
	b := c.Begin(ctx)
	b.AddTable(&nft.Table{Family: nft.IPv4, Name: "lab"})
	b.AddChain(post)
	r, err := rule.New(post,
		rule.SAddr(netip.MustParsePrefix("10.1.0.0/16")),
		rule.OIFName("eth0"),
		rule.Counter(),
		rule.Masquerade(),
	)
	if err != nil {
		log.Fatal(err)
	}
	b.AddRule(r)
	fmt.Println(b.Commit(ctx))

	_, err = rule.New(post, rule.TCP.DPort(80), rule.TCP.DNAT(netip.MustParseAddrPort("10.1.0.2:80")))
	fmt.Println(err)
	// Output:
	// <nil>
	// rule: dnat to address and port: at hook postrouting: it is at prerouting or output (chain ip lab post)
}
