//go:build linux

// Package jsonout writes JSON as iproute2 lays it out, for the applets that print it.
package jsonout

import (
	"bufio"
	"fmt"
	"strings"
)

// A Writer writes JSON in the layout of iproute2: on one line, or pretty.
type Writer struct {
	_ [0]func() // not to be compared: that would take code

	Out    *bufio.Writer
	Pretty bool // objects are indented by eight spaces a level, arrays are on one line

	depth int
	sep   byte // what the next element needs before it, or 0
}

// Restart begins another document, in the same output.
func (j *Writer) Restart() { j.sep = 0 }

func (j *Writer) line() {
	if j.Pretty {
		j.Out.WriteByte('\n')
		j.Out.WriteString(strings.Repeat("    ", j.depth))
	}
}

func (j *Writer) separate() {
	if j.sep != 0 {
		j.Out.WriteByte(j.sep)
	}
	j.sep = ','
}

// key writes the name of the next value; "" is none, for elements of arrays.
func (j *Writer) key(name string) {
	if name == "" {
		return
	}
	j.separate()
	j.line()
	j.sep = 0
	j.Out.WriteByte('"')
	j.Out.WriteString(name) // nothing in it is to be quoted
	j.Out.WriteString(`":`)
	if j.Pretty {
		j.Out.WriteByte(' ')
	}
}

// Begin writes what is before a value; the value itself is for the caller to write.
func (j *Writer) Begin(name string) {
	j.key(name)
	j.separate()
}

// Value writes a value that is JSON already.
func (j *Writer) Value(name, raw string) {
	j.Begin(name)
	j.Out.WriteString(raw)
}

// String writes a string.
func (j *Writer) String(name, v string) {
	j.Begin(name)
	j.quote(v)
}

// Open begins an object or an array: by its bracket.
func (j *Writer) Open(name string, bracket byte) {
	j.Begin(name)
	j.Out.WriteByte(bracket)
	j.depth++
	j.sep = 0
	if j.Pretty && bracket == '[' {
		j.Out.WriteByte(' ')
	}
}

// Close ends what Open began: by the other bracket.
func (j *Writer) Close(bracket byte) {
	j.depth--
	switch {
	case bracket == ']' && j.Pretty && j.sep != 0:
		j.Out.WriteByte(' ')
	case bracket == '}' && j.sep != 0:
		j.line()
	}
	j.Out.WriteByte(bracket)
	j.sep = ','
}

// quote writes a string; bytes that are not UTF-8 become U+FFFD, since JSON
// has no other.
func (j *Writer) quote(s string) {
	j.Out.WriteByte('"')
	asis := 0
	for asis < len(s) && s[asis] >= ' ' && s[asis] < 0x80 && s[asis] != '"' && s[asis] != '\\' {
		asis++
	}
	j.Out.WriteString(s[:asis])
	for _, r := range s[asis:] {
		switch {
		case r == '"' || r == '\\':
			j.Out.WriteByte('\\')
			j.Out.WriteRune(r)
		case r == '\n':
			j.Out.WriteString(`\n`)
		case r == '\t':
			j.Out.WriteString(`\t`)
		case r == '\r':
			j.Out.WriteString(`\r`)
		case r == '\f':
			j.Out.WriteString(`\f`)
		case r == '\b':
			j.Out.WriteString(`\b`)
		case r < ' ':
			fmt.Fprintf(j.Out, `\u%04x`, r)
		default:
			j.Out.WriteRune(r)
		}
	}
	j.Out.WriteByte('"')
}
