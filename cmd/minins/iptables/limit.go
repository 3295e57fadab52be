//go:build linux

package iptables

import (
	"strconv"
	"strings"
)

// limit is the match limit: rate packets in unit seconds, after a burst.
type limit struct {
	rate, unit uint64
	burst      uint32
}

var limitOptions = []option{{long: "limit", arg: required}, {long: "limit-burst", arg: required}}

var units = []struct {
	name, short string
	seconds     uint64
}{{"day", "day", 86400}, {"hour", "hour", 3600}, {"minute", "min", 60}, {"second", "sec", 1}}

// limitScale is XT_LIMIT_SCALE of linux/netfilter/xt_limit.h: the unit of the
// time between two packets, by which iptables rounds.
const limitScale = 10000

func (*limit) name() string { return "limit" }

func (m *limit) set(s *setting) error {
	if s.option == "limit-burst" {
		n, err := setNumber("limit", s, 10000)
		m.burst = uint32(n)
		return err
	}
	rate, unit, hasUnit := strings.Cut(s.arg, "/")
	seconds := uint64(1)
	if hasUnit {
		seconds = 0
		for _, u := range units {
			if unit != "" && len(unit) <= len(u.name) && strings.EqualFold(u.name[:len(unit)], unit) {
				seconds = u.seconds
			}
		}
	}
	n, err := strconv.ParseUint(rate, 10, 32)
	if err != nil || n == 0 || seconds == 0 {
		return wrong(`bad rate "` + s.arg + `"'`)
	}
	period := limitScale * seconds / n
	if period == 0 {
		return wrong(`Rate too fast "` + s.arg + `"`)
	}
	m.rate, m.unit = roundRate(period)
	return nil
}

// roundRate is the rate for the time between two packets, in the largest unit
// that says it well.
func roundRate(period uint64) (rate, seconds uint64) {
	best := units[0]
	for _, u := range units[1:] {
		mult := limitScale * u.seconds
		if period > mult || mult/period < mult%period {
			break
		}
		best = u
	}
	return limitScale * best.seconds / period, best.seconds
}

func (m *limit) text() string {
	for _, u := range units {
		if u.seconds == m.unit {
			return strconv.FormatUint(m.rate, 10) + "/" + u.short
		}
	}
	return strconv.FormatUint(m.rate, 10) + "/" + strconv.FormatUint(m.unit, 10) + "sec"
}

func (m *limit) save() string {
	text := " --limit " + m.text()
	if m.burst != 5 {
		text += " --limit-burst " + strconv.FormatUint(uint64(m.burst), 10)
	}
	return text
}

func (m *limit) list(*naming) string {
	return " limit: avg " + m.text() + " burst " + strconv.FormatUint(uint64(m.burst), 10)
}
