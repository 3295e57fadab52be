//go:build linux

package nettools

import (
	"context"
	"net/netip"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/rtnl"
)

// The formats of the table: route, route -e, route -ee; route -eee shows
// nothing of it.
const (
	nothing = iota
	plain
	metrics
	all
)

// routeView is what of the table to show, and how.
type routeView struct {
	_ [0]func() // not to be compared: that would take code

	format  int
	numeric bool
	fib     bool // -F, with -C: both tables
	names   *names
}

func (v *routeView) show(c *applet.Cmd, cache bool) error {
	ctx := context.Background()
	if cache && !v.fib {
		return v.showCache(c)
	}
	conn, err := dial(c)
	if err != nil {
		return err
	}
	defer conn.Close()
	// Links first: a Conn runs one dump.
	links, err := linkNames(ctx, conn)
	if err != nil {
		return err
	}
	c.Printf("Kernel IP routing table\n")
	if v.format != nothing {
		c.Printf("Destination     Gateway         Genmask         %s\n", v.head())
	}
	v.names = newNames(c)
	for r, err := range conn.StreamRoutes(ctx, rtnl.RouteFilter{Family: unix.AF_INET, Table: unix.RT_TABLE_MAIN}) {
		if err != nil {
			return err
		}
		if v.format != nothing && shown(r) {
			v.row(c, r, links)
		}
	}
	if cache {
		return v.showCache(c)
	}
	return nil
}

// showCache shows the head of a table that Linux has not had since 3.6.
func (v *routeView) showCache(c *applet.Cmd) error {
	head := v.head()
	if v.format >= all {
		head += "  TOS HHRef HHUptod     SpecDst"
	}
	c.Printf("Kernel IP routing cache\n")
	if v.format == nothing {
		return nil
	}
	c.Printf("Source          Destination     Gateway         %s\n", head)
	return nil
}

func (v *routeView) head() string {
	switch v.format {
	case plain:
		return "Flags Metric Ref    Use Iface"
	case metrics:
		return "Flags   MSS Window  irtt Iface"
	}
	return "Flags Metric Ref    Use Iface    MSS   Window irtt"
}

// linkNames are the names of all links by index.
func linkNames(ctx context.Context, conn *rtnl.Conn) (map[uint32]string, error) {
	m := make(map[uint32]string)
	for l, err := range conn.StreamLinks(ctx, rtnl.LinkFilter{ExtMask: rtnl.ExtSkipStats}) {
		if err != nil {
			return nil, err
		}
		m[l.Index] = l.Name
	}
	return m, nil
}

// shown reports whether /proc/net/route would have the route.
func shown(r *rtnl.Route) bool {
	return r.Type != unix.RTN_BROADCAST && r.Type != unix.RTN_MULTICAST
}

// A column is a cell of what row knows of a route, as wide as that, and to the
// right if the width is negative.
type column struct{ cell, width int8 }

// rowColumns are the columns of the formats. fmt would take most of the time.
var rowColumns = [...][]column{
	plain:   {{0, 15}, {1, 15}, {2, 15}, {3, 5}, {4, 6}, {5, 2}, {6, -7}, {7, 0}},
	metrics: {{0, 15}, {1, 15}, {2, 15}, {3, 5}, {8, -5}, {9, 5}, {10, -6}, {7, 0}},
	all:     {{0, 15}, {1, 15}, {2, 15}, {3, 5}, {4, 6}, {5, 3}, {6, -6}, {7, 8}, {8, 5}, {9, 6}, {10, 0}},
}

// row shows a route as /proc/net/route has it: of several ways the first.
func (v *routeView) row(c *applet.Cmd, r *rtnl.Route, links map[uint32]string) {
	gateway, via, oif := r.Gateway, r.Via, r.OIF
	if len(r.NextHops) > 0 {
		gateway, via, oif = r.NextHops[0].Gateway, r.NextHops[0].Via, r.NextHops[0].OIF
	}
	dst := r.Dst
	if !dst.IsValid() {
		dst = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	name, ok := links[oif]
	if !ok {
		name = "*"
	}
	mss := r.Metrics.AdvMSS
	if mss != 0 {
		mss += 40 // the headers of IP and TCP
	}
	flags, gw, ref := "U", clip(v.gateway(gateway)), "0"
	cells := [...]string{8: decimal(mss), decimal(r.Metrics.Window), decimal(r.Metrics.RTT / 8)}
	if r.Type == unix.RTN_UNREACHABLE || r.Type == unix.RTN_PROHIBIT {
		flags, gw, ref, name = "!", "-", "-", "-"
		cells[8], cells[9], cells[10] = "-", "-", "-"
	} else if gateway.IsValid() || via.IsValid() {
		flags += "G"
	}
	if dst.Bits() == 32 {
		flags += "H"
	}
	cells[0], cells[1], cells[2], cells[3] = clip(v.target(dst)), gw, mask(dst.Bits()).String(), flags
	cells[4], cells[5], cells[6], cells[7] = strconv.Itoa(int(int32(r.Priority))), ref, "0", name
	if v.format == all {
		cells[7] = name[:min(len(name), 6)]
	}
	const blanks = "               "
	end := " "
	for i, col := range rowColumns[v.format] {
		if i == len(rowColumns[v.format])-1 {
			end = "\n"
		}
		cell := cells[col.cell]
		fill := blanks[:max(max(int(col.width), -int(col.width))-len(cell), 0)]
		if col.width < 0 {
			c.Stdout.WriteString(fill)
			fill = ""
		}
		c.Stdout.WriteString(cell)
		c.Stdout.WriteString(fill)
		c.Stdout.WriteString(end)
	}
}

func decimal(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// target is the destination: "default", the name of a host or network, or the
// number.
func (v *routeView) target(dst netip.Prefix) string {
	a, name := dst.Addr(), ""
	switch {
	case v.numeric:
	case dst.Bits() == 32:
		name = v.names.host(a)
	case dst.Bits() == 0:
		name = "default"
	case !a.IsUnspecified():
		name, _, _ = v.names.network("", a)
	}
	if name == "" {
		return a.String()
	}
	return name
}

func (v *routeView) gateway(a netip.Addr) string {
	if !a.IsValid() {
		return "0.0.0.0"
	}
	if !v.numeric {
		if name := v.names.host(a); name != "" {
			return name
		}
	}
	return a.String()
}

// mask is a netmask of that many bits.
func mask(bits int) netip.Addr {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), bits).Masked().Addr()
}

// clip cuts a name to the width of its column.
func clip(name string) string { return name[:min(len(name), 15)] }
