//go:build linux

package ip

import (
	"bufio"
	"fmt"
	"strconv"
)

// A printer writes objects as text or as JSON. Whoever describes an object
// says each value once, with its JSON key and the format of its text; a format
// of "" leaves the value out of the text, a call of text leaves it out of JSON.
type printer struct {
	out     *bufio.Writer
	json    *jsonWriter // nil: text
	colors  *palette    // nil: none
	oneline bool        // -o: a backslash in place of a line break
}

// str is a string value.
func (p *printer) str(key, format, v string) { p.strColor(plain, key, format, v) }

// strColor is a string value whose text, format included, has a colour.
func (p *printer) strColor(c color, key, format, v string) {
	switch {
	case p.json != nil:
		p.json.string(key, v)
	case format != "":
		p.paint(c, fmt.Sprintf(format, v))
	}
}

// uint is an unsigned integer.
func (p *printer) uint(key, format string, v uint64) {
	switch {
	case p.json != nil:
		p.json.value(key, strconv.FormatUint(v, 10))
	case format != "":
		fmt.Fprintf(p.out, format, v)
	}
}

// int is a signed integer.
func (p *printer) int(key, format string, v int64) {
	switch {
	case p.json != nil:
		p.json.value(key, strconv.FormatInt(v, 10))
	case format != "":
		fmt.Fprintf(p.out, format, v)
	}
}

// hex is an integer whose JSON is a string: "0x1f".
func (p *printer) hex(key, format string, v uint64) {
	switch {
	case p.json != nil:
		p.json.string(key, fmt.Sprintf("%#x", v))
	case format != "":
		fmt.Fprintf(p.out, format, v)
	}
}

// float is a number with two digits behind the point.
func (p *printer) float(key, format string, v float64) {
	switch {
	case p.json != nil:
		p.json.value(key, strconv.FormatFloat(v, 'f', 2, 64))
	case format != "":
		fmt.Fprintf(p.out, format, v)
	}
}

// flag is a value that is true where it is there at all.
func (p *printer) flag(key, text string) {
	if p.json != nil {
		p.json.value(key, "true")
		return
	}
	p.out.WriteString(text)
}

// null is a flag that iproute2 writes as null.
func (p *printer) null(key, text string) {
	if p.json != nil {
		p.json.value(key, "null")
		return
	}
	p.out.WriteString(text)
}

// onOff is a boolean: "on" or "off" in the text.
func (p *printer) onOff(key, format string, v bool) {
	word := "off"
	if v {
		word = "on"
	}
	switch {
	case p.json != nil:
		p.json.value(key, strconv.FormatBool(v))
	case format != "":
		fmt.Fprintf(p.out, format, word)
	}
}

// text is for people alone.
func (p *printer) text(format string, args ...any) {
	if p.json == nil {
		fmt.Fprintf(p.out, format, args...)
	}
}

// line ends a line within an object.
func (p *printer) line() {
	if p.oneline {
		p.text("\\")
	} else {
		p.text("\n")
	}
}

// object and array open what end and endArray close, in JSON; text brackets
// them, if at all, by calls of text. key is "" inside an array.
func (p *printer) object(key string) {
	if p.json != nil {
		p.json.open(key, '{')
	}
}

func (p *printer) end() {
	if p.json != nil {
		p.json.close('}')
	}
}

func (p *printer) array(key string) {
	if p.json != nil {
		p.json.open(key, '[')
	}
}

func (p *printer) endArray() {
	if p.json != nil {
		p.json.close(']')
	}
}

// begin and finish enclose all the objects that a command shows.
func (p *printer) begin() { p.array("") }

func (p *printer) finish() {
	if p.json != nil {
		p.json.close(']')
		p.out.WriteByte('\n')
	}
}
