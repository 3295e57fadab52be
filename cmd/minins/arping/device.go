//go:build linux

package arping

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/iputils"
	"github.com/minins/minins/cmd/minins/internal/resolve"
	"github.com/minins/minins/rtnl"
)

// A refusal is said on standard output, and not at all with -q.
type refusal struct {
	text   string
	status int
}

func (r *refusal) Error() string { return r.text }

// findDevice is the device of -I, or the one that the route to dst leaves by,
// provided that it can do ARP.
func (o *options) findDevice(c *applet.Cmd, dst netip.Addr) (*rtnl.Link, error) {
	conn, err := c.Dial(rtnl.Protocol, "")
	if err != nil {
		return nil, iputils.Fail(2, "NETLINK_ROUTE socket failed: %v", err)
	}
	defer conn.Close()
	rt := rtnl.New(conn)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if o.device != "" {
		link, err := rt.GetLink(ctx, o.device)
		if err != nil {
			return nil, iputils.Fail(2, "Device %s not available.", o.device)
		}
		return link, o.check(link)
	}
	route, err := rt.GetRoute(ctx, &rtnl.Route{Family: unix.AF_INET, Dst: netip.PrefixFrom(dst, 32)})
	if err != nil { // there is none, in iputils' words
		return nil, iputils.Fail(1, "NETLINK_ROUTE unexpected iov element")
	}
	link, err := rt.GetLinkByIndex(ctx, route.OIF)
	if err != nil {
		return nil, iputils.Fail(2, "Suitable device could not be determined. Please, use option -I.")
	}
	return link, o.check(link)
}

// check refuses devices that do no ARP.
func (o *options) check(link *rtnl.Link) error {
	switch {
	case link.Flags&unix.IFF_UP == 0:
		return &refusal{"Interface \"" + link.Name + "\" is down\n", 2}
	case link.Flags&(unix.IFF_NOARP|unix.IFF_LOOPBACK) != 0:
		r := &refusal{"Interface \"" + link.Name + "\" is not ARPable\n", 2}
		if o.dad {
			r.status = 0 // nobody else can have the address there
		}
		return r
	case link.Addr.Len() == 0:
		return iputils.Fail(2, "Device %s not available.", link.Name)
	case link.Addr.Len() != 6:
		return iputils.Fail(2, "Device %s is not Ethernet: not supported by minins", link.Name)
	}
	return nil
}

// findSource is the address to ask from: that of -s or, for -U and -A, the one
// to tell of, both of which must be ours; else the kernel's choice.
func (o *options) findSource(device string, dst netip.Addr, warn func(string)) (netip.Addr, error) {
	src := netip.IPv4Unspecified()
	if o.source != "" {
		a, ok := resolve.ParseAddr(o.source)
		if !ok || !a.Is4() {
			return src, iputils.Fail(2, "invalid source %s", o.source)
		}
		src = a
	} else if o.dad {
		return src, nil
	} else if o.unsolicited {
		src = dst
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return src, iputils.FailErrno(2, err, "socket")
	}
	defer unix.Close(fd)
	if err := unix.BindToDevice(fd, device); err != nil {
		warn("WARNING: interface is ignored: " + applet.Strerror(err))
	}
	if !src.IsUnspecified() {
		if err := unix.Bind(fd, resolve.Sockaddr(src, 0)); err != nil {
			return src, iputils.FailErrno(2, err, "bind")
		}
		return src, nil
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DONTROUTE, 1); err != nil {
		warn("WARNING: setsockopt(SO_DONTROUTE): " + applet.Strerror(err))
	}
	if err := unix.Connect(fd, resolve.Sockaddr(dst, 1025)); err != nil {
		return src, iputils.FailErrno(2, err, "connect")
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return src, iputils.FailErrno(2, err, "getsockname")
	}
	in4, ok := name.(*unix.SockaddrInet4)
	if !ok {
		return src, errors.New("getsockname: not an IPv4 address")
	}
	return netip.AddrFrom4(in4.Addr), nil
}
