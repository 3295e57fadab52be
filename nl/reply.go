//go:build linux

package nl

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// What a [Kernel] answers with. Each function makes a datagram of one message
// that answers the request with header h.

// ReplyAck acknowledges the request, as the kernel does with NETLINK_CAP_ACK.
func ReplyAck(h Header) []byte { return ReplyError(h, 0) }

// ReplyError refuses the request with errno, or acknowledges it if that is 0.
func ReplyError(h Header, errno unix.Errno) []byte {
	b := make([]byte, headerLen+4+headerLen)
	Header{Len: uint32(len(b)), Type: unix.NLMSG_ERROR, Flags: unix.NLM_F_CAPPED, Seq: h.Seq}.put(b)
	binary.NativeEndian.PutUint32(b[headerLen:], uint32(-int32(errno)))
	h.put(b[headerLen+4:])
	return b
}

// ReplyDone ends a dump.
func ReplyDone(h Header) []byte {
	b := make([]byte, headerLen+4)
	Header{Len: uint32(len(b)), Type: unix.NLMSG_DONE, Flags: unix.NLM_F_MULTI, Seq: h.Seq}.put(b)
	return b
}

// Reply answers with a message of type typ; flags are NLM_F_MULTI in a dump.
func Reply(h Header, typ, flags uint16, m Message) ([]byte, error) {
	b, err := new(Coder).Append(make([]byte, headerLen), m)
	if err != nil {
		return nil, err
	}
	Header{Len: uint32(len(b)), Type: typ, Flags: flags, Seq: h.Seq}.put(b)
	return b, nil
}
