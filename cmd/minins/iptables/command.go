//go:build linux

package iptables

import (
	"strings"

	"github.com/minins/minins/nft"
)

// A command is a parsed command line.
type command struct {
	family  nft.Family
	do      byte // 'A', 'C', 'D', 'd' (by number), 'F', 'I', 'L', 'N', 'P', 'R', 'S', 'X', 'Z', 'z' (by number), 'E'
	zero    bool // with L and S: -Z too
	table   string
	chain   string
	named   bool   // a chain was named, be it with an empty name
	newName string // of E
	policy  string // of P
	number  int    // of a rule, from 1; 0 is none

	verbose, numeric, exact, lines bool

	rule       rule // but for the addresses
	srcs, dsts []network

	given   string   // the letters of the options that may be given once
	notices []string // for standard error

	help, vers bool // nothing but to print help, or the version
	inverse    bool // ! --version
}

// rules are the rules that the command is about, one for each pair of
// addresses.
func (cmd *command) rules() (list []*rule) {
	for i := range cmd.srcs {
		for j := range cmd.dsts {
			r := cmd.rule
			r.src, r.dst = cmd.srcs[i], cmd.dsts[j]
			list = append(list, &r)
		}
	}
	return list
}

// isRule reports whether the command is about a rule given in words.
func (cmd *command) isRule() bool { return strings.IndexByte("ACDIR", cmd.do) >= 0 }

// A place is a builtin chain: where its packets come from.
type place struct {
	chain    string
	hook     nft.HookNum
	priority nft.Priority
	typ      string
}

// A table is one of iptables' tables with its builtin chains, in the order of
// -L.
type table struct {
	name   string
	places []place
}

// tables are in the order of iptables-save.
var tables = []table{
	{"mangle", []place{
		{"PREROUTING", nft.Prerouting, -150, "filter"}, {"INPUT", nft.Input, -150, "filter"},
		{"FORWARD", nft.Forward, -150, "filter"}, {"OUTPUT", nft.Output, -150, "route"},
		{"POSTROUTING", nft.Postrouting, -150, "filter"},
	}},
	{"security", []place{
		{"INPUT", nft.Input, 150, "filter"}, {"FORWARD", nft.Forward, 150, "filter"}, {"OUTPUT", nft.Output, 150, "filter"},
	}},
	{"raw", []place{{"PREROUTING", nft.Prerouting, -300, "filter"}, {"OUTPUT", nft.Output, -300, "filter"}}},
	{"filter", []place{
		{"INPUT", nft.Input, 0, "filter"}, {"FORWARD", nft.Forward, 0, "filter"}, {"OUTPUT", nft.Output, 0, "filter"},
	}},
	{"nat", []place{
		{"PREROUTING", nft.Prerouting, -100, "nat"}, {"INPUT", nft.Input, 100, "nat"},
		{"OUTPUT", nft.Output, -100, "nat"}, {"POSTROUTING", nft.Postrouting, 100, "nat"},
	}},
}

// findTable returns a table by its name, or nil.
func findTable(name string) *table {
	for i := range tables {
		if tables[i].name == name {
			return &tables[i]
		}
	}
	return nil
}

// place returns a builtin chain by its name, or nil.
func (t *table) place(chain string) *place {
	for i := range t.places {
		if t.places[i].chain == chain {
			return &t.places[i]
		}
	}
	return nil
}
