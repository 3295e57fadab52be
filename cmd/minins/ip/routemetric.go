//go:build linux

package ip

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/internal/fraction"
	"github.com/minins/minins/rtnl"
)

// A metric is one of a route's parameters.
type metric struct {
	name string // on the command line, in text and JSON
	rtax uint32
	lock bool   // may be locked: "mtu lock 1400"
	time uint32 // a time of this many units a millisecond; 0: no time
	most uint32 // the largest value; 0: any
}

// metrics are in the order of RTAX_*, in which they are shown.
var metrics = [...]metric{
	{name: "mtu", rtax: unix.RTAX_MTU, lock: true},
	{name: "window", rtax: unix.RTAX_WINDOW, lock: true},
	{name: "rtt", rtax: unix.RTAX_RTT, lock: true, time: 8},
	{name: "rttvar", rtax: unix.RTAX_RTTVAR, lock: true, time: 4},
	{name: "ssthresh", rtax: unix.RTAX_SSTHRESH, lock: true},
	{name: "cwnd", rtax: unix.RTAX_CWND, lock: true},
	{name: "advmss", rtax: unix.RTAX_ADVMSS, lock: true},
	{name: "reordering", rtax: unix.RTAX_REORDERING, lock: true},
	{name: "hoplimit", rtax: unix.RTAX_HOPLIMIT, lock: true, most: 255},
	{name: "initcwnd", rtax: unix.RTAX_INITCWND, lock: true},
	{name: "rto_min", rtax: unix.RTAX_RTO_MIN, time: 1},
	{name: "initrwnd", rtax: unix.RTAX_INITRWND, lock: true},
	{name: "quickack", rtax: unix.RTAX_QUICKACK, most: 1},
	{name: "fastopen_no_cookie", rtax: unix.RTAX_FASTOPEN_NO_COOKIE, most: 1},
}

// metricValues are where the values of metrics are, in their order.
func metricValues(m *rtnl.Metrics) [len(metrics)]*uint32 {
	return [...]*uint32{&m.MTU, &m.Window, &m.RTT, &m.RTTVar, &m.SSThresh, &m.CWnd, &m.AdvMSS, &m.Reordering, &m.HopLimit, &m.InitCWnd,
		&m.RTOMin, &m.InitRWnd, &m.QuickAck, &m.NoCookie}
}

// takeMetric reads what follows a metric's name: "[lock] N".
func takeMetric(w *words, name string, m *rtnl.Metrics) {
	switch name {
	case "congctl":
		if w.peek() == "lock" {
			w.next()
			m.Lock |= 1 << unix.RTAX_CC_ALGO
		}
		w.text(&m.CCAlgo)
		return
	case "features":
		if w.arg(); !w.is("ecn") {
			w.wrong(w.cur, "\"features\" value not valid\n", "")
		}
		m.Features |= unix.RTAX_FEATURE_ECN
		return
	}
	i := 0
	for metrics[i].name != name {
		i++
	}
	x := &metrics[i]
	if x.lock && w.peek() == "lock" {
		w.next()
		m.Lock |= 1 << x.rtax
	}
	if x.rtax == unix.RTAX_RTO_MIN { // TCP only looks at a locked one
		m.Lock |= 1 << x.rtax
	}
	v, why := metricValues(m)[i], "\""+strings.TrimPrefix(name, "adv")+"\" value is invalid\n"
	if x.time > 0 {
		*v = timeArg(w, x.time, why)
	} else if w.uint32(v, why); x.most > 0 && *v > x.most {
		if x.most == 1 {
			why = "\"" + name + "\" value should be 0 or 1\n"
		}
		w.wrong(w.cur, why, "")
	}
}

// timeArg reads a time in s or ms, part of one being a whole one, and returns it
// in the kernel's unit, of which there are so many in a ms. A number without a unit
// is in that one.
func timeArg(w *words, perMS uint32, why string) uint32 {
	s := w.arg()
	digits, unit := s, 1.0
	for _, u := range [...]string{"msecs", "msec", "ms", "secs", "sec", "s", ""} {
		if n := len(s) - len(u); n >= 0 && strings.EqualFold(s[n:], u) {
			if digits = s[:n]; u == "" {
				perMS = 1
			} else if u[0] == 's' {
				unit = 1000
			}
			break
		}
	}
	t, err := fraction.Parse(digits)
	if !strings.Contains(s, ".") {
		n, ok := number(digits, 64)
		if t, err = float64(n), nil; !ok {
			err = strconv.ErrSyntax
		}
	}
	if err != nil || t < 0 {
		w.wrong(s, why, "")
	}
	t *= unit
	n := uint32(int64(t)) // of more than 32 bits, iproute2 takes the lower ones
	if float64(n) < t {
		n++
	}
	return n * perMS
}

// showMetrics renders a route's parameters.
func (v *view) showMetrics(m *rtnl.Metrics) {
	if *m == (rtnl.Metrics{}) {
		return
	}
	v.array("metrics")
	v.object("")
	values := metricValues(m)
	for i := range metrics {
		x, n := &metrics[i], *values[i]
		if x.rtax == unix.RTAX_RTO_MIN && m.Features != 0 { // which is the one before
			v.showFeatures(m.Features)
		}
		if x.rtax == unix.RTAX_FASTOPEN_NO_COOKIE && m.CCAlgo != "" {
			v.showCongctl(m)
		}
		locked := m.Lock&(1<<x.rtax) != 0
		if n == 0 && !locked {
			continue
		}
		v.write(x.name + " ")
		if locked {
			v.write("lock ")
		}
		if x.time > 0 {
			v.showTime(x.name, n/x.time)
		} else {
			v.uint(x.name, "%d ", uint64(n))
		}
	}
	v.end()
	v.endArray()
}

func (v *view) showCongctl(m *rtnl.Metrics) {
	v.write("congctl ")
	if m.Lock&(1<<unix.RTAX_CC_ALGO) != 0 {
		v.write("lock ")
	}
	v.str("congestion", "%s ", m.CCAlgo)
}

func (v *view) showTime(key string, ms uint32) {
	if ms >= 1000 && v.json == nil {
		v.raw("", "", "%ss ", fraction.Short(float64(ms)/1000))
		return
	}
	v.uint(key, "%dms ", uint64(ms))
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
