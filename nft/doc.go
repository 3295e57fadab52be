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
// # Many rules, and maps
//
// A batch of any number of rules and elements is one transaction, in one
// datagram. Requests are encoded as they are added: one Rule, changed and added
// 10,000 times, allocates nothing. [Conn.StreamRules] and [Conn.StreamElems]
// list in constant memory what [Conn.Rules] and [Conn.Elems] return in slices.
//
// A packet tries rules one after another, but looks into a map once. To load,
// an element costs the kernel a tenth of a rule. So what differs by a port or
// an address alone belongs into one map; see the example of [Batch.AddElems].
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
