//go:build linux

package iptables

import (
	"strconv"
	"strings"
)

// nameMax is XT_EXTENSION_MAXNAMELEN of linux/netfilter/x_tables.h.
const nameMax = 29

// validChain checks the name of a chain to be made.
func validChain(name string) error {
	switch {
	case len(name) >= nameMax:
		return wrong("chain name `" + name + "' too long (must be under " + strconv.Itoa(nameMax) + " chars)")
	case strings.HasPrefix(name, "-") || strings.HasPrefix(name, "!"):
		return wrong("chain name not allowed to start with `" + string(rune(name[0])) + "'")
	case name == "" || isTarget(name):
		return wrong("chain name may not clash with target name")
	case strings.ContainsFunc(name, isSpace):
		return wrong("Invalid chain name `" + name + "'")
	}
	return nil
}

// isTarget reports whether -j NAME is something else than a jump to a chain.
func isTarget(name string) bool {
	switch name {
	case "ACCEPT", "DROP", "RETURN", "QUEUE":
		return true
	}
	return findModule(name, true, 0) != nil
}

func isSpace(c rune) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// finish checks what only the whole line tells.
func (p *parser) finish() error {
	if p.table == "nat" && (p.policy == "DROP" || p.rule.jump.name == "DROP") {
		return wrong("\nThe \"nat\" table is not intended for filtering, the use of DROP is therefore inhibited.\n\n").
			hinted("in the nat table only the first packet of a connection meets the rules; drop it in table filter: leave out -t nat")
	}
	if p.interval && !p.wait {
		return wrong("--wait-interval only makes sense with --wait\n")
	}
	for _, e := range p.exts {
		if p, ok := e.ext.(*plain); ok && p.kernel == "statistic" {
			if err := finishStatistic(e, p); err != nil {
				return err
			}
		}
		if err := checkExtension(e); err != nil {
			return err
		}
		if r, ok := e.ext.(*iprange); ok && r.warning() != "" {
			p.notices = append(p.notices, r.warning())
		}
	}
	switch {
	case p.next < len(p.args):
		return wrong("unknown arguments found on commandline")
	case p.do == 0:
		return wrong("no command specified")
	case p.invert:
		return wrong("nothing appropriate following !")
	}
	if err := p.misplaced(); err != nil {
		return err
	}
	if err := p.addresses(); err != nil {
		return err
	}
	if len(p.chain) >= nameMax {
		return wrong("chain name `" + p.chain + "' too long (must be under " + strconv.Itoa(nameMax) + " chars)")
	}
	if err := p.wrongDevice(); err != nil {
		return err
	}
	if p.do == 'R' && len(p.srcs)*len(p.dsts) != 1 {
		return wrong("Replacement rule does not specify a unique address")
	}
	return nil
}

// wrongDevice finds a device that packets in the chain do not have.
func (p *parser) wrongDevice() error {
	letter, why := "", ""
	switch p.chain {
	case "PREROUTING", "INPUT":
		letter, why = "o", " has not been routed yet, so it has no output device: match -i, or use chain FORWARD, OUTPUT or POSTROUTING"
	case "POSTROUTING", "OUTPUT":
		letter, why = "i", " is on its way out: match -o, or use chain PREROUTING, INPUT or FORWARD"
	}
	if letter == "" || !p.isRule() || !strings.Contains(p.given, letter) {
		return nil
	}
	return wrong("Can't use -" + letter + " with " + p.chain + "\n").hinted("a packet in " + p.chain + why)
}

// misplaced finds an option that means nothing to the command.
func (p *parser) misplaced() error {
	for _, short := range "nsdpjvxio0cf" {
		if strings.ContainsRune(p.given, short) || short == 'j' && strings.Contains(p.given, "g") {
			allowed := "ACDIR"
			switch short {
			case 'n', 'x', '0':
				allowed = "L"
			case 'v':
				continue
			case 'c':
				allowed = "IRAP"
			}
			if strings.IndexByte(allowed, p.do) < 0 {
				return wrong("Illegal option `-" + string(short) + "' with this command")
			}
		}
	}
	return nil
}
