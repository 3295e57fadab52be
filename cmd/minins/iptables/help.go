//go:build linux

package iptables

import (
	"strings"

	"github.com/minins/minins/cmd/minins/applet"
)

// help prints all that the applet knows.
func help(c *applet.Cmd) {
	c.Printf("%s %s\n\n%s", c.Name, version, strings.ReplaceAll(helpText, "iptables", c.Name))
	for _, target := range []bool{false, true} {
		heading := "\nMatches (-m NAME; that of the protocol needs no -m) and their options:\n"
		if target {
			heading = "\nTargets (-j NAME, beside ACCEPT, DROP, RETURN and chains) and their options:\n"
		}
		c.Printf("%s", heading)
		f := family(c.Name)
		for i := range modules {
			m := &modules[i]
			if m.target != target || !m.fits(f) {
				continue
			}
			c.Printf("  %-11s", m.name)
			for _, o := range m.options {
				if o.invert || m.own {
					c.Printf(" [!]")
				}
				c.Printf(" --%s", o.long)
			}
			c.Printf("\n")
		}
	}
}

const helpText = `Usage: iptables [-t TABLE] COMMAND [what the packet must be like] [-j TARGET]

Commands:
  -A, --append CHAIN RULE              add a rule at the end of a chain
  -I, --insert CHAIN [NUMBER] RULE     add a rule before another, or first
  -R, --replace CHAIN NUMBER RULE      put a rule in the place of another
  -D, --delete CHAIN RULE|NUMBER       delete a rule
  -C, --check CHAIN RULE               exit with 0 if there is such a rule, else with 1
  -L, --list [CHAIN [NUMBER]]          show the rules; -nvL shows them with counters, without names
  -S, --list-rules [CHAIN [NUMBER]]    show the rules as commands
  -F, --flush [CHAIN]                  delete all rules
  -Z, --zero [CHAIN [NUMBER]]          set the counters to 0
  -N, --new-chain CHAIN                make a chain
  -X, --delete-chain [CHAIN]           delete a chain that is empty and not used
  -E, --rename-chain OLD NEW           give a chain another name
  -P, --policy CHAIN ACCEPT|DROP       what becomes of packets at the end of a builtin chain

Options:
  -t, --table NAME                     filter (the default), nat, mangle, raw or security
  [!] -p, --protocol PROTOCOL          tcp, udp, icmp, all, or a number
  [!] -s, --source ADDRESS[/MASK][,…]  where the packet comes from
  [!] -d, --destination ADDRESS[/MASK][,…]
  [!] -i, --in-interface NAME[+]       the device that it came in by; + is anything
  [!] -o, --out-interface NAME[+]      the device that it leaves by
  [!] -f, --fragments                  second and further fragments (IPv4 only)
  -m, --match NAME                     look at more of the packet
  -j, --jump TARGET                    what becomes of it
  -g, --goto CHAIN                     go on in a chain and do not come back
  -c, --set-counters PACKETS BYTES     begin to count there
  -n, --numeric                        addresses and ports as numbers
  -v, --verbose                        with counters and devices
  -x, --exact                          counters to the last digit
      --line-numbers                   number the rules
  -w, --wait [SECONDS]                 accepted: the kernel takes one change after the other
  -4, --ipv4; -6, --ipv6               refuse to run as the other one
  -h, --help; -V, --version
`
