//go:build linux

// Package rtnl speaks rtnetlink, the part of netlink that configures links,
// addresses, routes and neighbours (linux/rtnetlink.h).
//
// # Messages
//
// [Link], [Addr], [Route], [Neigh], [NSID] and [Rule] are the kernel's
// messages: the fixed header's members and the attributes, in Go's types. A
// field whose zero means something is an [nl.Opt]; any other zero field is not
// sent. A decoded message may hold what the kernel never takes (counters,
// states): change a message of your own, not the one that was read.
//
// # Verbs
//
// A [Conn] has a method for each thing to do. Its zero [nl.Config] means the
// namespace of the calling thread:
//
//	c, err := rtnl.Dial(nl.Config{})
//	...
//	err = c.AddLink(ctx, &rtnl.Link{Name: "veth-red", Info: rtnl.LinkInfo{Kind: "veth",
//		Peer: &rtnl.Link{Name: "veth-blue"}}})
//
// What a verb has no parameter for is said to [nl.Conn.Do] with the message.
//
// # Many at once
//
// A [Batch] sends thousands of requests by one system call and names those that
// were refused; [Conn.StreamRoutes] and its like dump in constant memory;
// [Conn.DelLinks] deletes any number of links in the time of one; [NewVeth] has
// what a cable needs to be made quickly; and routes that share a [NextHopObject]
// change their gateway by one message. A dump that reads into a message with
// fewer fields of its own (see [nl.Stream]) decodes only those.
//
// # Errors
//
// A refused request is an [*OpError]: the operation and its object in words
// ("add link veth-red"), the likely reason where it is known, and below it the
// kernel's verdict as an [*nl.Error]. errors.Is works with unix.EEXIST and with
// fs.ErrExist alike.
//
// rtnetlink has no transactions: of several requests each stands alone, and a
// refused one may have been done in part (a link whose new master is refused
// has already left its old one).
package rtnl
