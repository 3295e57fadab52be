//go:build linux

package fraction

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// Fixed is printf's "%.*f": as many digits behind the point, 11 at most, rounded to the nearest as
// C does it, from the exact value and to an even digit where it is in the middle. The value is one
// below 2^63.
func Fixed(f float64, digits int) string {
	sign := ""
	if math.Signbit(f) {
		sign, f = "-", -f
	}
	whole := uint64(f)
	part := scaled(f-float64(whole), digits, whole&1)
	if power := pow10(digits); part >= power {
		whole, part = whole+1, part-power
	}
	text := sign + strconv.FormatUint(whole, 10)
	if digits == 0 {
		return text
	}
	behind := strconv.FormatUint(part, 10)
	return text + "." + strings.Repeat("0", digits-len(behind)) + behind
}

// scaled is f times a power of ten, rounded: f is below 1. odd says how to round the middle without
// digits, when it is the number before the point that would get even.
func scaled(f float64, digits int, odd uint64) uint64 {
	mantissa, exp := math.Frexp(f) // f is mantissa · 2^exp, mantissa below 1 and at least 0.5
	hi, lo := bits.Mul64(uint64(mantissa*(1<<53)), pow10(digits))
	shift := uint(53 - exp) // f · 10^digits is hi:lo >> shift, and 53 at least
	if shift >= 128 {
		return 0
	}
	n, rest, below := hi>>(shift-64), hi<<(128-shift)|lo>>(shift-64), lo<<(128-shift) != 0
	if shift < 64 {
		n, rest, below = hi<<(64-shift)|lo>>shift, lo<<(64-shift), false
	}
	if digits > 0 {
		odd = n & 1
	}
	const half = 1 << 63
	if rest > half || rest == half && (below || odd == 1) {
		n++
	}
	return n
}

// Short is printf's "%g" of a value from 0 to 2^63: six digits, without zeros at the end, and an
// exponent where there are more before the point or four zeros behind it.
func Short(f float64) string {
	if f == 0 {
		return "0"
	}
	exp := 0
	for f >= float64(pow10(exp+1)) {
		exp++
	}
	for small := f; small < 1 && exp > -5; exp-- {
		small *= 10
	}
	text := Fixed(f, min(5-min(exp, 5), 11))
	if exp >= 0 && exp < 6 && len(strings.TrimLeft(text, "0"))-strings.Count(text, ".") > 6 {
		exp++ // it was rounded up to a power of ten
		text = Fixed(f, 5-min(exp, 5))
	}
	if exp >= 6 {
		unit := pow10(exp - 5)
		whole := uint64(f)
		n, rest := whole/unit, whole%unit
		if rest > unit/2 || rest == unit/2 && (f > float64(whole) || n&1 == 1) {
			n++
		}
		if n == 1_000_000 {
			n, exp = 100_000, exp+1
		}
		digits := strconv.FormatUint(n, 10)
		return trim(digits[:1]+"."+digits[1:]) + "e+" + strings.Repeat("0", max(0, 2-len(strconv.Itoa(exp)))) + strconv.Itoa(exp)
	}
	return trim(text)
}

// trim takes the zeros off the end of a fraction.
func trim(text string) string {
	if !strings.Contains(text, ".") {
		return text
	}
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

func pow10(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}
