//go:build linux

// Package iptables is the applets iptables, iptables-save, iptables-restore,
// iptables-translate, and those of ip6tables. They write to nf_tables what iptables-nft 1.8.9 would write,
// so that both may be used on one host, and answer in its words.
//
// A command line is parsed to a rule, a plain value (rule.go, parse.go, one
// file per kind of match and target). The rule is written as nf_tables
// expressions (encode.go), rules of the kernel are read back as rules
// (decode.go), and both are printed (save.go for -S, list.go for -L). Two rules
// are the same if -S has the same words for them.
package iptables
