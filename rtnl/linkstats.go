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

// counterNames are the kernel's, in the same order.
var counterNames = [...]string{
	"rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "rx_errors", "tx_errors", "rx_dropped", "tx_dropped",
	"multicast", "collisions", "rx_length_errors", "rx_over_errors", "rx_crc_errors", "rx_frame_errors",
	"rx_fifo_errors", "rx_missed_errors", "tx_aborted_errors", "tx_carrier_errors", "tx_fifo_errors",
	"tx_heartbeat_errors", "tx_window_errors", "rx_compressed", "tx_compressed", "rx_nohandler",
}

func (s *counters[T]) all() [len(counterNames)]*T {
	return [...]*T{
		&s.RxPackets, &s.TxPackets, &s.RxBytes, &s.TxBytes, &s.RxErrors, &s.TxErrors, &s.RxDropped, &s.TxDropped,
		&s.Multicast, &s.Collisions, &s.RxLengthErrors, &s.RxOverErrors, &s.RxCRCErrors, &s.RxFrameErrors,
		&s.RxFIFOErrors, &s.RxMissedErrors, &s.TxAbortedErrors, &s.TxCarrierErrors, &s.TxFIFOErrors,
		&s.TxHeartbeatErrors, &s.TxWindowErrors, &s.RxCompressed, &s.TxCompressed, &s.RxNoHandler,
	}
}

// LinkMap is struct rtnl_link_ifmap: resources of hardware of the ISA bus.
type LinkMap struct {
	MemStart, MemEnd, BaseAddr uint64
	IRQ                        uint16
	DMA, Port                  uint8
}

func (l *Link) stats(c *nl.Coder) {
	if c.Struct(unix.IFLA_STATS64, "IFLA_STATS64", l.Stats.Ok) {
		p := l.Stats.V.all()
		nl.MArray(c, counterNames[:], p[:])
		nl.M64(c, "rx_otherhost_dropped", &l.Stats.V.RxOtherHostDropped)
		l.Stats.Ok = true
		c.End()
	}
	if c.Struct(unix.IFLA_STATS, "IFLA_STATS", l.Stats32.Ok) {
		p := l.Stats32.V.all()
		nl.MArray(c, counterNames[:], p[:])
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
