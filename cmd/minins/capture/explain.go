//go:build linux

package capture

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// explain tells what would be done in each namespace.
func (s *session) explain() {
	for i := 0; i < len(calls); i += 2 {
		s.c.Explains(calls[i], calls[i+1])
	}
	var wanted *node
	for i := range s.links {
		wanted = join('|', wanted, known(adIfindex, uint32(i+2))) // made up
	}
	list := ""
	for i, c := range s.program(wanted) {
		list += fmt.Sprintf("(%03d) %s\n", i, instruction(i, c))
	}
	s.c.Explains(list, "")
}

var calls = []string{
	"setns(fd, CLONE_NEWNET)", "each namespace in turn",
	"sendto(NETLINK_ROUTE, RTM_GETLINK)", "its links",
	"socket(AF_PACKET, SOCK_RAW|SOCK_CLOEXEC, 0)", "needs CAP_NET_RAW there",
	"setsockopt(PACKET_VERSION, TPACKET_V3), setsockopt(PACKET_RX_RING), mmap()", "memory that the kernel puts packets into",
	"bind(ETH_P_ALL, ifindex 0)", "all links",
	"poll()", "then read the memory: each packet with its link and its time",
	"getsockopt(PACKET_STATISTICS)", "at the end: how many were dropped",
	"setsockopt(SO_ATTACH_FILTER)", "before bind: how many bytes are to be taken of a packet, by a program",
}

// The instructions that compile makes, as tcpdump -d has them.
var instructions = []struct {
	code   uint16
	format string // of k
}{
	{unix.BPF_LD | unix.BPF_W | unix.BPF_IND, "ld [x + %d]"},
	{unix.BPF_LD | unix.BPF_H | unix.BPF_IND, "ldh [x + %d]"},
	{unix.BPF_LD | unix.BPF_B | unix.BPF_IND, "ldb [x + %d]"},
	{unix.BPF_LD | unix.BPF_IMM, "ld #%d"},
	{unix.BPF_LDX | unix.BPF_MEM, "ldx M[%d]"},
	{unix.BPF_ST, "st M[%d]"},
	{unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, "and #0x%x"},
	{unix.BPF_ALU | unix.BPF_LSH | unix.BPF_K, "lsh #%d"},
	{unix.BPF_ALU | unix.BPF_ADD | unix.BPF_X, "add x"},
	{unix.BPF_MISC | unix.BPF_TAX, "tax"},
	{unix.BPF_RET | unix.BPF_K, "ret #%d"},
	{unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, "jeq #0x%x"},
	{unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, "jset #0x%x"},
}

// instruction is the one at a place, from which jumps are counted.
func instruction(at int, c unix.SockFilter) string {
	switch c.Code {
	case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
		switch c.K {
		case adProtocol:
			return "ld #proto"
		case adPktType:
			return "ld #type"
		case adIfindex:
			return "ld #ifidx"
		}
		return "ld #hatype"
	case unix.BPF_JMP | unix.BPF_JA:
		return fmt.Sprintf("ja %d", at+1+int(c.K))
	}
	for _, row := range instructions {
		if row.code != c.Code {
			continue
		}
		s := row.format
		if strings.Contains(s, "%") {
			s = fmt.Sprintf(s, c.K)
		}
		if c.Code&7 == unix.BPF_JMP {
			s = fmt.Sprintf("%-17s jt %d jf %d", s, at+1+int(c.Jt), at+1+int(c.Jf))
		}
		return s
	}
	return ""
}
