//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Queue gives the packet to a program. (NFTA_QUEUE_*)
type Queue struct {
	Num      nl.Opt[uint16] // of the first queue
	Total    nl.Opt[uint16] // how many queues share the packets
	Flags    nl.Opt[uint16] // 1, NFT_QUEUE_FLAG_BYPASS: accept if nobody listens; 2, NFT_QUEUE_FLAG_CPU_FANOUT
	SregQnum Register
}

// Name is the kernel's name of the expression.
func (*Queue) Name() string { return "queue" }

// Fields is the layout of NFTA_EXPR_DATA.
func (q *Queue) Fields(c *nl.Coder) {
	if c.Decoding() {
		*q = Queue{}
	}
	nl.OptBE16(c, unix.NFTA_QUEUE_NUM, "NFTA_QUEUE_NUM", &q.Num)
	nl.OptBE16(c, unix.NFTA_QUEUE_TOTAL, "NFTA_QUEUE_TOTAL", &q.Total)
	nl.OptBE16(c, unix.NFTA_QUEUE_FLAGS, "NFTA_QUEUE_FLAGS", &q.Flags)
	nl.BE32(c, unix.NFTA_QUEUE_SREG_QNUM, "NFTA_QUEUE_SREG_QNUM", &q.SregQnum)
}
