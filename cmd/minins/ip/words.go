//go:build linux

package ip

import (
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
	cur    string   // the word that next found
	tables *tables  // what names numbers
	s      *session // whose links are meant; nil in tests
	err    error
	route  routeParser // here, for no allocation per line of a batch
	memos  [64]memo
}

// A memo is what a word was found to be.
type memo struct {
	_ [0]func() // not to be compared: that would take code

	table, word, found string
}

// find is find(table, w.cur), remembered: a batch says the same few words again
// and again, and to look them up would take half of the time of a line.
func (w *words) find(table string, find func(table, word string) string) string {
	n := len(w.cur)
	if n == 0 {
		return ""
	}
	m := &w.memos[(int(w.cur[0])+n)%len(w.memos)]
	if m.word == w.cur && m.table == table {
		return m.found
	}
	found := find(table, w.cur)
	if found != "" {
		m.table, m.word, m.found = table, w.cur, found
	}
	return found
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

// text is an argument that may be anything.
func (w *words) text(to *string) {
	if s := w.arg(); w.err == nil {
		*to = s
	}
}

// device is an argument that is the name of a link; an empty one is the name
// of none, and not as if none was given.
func (w *words) device(to *string) {
	if w.text(to); w.err == nil && *to == "" {
		w.fail(fail(exitFailed, "Cannot find device \"\"", "the name of a device is empty"))
	}
}

// master is device with the mistake that a bridge or VRF gets. The link has to be
// there even if words that follow are wrong, or overrule it.
func (w *words) master(to *string) {
	w.text(to)
	switch {
	case w.err != nil:
	case *to == "":
		w.wrong("", "Device does not exist\n", "the name of a device is empty")
	case w.s != nil && len(w.rest) > 0:
		w.fail(w.s.wrongDevice(*to, w.s.index(*to, new(uint32))))
	}
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

// wrong keeps the mistake of a value that is wrong; why is in iproute2's words.
func (w *words) wrong(arg, why, hint string) { w.fail(wrong(arg, why, hint)) }

// notOurs is the mistake of a word that only iproute2 knows.
func (w *words) notOurs(of string) { w.fail(fail(exitFailed, say(notHere, of+" "+w.cur), "")) }

// is reports whether the word is full.
func (w *words) is(full string) bool { return w.cur == full }

// short reports whether the word is full, or the beginning of it.
func (w *words) short(full string) bool { return abbreviates(w.cur, full) }

// abbreviates reports whether s is the beginning of full, or all of it.
func abbreviates(s, full string) bool { return s != "" && strings.HasPrefix(full, s) }

// number reads s as strtoul with base 0 does: decimal, 0x hex, 0 octal, with or
// without a plus.
func number(s string, bits int) (uint64, bool) {
	base := uint64(10)
	if s != "" && s[0] == '+' {
		s = s[1:]
	}
	if len(s) > 1 && s[0] == '0' {
		if base, s = 8, s[1:]; s[0] == 'x' || s[0] == 'X' {
			base, s = 16, s[1:]
		}
	}
	most, n := uint64(1)<<bits-1, uint64(0)
	for i := range len(s) {
		d := uint64(s[i] - '0')
		if d > 9 {
			if d = uint64(s[i]|0x20) - 'a' + 10; d < 10 { // what is before the letter goes round
				return 0, false
			}
		}
		if d >= base || n > (most-d)/base {
			return 0, false
		}
		n = n*base + d
	}
	return n, s != ""
}

// integer is number with a sign.
func integer(s string) (int32, bool) {
	digits, negative := strings.CutPrefix(s, "-")
	n, ok := number(digits, 32)
	if negative {
		return int32(-int64(n)), ok && n <= 1<<31 && digits[0] != '+'
	}
	return int32(n), ok && n < 1<<31
}

// int is an argument that is a signed integer, or the mistake "what".
func (w *words) int(what string) int32 {
	s := w.arg()
	n, ok := integer(s)
	if !ok {
		w.wrong(s, what, "")
	}
	return n
}

// uint is an argument that is an unsigned integer of so many bits.
func (w *words) uint(bits int, what string) uint64 {
	w.arg()
	return w.asUint(bits, what)
}

// asUint reads the present word as an integer.
func (w *words) asUint(bits int, what string) uint64 {
	n, ok := number(w.cur, bits)
	if !ok {
		w.wrong(w.cur, what, "")
	}
	return n
}

// uint32 is uint of 32 bits.
func (w *words) uint32(to *uint32, what string) { *to = uint32(w.uint(32, what)) }

// some is uint for what may be absent.
func (w *words) some(bits int, what string) nl.Opt[uint32] {
	return nl.Some(uint32(w.uint(bits, what)))
}

// named is an argument that is a name in a table, or a number.
func (w *words) named(file string, bits int, what string) uint32 {
	s := w.arg()
	if w.err != nil {
		return 0
	}
	t := w.tables.get(file)
	n, ok := t.id(s, bits)
	if !ok {
		w.wrong(s, what, meant(s, t.names))
	}
	return n
}

// someNamed is named for what may be absent.
func (w *words) someNamed(file string, bits int, what string) nl.Opt[uint32] {
	return nl.Some(w.named(file, bits, what))
}

// onOff is an argument that says on or off.
func (w *words) onOff(key string) bool {
	return w.either(exitFailed, key, "Error: argument of \"%s\" must be \"on\" or \"off\", not \"%s\"")
}

// offOn is onOff in the words, and with the exit status, of newer options.
func (w *words) offOn(key string) bool {
	return w.either(int(unix.EINVAL), key, notOffOn)
}

const notOffOn = "Error: argument of \"%s\" must be one of \"off\", \"on\", not \"%s\""

func (w *words) either(code int, key, mistake string) bool {
	s := w.arg()
	if s != "on" && s != "off" {
		w.fail(fail(code, say(mistake, key, s), ""))
	}
	return s == "on"
}

// lladdr is an argument that is a link-layer address: hex bytes with colons,
// or an IPv4 address for a tunnel's end.
func (w *words) lladdr(to *nl.HardwareAddr) {
	s := w.arg()
	if w.err != nil {
		return
	}
	if strings.Contains(s, ".") {
		a, ok := parseAddr(s, unix.AF_INET)
		if !ok {
			w.fail(fail(exitFailed, say("\"%s\" is invalid lladdr.", s), lladdrHint(s)))
			return
		}
		*to = nl.HardwareAddrFrom(a.AsSlice())
		return
	}
	b, bad := hexWithColons(s)
	if bad != nil {
		w.fail(fail(exitFailed, say("\"%s\" is invalid lladdr.", *bad), lladdrHint(*bad)))
		return
	}
	*to = nl.HardwareAddrFrom(b)
}

// hexWithColons reads bytes in hex with colons between; bad is what is none.
func hexWithColons(s string) (b []byte, bad *string) {
	for _, part := range strings.Split(s, ":") {
		n, ok := hexPrefix(part)
		if !ok || n > 255 {
			return b, &part
		}
		b = append(b, byte(n))
	}
	return b, nil
}

func lladdrHint(bad string) string {
	if _, ok := hexPrefix(bad); ok {
		return say("%q is more than one byte", bad)
	}
	return "a link-layer address is six bytes in hex, as in 02:00:00:00:00:01"
}

// hexPrefix reads the hex digits that s begins with, as sscanf %x does.
func hexPrefix(s string) (n uint64, ok bool) {
	s = strings.TrimPrefix(strings.TrimLeft(s, " \t"), "+")
	s = strings.TrimPrefix(strings.TrimPrefix(s, "0x"), "0X")
	end := len(s) - len(strings.TrimLeft(s, "0123456789abcdefABCDEF"))
	n, err := strconv.ParseUint(s[:end], 16, 32)
	return n, err == nil
}

// nearest is the candidate that s was most likely meant to be, or "": at most
// a third of its letters differ.
func nearest(s string, candidates []string) string {
	best, least := "", len(s)/3+2
	if len(s) < 2 {
		return ""
	}
	for _, c := range candidates {
		if d := distance(s, c); d < least {
			best, least = c, d
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
