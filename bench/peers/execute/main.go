//go:build linux

// Command execute is the contestant of github.com/mdlayher/netlink alone: the
// messages are put together by hand, and each goes through Conn.Execute, which
// waits for its answer.
package main

import (
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
)

func main() {
	contestant.Main(map[string]contestant.Workload{
		"routes4":    routes4,
		"routes6":    routes6,
		"nexthop":    nexthop,
		"veth":       veth,
		"vethns":     vethns,
		"bridge":     bridge,
		"dumproutes": dumpRoutes,
		"dumplinks":  dumpLinks,
		"dumpneighs": dumpNeighs,
	})
}

// dial opens a socket for rtnetlink in the thread's namespace.
func dial() (*netlink.Conn, error) {
	return netlink.Dial(unix.NETLINK_ROUTE, nil)
}

// do sends one request and waits until the kernel has done it.
func do(c *netlink.Conn, typ netlink.HeaderType, flags netlink.HeaderFlags, data []byte) error {
	_, err := c.Execute(netlink.Message{
		Header: netlink.Header{Type: typ, Flags: netlink.Request | netlink.Acknowledge | flags},
		Data:   data,
	})
	return err
}
