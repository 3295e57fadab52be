//go:build linux

package arping

import (
	"fmt"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/iputils"
	"github.com/minins/minins/cmd/minins/internal/resolve"
)

// explain shows the system calls of the command. The files in /etc are read,
// name servers are not asked.
func explain(c *applet.Cmd, o *options) int {
	files := resolve.System()
	files.Port = resolve.NoSocket
	dst := o.target
	host, err := files.LookupHost(o.target, resolve.IPv4)
	switch {
	case err == resolve.ErrFamily:
		return iputils.Report(c, iputils.Fail(2, "%s: %v", o.target, err), usage)
	case err != nil:
		c.Explains(fmt.Sprintf("sendto(UDP, port 53, {A of %q?})", o.target), "ask the name servers of /etc/resolv.conf")
	default:
		dst = host.Addrs[0].String()
	}
	device := o.device
	if device == "" {
		device = "the route's device"
		c.Explains("sendto(NETLINK_ROUTE, RTM_GETROUTE "+dst+")", "which device the route leaves by")
	}
	if !o.dad || o.source != "" {
		c.Explains("connect or bind(AF_INET UDP socket)", "sends nothing; finds or checks the source address")
	}
	c.Explains("socket(AF_PACKET, SOCK_RAW, ETH_P_ARP)", "needs CAP_NET_RAW")
	c.Explains("bind(ETH_P_ARP, "+device+")", "")
	what, times := "who-has "+dst, "until Ctrl-C"
	if o.advertise {
		what = "reply: " + dst + " is-at our address"
	}
	if o.count > 0 {
		times = fmt.Sprintf("%d times", o.count)
	}
	why := fmt.Sprintf("%s, every %v", times, o.interval)
	if o.dad {
		why += "; the sender's IP is 0.0.0.0, so that nobody's table changes"
	}
	c.Explains("sendto(Ethernet to ff:ff:ff:ff:ff:ff, ARP "+what+")", why)
	c.Explains("recvfrom()", "the answers; their sender is asked directly from then on")
	return 0
}
