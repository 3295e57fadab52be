//go:build linux

// Package fraction reads and writes numbers with a fraction. strconv's functions are right to the last
// bit of every number, with tables and code that take a percent of the whole program; what a
// command reads and prints are seconds, percents and prefixes of units.
package fraction

import (
	"math"
	"strconv"
	"strings"
)

// Parse reads "12", "0.5", ".5", "1e-3" or "inf", with or without a sign. The value is the nearest
// there is for up to 15 digits and a power of ten up to 22 either way, and else within some
// units of its last place. The errors are strconv.ErrSyntax and strconv.ErrRange.
func Parse(s string) (float64, error) {
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 {
		return 0, strconv.ErrSyntax
	}
	sign := 1.0
	if strings.HasPrefix(s, "-") {
		sign = -1
	}
	switch strings.ToLower(digits) {
	case "inf", "infinity":
		return math.Inf(int(sign)), nil
	case "nan":
		return math.NaN(), nil
	}
	var mantissa uint64
	exp, seen, point := 0, false, false
	i := 0
	for ; i < len(digits); i++ {
		c := digits[i]
		if c == '.' && !point {
			point = true
			continue
		}
		if c < '0' || c > '9' {
			break
		}
		seen = true
		if mantissa >= math.MaxUint64/10 { // what is behind the 19th digit has no weight
			exp++
		} else {
			mantissa = 10*mantissa + uint64(c-'0')
		}
		if point {
			exp--
		}
	}
	if !seen {
		return 0, strconv.ErrSyntax
	}
	if rest := digits[i:]; rest != "" {
		if rest[0]|0x20 != 'e' {
			return 0, strconv.ErrSyntax
		}
		power := rest[1:]
		down := strings.HasPrefix(power, "-")
		if down || strings.HasPrefix(power, "+") {
			power = power[1:]
		}
		if power == "" {
			return 0, strconv.ErrSyntax
		}
		e := 0
		for _, c := range []byte(power) {
			if c < '0' || c > '9' {
				return 0, strconv.ErrSyntax
			}
			e = min(10*e+int(c-'0'), 10000)
		}
		if down {
			e = -e
		}
		exp += e
	}
	f := float64(mantissa)
	for ; exp > 0 && f != 0 && !math.IsInf(f, 0); exp -= min(exp, 22) {
		f *= math.Pow10(min(exp, 22))
	}
	for ; exp < 0 && f != 0; exp += min(-exp, 22) {
		f /= math.Pow10(min(-exp, 22))
	}
	if math.IsInf(f, 0) {
		return sign * f, strconv.ErrRange
	}
	return sign * f, nil
}
