//go:build linux

package ping

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
)

// oddHosts has all hosts of 10.1.0.0/16 and fd01::/64 in a namespace, whose
// kernel does not answer, until the test ends. The last words of an address say
// what a host answers with: 0 and a kind of reply, see oddReplies, or the type
// and code of an ICMP error.
func oddHosts(t *testing.T, ns *testns.NS) {
	t.Helper()
	ns.Sysctl(t, "net/ipv4/icmp_echo_ignore_all", 1)
	ns.Sysctl(t, "net/ipv6/icmp/echo_ignore_all", 1)
	ns.Sysctl(t, "net/ipv6/ip_nonlocal_bind", 1)
	for _, line := range []string{"route add local 10.1.0.0/16 dev lo", "-6 route add local fd01::/64 dev lo"} {
		ns.Run(t, append([]string{"ip"}, testns.Words(line)...)...).Must(t)
	}
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		fds, err := oddSockets(t, ns, family)
		if err != nil {
			t.Fatal(err)
		}
		stop, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for {
				select {
				case <-stop:
					return
				default:
					oddAnswer(fds, family)
				}
			}
		}()
		t.Cleanup(func() {
			close(stop)
			<-done
			unix.Close(fds[0])
			unix.Close(fds[1])
		})
	}
}

// oddSockets are one to receive requests with and one to send answers.
func oddSockets(t *testing.T, ns *testns.NS, family int) (fds [2]int, err error) {
	t.Helper()
	protos := [2]int{unix.IPPROTO_ICMP, unix.IPPROTO_RAW}
	if family == unix.AF_INET6 {
		protos = [2]int{unix.IPPROTO_ICMPV6, unix.IPPROTO_ICMPV6}
	}
	ns.Do(t, func() {
		for i := range fds {
			if err == nil {
				fds[i], err = unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, protos[i])
			}
		}
	})
	if err != nil {
		return fds, err
	}
	if family == unix.AF_INET6 {
		if err := unix.SetsockoptInt(fds[0], unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, 1); err != nil {
			return fds, err
		}
	}
	return fds, unix.SetsockoptTimeval(fds[0], unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 50000})
}

// oddAnswer waits a moment for a request and answers it.
func oddAnswer(fds [2]int, family int) {
	buf, oob := make([]byte, 70000), make([]byte, 512)
	n, oobn, _, from, err := unix.Recvmsg(fds[0], buf, oob, 0)
	if err != nil {
		return // nothing came
	}
	if family == unix.AF_INET {
		message, _, ok := cutIP(buf[:n])
		if !ok || message[0] != echo4 {
			return
		}
		header := buf[:20]
		for _, m := range oddReplies(message, buf[:n], header[18], header[19], false) {
			source := slices.Clone(header[16:20])
			if header[18] == 0 && header[19] == 6 {
				source[3] = 2
			}
			packet := append(slices.Clone(header), m...)
			copy(packet[12:], source)
			copy(packet[16:], header[12:16])
			packet[8] = 55 // the time to live
			_ = unix.Sendto(fds[1], packet, 0, from)
		}
		return
	}
	messages, err := unix.ParseSocketControlMessage(oob[:oobn])
	if err != nil || len(messages) == 0 || buf[0] != echo6 {
		return
	}
	to := messages[0].Data[:16] // struct in6_pktinfo
	asker := address(from).As16()
	whole := slices.Concat([]byte{0x60, 0, 0, 0, byte(n >> 8), byte(n), unix.IPPROTO_ICMPV6, 60}, asker[:], to, buf[:n])
	for _, m := range oddReplies(buf[:n], whole, to[13], to[15], true) {
		source := slices.Clone(to)
		if to[13] == 0 && to[15] == 6 {
			source[15] = 2
		}
		info := unix.PktInfo6(&unix.Inet6Pktinfo{Addr: [16]byte(source)})
		_ = unix.Sendmsg(fds[1], m, info, from, 0)
	}
}

// oddReplies are the ICMP messages that answer a request: whole is with its IP
// header.
func oddReplies(request, whole []byte, typ, code byte, six bool) [][]byte {
	reply := slices.Clone(request)
	reply[0] = echoReply4
	if six {
		reply[0] = echoReply6
	}
	sum := func(b []byte) []byte {
		b[2], b[3] = 0, 0
		binary.BigEndian.PutUint16(b[2:], checksum(b))
		return b
	}
	if typ != 0 {
		errors := append([]byte{typ, code, 0, 0, 0, 0, 0x05, 0x14}, whole...) // an MTU of 1300
		if typ == redirect4 && !six {
			copy(errors[4:], []byte{10, 0, 0, 7})
		}
		if typ == 12 && !six {
			errors[4] = 5
		}
		if typ == 4 && six {
			errors[6], errors[7] = 0, 5
		}
		return [][]byte{sum(errors)}
	}
	switch code {
	case 2: // twice
		return [][]byte{sum(reply), sum(bytes.Clone(reply))}
	case 3: // damaged
		sum(reply)[3]++
		return [][]byte{reply}
	case 4: // other data
		reply[len(reply)-1]++
	case 5: // only half of it
		reply = reply[:headerLen+(len(reply)-headerLen)/2]
	case 6: // from another address
	case 7: // of another request
		reply[4] ^= 0x55
	case 8: // of a request that was not made yet
		reply[7] += 5
	default:
		return nil
	}
	return [][]byte{sum(reply)}
}
