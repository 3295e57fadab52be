//go:build linux

package iptables

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nft"
)

// A listing is a table as -L or -S prints it.
type listing struct {
	k     *kernel
	s     *state
	cmd   *command
	names *naming
	rules map[*nft.Rule]*rule
}

// newListing reads the rules in iptables' words. If that cannot be done with
// all of those to be printed, nothing is: a listing never leaves out a part of
// a rule.
func (k *kernel) newListing(cmd *command, s *state) (*listing, error) {
	l := &listing{k: k, s: s, cmd: cmd, names: newNaming(cmd.numeric || cmd.do != 'L'), rules: map[*nft.Rule]*rule{}}
	if cmd.named && s.find(cmd.chain) == nil {
		return nil, fail(incompatible, "chain `"+cmd.chain+"' in table `"+s.name+"' is incompatible, use 'nft' tool.").
			hinted("table " + s.name + " has no chain " + cmd.chain + "; " + cmd.line("-S") + " lists its chains")
	}
	for _, c := range l.chains() {
		for i, r := range c.rules {
			out, err := k.decode(&s.table, r)
			if err != nil {
				what := "table `" + s.name + "'"
				if cmd.named {
					what = "chain `" + cmd.chain + "' in table `" + s.name + "'"
				}
				return nil, fail(incompatible, what+" is incompatible, use 'nft' tool.").
					hinted("rule " + strconv.Itoa(i+1) + " of chain " + c.name + " has what iptables has no words for: " + err.Error())
			}
			l.rules[r] = out
		}
	}
	return l, nil
}

func (l *listing) chains() []*chain {
	if l.cmd.named {
		return []*chain{l.s.find(l.cmd.chain)}
	}
	return l.s.chains
}

// foreign says that there is more in the table.
func (l *listing) foreign(c *applet.Cmd) {
	if l.s.foreign && !l.cmd.named {
		c.Printf("# Table `%s' contains incompatible base-chains, use 'nft' tool to list them.\n", l.s.name)
	}
}

// unknown warns of extensions whose options are not shown. The status is 1 if
// there are any: the listing says less than the rules.
func (l *listing) unknown(c *applet.Cmd) int {
	status := 0
	for _, ch := range l.chains() {
		for i, r := range ch.rules {
			if what, ok := l.rules[r].unknown(); ok {
				c.Errorf("minins: rule %d of chain %s: %s is not known here, and its options are not shown", i+1, ch.name, what)
				status = 1
			}
		}
	}
	return status
}

// saveRules prints the table as -S does.
func (l *listing) saveRules(c *applet.Cmd) int {
	l.foreign(c)
	if l.cmd.number == 0 {
		for _, policies := range []bool{true, false} {
			for _, ch := range l.chains() {
				if policies == (ch.place != nil) {
					c.Printf("%s\n", l.header(ch))
				}
			}
		}
	}
	for _, ch := range l.chains() {
		for i, r := range ch.rules {
			if l.cmd.number == 0 || l.cmd.number == i+1 {
				c.Printf("-A %s%s\n", ch.name, l.rules[r].words(l.cmd.verbose))
			}
		}
	}
	return l.unknown(c)
}

func (l *listing) header(ch *chain) string {
	if ch.place == nil {
		return "-N " + ch.name
	}
	text := "-P " + ch.name + " " + ch.policy()
	if l.cmd.verbose {
		text += saveCounters(ch.counters())
	}
	return text
}

// printRules prints the table as -L does.
func (l *listing) printRules(c *applet.Cmd) int {
	l.foreign(c)
	for i, ch := range l.chains() {
		if l.cmd.number == 0 {
			if i > 0 {
				c.Printf("\n")
			}
			l.printHeader(c, ch)
		}
		for i, r := range ch.rules {
			if l.cmd.number == 0 || l.cmd.number == i+1 {
				c.Printf("%s\n", l.row(l.rules[r], i+1))
			}
		}
	}
	return l.unknown(c)
}

func (l *listing) printHeader(c *applet.Cmd, ch *chain) {
	text := "Chain " + ch.name + " ("
	switch n := ch.counters(); {
	case ch.place == nil:
		text += strconv.Itoa(ch.uses()) + " references)\n"
	case l.cmd.verbose:
		text += "policy " + ch.policy() + " " + l.scaled(n.Packets, 0) + " packets, " + l.scaled(n.Bytes, 0) + " bytes)\n"
	default:
		text += "policy " + ch.policy() + ")\n"
	}
	if l.cmd.lines {
		text += "num  "
	}
	switch {
	case l.cmd.verbose && l.cmd.exact:
		text += "    pkts      bytes "
	case l.cmd.verbose:
		text += " pkts bytes "
	}
	text += "target     prot opt"
	if l.cmd.verbose {
		text += " in     out    "
	}
	c.Printf("%s source               destination         \n", text)
}

// scaled is a counter as -v prints it, with K, M, G or T, in a column or, with
// width 0, in a sentence.
func (l *listing) scaled(n uint64, width int) string {
	unit := ""
	if !l.cmd.exact && n > 99999 {
		for _, unit = range []string{"K", "M", "G", "T"} {
			n = (n + 500) / 1000
			if n <= 9999 {
				break
			}
		}
	}
	text := strconv.FormatUint(n, 10) + unit
	return strings.Repeat(" ", max(0, width-len(text))) + text
}

// row is one rule of -L.
func (l *listing) row(r *rule, number int) string {
	text := ""
	if l.cmd.lines {
		text = column(strconv.Itoa(number), 4)
	}
	if l.cmd.verbose {
		width := 5
		if l.cmd.exact {
			width = 8
		}
		text += l.scaled(r.counters.Packets, width) + " " + l.scaled(r.counters.Bytes, width) + " "
	}
	text += column(r.jump.name, 9) + sign(r.proto.inv) + column(l.names.protocol(r.proto.num), 4) + fragmentText(r.frag) + " "
	if l.cmd.verbose {
		text += " " + column(l.device(&r.in), 6) + column(l.device(&r.out), 6)
	}
	zero := unspecified(l.k.family)
	return text + sign(r.src.inv) + column(l.names.network(&r.src, zero), 19) +
		sign(r.dst.inv) + column(l.names.network(&r.dst, zero), 19) + details(r, l.names)
}

// column is text in a column of a listing, with a blank behind it.
func column(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text))+1)
}

// details are the matches and the target's options.
func details(r *rule, n *naming) string {
	text := ""
	if r.jump.final {
		text = "[goto] "
	}
	for _, m := range r.matches {
		text += m.list(n)
	}
	if r.jump.target != nil {
		text += r.jump.target.list(n)
	}
	return text
}

func sign(inv bool) string {
	if inv {
		return "!"
	}
	return " "
}

func fragmentText(f fragment) string { return []string{"--", "-f", "!f"}[f] }

func (l *listing) device(d *device) string {
	if !d.given() && !l.names.numeric {
		return "any"
	}
	return deviceText(d)
}

func deviceText(d *device) string {
	if !d.given() {
		return "*"
	}
	return bang(d.inv) + d.name
}

// brief prints rules as -v does while it changes something: as they will be read back.
func (k *kernel) brief(c *applet.Cmd, cmd *command) {
	n := &naming{numeric: true}
	zero := unspecified(k.family)
	for _, r := range cmd.rules() {
		if out, err := encode(k.family, k.native, r); err == nil {
			if back, err := decode(out, k.native); err == nil {
				r = back
			}
		}
		proto := n.protocol(r.proto.num)
		if proto[0] > '9' {
			proto = protocolName(r.proto.num) // "ipv6-icmp", where -nL has "icmpv6"
		}
		c.Printf("%s\n", r.jump.name+" "+sign(r.proto.inv)+proto+" opt "+fragmentText(r.frag)+
			" in "+deviceText(&r.in)+" out "+deviceText(&r.out)+
			" "+sign(r.src.inv)+n.network(&r.src, zero)+" "+sign(r.dst.inv)+"-> "+n.network(&r.dst, zero)+"  "+details(r, n))
	}
}
