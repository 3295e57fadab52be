//go:build linux

package ping

import (
	"fmt"
	"strconv"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/iputils"
	"github.com/minins/minins/cmd/minins/internal/resolve"
)

// explain shows the system calls of the command. The files in /etc are read,
// name servers are not asked.
func explain(c *applet.Cmd, o *options) int {
	files := resolve.System()
	files.Port = resolve.NoSocket
	host, err := files.LookupHost(o.target, o.family)
	if err == resolve.ErrFamily {
		return iputils.Report(c, iputils.Fail(2, "%s: %v", o.target, err), usage)
	}
	if err != nil {
		c.Explains(fmt.Sprintf("sendto(UDP, port 53, {A and AAAA of %q?})", o.target),
			"ask the name servers of /etc/resolv.conf; the rest depends on their answer")
		return 0
	}
	family, proto, level, hops, typ := "AF_INET", "IPPROTO_ICMP", "IPPROTO_IP", "IP_RECVTTL", echo4
	dst := host.Addrs[0]
	if dst.Is6() {
		family, proto, level, hops, typ = "AF_INET6", "IPPROTO_ICMPV6", "IPPROTO_IPV6", "IPV6_RECVHOPLIMIT", echo6
	}
	c.Explains("socket("+family+", SOCK_DGRAM, "+proto+")",
		"needs a group in net.ipv4.ping_group_range; if refused, SOCK_RAW, which needs CAP_NET_RAW")
	if o.device != "" {
		c.Explains("setsockopt(SOL_SOCKET, SO_BINDTODEVICE, \""+o.device+"\")", "use this device alone")
	}
	to := dst.String()
	c.Explains("connect("+family+" UDP socket, "+to+" port 1025)",
		"sends nothing; the kernel looks up the route and the source address")
	set := "setsockopt(" + level + ", "
	c.Explains(set+level[len("IPPROTO_"):]+"_RECVERR, 1)", "hear of ICMP errors")
	c.Explains(set+hops+", 1)", "hear of the reply's time to live")
	c.Explains("setsockopt(SOL_SOCKET, SO_TIMESTAMP, 1)", "hear when the reply came")
	if o.options != nil && dst.Is4() {
		c.Explains(set+"IP_OPTIONS)", "have routers leave their addresses or the time")
	}
	if o.ttl >= 0 {
		c.Explains(set+"time to live, "+strconv.Itoa(o.ttl)+")", "")
	}
	times := "until Ctrl-C"
	if o.count > 0 {
		times = strconv.FormatInt(o.count, 10) + " times"
	}
	c.Explains("sendto({type="+strconv.Itoa(typ)+" (echo request), code=0, checksum, id, seq=1, "+strconv.Itoa(o.size)+" data bytes}, "+to+")",
		times+", every "+strconv.Itoa(o.interval)+" ms; the kernel adds the IP header")
	c.Explains("recvmsg()", "the replies; errors with MSG_ERRQUEUE")
	return 0
}
