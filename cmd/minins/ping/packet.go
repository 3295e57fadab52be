//go:build linux

package ping

import (
	"encoding/binary"
	"time"
)

// ICMP and ICMPv6 types, linux/icmp.h and linux/icmpv6.h.
const (
	echoReply4    = 0
	sourceQuench4 = 4
	redirect4     = 5
	echo4         = 8
	echo6         = 128
	echoReply6    = 129
)

const headerLen = 8 // of an ICMP echo message

// An echo is the header of an echo request or reply (struct icmphdr): type,
// code, checksum, then the identifier and the sequence number, big-endian.
type echo struct {
	typ, code byte
	id, seq   uint16
}

// newPacket is room for a request of that many data bytes, filled with the
// pattern, or with 0, 1, 2 and so on.
func newPacket(size int, pattern []byte) []byte {
	packet := make([]byte, headerLen+size)
	for i := range packet[headerLen:] {
		if len(pattern) > 0 {
			packet[headerLen+i] = pattern[i%len(pattern)]
		} else {
			packet[headerLen+i] = byte(i)
		}
	}
	return packet
}

// put writes the header and, if there is room, the time (struct timeval of a
// 64-bit machine). The checksum is computed for IPv4 alone: in ICMPv6 it
// covers the addresses, which only the kernel knows.
func (e echo) put(packet []byte, now time.Time) {
	packet[0], packet[1] = e.typ, e.code
	binary.BigEndian.PutUint16(packet[2:], 0)
	binary.BigEndian.PutUint16(packet[4:], e.id)
	binary.BigEndian.PutUint16(packet[6:], e.seq)
	if len(packet) >= headerLen+timeLen {
		binary.NativeEndian.PutUint64(packet[8:], uint64(now.Unix()))
		binary.NativeEndian.PutUint64(packet[16:], uint64(now.Nanosecond()/1000))
	}
	if e.typ == echo4 {
		binary.BigEndian.PutUint16(packet[2:], checksum(packet))
	}
}

// parseEcho reads a header. ok is false if the message is too short.
func parseEcho(b []byte) (e echo, ok bool) {
	if len(b) < headerLen {
		return echo{}, false
	}
	return echo{b[0], b[1], binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])}, true
}

// sentAt is the time in a reply's data.
func sentAt(packet []byte) time.Time {
	return time.Unix(int64(binary.NativeEndian.Uint64(packet[8:])),
		1000*int64(binary.NativeEndian.Uint64(packet[16:])))
}

// checksum is that of RFC 1071. Over a message with its checksum in it, it is 0.
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(b[0])<<8 | uint32(b[1])
		sum = sum&0xffff + sum>>16
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	sum = sum&0xffff + sum>>16
	return ^uint16(sum&0xffff + sum>>16)
}

// cutIP removes the IPv4 header that a raw socket delivers and returns its
// time to live.
func cutIP(b []byte) (message []byte, ttl int, ok bool) {
	if len(b) < 20 {
		return nil, 0, false
	}
	length := int(b[0]&0x0f) * 4
	if length < 20 || len(b) < length+headerLen {
		return nil, 0, false
	}
	return b[length:], int(b[8]), true
}
