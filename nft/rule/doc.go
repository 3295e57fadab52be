//go:build linux

// Package rule builds rules of nf_tables of typed parts, and refuses what nft(8)
// refuses although the kernel takes it.
//
//	// nft add rule ip nat post oifname eth0 ip saddr 10.1.0.0/16 counter masquerade
//	r, err := rule.New(post,
//		rule.OIFName("eth0"),
//		rule.SAddr(netip.MustParsePrefix("10.1.0.0/16")),
//		rule.Counter(),
//		rule.Masquerade(),
//	)
//	b.AddRule(r)
//
// A [Part] is what is between two spaces of such a line, more or less: the
// comment of each function is the text that nft has for it. What comes out has the
// bytes that nft 1.0.6 sends for the line, so that nft lists the rule as that
// line and takes its own list back.
//
// # What cannot be written
//
// A port without its protocol: ports are methods of [TCP] and [UDP], and so are
// a NAT to a port and a TCP reset. Each of them compares the protocol first, where
// the rule has not done so yet.
//
// # What is refused
//
// [New] knows the chain, and so its family, type and hook. It returns an [*Error],
// before anything is sent, for what the kernel would take and never match, or nft
// could not read back:
//
//   - an address of another family than the table's, or than one before it;
//   - two transport protocols in one rule;
//   - NAT in another chain than one of type nat at the right hook, reject where
//     the kernel cannot answer, the output device before there is one;
//   - sets and maps of another table, or whose key is of other types;
//   - anything behind the part that decides on the packet.
//
// A chain without a hook is entered by jumps from where it does not know; the
// kernel looks at that when the rule comes.
//
// # The rest of the language
//
// The parts are those of filters and NAT. All else that nft has is in the
// expressions of package nft, or, as text, in package nft/lang.
package rule
