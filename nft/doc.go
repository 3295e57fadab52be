//go:build linux

// Package nft speaks nf_tables, the packet filter and NAT of Linux
// (linux/netfilter/nf_tables.h, over NETLINK_NETFILTER).
//
// # Objects
//
// A [Table] of one [Family] holds [Chain] values, a chain holds [Rule] values,
// and a rule is a list of [Expr]: the instructions of the kernel's machine, one
// type each. Values go from one to the next through a [Register].
//
//	// nft add rule ip nat post oifname eth0 masquerade
//	b.AddRule(&nft.Rule{Family: nft.IPv4, Table: "nat", Chain: "post", Exprs: []nft.Expr{
//		&nft.Meta{Key: nft.MetaOIFName, Dreg: nft.Reg1},
//		&nft.Cmp{Sreg: nft.Reg1, Data: nft.IfName("eth0")},
//		&nft.Masq{},
//	}})
//
// # Changes
//
// All changes are made by a [Batch]: the kernel does the whole of it or
// nothing. [Conn.BeginAt] makes it depend on the ruleset being as it was read.
//
// # Beside iptables
//
// iptables-nft keeps its rules in the tables filter, nat, mangle, raw and
// security of ip and ip6, and reads them back by a short list of expressions:
// [Meta], [Payload], [Cmp], [Range], [Bitwise], [Counter], [Immediate],
// [Match] and [Target]. Any other, [Masq] for one, makes it refuse the table.
// So rules that go there use those, and package xt for what they lack; rules
// with the rest of this package go to tables of other names.
//
// Match and Target need nft_compat in the kernel, which [Conn.Probe] asks for.
// [Native] has what to use without it, in a table of another name.
//
// # Byte order
//
// Integers of messages are turned by the Coder. Values that travel in
// registers, [Cmp.Data] and the like, are bytes as the packet or the kernel
// has them: ports and addresses in network order, marks and states in host
// order.
package nft
