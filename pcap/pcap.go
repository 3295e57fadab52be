//go:build linux

package pcap

import "time"

// What the data of an interface's packets begins with: the LINKTYPE_ values of
// https://www.tcpdump.org/linktypes.html, of which these are some.
const (
	LinkTypeEthernet  = 1   // the header of an Ethernet frame
	LinkTypeRaw       = 101 // that of IPv4 or IPv6, told apart by its first four bits
	LinkTypeNetlink   = 253 // the one that [AppendNetlink] makes
	LinkTypeLinuxSLL2 = 276 // struct sockaddr_ll, as a socket tells it, in network order
)

// An Interface is where packets come from.
type Interface struct {
	LinkType    uint16 // LinkTypeEthernet …
	SnapLen     uint32 // no packet has more bytes of data; 0 is no limit
	Name        string // "" is none
	Description string // "" is none
}

// A Direction is that of a packet, as seen from its interface.
type Direction byte

// The directions, with the numbers of epb_flags.
const (
	Unknown Direction = iota
	Inbound
	Outbound
)

// A Packet is one of a file.
type Packet struct {
	Time    time.Time // in a file that we write: 1970 to 2262, of nanoseconds
	Data    []byte    // what was captured
	Length  int       // how many bytes there were on the link; for a Writer, 0 is len(Data)
	Dir     Direction
	Comment string // "" is none
}

// Statistics are counts of an interface since its first packet.
type Statistics struct {
	Time     time.Time // when they were taken
	Received uint64    // packets that were there to be captured: isb_ifrecv
	Dropped  uint64    // those of them that are not in the file: isb_ifdrop
}

// Types of blocks.
const (
	blockSection    = 0x0a0d0d0a
	blockInterface  = 1
	blockOldPacket  = 2 // obsolete
	blockSimple     = 3 // a packet without time and interface
	blockStatistics = 5
	blockPacket     = 6 // "enhanced"
)

// Options. Numbers from 2 on mean another thing in each type of block.
const (
	optEnd         = 0
	optComment     = 1
	shbUserAppl    = 4
	ifName         = 2
	ifDescription  = 3
	ifTSResol      = 9
	ifTSOffset     = 14
	epbFlags       = 2
	isbIfRecv      = 4
	isbIfDrop      = 5
	byteOrderMagic = 0x1a2b3c4d // behind the type and length of a section

	nanoseconds  = 9 // of if_tsresol: times are in 10^-9 s
	microseconds = 6 // what they are in without that option
)
