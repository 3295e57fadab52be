//go:build linux

package fraction

import (
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// Parse is what strconv.ParseFloat says, to the last bit for what people write.
func TestParse(t *testing.T) {
	for _, s := range []string{"0", "1", "0.5", ".5", "5.", "+1.25", "-0.1", "1e3", "1E-3", "12345678.9012345", "1e22", "0.000001", "-0",
		"3.0000000000000000000000000000", "00012", "1e-400", "inf", "-Infinity", "0e99999999999999999999"} {
		got, err := Parse(s)
		want, werr := strconv.ParseFloat(s, 64)
		if err != nil || werr != nil || math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%q: %v, %v, want %v, %v", s, got, err, want, werr)
		}
	}
	for _, s := range []string{"", "-", ".", "+-1", "--1", "1.2.3", "1e", "1e+", "e5", "1x", "0x10", " 1", "1 ", "1,5", "1_0", "infi", "1e5.0", "0e20000000000000000000A", "1e+-5"} {
		if got, err := Parse(s); !errors.Is(err, strconv.ErrSyntax) {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"1e309", "-1e9999999999999999999"} {
		if _, err := Parse(s); !errors.Is(err, strconv.ErrRange) {
			t.Errorf("%q: %v", s, err)
		}
	}
	if got, err := Parse("nan"); err != nil || !math.IsNaN(got) {
		t.Errorf("nan: %v, %v", got, err)
	}
	for range 100000 {
		n, e := rand.Uint64N(1e15), rand.IntN(22)
		s := strconv.FormatUint(n, 10) + "e-" + strconv.Itoa(e)
		got, _ := Parse(s)
		if want, _ := strconv.ParseFloat(s, 64); got != want {
			t.Fatalf("%s: %v, want %v", s, got, want)
		}
		f := math.Float64frombits(rand.Uint64())
		if math.IsNaN(f) || math.Abs(f) < 1e-290 {
			continue
		}
		s = strconv.FormatFloat(f, 'g', -1, 64)
		if got, err := Parse(s); err != nil && math.Abs(f) < 1e300 || err == nil && math.Abs(got-f) > math.Abs(f)*1e-13 {
			t.Fatalf("%s: %v, %v", s, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("1e5")
	f.Add("-0.5")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := Parse(s)
		want, werr := strconv.ParseFloat(s, 64)
		if err == nil && werr != nil {
			t.Errorf("%q: %v, which ParseFloat refuses: %v", s, got, werr)
		}
		if err == nil && math.Abs(got-want) > math.Abs(want)*1e-9+1e-300 {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	})
}

// Fixed and Short are what strconv.FormatFloat says, which is what C says.
func TestFormat(t *testing.T) {
	check := func(f float64, digits int) {
		t.Helper()
		if got, want := Fixed(f, digits), strconv.FormatFloat(f, 'f', digits, 64); got != want {
			t.Errorf("Fixed(%v, %d): %s, want %s", f, digits, got, want)
		}
	}
	short := func(f float64) {
		t.Helper()
		if got, want := Short(f), strconv.FormatFloat(f, 'g', 6, 64); got != want {
			t.Errorf("Short(%v): %s, want %s", f, got, want)
		}
	}
	for _, f := range []float64{0, 0.5, 1.5, 2.5, 0.125, 0.375, 1.005, 1.115, 0.285, 99.995, 0.999999, 999.9999, 1e15, 123456789.987654321,
		0.05, 0.000001, 1.0 / 3, 2.0 / 3, 0.0001, 1e-300, -0.25, -7.125} {
		for digits := range 12 {
			check(f, digits)
		}
		if f >= 0.0001 || f == 0 {
			short(f)
		}
	}
	for _, f := range []float64{999999.5, 999999.4, 99999.95, 9.999995, 0.9999995, 1e6, 1234567, 12345650, 4294967.295, 1234565, 1234575, 1e18, 33.3333333, 100} {
		short(f)
	}
	for range 200000 {
		n := rand.Uint64N(1 << 32)
		check(float64(n)/float64(rand.Uint64N(1<<32)+1), rand.IntN(12))
		check(float64(n)/1024, 2)
		check(float64(n)/0x80000000, 11)
		short(float64(n) / 1000)
		short(float64(n%10001) / 100)
		if t.Failed() {
			return
		}
	}
}
