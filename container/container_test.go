//go:build linux

package container_test

import (
	"fmt"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/container"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

func TestMain(m *testing.M) { testns.Main(m) }

// A stage is a host with a bridge, br0, that has 10.1.0.1/16 and fd00::1/64.
type stage struct {
	ns   *testns.NS
	conn *rtnl.Conn
	pool *nsfs.Pool // nil: named namespaces
	host *container.Host
}

func newStage(t testing.TB, pooled bool) *stage {
	t.Helper()
	s := &stage{ns: testns.New(t)}
	var err error
	if s.conn, err = rtnl.Dial(nl.Config{NetNS: s.ns.FD()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.conn.Close() })
	if pooled {
		if s.pool, err = nsfs.NewPool(""); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.pool.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	ctx := t.Context()
	try(t, s.conn.AddLink(ctx, &rtnl.Link{Name: "br0", Flags: unix.IFF_UP, Change: unix.IFF_UP, Info: rtnl.LinkInfo{Kind: "bridge"}}))
	index, err := s.conn.LinkIndex(ctx, "br0")
	try(t, err)
	for _, p := range []string{"10.1.0.1/16", "fd00::1/64"} {
		p := netip.MustParsePrefix(p)
		a := &rtnl.Addr{Family: unix.AF_INET, Index: index, Address: p.Addr(), Local: p.Addr(), PrefixLen: uint8(p.Bits())}
		if p.Addr().Is6() {
			a.Family, a.Flags = unix.AF_INET6, unix.IFA_F_NODAD
		}
		try(t, s.conn.AddAddr(ctx, a))
	}
	s.host = container.NewHost(s.conn, s.pool)
	return s
}

func try(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%+v", err)
	}
}

// specs are n containers named n0, n1 … on br0.
func specs(n int) []container.Spec {
	all := make([]container.Spec, n)
	for i := range all {
		all[i] = container.Spec{
			Name: fmt.Sprint("n", i), HostEnd: fmt.Sprint("c", i), Bridge: "br0",
			Addrs:    []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, byte((i + 2) >> 8), byte(i + 2)}), 16)},
			Gateways: []netip.Addr{netip.AddrFrom4([4]byte{10, 1, 0, 1})},
		}
	}
	return all
}
