//go:build linux

package ip

import (
	"encoding/binary"
	"time"
)

// When an event came (-t, -ts).
const (
	longStamp  = 1
	shortStamp = 2
)

// stamp writes what time it is, where that is asked for.
func (m *monitor) stamp() {
	switch m.s.opt.stamp {
	case 0:
	case longStamp:
		m.longStamp(time.Now(), "usec")
	default:
		m.v.text("[%s] ", time.Now().Format("2006-01-02T15:04:05.000000"))
	}
}

func (m *monitor) longStamp(t time.Time, unit string) {
	m.v.text("Timestamp: %s %d %s\n", t.Format(time.ANSIC), t.Nanosecond()/1000, unit)
}

// showStamp writes the time in a file: seconds and microseconds.
func (m *monitor) showStamp(body []byte) {
	n := func(at int) int64 { return int64(binary.NativeEndian.Uint32(body[at:])) }
	m.longStamp(time.Unix(n(0), n(4)*1000), "us")
}
