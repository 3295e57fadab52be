//go:build linux

package iptables

import (
	"strings"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/lang"
)

// Translate is iptables-translate, or ip6tables-translate if c has that name: a command
// in the words of nft, which is not run.
func Translate(c *applet.Cmd) int {
	cmd, status := read(c)
	if cmd == nil {
		return status
	}
	var words string
	table := cmd.family.Keyword() + " " + cmd.table
	chain := table + " " + cmd.chain
	switch {
	case cmd.do == 'A':
		return cmd.translateRules(c, "add rule "+chain)
	case cmd.do == 'I':
		return cmd.translateRules(c, "insert rule "+chain)
	case cmd.do == 'N':
		words = "add chain " + chain
	case cmd.do == 'X' && cmd.named:
		words = "delete chain " + chain
	case cmd.do == 'F' && cmd.named:
		words = "flush chain " + chain
	case cmd.do == 'F':
		words = "flush table " + table
	case cmd.do == 'L':
		words = "list table " + table
	default:
		c.Errorf("Translation not implemented")
		return 1
	}
	c.Printf("nft %s\n", words)
	return 0
}

// translateRules prints each rule, or, behind a #, what nft has no words for.
func (cmd *command) translateRules(c *applet.Cmd, words string) int {
	for _, r := range cmd.rules() {
		out, err := encode(cmd.family, false, r)
		if err != nil {
			return report(c, err)
		}
		for i, x := range out.Exprs {
			if m, ok := x.(*nft.Meta); ok && m.Key == nft.MetaL4Proto && cmd.family == nft.IPv4 {
				out.Exprs[i] = &nft.Payload{Dreg: m.Dreg, Base: nft.NetworkHeader, Offset: 9, Len: 1} // ip protocol
			}
		}
		if text, ok := lang.Translate(out); ok && r.jump.name != "QUEUE" {
			c.Printf("nft '%s %s'\n", words, text)
		} else {
			c.Printf("nft # %s \n", strings.Join(c.Args, " "))
		}
	}
	return 0
}
