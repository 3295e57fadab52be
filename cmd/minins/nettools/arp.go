//go:build linux

package nettools

import (
	"context"
	"strings"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/getopt"
	"github.com/minins/minins/rtnl"
)

const arpUsage = `Usage:
  arp [-vn]  [<HW>] [-i <if>] [-a] [<hostname>]             <-Display ARP cache
  arp [-v]          [-i <if>] -d  <host> [pub]               <-Delete ARP entry
  arp [-vnD] [<HW>] [-i <if>] -f  [<filename>]            <-Add entry from file
  arp [-v]   [<HW>] [-i <if>] -s  <host> <hwaddr> [temp]            <-Add entry
  arp [-v]   [<HW>] [-i <if>] -Ds <host> <if> [netmask <nm>] pub          <-''-

        -a                       display (all) hosts in alternative (BSD) style
        -e                       display (all) hosts in default (Linux) style
        -s, --set                set a new ARP entry
        -d, --delete             delete a specified entry
        -v, --verbose            be verbose
        -n, --numeric            don't resolve names
        -i, --device             specify network interface (e.g. eth0)
        -D, --use-device         read <hwaddr> from given device
        -A, -p, --protocol       specify protocol family
        -f, --file               read new entries from file or from /etc/ethers

  <HW>=Use '-H <hw>' to specify hardware address type. Default: ether
  List of possible hardware types (which support ARP):
`

// arpHardware ends the usage, on standard error wherever the rest goes.
const arpHardware = "    ether (Ethernet) "

var arpOptions = []getopt.Option{
	{Short: 'v', Long: "verbose"},
	{Short: 'V', Long: "version"},
	{Short: 'a', Long: "all"},
	{Short: 'd', Long: "delete"},
	{Short: 'f', Long: "file"},
	{Short: 'n', Long: "numeric"},
	{Short: 's', Long: "set"},
	{Short: 'A', Long: "protocol", Arg: getopt.Required},
	{Short: 'p', Arg: getopt.Required},
	{Short: 'H', Long: "hw-type", Arg: getopt.Required},
	{Short: 't', Arg: getopt.Required},
	{Short: 'i', Long: "device", Arg: getopt.Required},
	{Short: 'h', Long: "help"},
	{Short: '?'},
	{Short: 'D', Long: "use-device"},
	{Short: 'N', Long: "symbolic"},
	{Short: 'e'},
}

// An arpCall is one call of arp.
type arpCall struct {
	_ [0]func() // not to be compared: that would take code

	c     *applet.Cmd
	conn  *rtnl.Conn
	names *names

	linux     bool // -e: the table with a head, not BSD's lines
	all       bool // -a
	numeric   bool
	verbose   bool
	useDevice bool
	hwSet     bool
	hw        *hardware // of -H
	hwType    rtnl.ARPHRD
	device    string
}

// Arp is the applet arp.
func Arp(c *applet.Cmd) int { return report(c, arp(c)) }

func arp(c *applet.Cmd) error {
	a := &arpCall{c: c, names: newNames(c), hwType: ether}
	what, help, version, family := byte(0), false, false, inet
	rest, err := parse(arpOptions, c.Args, func(short byte, value string) error {
		switch short {
		case 'a':
			what, a.all = short, true
		case 'f', 'd', 's':
			what = short
		case 'e':
			a.linux = true
		case 'n':
			a.numeric = true
		case 'D':
			a.useDevice = true
		case 'N':
			c.Errorf("arp: -N not yet supported.")
		case 'v':
			a.verbose = true
		case 'A', 'p':
			family = value
			return checkFamily(value)
		case 'H', 't':
			a.hw = hwNamed(value)
			if a.hw == nil {
				return &failure{status: statusArp, text: "arp: " + value + ": unknown hardware type."}
			}
			a.hwSet, a.hwType = true, a.hw.typ
		case 'i':
			a.device = value
		case 'V':
			version = true
		case '?':
			return arpMisuse()
		default:
			help = true
		}
		return nil
	})
	if wrong, ok := err.(getopt.Error); ok {
		return &failure{status: statusUsage, text: c.Name + ": " + string(wrong), usage: arpUsage + arpHardware}
	}
	switch {
	case err != nil:
		return err
	case version:
		c.Printf("%s: minins, with the words of net-tools 2.10\n", c.Name)
		return nil
	case help:
		c.Printf("%s", arpUsage)
		c.Errorf("%s", arpHardware)
		return nil
	case family != inet:
		return arpFailed("arp: " + family + ": kernel only supports 'inet'.")
	case a.hw != nil && !a.hw.arp:
		return arpFailed("arp: " + a.hw.name + ": hardware type without ARP support.")
	}
	if a.conn, err = dial(c); err != nil {
		return err
	}
	defer a.conn.Close()
	ctx := context.Background()
	switch what {
	case 'f':
		return a.file(ctx, rest)
	case 'd':
		return a.delete(ctx, rest)
	case 's':
		return a.set(ctx, rest)
	}
	a.linux = a.linux || what == 0
	return a.show(ctx, rest)
}

// checkFamily knows the families that net-tools has, whether arp takes them or
// not.
func checkFamily(name string) error {
	switch name {
	case inet, inet6, "unix", "ax25", "netrom", "rose", "ipx", "ddp", "ec", "ash", "x25", "unspec":
		return nil
	}
	text := "arp: " + name + ": unknown address family."
	if strings.Contains(name, ",") {
		text = "Please don't supply more than one address family.\n" + text
	}
	return arpFailed(text)
}
