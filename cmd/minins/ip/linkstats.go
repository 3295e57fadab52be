//go:build linux

package ip

import (
	"fmt"
	"strings"

	"github.com/minins/minins/rtnl"
)

// A counter is a column of the statistics: its head, its JSON key and value.
// A hidden one shows only where it is not zero.
type counter struct {
	head, key string
	n         uint64
	hidden    bool
}

// A row is a line of counters. more marks those that only -s -s shows.
type row struct {
	head     string
	counters []counter
	more     bool
}

// rows are a link's statistics, received and sent.
func rows(l *rtnl.Link) (rx, tx []row) {
	s := l.Stats.V
	rx = []row{
		{head: "RX:", counters: []counter{{"bytes", "bytes", s.RxBytes, false}, {"packets", "packets", s.RxPackets, false},
			{"errors", "errors", s.RxErrors, false}, {"dropped", "dropped", s.RxDropped, false},
			{"missed", "over_errors", s.RxMissedErrors, false}, {"mcast", "multicast", s.Multicast, false},
			{"compressed", "compressed", s.RxCompressed, true}}},
		{head: "RX errors:", more: true, counters: []counter{{}, {"length", "length_errors", s.RxLengthErrors, false},
			{"crc", "crc_errors", s.RxCRCErrors, false}, {"frame", "frame_errors", s.RxFrameErrors, false},
			{"fifo", "fifo_errors", s.RxFIFOErrors, false}, {"overrun", "missed_errors", s.RxOverErrors, false},
			{"nohandler", "nohandler", s.RxNoHandler, true}}},
	}
	tx = []row{
		{head: "TX:", counters: []counter{{"bytes", "bytes", s.TxBytes, false}, {"packets", "packets", s.TxPackets, false},
			{"errors", "errors", s.TxErrors, false}, {"dropped", "dropped", s.TxDropped, false},
			{"carrier", "carrier_errors", s.TxCarrierErrors, false}, {"collsns", "collisions", s.Collisions, false},
			{"compressed", "compressed", s.TxCompressed, true}}},
		{head: "TX errors:", more: true, counters: []counter{{}, {"aborted", "aborted_errors", s.TxAbortedErrors, false},
			{"fifo", "fifo_errors", s.TxFIFOErrors, false}, {"window", "window_errors", s.TxWindowErrors, false},
			{"heartbt", "heartbeat_errors", s.TxHeartbeatErrors, false}}},
	}
	if l.CarrierChanges.Ok {
		tx[1].counters = append(tx[1].counters, counter{"transns", "carrier_changes", uint64(l.CarrierChanges.V), false})
	}
	return rx, tx
}

// showStats renders the counters as a table whose columns fit the longest.
func (v *view) showStats(l *rtnl.Link) {
	if !l.Stats.Ok {
		return
	}
	rx, tx := rows(l)
	if v.json != nil {
		// iproute2 has the overruns under this name, and the missed below.
		rx[0].counters[4].n, rx[1].counters[5].n = l.Stats.V.RxOverErrors, l.Stats.V.RxMissedErrors
	}
	width := [7]int{len("*X errors:"), len("packets"), len("errors"), len("dropped"), len("heartbt"), len("overrun"), len("compressed")}
	shown := func(r row) bool { return !r.more || v.opt.stats > 1 }
	for _, r := range append(rx[:len(rx):len(rx)], tx...) {
		for i, c := range r.counters {
			if shown(r) {
				width[i] = max(width[i], len(v.opt.scaled(c.n)))
			}
		}
	}
	v.object("stats64")
	for i, direction := range [][]row{rx, tx} {
		v.object([]string{"rx", "tx"}[i])
		for j, r := range direction {
			if !shown(r) {
				continue
			}
			if i+j > 0 {
				v.line()
			}
			v.showCounters(r, width[:])
		}
		v.end()
	}
	v.end()
}

func (v *view) showCounters(r row, width []int) {
	if v.json != nil {
		for _, c := range r.counters {
			if c.key != "" && (!c.hidden || c.n != 0) {
				v.uint(c.key, "", c.n)
			}
		}
		return
	}
	var head, line strings.Builder
	fmt.Fprintf(&head, "    %s", r.head)
	line.WriteString("    ")
	for i, c := range r.counters {
		pad := width[i]
		if i == 0 {
			pad -= len(r.head)
		}
		switch {
		case c.head == "": // the row's head takes its place
			fmt.Fprintf(&head, "%*s", pad, "")
			fmt.Fprintf(&line, "%*s ", width[i], "")
			continue
		case i == 0:
			fmt.Fprintf(&head, "%*s", pad, c.head)
		case c.hidden && c.n == 0 && r.more:
			continue
		case c.hidden && c.n == 0:
			fmt.Fprintf(&head, " %*s", pad, "")
			continue
		default:
			fmt.Fprintf(&head, " %*s", pad, c.head)
		}
		fmt.Fprintf(&line, "%*s ", width[i], v.opt.scaled(c.n))
	}
	v.text("%s", head.String())
	v.line()
	v.text("%s", line.String())
}
