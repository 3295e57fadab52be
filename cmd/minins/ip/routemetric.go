//go:build linux

package ip

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/rtnl"
)

// A metric is one of a route's parameters.
type metric struct {
	name string // in text and JSON
	rtax uint32
	v    *uint32
	lock bool     // may be locked: "mtu lock 1400"
	time uint32   // a time of this many units a millisecond; 0: no time
	word []string // other names on the command line
}

// metrics are in the order of RTAX_*, in which they are shown.
func metrics(m *rtnl.Metrics) []metric {
	return []metric{
		{name: "mtu", rtax: unix.RTAX_MTU, v: &m.MTU, lock: true},
		{name: "window", rtax: unix.RTAX_WINDOW, v: &m.Window},
		{name: "rtt", rtax: unix.RTAX_RTT, v: &m.RTT, lock: true, time: 8},
		{name: "rttvar", rtax: unix.RTAX_RTTVAR, v: &m.RTTVar, lock: true, time: 4},
		{name: "ssthresh", rtax: unix.RTAX_SSTHRESH, v: &m.SSThresh, lock: true},
		{name: "cwnd", rtax: unix.RTAX_CWND, v: &m.CWnd, lock: true},
		{name: "advmss", rtax: unix.RTAX_ADVMSS, v: &m.AdvMSS, lock: true},
		{name: "reordering", rtax: unix.RTAX_REORDERING, v: &m.Reordering, lock: true},
		{name: "hoplimit", rtax: unix.RTAX_HOPLIMIT, v: &m.HopLimit, lock: true},
		{name: "initcwnd", rtax: unix.RTAX_INITCWND, v: &m.InitCWnd, lock: true},
		{name: "rto_min", rtax: unix.RTAX_RTO_MIN, v: &m.RTOMin, lock: true, time: 1},
		{name: "initrwnd", rtax: unix.RTAX_INITRWND, v: &m.InitRWnd, lock: true},
		{name: "quickack", rtax: unix.RTAX_QUICKACK, v: &m.QuickAck},
		{name: "fastopen_no_cookie", rtax: unix.RTAX_FASTOPEN_NO_COOKIE, v: &m.NoCookie},
	}
}

// takeMetric reads "mtu [lock] N" and the like.
func takeMetric(w *words, m *rtnl.Metrics) bool {
	for _, x := range metrics(m) {
		if !w.is(x.name) {
			continue
		}
		if x.lock && w.peek() == "lock" {
			w.next()
			m.Lock |= 1 << x.rtax
		}
		if x.rtax == unix.RTAX_RTO_MIN { // TCP only looks at a locked one
			m.Lock |= 1 << x.rtax
		}
		if x.time > 0 {
			*x.v = timeArg(w, x)
		} else {
			*x.v = uint32(w.uint(32, fmt.Sprintf("\"%s\" value is invalid\n", x.name)))
		}
		return true
	}
	switch {
	case w.is("congctl"):
		if w.peek() == "lock" {
			w.next()
			m.Lock |= 1 << unix.RTAX_CC_ALGO
		}
		m.CCAlgo = w.arg()
	case w.is("features"):
		if w.arg(); !w.is("ecn") && w.err == nil {
			w.fail(wrong(w.cur, "\"features\" value not valid\n"))
		}
		m.Features |= unix.RTAX_FEATURE_ECN
	default:
		return false
	}
	return true
}

// timeArg reads a time in s or ms; without a unit it is in the kernel's.
func timeArg(w *words, x metric) uint32 {
	s := w.arg()
	digits, unit := s, 0.0
	if d, ok := strings.CutSuffix(s, "ms"); ok {
		digits, unit = d, 1
	} else if d, ok := strings.CutSuffix(s, "s"); ok {
		digits, unit = d, 1000
	}
	n, err := strconv.ParseFloat(digits, 64)
	if (err != nil || n < 0 || n*max(unit, 1)*float64(x.time) > 1<<32-1) && w.err == nil {
		w.fail(wrong(s, fmt.Sprintf("\"%s\" value is invalid\n", x.name)))
		return 0
	}
	if unit == 0 {
		return uint32(n)
	}
	return uint32(n * unit * float64(x.time))
}

// showMetrics renders a route's parameters.
func (v *view) showMetrics(m *rtnl.Metrics) {
	if *m == (rtnl.Metrics{}) {
		return
	}
	v.array("metrics")
	v.object("")
	for _, x := range metrics(m) {
		if x.rtax == unix.RTAX_RTO_MIN && m.Features != 0 { // which is the one before
			v.showFeatures(m.Features)
		}
		if *x.v == 0 {
			continue
		}
		if m.Lock&(1<<x.rtax) != 0 {
			v.text("%s lock ", x.name)
		} else {
			v.text("%s ", x.name)
		}
		if x.time > 0 {
			v.showTime(x)
		} else {
			v.uint(x.name, "%d ", uint64(*x.v))
		}
	}
	if m.CCAlgo != "" {
		v.text("congctl ")
		if m.Lock&(1<<unix.RTAX_CC_ALGO) != 0 {
			v.text("lock ")
		}
		v.str("congestion", "%s ", m.CCAlgo)
	}
	v.end()
	v.endArray()
}

func (v *view) showTime(x metric) {
	ms := *x.v / x.time
	if ms >= 1000 && v.json == nil {
		v.text("%.3gs ", float64(ms)/1000)
		return
	}
	v.uint(x.name, "%dms ", uint64(ms))
}

func (v *view) showFeatures(f uint32) {
	if f&unix.RTAX_FEATURE_ECN != 0 {
		v.null("ecn", "features ecn ")
		f &^= unix.RTAX_FEATURE_ECN
	}
	if f != 0 {
		v.hex("features", "features %#x ", uint64(f))
	}
}
