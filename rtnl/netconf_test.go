//go:build linux

package rtnl

import (
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

func TestNetConfReadBack(t *testing.T) {
	ns := testns.New(t)
	ns.Sysctl(t, "net/ipv4/conf/lo/forwarding", 1)
	ns.Sysctl(t, "net/ipv4/conf/lo/rp_filter", 2)
	c, err := nl.Dial(Protocol, nl.Config{NetNS: ns.FD()})
	must(t, err)
	defer c.Close()
	all, err := nl.List[NetConf](t.Context(), c, unix.RTM_GETNETCONF, &NetConf{Family: unix.AF_INET}, nil)
	must(t, err)
	seen := map[int32]*NetConf{}
	for i := range all {
		seen[all[i].Index.V] = &all[i]
	}
	lo := seen[1]
	if lo == nil || seen[NetConfAll] == nil || seen[NetConfDefault] == nil {
		t.Fatalf("got %+v", all)
	}
	if got := lo.Settings[NetConfForwarding]; got != nl.Some[uint32](1) {
		t.Errorf("%s is %v", NetConfForwarding, got)
	}
	if got := lo.Settings[NetConfRPFilter]; got != nl.Some[uint32](2) {
		t.Errorf("%s is %v", NetConfRPFilter, got)
	}
	if got := NetConfSetting(99).String(); got != "NETCONFA_99" {
		t.Errorf("an unknown one is %s", got)
	}
}
