//go:build linux

// Package pcap writes and reads files of packets: pcapng, which it writes, and
// the older pcap, which it only reads. Wireshark, tshark and tcpdump read and write
// both.
//
// # Writing
//
// A file has any number of interfaces, and each packet belongs to one:
//
//	w, err := pcap.NewWriter(file, "minins")
//	id, err := w.Interface(pcap.Interface{LinkType: pcap.LinkTypeEthernet, Name: "red:eth0"})
//	err = w.Packet(id, pcap.Packet{Time: now, Data: frame, Dir: pcap.Inbound})
//	err = w.Statistics(id, pcap.Statistics{Time: now, Received: 1})
//
// Each call is one block of the file and one Write, so that a file is whole after
// any of them. A Packet allocates nothing.
//
// # Reading
//
// [Reader.Next] returns one packet after the other, with its interface.
//
// # Netlink
//
// Datagrams of netlink are packets as well, of [LinkTypeNetlink], behind a header
// that [AppendNetlink] makes and [CutNetlink] takes off.
//
// The formats are those of draft-ietf-opsawg-pcapng and draft-ietf-opsawg-pcap;
// https://www.tcpdump.org/linktypes.html lists the link types.
package pcap
