//go:build linux

package rtnl

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// LinkStats is struct rtnl_link_stats64 of linux/if_link.h.
type LinkStats = counters[uint64]

// LinkStats32 is struct rtnl_link_stats, the same counters in 32 bits.
type LinkStats32 = counters[uint32]

// counters are a link's, in the order of the kernel's structs.
type counters[T uint32 | uint64] struct {
	RxPackets, TxPackets T
	RxBytes, TxBytes     T
	RxErrors, TxErrors   T
	RxDropped, TxDropped T
	Multicast            T
	Collisions           T

	RxLengthErrors, RxOverErrors, RxCRCErrors   T
	RxFrameErrors, RxFIFOErrors, RxMissedErrors T

	TxAbortedErrors, TxCarrierErrors, TxFIFOErrors T
	TxHeartbeatErrors, TxWindowErrors              T

	RxCompressed, TxCompressed T
	RxNoHandler                T
	RxOtherHostDropped         T // in 64 bits only
}

func (s *counters[T]) fields(c *nl.Coder, member func(*nl.Coder, string, *T)) {
	member(c, "rx_packets", &s.RxPackets)
	member(c, "tx_packets", &s.TxPackets)
	member(c, "rx_bytes", &s.RxBytes)
	member(c, "tx_bytes", &s.TxBytes)
	member(c, "rx_errors", &s.RxErrors)
	member(c, "tx_errors", &s.TxErrors)
	member(c, "rx_dropped", &s.RxDropped)
	member(c, "tx_dropped", &s.TxDropped)
	member(c, "multicast", &s.Multicast)
	member(c, "collisions", &s.Collisions)
	member(c, "rx_length_errors", &s.RxLengthErrors)
	member(c, "rx_over_errors", &s.RxOverErrors)
	member(c, "rx_crc_errors", &s.RxCRCErrors)
	member(c, "rx_frame_errors", &s.RxFrameErrors)
	member(c, "rx_fifo_errors", &s.RxFIFOErrors)
	member(c, "rx_missed_errors", &s.RxMissedErrors)
	member(c, "tx_aborted_errors", &s.TxAbortedErrors)
	member(c, "tx_carrier_errors", &s.TxCarrierErrors)
	member(c, "tx_fifo_errors", &s.TxFIFOErrors)
	member(c, "tx_heartbeat_errors", &s.TxHeartbeatErrors)
	member(c, "tx_window_errors", &s.TxWindowErrors)
	member(c, "rx_compressed", &s.RxCompressed)
	member(c, "tx_compressed", &s.TxCompressed)
	member(c, "rx_nohandler", &s.RxNoHandler)
}

// LinkMap is struct rtnl_link_ifmap: resources of hardware of the ISA bus.
type LinkMap struct {
	MemStart, MemEnd, BaseAddr uint64
	IRQ                        uint16
	DMA, Port                  uint8
}

func (l *Link) stats(c *nl.Coder) {
	if c.Struct(unix.IFLA_STATS64, "IFLA_STATS64", l.Stats.Ok) {
		l.Stats.V.fields(c, nl.M64[uint64])
		nl.M64(c, "rx_otherhost_dropped", &l.Stats.V.RxOtherHostDropped)
		l.Stats.Ok = true
		c.End()
	}
	if c.Struct(unix.IFLA_STATS, "IFLA_STATS", l.Stats32.Ok) {
		l.Stats32.V.fields(c, nl.M32[uint32])
		l.Stats32.Ok = true
		c.End()
	}
	if c.Struct(unix.IFLA_MAP, "IFLA_MAP", l.Map.Ok) {
		m := &l.Map.V
		nl.M64(c, "mem_start", &m.MemStart)
		nl.M64(c, "mem_end", &m.MemEnd)
		nl.M64(c, "base_addr", &m.BaseAddr)
		nl.M16(c, "irq", &m.IRQ)
		nl.M8(c, "dma", &m.DMA)
		nl.M8(c, "port", &m.Port)
		c.Skip("(pad)", 4)
		l.Map.Ok = true
		c.End()
	}
}
