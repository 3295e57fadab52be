//go:build linux

package rtnl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

// TestRefused makes the mistakes that people make. Each error has the errno,
// names the object, and says why, in the kernel's words or in ours.
func TestRefused(t *testing.T) {
	ctx := t.Context()
	c := wired(t)
	must(t, c.AddLink(ctx, &Link{Name: "br", Index: 9, Info: LinkInfo{Kind: "bridge"}}))
	must(t, c.AddLink(ctx, &Link{Name: "br2", Index: 10, Info: LinkInfo{Kind: "bridge"}}))
	null, err := os.Open("/dev/null")
	must(t, err)
	defer null.Close()
	other := testns.New(t)
	must(t, c.SetNSID(ctx, other.FD(), 3))

	addr, prefix, u32 := netip.MustParseAddr, netip.MustParsePrefix, nl.Some[uint32]
	link := func(f func(context.Context, *Link) error, l Link) error { return f(ctx, &l) }
	veth := func(name, peer string) Link {
		return Link{Name: name, Info: LinkInfo{Kind: "veth", Peer: &Link{Name: peer}}}
	}
	v4 := func(f func(context.Context, *Addr) error, a Addr) error {
		a.Family = unix.AF_INET
		return f(ctx, &a)
	}
	route := func(f func(context.Context, *Route) error, r Route) error {
		r.Family, r.Table, r.Type = unix.AF_INET, unix.RT_TABLE_MAIN, unix.RTN_UNICAST
		return f(ctx, &r)
	}
	one := addr("10.0.0.1")
	for _, x := range []struct {
		title string
		err   error
		errno syscall.Errno
		want  string // in the error's line
	}{
		{"gateway in no subnet", route(c.AddRoute, Route{Dst: prefix("10.9.0.0/16"), Gateway: addr("172.16.0.1")}), unix.ENETUNREACH,
			"add route 10.9.0.0/16 via 172.16.0.1: no route to gateway 172.16.0.1: no address of this host is in its subnet"},
		{"neither gateway nor link", route(c.AddRoute, Route{Dst: prefix("10.9.0.0/16")}), unix.ENODEV, "a route needs a gateway or a link"},
		{"route by no link", route(c.AddRoute, Route{Dst: prefix("10.9.0.0/16"), OIF: 9999}), unix.ENODEV, "there is no link #9999"},
		{"host bits", route(c.AddRoute, Route{Dst: prefix("192.168.1.5/24"), OIF: 5}), unix.EINVAL, "Invalid prefix for given prefix length"},
		{"route exists", route(c.AddRoute, Route{Dst: prefix("10.0.0.0/24"), OIF: 5, Scope: unix.RT_SCOPE_LINK}), unix.EEXIST, "add route 10.0.0.0/24 dev #5: there is a route"},
		{"no such route", route(c.DelRoute, Route{Dst: prefix("10.9.0.0/16")}), unix.ESRCH, "delete route 10.9.0.0/16: there is no such route"},
		{"bad prefsrc", route(c.AddRoute, Route{Dst: prefix("10.9.0.0/16"), OIF: 5, PrefSrc: addr("1.2.3.4")}), unix.EINVAL, "Invalid prefsrc"},
		{"link down", route(c.AddRoute, Route{Dst: prefix("10.9.0.0/16"), OIF: 9, Scope: unix.RT_SCOPE_LINK}), unix.ENETDOWN, "add route 10.9.0.0/16 dev #9"},
		{"no way", get(c, "8.8.8.8/32"), unix.ENETUNREACH, "get route 8.8.8.8/32: no route leads to 8.8.8.8"},
		{"address on no link", v4(c.AddAddr, Addr{PrefixLen: 24, Index: 9999, Local: one}), unix.ENODEV, "Device not found"},
		{"address twice", v4(c.AddAddr, Addr{PrefixLen: 24, Index: 5, Local: one, Address: one}), unix.EEXIST, "add address 10.0.0.1/24 of link #5"},
		{"no such address", v4(c.DelAddr, Addr{PrefixLen: 24, Index: 5, Local: addr("10.7.7.7")}), unix.EADDRNOTAVAIL, "delete address 10.7.7.7/24 of link #5"},
		{"prefix of 33 bits", v4(c.AddAddr, Addr{PrefixLen: 33, Index: 5, Local: one}), unix.EINVAL, "Invalid prefix length"},
		{"no IFA_LOCAL", v4(c.AddAddr, Addr{PrefixLen: 24, Index: 5, Address: one}), unix.EINVAL, "Local address is not supplied"},
		{"name in use", link(c.AddLink, veth("a", "x")), unix.EEXIST, "add link a: a link named a or x exists already"},
		{"peer's name in use", link(c.AddLink, veth("x", "a")), unix.EEXIST, "add link x: a link named x or a exists already"},
		{"both ends one name", link(c.AddLink, veth("x", "x")), unix.EEXIST, "both ends of the cable have the same name"},
		{"bridge's name in use", link(c.AddLink, Link{Name: "br", Info: LinkInfo{Kind: "bridge"}}), unix.EEXIST, "add link br: a link named br"},
		{"long name", link(c.AddLink, veth("a-name-of-16-byte", "x")), unix.ERANGE, "1 to 15 bytes"},
		{"peer's long name", link(c.AddLink, veth("x", "a-name-of-16-byte")), unix.ERANGE, "at IFLA_LINKINFO > IFLA_INFO_DATA > VETH_INFO_PEER > IFLA_IFNAME"},
		{"name with slash", link(c.AddLink, veth("a/b", "x")), unix.EINVAL, `"a/b" is no name for a link`},
		{"name .", link(c.AddLink, veth(".", "x")), unix.EINVAL, `"." is no name for a link`},
		{"peer's name with slash", link(c.AddLink, veth("x", "a/b")), unix.EINVAL, `"a/b" is no name for a link`},
		{"unknown kind", link(c.AddLink, Link{Name: "x", Info: LinkInfo{Kind: "nosuch"}}), unix.EOPNOTSUPP, "add link x: RTM_NEWLINK: operation not supported: Unknown device type"},
		{"peer up", link(c.AddLink, Link{Name: "x", Info: LinkInfo{Kind: "veth", Peer: &Link{Name: "y", Flags: unix.IFF_UP, Change: unix.IFF_UP}}}), unix.ENOTCONN, "raise it by a request of its own"},
		{"index in use", link(c.AddLink, Link{Name: "x", Index: 5, Info: LinkInfo{Kind: "bridge"}}), unix.EEXIST, "add link x"},
		{"master is no bridge", link(c.SetLink, Link{Name: "b", Master: u32(1)}), unix.EOPNOTSUPP, "set link b: link #1 takes no ports"},
		{"no such master", link(c.SetLink, Link{Name: "b", Master: u32(9999)}), unix.EINVAL, "set link b: there is no link #9999"},
		{"lo as a port", link(c.SetLink, Link{Name: "lo", Master: u32(9)}), unix.EINVAL, "set link lo: "},
		{"its own master", link(c.SetLink, Link{Name: "br", Master: u32(9)}), unix.ELOOP, "set link br: "},
		{"bridge in bridge", link(c.SetLink, Link{Name: "br", Master: u32(10)}), unix.ELOOP, "Can not enslave a bridge to a bridge"},
		{"no such link to set", link(c.SetLink, Link{Name: "nope", MTU: 1400}), unix.ENODEV, "set link nope: there is no such link"},
		{"no such link to delete", link(c.DelLink, Link{Name: "nope"}), unix.ENODEV, "delete link nope: there is no such link"},
		{"no such link to get", second(c.GetLink(ctx, "nope")), unix.ENODEV, "get link nope: there is no such link"},
		{"no such index", second(c.GetLinkByIndex(ctx, 9999)), unix.ENODEV, "get link #9999: there is no such link"},
		{"delete lo", link(c.DelLink, Link{Name: "lo"}), unix.EOPNOTSUPP, "delete link lo: a link of this kind cannot be deleted"},
		{"move lo", link(c.SetLink, Link{Name: "lo", NetNSFD: nl.Some(uint32(other.FD()))}), unix.EINVAL, "set link lo: "},
		{"no namespace", link(c.SetLink, Link{Name: "a", NetNSFD: u32(9999)}), unix.EBADF, "set link a: the descriptor does not name a network namespace"},
		{"no process", link(c.SetLink, Link{Name: "a", NetNSPID: u32(1 << 22)}), unix.ESRCH, "set link a: there is no process of that number"},
		{"MTU too small", link(c.SetLink, Link{Name: "a", MTU: 10}), unix.EINVAL, "mtu less than device minimum"},
		{"MTU too large", link(c.SetLink, Link{Name: "a", MTU: 1 << 20}), unix.EINVAL, "mtu greater than device maximum"},
		{"group's MAC", link(c.SetLink, Link{Name: "a", Addr: nl.HardwareAddrFrom([]byte{1, 0, 0, 0, 0, 1})}), unix.EADDRNOTAVAIL, "01:00:00:00:00:01 is no address for a link"},
		{"name of another", link(c.SetLink, Link{Index: 5, Name: "br"}), unix.EEXIST, "set link br: "},
		{"altname in use", c.AddAltNames(ctx, 5, "br"), unix.EEXIST, "set link #5: "},
		{"neighbour at no link", c.AddNeigh(ctx, &Neigh{Family: unix.AF_INET, Dst: one, State: unix.NUD_PERMANENT, LLAddr: mac(1)}), unix.EINVAL, "add neighbour 10.0.0.1 of link #0: RTM_NEWNEIGH: invalid argument: Device not specified"},
		{"no such neighbour", c.DelNeigh(ctx, &Neigh{Family: unix.AF_INET, Dst: addr("10.0.0.77"), Index: 5}), unix.ENOENT, "delete neighbour 10.0.0.77 of link #5: there is no entry"},
		{"id twice", c.SetNSID(ctx, other.FD(), 4), unix.EEXIST, "set namespace id: "},
		{"id of no namespace", c.SetNSID(ctx, int(null.Fd()), 4), unix.EINVAL, "set namespace id: "},
	} {
		if since, ok := refusedSince[x.title]; !ok || testns.Since(t, since[0], since[1]) {
			checkRefused(t, x.title, x.err, x.errno, x.want)
		}
	}
	if a, err := c.GetLink(ctx, "a"); err != nil || a.MTU != 1500 || a.Index != 5 {
		t.Errorf("a has changed: %+v, %v", a, err)
	}
}

// refusedSince says which Linux gave its reason first, or another one than before.
var refusedSince = map[string][2]int{
	"address on no link": {6, 4},
	"prefix of 33 bits":  {6, 4},
	"no IFA_LOCAL":       {6, 4},
	"name of another":    {6, 2}, // before, a link had to be down
}

func checkRefused(t *testing.T, title string, err error, errno syscall.Errno, want string) {
	t.Helper()
	var op *OpError
	var kernel *nl.Error
	switch {
	case err == nil:
		t.Errorf("%s: was done", title)
	case !errors.Is(err, errno) || !errors.As(err, &op) || !errors.As(err, &kernel):
		t.Errorf("%s: %v, %[2]T, want %v", title, err, errno)
	case !strings.Contains(err.Error(), want):
		t.Errorf("%s: %v, want %q in it", title, err, want)
	case op.Reason == "" && kernel.Message == "":
		t.Errorf("%s: %v does not say why", title, err)
	case !strings.Contains(fmt.Sprintf("%+v", err), "nlmsg_len"):
		t.Errorf("%s: no request in %+v", title, err)
	}
	if errno == unix.EEXIST && !errors.Is(err, fs.ErrExist) {
		t.Errorf("%s: %v is no fs.ErrExist", title, err)
	}
}

func second[T any](_ T, err error) error { return err }

func get(c *Conn, dst string) error {
	return second(c.GetRoute(context.Background(), &Route{Family: unix.AF_INET, Dst: netip.MustParsePrefix(dst)}))
}

// TestCancelled checks that an error of ours names the object as well.
func TestCancelled(t *testing.T) {
	c := dial(t, testns.New(t))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := c.DelLink(ctx, &Link{Name: "lo"})
	if !errors.Is(err, context.Canceled) || err.Error() != "delete link lo: RTM_DELLINK: context canceled" {
		t.Error(err)
	}
	if _, err = c.Links(ctx, LinkFilter{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestNoPermission asks as a process without rights in the namespace.
func TestNoPermission(t *testing.T) {
	err := failed("add", &Link{Name: "x"}, &nl.Error{Op: "RTM_NEWLINK", Errno: unix.EPERM})
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), "CAP_NET_ADMIN") {
		t.Error(err)
	}
	if got := fmt.Sprintf("%q", err); !strings.HasPrefix(got, `"add link x: `) {
		t.Error(got)
	}
}
