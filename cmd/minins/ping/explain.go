//go:build linux

package ping

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
	c.Explains(fmt.Sprintf("socket(%s, SOCK_DGRAM, %s)", family, proto),
		"needs a group in net.ipv4.ping_group_range; if refused, SOCK_RAW, which needs CAP_NET_RAW")
	if o.device != "" {
		c.Explains(fmt.Sprintf("setsockopt(SOL_SOCKET, SO_BINDTODEVICE, %q)", o.device), "use this device alone")
	}
	c.Explains(fmt.Sprintf("connect(%s UDP socket, %s port 1025)", family, dst),
		"sends nothing; the kernel looks up the route and the source address")
	c.Explains(fmt.Sprintf("setsockopt(%s, %s_RECVERR, 1)", level, level[len("IPPROTO_"):]), "hear of ICMP errors")
	c.Explains(fmt.Sprintf("setsockopt(%s, %s, 1)", level, hops), "hear of the reply's time to live")
	c.Explains("setsockopt(SOL_SOCKET, SO_TIMESTAMP, 1)", "hear when the reply came")
	if o.ttl >= 0 {
		c.Explains(fmt.Sprintf("setsockopt(%s, time to live, %d)", level, o.ttl), "")
	}
	times := "until Ctrl-C"
	if o.count > 0 {
		times = fmt.Sprintf("%d times", o.count)
	}
	c.Explains(fmt.Sprintf("sendto({type=%d (echo request), code=0, checksum, id, seq=1, %d data bytes}, %s)", typ, o.size, dst),
		fmt.Sprintf("%s, every %d ms; the kernel adds the IP header", times, o.interval))
	c.Explains("recvmsg()", "the replies; errors with MSG_ERRQUEUE")
	return 0
}
