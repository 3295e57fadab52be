//go:build linux

package nettools

import (
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/ntop"
)

const inet6Usage = `Usage: inet6_route [-vF] del Target
       inet6_route [-vF] add Target [gw Gw] [metric M] [[dev] If]
       inet6_route [-FC] flush      NOT supported
`

// The table is read from /proc: rtnetlink tells neither how often a route is
// referred to nor all of its flags.
const (
	table6    = "/proc/net/ipv6_route"
	ownTable6 = "/proc/thread-self/net/ipv6_route" // the namespace of this thread, not of the first
)

// letters6 are the letters of flags, and flags6 the flags: linux/route.h,
// linux/ipv6_route.h.
const letters6 = "U!GHDAaemnf"

var flags6 = [len(letters6)]uint32{
	unix.RTF_UP, unix.RTF_REJECT, unix.RTF_GATEWAY, unix.RTF_HOST, unix.RTF_DEFAULT, unix.RTF_ADDRCONF,
	unix.RTF_ALLONLINK, 0x400000 /* RTF_EXPIRES */, unix.RTF_MODIFIED, unix.RTF_NONEXTHOP, unix.RTF_FLOW,
}

// show6 shows all IPv6 tables as one. The cache is always empty.
func (v *routeView) show6(c *applet.Cmd, cache bool) error {
	if c.Explains("open("+table6+")", "the routes of all tables, with what rtnetlink does not tell of them") {
		return nil
	}
	text, err := os.ReadFile(ownTable6)
	if err != nil {
		c.Printf("INET6 (IPv6) not configured in this system.\n")
		return &failure{status: 1, text: table6 + ": " + applet.Strerror(err)}
	}
	const head = "Destination                    Next Hop                   Flag Met Ref  Use If\n"
	if v.fib || !cache {
		c.Printf("Kernel IPv6 routing table\n" + head)
		v.names = newNames(c)
		for _, line := range strings.Split(string(text), "\n") {
			// Destination, length, source, length, gateway, metric, references, use, flags, device.
			if columns := strings.Fields(line); len(columns) == 10 {
				v.row6(c, columns)
			}
		}
	}
	if cache {
		c.Printf("Kernel IPv6 routing cache\n" + head)
	}
	return nil
}

// row6 shows a line of the table.
func (v *routeView) row6(c *applet.Cmd, columns []string) {
	var n [9]uint64
	for i := range n {
		n[i], _ = strconv.ParseUint(columns[i], 16, 32) // addresses are no numbers, nor used as such
	}
	flags := ""
	for i, bit := range flags6 {
		if uint32(n[8])&bit != 0 {
			flags += letters6[i : i+1]
		}
	}
	c.Printf("%-30s %-26s %-4s %-3d %-1d %6d %s\n", v.address6(columns[0])+"/"+decimal(uint32(n[1])), v.address6(columns[4]),
		flags, int32(n[5]), n[6], n[7], columns[9])
}

// address6 is the name or the number of 32 hexadecimal digits.
func (v *routeView) address6(digits string) string {
	for i := 4; i < 39; i += 5 {
		digits = digits[:i] + ":" + digits[i:]
	}
	a, err := netip.ParseAddr(digits)
	if err != nil {
		return digits // not what the kernel writes
	}
	name := ""
	if !v.numeric {
		if name = v.names.host(a); a.IsUnspecified() {
			name = "[::]"
		}
	}
	if name == "" {
		name = ntop.Text(a.Unmap())
	}
	return name
}
