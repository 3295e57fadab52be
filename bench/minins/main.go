//go:build linux

// Command minins is the contestant that this project is: its library, as its
// documentation says to use it. Messages are encoded inside the measured phase.
package main

import (
	"context"

	"github.com/minins/minins/bench/internal/contestant"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

func main() {
	contestant.Main(map[string]contestant.Workload{
		"getlink":    getLink,
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
	})
}

// dial opens a socket in this namespace.
func dial() (context.Context, *rtnl.Conn, error) {
	c, err := rtnl.Dial(nl.Config{})
	return context.Background(), c, err
}
