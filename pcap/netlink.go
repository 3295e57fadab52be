//go:build linux

package pcap

import "encoding/binary"

// The header of LINKTYPE_NETLINK, all of it in network order: what the packet is to
// the one who captures it (0 sent to us, 4 sent by us), the type of the device
// (ARPHRD_NETLINK), a length and 8 bytes of an address that there is not, and the
// protocol, which is the family of the netlink socket.
const (
	netlinkHeader = 16

	arphrdNetlink = 824

	packetHost     = 0 // linux/if_packet.h
	packetOutgoing = 4
	packetKernel   = 7 // to the kernel, as an nlmon device says it
)

// AppendNetlink appends a datagram of netlink as [LinkTypeNetlink] has it. It is
// Outbound if it goes to the kernel; family is NETLINK_ROUTE ….
func AppendNetlink(b []byte, dir Direction, family uint16, datagram []byte) []byte {
	typ := uint16(packetHost)
	if dir == Outbound {
		typ = packetOutgoing
	}
	b = binary.BigEndian.AppendUint16(b, typ)
	b = binary.BigEndian.AppendUint16(b, arphrdNetlink)
	b = append(b, make([]byte, 10)...)
	b = binary.BigEndian.AppendUint16(b, family)
	return append(b, datagram...)
}

// CutNetlink is the way back, also from what an nlmon device has captured. It is
// not ok if data is shorter than the header, or not of netlink.
func CutNetlink(data []byte) (dir Direction, family uint16, datagram []byte, ok bool) {
	if len(data) < netlinkHeader || binary.BigEndian.Uint16(data[2:]) != arphrdNetlink {
		return 0, 0, nil, false
	}
	dir = Inbound
	if typ := binary.BigEndian.Uint16(data); typ == packetOutgoing || typ == packetKernel {
		dir = Outbound
	}
	return dir, binary.BigEndian.Uint16(data[14:]), data[netlinkHeader:], true
}
