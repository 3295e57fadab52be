//go:build linux

// Package nl speaks netlink, the protocol between the Linux kernel and the
// programs that configure its network: datagrams of messages, each a struct
// nlmsghdr, a fixed header of its family, and attributes (linux/netlink.h).
//
// # One description, four uses
//
// A [Message] says what it consists of once, in its Fields method, and a
// [Coder] walks that method to encode the message, to decode it, or to
// describe it as a [Set]. From the description follow the explainer
// ([Protocol.Explain]), which names every byte, and the place that an [Error]
// points to. Package rtnl and package nft hold the messages.
//
//	func (r *Rule) Fields(c *nl.Coder) {
//		if c.Decoding() {
//			*r = Rule{}
//		}
//		nl.M8(c, "nfgen_family", &r.Family)
//		c.Skip("(version, res_id)", 3)
//		nl.Str(c, unix.NFTA_RULE_TABLE, "NFTA_RULE_TABLE", &r.Table)
//		...
//	}
//
// # Requests
//
// A [Conn] is one socket in one network namespace. [Conn.Do] makes one
// request, [List] and [Stream] dump tables, and a [Batch] sends many requests
// at once. A refusal of the kernel is an [*Error]: an errno, the kernel's own
// text, and the path of the attribute it objects to.
//
// # Events
//
// A [Listener] hears of what others change, in its namespace or in all that have an
// id there, and says when it was too slow and events were lost.
//
// # Byte order
//
// The headers and rtnetlink's integers are in host order, those of nf_tables
// and all addresses and ports in network order. It is the attribute that has
// an order ([U32], [BE32]), never a constant.
package nl
