//go:build linux

package container_test

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// TestSteady has strace look at a process that changes namespaces by a Conn that it has
// kept for each: it enters none any more, and asks for no lists.
func TestSteady(t *testing.T) {
	const rounds = 20
	if os.Getenv("CONTAINER_STEADY") != "" {
		steady(t, rounds)
		return
	}
	self, err := os.Executable()
	try(t, err)
	log := t.TempDir() + "/strace"
	testns.Cmd{
		Args: []string{"strace", "-f", "-X", "raw", "-o", log, "-e", "trace=setns,unshare,write,sendto,sendmsg,sendmmsg", self, "-test.run=^TestSteady$"},
		Env:  []string{"CONTAINER_STEADY=1"},
	}.Run(t).Must(t)
	f, err := os.Open(log)
	try(t, err)
	defer f.Close()
	var counts [3]map[string]int // before, in and after the steady state
	for i := range counts {
		counts[i] = map[string]int{}
	}
	phase := 0
	lines := bufio.NewScanner(f)
	request := regexp.MustCompile(`nlmsg_type=(\w+), nlmsg_flags=(\w+)`)
	for lines.Scan() {
		line := lines.Text()
		for _, call := range []string{"setns", "unshare"} {
			if strings.Contains(line, call+"(") {
				counts[phase][call]++
			}
		}
		if strings.Contains(line, `"steady `) {
			phase++
		}
		for _, m := range request.FindAllStringSubmatch(line, -1) {
			typ, err1 := strconv.ParseUint(m[1], 0, 16)
			flags, err2 := strconv.ParseUint(m[2], 0, 16)
			try(t, errors.Join(err1, err2))
			counts[phase][types[typ]]++
			if typ&3 == unix.RTM_GETLINK&3 && flags&unix.NLM_F_DUMP != 0 {
				counts[phase]["dump"]++
			}
		}
	}
	try(t, lines.Err())
	t.Logf("before, in and after the steady state: %v", counts)
	if counts[0]["setns"] == 0 || counts[0]["unshare"] == 0 || counts[0]["dump"] == 0 {
		t.Error("not all that was done before was seen")
	}
	const each = 3 * rounds
	if want := map[string]int{"add address": each, "add or set link": each, "replace route": each, "delete address": each}; !maps.Equal(counts[1], want) {
		t.Errorf("in the steady state: %v, want %v", counts[1], want)
	}
}

// types are requests by nlmsg_type. What is not among them is "".
var types = map[uint64]string{
	unix.RTM_NEWLINK: "add or set link", unix.RTM_GETLINK: "get links",
	unix.RTM_NEWADDR: "add address", unix.RTM_DELADDR: "delete address", unix.RTM_NEWROUTE: "replace route",
}

// steady is what the process does.
func steady(t *testing.T, rounds int) {
	ctx := t.Context()
	pool := new(nsfs.Pool)
	defer pool.Close()
	names := []string{"n0", "n1", "n2"}
	try(t, pool.CreateEach(slices.Values(names), func(*nsfs.NS) error { return nsfs.RaiseLo() }))
	var conns []*rtnl.Conn
	var devices []uint32
	for _, name := range names {
		ns, err := pool.Open(name)
		try(t, err)
		defer ns.Close()
		c, err := rtnl.Dial(nl.Config{NetNS: ns.Fd()})
		try(t, err)
		defer c.Close()
		try(t, c.AddLink(ctx, &rtnl.Link{Name: "d0", Flags: unix.IFF_UP, Change: unix.IFF_UP, Info: rtnl.LinkInfo{Kind: "bridge"}}))
		all, err := c.Links(ctx, rtnl.LinkFilter{})
		try(t, err)
		conns, devices = append(conns, c), append(devices, all[len(all)-1].Index)
	}
	mark := func(what string) {
		if _, err := fmt.Fprintln(os.Stderr, "steady", what); err != nil {
			t.Error(err)
		}
	}
	mark("begins")
	for i := range rounds {
		for k, c := range conns {
			ip := netip.AddrFrom4([4]byte{10, 1, 0, 1})
			addr := &rtnl.Addr{Family: unix.AF_INET, Index: devices[k], Address: ip, Local: ip, PrefixLen: 24}
			try(t, c.AddAddr(ctx, addr))
			try(t, c.SetLink(ctx, &rtnl.Link{Index: devices[k], MTU: uint32(1400 + i)}))
			try(t, c.ReplaceRoute(ctx, &rtnl.Route{
				Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN, Type: unix.RTN_UNICAST,
				Dst: netip.MustParsePrefix("10.2.0.0/16"), Gateway: netip.AddrFrom4([4]byte{10, 1, 0, byte(2 + i)}),
			}))
			try(t, c.DelAddr(ctx, addr))
		}
	}
	mark("ends")
}
