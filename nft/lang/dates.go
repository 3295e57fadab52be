//go:build linux

package lang

import (
	"strconv"
	"strings"
	"time"
)

// parseDate is a date and perhaps a time of the day, in nanoseconds since 1970:
// 2026-01-31 12:00:00. Package time's own parser is 14 KB more.
func parseDate(s string) (n uint64, ok bool) {
	date, clock, _ := strings.Cut(s, " ")
	d, ok1 := numbers(date, "-", 3)
	c, ok2 := numbers(clock, ":", 3)
	t := time.Date(d[0], time.Month(d[1]), d[2], c[0], c[1], c[2], 0, time.UTC)
	if !ok1 || !ok2 && clock != "" || t.Day() != d[2] || t.Hour() != c[0] || t.Minute() != c[1] || t.Second() != c[2] {
		return 0, false
	}
	return uint64(t.UnixNano()), true
}

// numbers are up to three numbers between signs.
func numbers(s, sign string, most int) (n [3]int, ok bool) {
	parts := strings.Split(s, sign)
	if len(parts) < 2 || len(parts) > most {
		return n, false
	}
	for i, part := range parts {
		v, err := strconv.Atoi(part)
		if err != nil || v < 0 {
			return n, false
		}
		n[i] = v
	}
	return n, true
}
