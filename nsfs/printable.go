//go:build linux

package nsfs

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Printable is a text without what no terminal and no picture should get: bytes that are
// no UTF-8, and what cannot be printed, become \x1b or \u200e, as Go writes them. Names of
// namespaces may have all but a slash, those of links all but spaces, slashes and colons.
func Printable(s string) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)):
			b.WriteString(Escaped(rune(s[i])))
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteString(Escaped(r))
		}
	}
	return b.String()
}

// Escaped is a rune, or a byte, as Go writes what cannot be printed: `\x1b`.
func Escaped(r rune) string {
	head, width := `\x`, 2
	switch {
	case r > 0xffff:
		head, width = `\U`, 8
	case r > 0xff:
		head, width = `\u`, 4
	}
	s := strconv.FormatUint(uint64(r), 16)
	return head + strings.Repeat("0", width-len(s)) + s
}
