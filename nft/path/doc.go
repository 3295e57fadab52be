//go:build linux

// Package path finds the way that one packet takes through the network namespaces of a
// host, from what nf_tables tells of packets that are traced.
//
//	f := &path.Flow{Family: nft.IPv4, Proto: unix.IPPROTO_ICMP, Cookie: cookie}
//	f.AddTable(batch, nft.IPv4, path.TablePrefix+"1")   // in each namespace
//	…                                               // send the packet; keep the events
//	p := path.Assemble(events, path.TablePrefix+"1", f, next)
//
// # Which packets are traced
//
// A rule with "meta nftrace set 1" marks a packet, and the mark is gone when the packet
// comes to another namespace. So each namespace needs rules of its own, and they must
// know the packet again whatever NAT has made of its addresses and ports on the way. Who
// sends it can see to that: see [Flow].
//
// # What is known of the way
//
// An event of NFT_MSG_TRACE has a table, a chain, a rule and a verdict, but no hook and
// no time. The table of [Flow.AddTable] has a chain at the beginning of each hook, so
// that its events, which are there also where nobody else has rules, tell the hook, the
// links and the headers as they are by then; and one at the end of input and of
// postrouting, behind all others, which tell that the packet came through, and what NAT
// made of it. Events of one namespace come in their order. Those of two are put in order by where
// a packet went out and what is at the other end of that cable ([Next]).
//
// Assemble and all that it returns are pure: nothing here talks to the kernel.
package path
