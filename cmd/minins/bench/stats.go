//go:build linux

package bench

import "github.com/minins/minins/cmd/minins/internal/fraction"

// sort sorts v, by Shell's method.
func sort(v []float64) {
	gap := 1
	for gap < len(v) {
		gap = 3*gap + 1
	}
	for ; gap > 0; gap /= 3 {
		for i := gap; i < len(v); i++ {
			x := v[i]
			k := i
			for ; k >= gap && v[k-gap] > x; k -= gap {
				v[k] = v[k-gap]
			}
			v[k] = x
		}
	}
}

// median is that of v, which is sorted and not empty.
func median(v []float64) float64 { return (v[(len(v)-1)/2] + v[len(v)/2]) / 2 }

// percentile is the smallest of v, which is sorted and not empty, that p
// percent are not above.
func percentile(v []float64, p int) float64 { return v[(len(v)*p+99)/100-1] }

// duration is a time in ns with three digits and its unit.
func duration(ns float64) string {
	unit := 0
	for ns >= 999.5 && unit < 3 {
		ns /= 1000
		unit++
	}
	digits := 2
	if ns >= 99.95 {
		digits = 0
	} else if ns >= 9.995 {
		digits = 1
	}
	return fraction.Fixed(ns, digits) + [...]string{" ns", " µs", " ms", " s"}[unit]
}

// A bucket is how many times lie from a bound up to the next.
type bucket struct {
	from  float64 // ns
	count int
}

// most is how many lines a histogram has.
const most = 16

// histogram counts v, which is sorted and not empty, in buckets whose bounds
// grow by equal steps: 1, 1.5, 2, 3, 4, 6, 8 ..., or where those are too many, by
// doubling, once or several times.
func histogram(v []float64) []bucket {
	for double := 0; ; double++ {
		var all []bucket
		next := 1.0
		for i, step := 0, 0; i < len(v); step++ {
			from := next
			switch {
			case double > 0:
				next = from * float64(int(1)<<double)
			case step%2 == 0:
				next = from * 1.5
			default:
				next = from / 1.5 * 2
			}
			k := i
			for i < len(v) && v[i] < next {
				i++
			}
			if all != nil || i > k {
				all = append(all, bucket{from, i - k})
			}
		}
		if len(all) <= most {
			return all
		}
	}
}
