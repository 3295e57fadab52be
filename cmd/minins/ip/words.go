//go:build linux

package ip

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// Words is a command line that is being read from left to right. The first
// mistake is kept and ends the reading: a parser loops over [words.next] and
// looks at err once, at the end.
type words struct {
	rest   []string
	cur    string  // the word that next found
	tables *tables // what names numbers
	err    error
}

// next moves to the next word, if there is one and no mistake so far.
func (w *words) next() bool {
	if w.err != nil || len(w.rest) == 0 {
		return false
	}
	w.cur, w.rest = w.rest[0], w.rest[1:]
	return true
}

// arg moves to a word that must follow.
func (w *words) arg() string {
	if w.err == nil && len(w.rest) == 0 {
		w.fail(incomplete(w.cur))
	}
	if !w.next() {
		return ""
	}
	return w.cur
}

// peek is the word that follows, or "".
func (w *words) peek() string {
	if len(w.rest) == 0 {
		return ""
	}
	return w.rest[0]
}

// fail keeps the first mistake.
func (w *words) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

// is reports whether the word is one of full.
func (w *words) is(full ...string) bool {
	for _, f := range full {
		if w.cur == f {
			return true
		}
	}
	return false
}

// short reports whether the word is one of full, or the beginning of one.
func (w *words) short(full ...string) bool {
	for _, f := range full {
		if abbreviates(w.cur, f) {
			return true
		}
	}
	return false
}

// abbreviates reports whether s is the beginning of full, or all of it.
func abbreviates(s, full string) bool { return s != "" && strings.HasPrefix(full, s) }

// number reads s as strtoul with base 0 does: decimal, 0x hex, 0 octal.
func number(s string, bits int) (uint64, bool) {
	digits, base := s, 10
	switch {
	case strings.HasPrefix(s, "0x"), strings.HasPrefix(s, "0X"):
		digits, base = s[2:], 16
	case len(s) > 1 && s[0] == '0':
		digits, base = s[1:], 8
	}
	n, err := strconv.ParseUint(digits, base, bits)
	return n, err == nil
}

// integer is number with a sign.
func integer(s string) (int32, bool) {
	digits, negative := strings.CutPrefix(s, "-")
	n, ok := number(strings.TrimPrefix(digits, "+"), 32)
	if negative {
		return int32(-int64(n)), ok && n <= 1<<31
	}
	return int32(n), ok && n < 1<<31
}

// int is an argument that is a signed integer, or the mistake "what".
func (w *words) int(what string) int32 {
	s := w.arg()
	n, ok := integer(s)
	if !ok {
		w.fail(wrong(s, what))
	}
	return n
}

// uint is an argument that is an unsigned integer of so many bits.
func (w *words) uint(bits int, what string) uint64 {
	s := w.arg()
	n, ok := number(s, bits)
	if !ok {
		w.fail(wrong(s, what))
	}
	return n
}

// named is an argument that is a name in a table, or a number.
func (w *words) named(of func(*tables) *table, bits int, what string) uint32 {
	s := w.arg()
	if w.err != nil {
		return 0
	}
	t := of(w.tables)
	n, ok := t.id(s, bits)
	if !ok {
		f := wrong(s, what).(*failure)
		names := make([]string, 0, len(t.byName))
		for name := range t.byName {
			names = append(names, name)
		}
		slices.Sort(names)
		if near := nearest(s, names); near != "" {
			f.hint = fmt.Sprintf("did you mean %q?", near)
		}
		w.fail(f)
	}
	return n
}

// onOff is an argument that says on or off.
func (w *words) onOff(key string) bool {
	s := w.arg()
	if s != "on" && s != "off" {
		w.fail(&failure{
			code: exitFailed,
			text: fmt.Sprintf("Error: argument of \"%s\" must be \"on\" or \"off\", not \"%s\"", key, s),
		})
	}
	return s == "on"
}

// offOn is onOff in the words, and with the exit status, of newer options.
func (w *words) offOn(key string) bool {
	s := w.arg()
	if s != "on" && s != "off" {
		w.fail(&failure{
			code: int(unix.EINVAL),
			text: fmt.Sprintf("Error: argument of \"%s\" must be one of \"off\", \"on\", not \"%s\"", key, s),
		})
	}
	return s == "on"
}

// lladdr is an argument that is a link-layer address: hex bytes with colons,
// or an IPv4 address for a tunnel's end.
func (w *words) lladdr() nl.HardwareAddr {
	s := w.arg()
	if w.err != nil {
		return nl.HardwareAddr{}
	}
	if a, err := netip.ParseAddr(s); err == nil && a.Is4() {
		return nl.HardwareAddrFrom(a.AsSlice())
	}
	var b []byte
	for part := range strings.SplitSeq(s, ":") {
		n, err := strconv.ParseUint(part, 16, 32)
		switch {
		case err != nil:
			w.fail(&failure{code: exitFailed, text: fmt.Sprintf("\"%s\" is invalid lladdr.", s),
				hint: "a link-layer address is six bytes in hex, as in 02:00:00:00:00:01"})
			return nl.HardwareAddr{}
		case n > 255:
			w.fail(&failure{code: exitFailed, text: fmt.Sprintf("\"%s\" is invalid lladdr.", s),
				hint: fmt.Sprintf("%q is more than one byte", part)})
			return nl.HardwareAddr{}
		}
		b = append(b, byte(n))
	}
	return nl.HardwareAddrFrom(b)
}

// nearest is the candidate that s was most likely meant to be, or "": at most
// a third of its letters differ.
func nearest(s string, candidates []string) string {
	best, least := "", len(s)/3+1
	if len(s) < 2 {
		return ""
	}
	for _, c := range candidates {
		if d := distance(s, c); d <= least && (best == "" || d < distance(s, best)) {
			best = c
		}
	}
	return best
}

// distance is how many letters have to be inserted, removed or replaced to
// turn a into b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
