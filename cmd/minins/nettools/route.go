//go:build linux

package nettools

import (
	"strings"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/getopt"
)

const routeUsage = `Usage: route [-nNvee] [-FC] [<AF>]           List kernel routing tables
       route [-v] [-FC] {add|del|flush} ...  Modify routing table for AF.

       route {-h|--help} [<AF>]              Detailed usage syntax for specified AF.
       route {-V|--version}                  Display version/author and exit.

        -v, --verbose            be verbose
        -n, --numeric            don't resolve names
        -e, --extend             display other/more information
        -F, --fib                display Forwarding Information Base (default)
        -C, --cache              display routing cache instead of FIB

  <AF>=Use -4, -6, '-A <af>' or '--<af>'; default: inet
  List of possible address families (which support routing):
`

// routeFamilies ends the usage, on standard error wherever the rest goes.
const routeFamilies = "    inet (DARPA Internet) inet6 (IPv6) "

// The families that can be asked for.
const (
	inet  = "inet"
	inet6 = "inet6"
)

const inetUsage = `Usage: inet_route [-vF] del {-host|-net} Target[/prefix] [gw Gw] [metric M] [[dev] If]
       inet_route [-vF] add {-host|-net} Target[/prefix] [gw Gw] [metric M]
                              [netmask N] [mss Mss] [window W] [irtt I]
                              [mod] [dyn] [reinstate] [[dev] If]
       inet_route [-vF] add {-host|-net} Target[/prefix] [metric M] reject
       inet_route [-FC] flush      NOT supported
`

var routeOptions = []getopt.Option{
	{Short: 'e', Long: "extend"},
	{Short: 'v', Long: "verbose"},
	{Short: 'V', Long: "version"},
	{Short: 'n', Long: "numeric"},
	{Short: 'N', Long: "symbolic"},
	{Short: 'A', Long: "protocol", Arg: getopt.Required},
	{Short: 'C', Long: "cache"},
	{Short: 'F', Long: "fib"},
	{Short: 'h', Long: "help"},
	{Short: '4', Long: "inet"},
	{Short: '6', Long: "inet6"},
	{Short: '?'},
}

// Route is the applet route.
func Route(c *applet.Cmd) int { return report(c, route(c)) }

func route(c *applet.Cmd) error {
	r := routeView{format: plain}
	var cache, help, version bool
	var families []string
	rest, err := parse(routeOptions, hideTargets(c.Args), func(short byte, value string) error {
		switch short {
		case 'e':
			r.format = (r.format + 1) % (all + 1)
		case 'n', 'N':
			r.numeric = true
		case 'C':
			cache = true
		case 'F':
			r.fib = true
		case 'V':
			version = true
		case 'h', '?':
			help = true
		case '4':
			families = append(families, inet)
		case '6':
			families = append(families, inet6)
		case 'A':
			for _, name := range strings.Split(value, ",") {
				if name != inet && name != inet6 {
					return &failure{status: 1, text: "Unknown address family `" + name + "'."}
				}
				families = append(families, name)
			}
		}
		return nil
	})
	if wrong, ok := err.(getopt.Error); ok { // shows the help, and is no failure
		c.Errorf("%s: %s", c.Name, string(wrong))
		help, err = true, nil
	}
	switch {
	case err != nil:
		return err
	case version:
		c.Printf("%s: minins, with the words of net-tools 2.10\n", c.Name)
		return nil
	case help && families == nil:
		c.Printf("%s", routeUsage)
		c.Errorf("%s", routeFamilies)
		return nil
	case families == nil:
		families = append(families, inet)
	}
	if help || len(rest) > 0 {
		return editRoute(c, families, rest, help, cache)
	}
	for _, family := range families {
		if family == inet6 {
			err = r.show6(c, cache)
		} else {
			err = r.show(c, cache)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// hideTargets makes -net and -host words that are no options.
func hideTargets(args []string) []string {
	words := make([]string, len(args))
	for i, w := range args {
		if w == "-net" || w == "-host" {
			w = "#" + w[1:]
		}
		words[i] = w
	}
	return words
}
