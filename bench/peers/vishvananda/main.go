//go:build linux

// Command vishvananda is the contestant of github.com/vishvananda/netlink, used
// as its documentation and its best-known users do: a Handle where one
// namespace is worked on, as in Docker's libnetwork, the package's functions
// inside the namespace that the thread is in, as in the CNI plugins.
package main

import (
	"github.com/minins/minins/bench/internal/contestant"
)

func main() {
	contestant.Main(map[string]contestant.Workload{
		"routes4":    routes4,
		"routes6":    routes6,
		"veth":       veth,
		"vethns":     vethns,
		"bridge":     bridge,
		"netns":      namespaces,
		"container":  container,
		"dumproutes": dumpRoutes,
		"dumplinks":  dumpLinks,
		"dumpneighs": dumpNeighs,
	})
}
