//go:build linux

// Package xt holds the matches and targets of xtables that rules of nf_tables
// use through nft_compat, as iptables-nft does: MASQUERADE, DNAT, conntrack.
//
// Each is a C struct of the kernel's headers, named in the type's comment: its
// integers are in host order, addresses and most ports in network order, and
// the whole is padded to XT_ALIGN. Package nft carries them in its Target and
// Match expressions. What this package does not know is a [*Raw].
//
// A struct is known by name and revision. iptables 1.8.9 and nft 1.0.6 read an
// info as their own newest revision whatever the rule says, so write those
// that the functions here make: [Masquerade], [SNAT], [DNAT], [Redirect],
// [NewComment], [CtState].
package xt
