//go:build linux

// Command minins is the contestant that this project is: its library, as its
// documentation says to use it. Messages are encoded inside the measured phase.
// As minins-rtnl it decodes all of what it dumps, not only what the C program
// reads.
package main

import (
	"context"
	"os"
	"path/filepath"

	"github.com/minins/minins/bench/internal/contestant"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

func main() {
	if filepath.Base(os.Args[0]) == "minins-rtnl" {
		contestant.Main(map[string]contestant.Workload{
			"dumproutes": dumpAllRoutes,
			"dumplinks":  dumpAllLinks,
			"dumpneighs": dumpAllNeighs,
		})
	}
	contestant.Main(map[string]contestant.Workload{
		"getlink":    getLink,
		"getlinkall": getLinkAll,
		"routes4":    routes4,
		"routes6":    routes6,
		"nexthop":    nextHop,
		"veth":       veths,
		"vethns":     vethsAway,
		"bridge":     bridged,
		"netns":      namespaces,
		"container":  containers,
		"dumproutes": dumpRoutes,
		"dumplinks":  dumpLinks,
		"dumpneighs": dumpNeighs,
		"nftrules":   nftRules,
		"nftmap":     nftMap,
		"nftset":     nftSet,
	})
}

// dial opens a socket in this namespace.
func dial() (context.Context, *rtnl.Conn, error) {
	c, err := rtnl.Dial(nl.Config{})
	return context.Background(), c, err
}
