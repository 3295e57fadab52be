//go:build linux

package ip

import (
	"strings"

	"github.com/minins/minins/rtnl"
)

// A counter is a column of the statistics: its head and its JSON key. A
// hidden one shows only where it is not zero. One without a head has the place
// of the row's.
type counter struct {
	head, key string
	hidden    bool
}

// A row is a line of counters. more marks those that only -s -s shows.
type row struct {
	head     string
	counters []counter
	more     bool
}

// statRows are the rows, received and sent. Their values are in counts.
var statRows = [4]row{
	{"RX:", []counter{{"bytes", "bytes", false}, {"packets", "packets", false}, {"errors", "errors", false}, {"dropped", "dropped", false},
		{"missed", "over_errors", false}, {"mcast", "multicast", false}, {"compressed", "compressed", true}}, false},
	{"RX errors:", []counter{{}, {"length", "length_errors", false}, {"crc", "crc_errors", false}, {"frame", "frame_errors", false},
		{"fifo", "fifo_errors", false}, {"overrun", "missed_errors", false}, {"nohandler", "nohandler", true}}, true},
	{"TX:", []counter{{"bytes", "bytes", false}, {"packets", "packets", false}, {"errors", "errors", false}, {"dropped", "dropped", false},
		{"carrier", "carrier_errors", false}, {"collsns", "collisions", false}, {"compressed", "compressed", true}}, false},
	{"TX errors:", []counter{{}, {"aborted", "aborted_errors", false}, {"fifo", "fifo_errors", false}, {"window", "window_errors", false},
		{"heartbt", "heartbeat_errors", false}, {"transns", "carrier_changes", false}}, true},
}

// columns is the number of counters in the longest row.
const columns = 7

// counts are a link's statistics, by rows of statRows.
func counts(s *rtnl.LinkStats, carrierChanges uint32) *[4][columns]uint64 {
	return &[4][columns]uint64{
		{s.RxBytes, s.RxPackets, s.RxErrors, s.RxDropped, s.RxMissedErrors, s.Multicast, s.RxCompressed},
		{0, s.RxLengthErrors, s.RxCRCErrors, s.RxFrameErrors, s.RxFIFOErrors, s.RxOverErrors, s.RxNoHandler},
		{s.TxBytes, s.TxPackets, s.TxErrors, s.TxDropped, s.TxCarrierErrors, s.Collisions, s.TxCompressed},
		{0, s.TxAbortedErrors, s.TxFIFOErrors, s.TxWindowErrors, s.TxHeartbeatErrors, uint64(carrierChanges)},
	}
}

// showStats renders the counters as a table whose columns fit the longest.
func (v *view) showStats(l *rtnl.Link) {
	if !l.Stats.Ok {
		return
	}
	s := &l.Stats.V
	n := counts(s, l.CarrierChanges.V)
	if v.json != nil {
		// iproute2 has the overruns under this name, and the missed below.
		n[0][4], n[1][5] = s.RxOverErrors, s.RxMissedErrors
	}
	rows := statRows
	if last := &rows[3]; !l.CarrierChanges.Ok {
		last.counters = last.counters[:5]
	}
	width := [columns]int{len("*X errors:"), len("packets"), len("errors"), len("dropped"), len("heartbt"), len("overrun"), len("compressed")}
	for i := range rows {
		for j := range rows[i].counters {
			if !rows[i].more || v.opt.stats > 1 {
				width[j] = max(width[j], len(v.opt.scaled(n[i][j])))
			}
		}
	}
	v.object("stats64")
	for i, direction := range [...]string{"rx", "tx"} {
		v.object(direction)
		if i > 0 {
			v.line()
		}
		v.showCounters(&rows[2*i], &n[2*i], &width)
		if v.opt.stats > 1 {
			v.line()
			v.showCounters(&rows[2*i+1], &n[2*i+1], &width)
		}
		v.end()
	}
	v.end()
}

func (v *view) showCounters(r *row, n *[columns]uint64, width *[columns]int) {
	head, line := "    "+r.head, "    "
	for i, c := range r.counters {
		absent := c.hidden && n[i] == 0
		if v.json != nil {
			if c.key != "" && !absent {
				v.uint(c.key, "", n[i])
			}
			continue
		}
		pad := width[i]
		if i == 0 {
			pad -= len(r.head)
		} else if !absent || !r.more {
			head += " "
		}
		switch {
		case c.head == "":
			head += right("", pad)
			line += right("", width[i]) + " "
		case !absent:
			head += right(c.head, pad)
			line += right(v.opt.scaled(n[i]), width[i]) + " "
		case !r.more:
			head += right("", pad)
		}
	}
	v.write(head)
	v.line()
	v.write(line)
}

// right puts blanks before s until it is so wide.
func right(s string, width int) string {
	return strings.Repeat(" ", max(width-len(s), 0)) + s
}
