//go:build linux

package decode

import (
	"errors"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A strace is what is known of the output of strace: it puts netlink in words, and has
// the bytes in a dump below the call, if it was asked for that.
type strace struct {
	families map[int]int // of netlink sockets, by descriptor
	calls    int         // of netlink
	dumps    int

	now datagram // of the last call, without its bytes
	on  bool     // that was one of netlink
}

var errWords = errors.New("strace has put these messages in words and left no bytes: " +
	"record with strace -f -e trace=network -e write=all -e read=all")

// call says whether a line is a system call, and notes what the dump below it is of.
func (s *strace) call(text string) bool {
	before, args, ok := strings.Cut(text, "(")
	if !ok || before == "" || strings.HasPrefix(before, "#") {
		return false
	}
	name := before[strings.LastIndexByte(before, ' ')+1:] // behind a process ID and a time
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" || !strings.Contains(args, ")") && !strings.Contains(args, "<unfinished") {
		return false
	}
	s.on = false
	if name == "socket" {
		s.socket(args)
		return true
	}
	d := datagram{family: unknownFamily}
	switch name {
	case "sendto", "sendmsg", "sendmmsg", "send", "write", "writev":
		d.dir = sent
	case "recvfrom", "recvmsg", "recvmmsg", "recv", "read", "readv":
		d.dir = received
	default:
		return name[0] < '0' || name[0] > '9'
	}
	number, _, _ := strings.Cut(args, ",")
	number, _, _ = strings.Cut(number, "<") // of what -y adds
	fd, err := strconv.Atoi(number)
	family, known := s.families[fd]
	switch {
	case err != nil:
	case known:
		d.family, s.on = family, true
	case strings.Contains(args, "AF_NETLINK") || strings.Contains(args, "nlmsg_len="):
		s.on = true
	}
	if s.on {
		s.calls++
		s.now = d
	}
	return true
}

// socket notes the descriptor of a netlink socket.
func (s *strace) socket(args string) {
	words, result, ok := strings.Cut(args, ") = ")
	result, _, _ = strings.Cut(strings.TrimSpace(result), "<")
	fd, err := strconv.Atoi(result)
	if !ok || err != nil {
		return
	}
	if s.families == nil {
		s.families = map[int]int{}
	}
	delete(s.families, fd)
	if w := strings.Split(words, ", "); len(w) == 3 && (w[0] == "AF_NETLINK" || w[0] == "PF_NETLINK") {
		s.families[fd] = netlinkFamily(w[2])
	}
}

// netlinkFamily is the number of a family, or unknownFamily.
func netlinkFamily(name string) int {
	switch name {
	case "NETLINK_ROUTE":
		return unix.NETLINK_ROUTE
	case "NETLINK_NETFILTER":
		return unix.NETLINK_NETFILTER
	case "NETLINK_GENERIC":
		return unix.NETLINK_GENERIC
	case "NETLINK_SOCK_DIAG":
		return unix.NETLINK_SOCK_DIAG
	case "NETLINK_XFRM":
		return unix.NETLINK_XFRM
	}
	return unknownFamily
}

// dump says whether a line is one of a dump, " | 00010  ed ff ff ff  .... |", and reads it.
// have is how many bytes were before it.
func (s *strace) dump(text string, have int) (b []byte, ok bool) {
	text, isDump := strings.CutPrefix(text, " | ")
	if !isDump {
		return nil, strings.HasPrefix(text, " * ") && strings.Contains(text, " bytes in buffer ")
	}
	if !s.on {
		return nil, true
	}
	h, ok := hexLine(text, have)
	if ok {
		s.dumps++
	}
	return h.bytes, true
}

// end is the error of an output that has calls and no bytes.
func (s *strace) end() error {
	if s.calls > 0 && s.dumps == 0 {
		return errWords
	}
	return nil
}
