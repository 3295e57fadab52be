//go:build linux

package ip

import (
	"bufio"
	"fmt"
	"strings"
)

// A jsonWriter writes JSON in the layout of iproute2: on one line, or (pretty)
// with objects indented by eight spaces a level and arrays on one line.
type jsonWriter struct {
	_ [0]func() // not to be compared: that would take code

	out    *bufio.Writer
	pretty bool
	depth  int
	sep    byte // what the next element needs before it, or 0
}

func (j *jsonWriter) line() {
	if j.pretty {
		j.out.WriteByte('\n')
		j.out.WriteString(strings.Repeat("    ", j.depth))
	}
}

func (j *jsonWriter) separate() {
	if j.sep != 0 {
		j.out.WriteByte(j.sep)
	}
	j.sep = ','
}

// key writes the name of the next value; "" is none, for elements of arrays.
func (j *jsonWriter) key(name string) {
	if name == "" {
		return
	}
	j.separate()
	j.line()
	j.sep = 0
	j.out.WriteByte('"')
	j.out.WriteString(name) // nothing in it is to be quoted
	j.out.WriteString(`":`)
	if j.pretty {
		j.out.WriteByte(' ')
	}
}

// begin writes what is before a value.
func (j *jsonWriter) begin(name string) {
	j.key(name)
	j.separate()
}

func (j *jsonWriter) value(name, raw string) {
	j.begin(name)
	j.out.WriteString(raw)
}

func (j *jsonWriter) string(name, v string) {
	j.begin(name)
	j.quote(v)
}

func (j *jsonWriter) open(name string, bracket byte) {
	j.begin(name)
	j.out.WriteByte(bracket)
	j.depth++
	j.sep = 0
	if j.pretty && bracket == '[' {
		j.out.WriteByte(' ')
	}
}

func (j *jsonWriter) close(bracket byte) {
	j.depth--
	switch {
	case bracket == ']' && j.pretty && j.sep != 0:
		j.out.WriteByte(' ')
	case bracket == '}' && j.sep != 0:
		j.line()
	}
	j.out.WriteByte(bracket)
	j.sep = ','
}

// quote writes a string; bytes that are not UTF-8 become U+FFFD, since JSON
// has no other.
func (j *jsonWriter) quote(s string) {
	j.out.WriteByte('"')
	asis := 0
	for asis < len(s) && s[asis] >= ' ' && s[asis] < 0x80 && s[asis] != '"' && s[asis] != '\\' {
		asis++
	}
	j.out.WriteString(s[:asis])
	for _, r := range s[asis:] {
		switch {
		case r == '"' || r == '\\':
			j.out.WriteByte('\\')
			j.out.WriteRune(r)
		case r == '\n':
			j.out.WriteString(`\n`)
		case r == '\t':
			j.out.WriteString(`\t`)
		case r == '\r':
			j.out.WriteString(`\r`)
		case r == '\f':
			j.out.WriteString(`\f`)
		case r == '\b':
			j.out.WriteString(`\b`)
		case r < ' ':
			fmt.Fprintf(j.out, `\u%04x`, r)
		default:
			j.out.WriteRune(r)
		}
	}
	j.out.WriteByte('"')
}
