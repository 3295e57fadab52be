//go:build linux

package ping

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/iputils"
	"github.com/minins/minins/cmd/minins/internal/resolve"
	"github.com/minins/minins/rtnl"
	"golang.org/x/sys/unix"
)

// probe asks the kernel for the source address of packets to dst, by
// connecting a UDP socket, which sends nothing.
func (o *options) probe(dst netip.Addr, warn func(string)) (source netip.Addr, err error) {
	domain := unix.AF_INET
	if dst.Is6() {
		domain = unix.AF_INET6
	}
	fd, err := unix.Socket(domain, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return source, iputils.FailErrno(2, err, "socket")
	}
	defer unix.Close(fd)
	if o.device != "" {
		if err := o.bindDevice(fd, dst); err != nil {
			return source, err
		}
	}
	if o.tos != 0 { // the route may depend on it
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TOS, o.tos)
		_ = unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_TCLASS, o.tos)
	}
	if dst.Is6() && (dst.IsLinkLocalUnicast() || dst.IsLinkLocalMulticast()) {
		return netip.IPv6Unspecified(), nil // iputils leaves these to sendto
	}
	err = unix.Connect(fd, o.sockaddr(dst, 1025))
	if err == unix.EACCES && dst.Is4() {
		if !o.broadcast {
			return source, iputils.Fail(2, "Do you want to ping broadcast? Then -b. If not, check your local firewall rules")
		}
		warn("WARNING: pinging broadcast address")
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_BROADCAST, 1); err != nil {
			return source, iputils.FailErrno(2, err, "cannot set broadcasting")
		}
		err = unix.Connect(fd, o.sockaddr(dst, 1025))
	}
	if err != nil {
		return source, iputils.FailErrno(2, err, "connect")
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		return source, iputils.FailErrno(2, err, "getsockname")
	}
	return address(name), nil
}

// sockaddr is the address as the socket calls want it. A link-local one
// without a zone is on the device of -I.
func (o *options) sockaddr(a netip.Addr, port int) unix.Sockaddr {
	if a.Is6() && a.Zone() == "" && o.device != "" && (a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast()) {
		a = a.WithZone(o.device)
	}
	return resolve.Sockaddr(a, port)
}

// bindDevice has a socket use the device of -I alone.
func (o *options) bindDevice(fd int, dst netip.Addr) error {
	index := resolve.ZoneIndex(o.device)
	if index == 0 && (dst.Is6() || dst.IsMulticast()) {
		return iputils.Fail(2, "unknown iface: %s", o.device)
	}
	err := unix.BindToDevice(fd, o.device)
	switch {
	case err == nil:
		return nil
	case dst.Is6():
		return iputils.FailErrno(2, err, "setsockopt(SO_BINDTODEVICE) %s", o.device)
	case !dst.IsMulticast():
		return iputils.FailErrno(2, err, "SO_BINDTODEVICE %s", o.device)
	}
	mreq := &unix.IPMreqn{Ifindex: int32(index)}
	if err := unix.SetsockoptIPMreqn(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, mreq); err != nil {
		return iputils.FailErrno(2, err, "IP_MULTICAST_IF")
	}
	return nil
}

// onDevice reports whether the address is one of the device's.
func onDevice(c *applet.Cmd, device string, a netip.Addr) bool {
	conn, err := c.Dial(rtnl.Protocol, "")
	if err != nil {
		return false
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	addrs, err := rtnl.New(conn).Addrs(ctx, rtnl.AddrFilter{Index: resolve.ZoneIndex(device)})
	return err == nil && slices.ContainsFunc(addrs, func(b rtnl.Addr) bool {
		return b.Local == a || b.Address == a
	})
}

// address is the address of what the socket calls return. A link-local one
// has its zone.
func address(s unix.Sockaddr) netip.Addr {
	switch s := s.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrFrom4(s.Addr)
	case *unix.SockaddrInet6:
		return zoned(netip.AddrFrom16(s.Addr), s.ZoneId)
	}
	return netip.Addr{}
}

func zoned(a netip.Addr, index uint32) netip.Addr {
	if index == 0 || !a.IsLinkLocalUnicast() && !a.IsLinkLocalMulticast() {
		return a
	}
	return a.WithZone(resolve.ZoneName(index))
}
