//go:build linux

package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"golang.org/x/sys/unix"
)

// straced is strace with the options whose output datagrams reads.
var straced = []string{"strace", "-qq", "-e", "trace=%network", "-e", "write=all", "-e", "read=all"}

// numbers are those of the protocols.
var numbers = map[string]int{route: unix.NETLINK_ROUTE, netfilter: unix.NETLINK_NETFILTER}

// datagrams finds the datagrams of a protocol in the output of strace: a line for each, as
// fixtures have it. Below each call are the bytes of its buffers, in lines of
//
//	| 00010  ed ff ff ff 1c 00 00 00  14 00 05 00 a8 5b 00 00  .............[.. |
func datagrams(r io.Reader, protocol string) (lines []string, err error) {
	sockets := map[string]bool{} // those of the protocol, by descriptor
	head, bytes := "", ""
	end := func() {
		if bytes != "" {
			lines = append(lines, head+bytes)
		}
		bytes = ""
	}
	for in := bufio.NewScanner(r); in.Scan(); err = in.Err() {
		line := in.Text()
		if dump, ok := strings.CutPrefix(line, " | "); ok {
			if head == "" || len(dump) < 57 {
				continue
			}
			b, err := hex.DecodeString(strings.ReplaceAll(dump[7:56], " ", ""))
			if err != nil {
				return nil, fmt.Errorf("strace: %q: %w", line, err)
			}
			bytes += hex.EncodeToString(b)
			continue
		}
		call, args, ok := strings.Cut(line, "(")
		if !ok || strings.HasPrefix(line, " ") {
			continue // "* 20 bytes in buffer 0"
		}
		end()
		head = ""
		fd, _, _ := strings.Cut(args, ",")
		switch call {
		case "socket":
			words, result, _ := strings.Cut(args, ") = ")
			sockets[strings.TrimSpace(result)] = strings.HasPrefix(words, "AF_NETLINK, ") && strings.HasSuffix(words, ", "+protocol)
		case "send", "sendto", "sendmsg":
			head = ">"
		case "recv", "recvfrom", "recvmsg":
			head = "<"
		}
		if sockets[fd] && head != "" {
			head += fmt.Sprintf(" fd=%s proto=%d ", fd, numbers[protocol])
		} else {
			head = ""
		}
	}
	end()
	return lines, err
}
