//go:build linux

package nl

import (
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

const headerLen = 16 // struct nlmsghdr

// A Header is struct nlmsghdr of linux/netlink.h, all in host order.
type Header struct {
	Len   uint32 // nlmsg_len: of the whole message, this header included
	Type  uint16 // nlmsg_type
	Flags uint16 // nlmsg_flags: NLM_F_*
	Seq   uint32 // nlmsg_seq
	Port  uint32 // nlmsg_pid: the sending socket's port, 0 is the kernel's
}

func (h Header) put(b []byte) {
	binary.NativeEndian.PutUint32(b, h.Len)
	binary.NativeEndian.PutUint16(b[4:], h.Type)
	binary.NativeEndian.PutUint16(b[6:], h.Flags)
	binary.NativeEndian.PutUint32(b[8:], h.Seq)
	binary.NativeEndian.PutUint32(b[12:], h.Port)
}

// Next splits the first message off a datagram. ok is false if there is none,
// or not a whole one.
func Next(datagram []byte) (h Header, body, rest []byte, ok bool) {
	if len(datagram) < headerLen {
		return Header{}, nil, datagram, false
	}
	h = Header{
		Len:   binary.NativeEndian.Uint32(datagram),
		Type:  binary.NativeEndian.Uint16(datagram[4:]),
		Flags: binary.NativeEndian.Uint16(datagram[6:]),
		Seq:   binary.NativeEndian.Uint32(datagram[8:]),
		Port:  binary.NativeEndian.Uint32(datagram[12:]),
	}
	if h.Len < headerLen || int64(h.Len) > int64(len(datagram)) {
		return h, nil, datagram, false
	}
	l := int(h.Len)
	return h, datagram[headerLen:l], datagram[min(align(l), len(datagram)):], true
}

// TypeName is the kernel's name of message type typ.
func (p *Protocol) TypeName(typ uint16) string {
	switch typ {
	case unix.NLMSG_NOOP:
		return "NLMSG_NOOP"
	case unix.NLMSG_ERROR:
		return "NLMSG_ERROR"
	case unix.NLMSG_DONE:
		return "NLMSG_DONE"
	case unix.NLMSG_OVERRUN:
		return "NLMSG_OVERRUN"
	}
	if name, _ := p.Type(typ); name != "" {
		return name
	}
	return fmt.Sprintf("%s type %#x", p.Name, typ)
}

// FlagsName writes nlmsg_flags in words. The bits above the low byte mean
// different things to requests that get, make and delete, and to answers.
func (p *Protocol) FlagsName(typ, flags uint16) string {
	return FlagNames(uint32(flags), append(commonFlags, p.highFlags(typ)...))
}

var commonFlags = []FlagName{
	{unix.NLM_F_REQUEST, "NLM_F_REQUEST"},
	{unix.NLM_F_MULTI, "NLM_F_MULTI"},
	{unix.NLM_F_ACK, "NLM_F_ACK"},
	{unix.NLM_F_ECHO, "NLM_F_ECHO"},
	{unix.NLM_F_DUMP_INTR, "NLM_F_DUMP_INTR"},
	{unix.NLM_F_DUMP_FILTERED, "NLM_F_DUMP_FILTERED"},
}

// The bits above the low byte.
var (
	answerFlags = []FlagName{{unix.NLM_F_CAPPED, "NLM_F_CAPPED"}, {unix.NLM_F_ACK_TLVS, "NLM_F_ACK_TLVS"}}
	getFlags    = []FlagName{
		{unix.NLM_F_DUMP, "NLM_F_DUMP"}, {unix.NLM_F_ROOT, "NLM_F_ROOT"},
		{unix.NLM_F_MATCH, "NLM_F_MATCH"}, {unix.NLM_F_ATOMIC, "NLM_F_ATOMIC"},
	}
	deleteFlags = []FlagName{{unix.NLM_F_NONREC, "NLM_F_NONREC"}, {unix.NLM_F_BULK, "NLM_F_BULK"}}
	newFlags    = []FlagName{
		{unix.NLM_F_REPLACE, "NLM_F_REPLACE"}, {unix.NLM_F_EXCL, "NLM_F_EXCL"},
		{unix.NLM_F_CREATE, "NLM_F_CREATE"}, {unix.NLM_F_APPEND, "NLM_F_APPEND"},
	}
)

func (p *Protocol) highFlags(typ uint16) []FlagName {
	switch name := p.TypeName(typ); {
	case typ < unix.NLMSG_MIN_TYPE:
		return answerFlags
	case strings.Contains(name, "_GET"):
		return getFlags
	case strings.Contains(name, "_DEL"):
		return deleteFlags
	}
	return newFlags
}
