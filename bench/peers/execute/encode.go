//go:build linux

package main

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

var order = binary.NativeEndian

// attr appends an attribute to b.
func attr(b []byte, typ uint16, value []byte) []byte {
	b = order.AppendUint16(b, uint16(unix.SizeofRtAttr+len(value)))
	b = order.AppendUint16(b, typ)
	return pad(append(b, value...))
}

// attr32 appends an attribute of 32 bits in the host's byte order to b.
func attr32(b []byte, typ uint16, value uint32) []byte {
	b = order.AppendUint16(b, unix.SizeofRtAttr+4)
	b = order.AppendUint16(b, typ)
	return order.AppendUint32(b, value)
}

// begin appends the header of a nested attribute to b, which end completes.
func begin(b []byte, typ uint16) (_ []byte, start int) {
	return attr(b, typ|unix.NLA_F_NESTED, nil), len(b)
}

// end gives the nested attribute that starts there its length.
func end(b []byte, start int) { order.PutUint16(b[start:], uint16(len(b)-start)) }

func pad(b []byte) []byte {
	for len(b)%unix.NLA_ALIGNTO != 0 {
		b = append(b, 0)
	}
	return b
}

// routeHeader appends a struct rtmsg for a unicast route in the main table.
func routeHeader(b []byte, family, bits uint8) []byte {
	return append(b, family, bits, 0, 0, unix.RT_TABLE_MAIN, unix.RTPROT_STATIC, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST, 0, 0, 0, 0)
}

// linkHeader appends a struct ifinfomsg with the flags to set.
func linkHeader(b []byte, index, flags uint32) []byte {
	b = append(b, unix.AF_UNSPEC, 0, 0, 0)
	b = order.AppendUint32(b, index)
	b = order.AppendUint32(b, flags)
	return order.AppendUint32(b, flags)
}
