//go:build linux

package ip

import (
	"bufio"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/minins/minins/cmd/minins/internal/fraction"
	"github.com/minins/minins/cmd/minins/internal/jsonout"
	"github.com/minins/minins/internal/ntop"
)

// A printer writes objects as text or as JSON. Whoever describes an object
// says each value once, with its JSON key and the format of its text; a format
// of "" leaves the value out of the text, a call of write leaves it out of JSON.
type printer struct {
	_ [0]func() // not to be compared: that would take code

	out     *bufio.Writer
	json    *jsonout.Writer // nil: text
	colors  string          // what they begin with; "": none
	oneline bool            // -o: a backslash in place of a line break
	begun   bool
	deleted bool // the next object is gone
}

// str is a string value.
func (p *printer) str(key, format, v string) { p.strColor(plain, key, format, v) }

// word is a string that may be empty, and then is not shown.
func (p *printer) word(key, format, v string) {
	if v != "" {
		p.str(key, format, v)
	}
}

// strColor is a string value whose text, format included, has a colour. The format
// has one verb: %s, or %-NNs of two digits.
func (p *printer) strColor(c color, key, format, v string) {
	switch {
	case p.json != nil:
		p.json.String(key, v)
	case format != "":
		p.pen(c)
		before, verb, after := plainVerb(format)
		width := 0
		if verb == '-' { // %-16s: as C, and not fmt, counts it, in bytes
			width = int(after[0]-'0')*10 + int(after[1]-'0')
			after = after[3:]
		}
		p.out.WriteString(before)
		p.out.WriteString(v)
		for ; width > len(v); width-- {
			p.out.WriteByte(' ')
		}
		p.out.WriteString(after)
		p.lift(c)
	}
}

// plainVerb divides a format with one verb and nothing between that and its
// percent sign; fmt, which can do more, takes several times as long. The verb of
// another format is 0.
func plainVerb(format string) (before string, verb byte, after string) {
	for i := 0; i+1 < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		before, verb, after = format[:i], format[i+1], format[i+2:]
		for i := range len(after) {
			if after[i] == '%' {
				return "", 0, ""
			}
		}
		break
	}
	return before, verb, after
}

// addr is an address in a color, whose text is %s.
func (p *printer) addr(c color, key, format string, a netip.Addr) {
	before, _, after := plainVerb(format)
	if p.json != nil {
		p.json.Begin(key)
		before, after = "\"", "\""
		c = plain
	}
	p.pen(c)
	p.out.WriteString(before)
	p.out.Write(ntop.Append(p.out.AvailableBuffer(), a))
	p.out.WriteString(after)
	p.lift(c)
}

// raw is a value: in the text with a format, in JSON as it is.
func (p *printer) raw(key, json, format string, v any) {
	switch {
	case p.json != nil:
		p.json.Value(key, json)
	case format != "":
		fmt.Fprintf(p.out, format, v)
	}
}

// uint is an unsigned integer.
func (p *printer) uint(key, format string, v uint64) {
	before, verb, after := plainVerb(format)
	switch {
	case p.json != nil:
		p.json.Begin(key)
		before, after = "", ""
	case verb != 'd':
		p.raw(key, "", format, v)
		return
	}
	p.out.WriteString(before)
	p.out.Write(strconv.AppendUint(p.out.AvailableBuffer(), v, 10))
	p.out.WriteString(after)
}

// number is an unsigned integer that is shown if ok.
func (p *printer) number(ok bool, key, format string, v uint64) {
	if ok {
		p.uint(key, format, v)
	}
}

// nonzero is an unsigned integer that is shown if it is not 0.
func (p *printer) nonzero(key, format string, v uint32) { p.number(v != 0, key, format, uint64(v)) }

// int is a signed integer.
func (p *printer) int(key, format string, v int64) {
	p.raw(key, strconv.FormatInt(v, 10), format, v)
}

// hex is an integer whose JSON is a string: "0x1f".
func (p *printer) hex(key, format string, v uint64) {
	p.raw(key, fmt.Sprintf("\"%#x\"", v), format, v)
}

// float is a number with two digits behind the point, in a format for text (fmt prints
// no numbers with a point, so that they need not be in the binary twice).
func (p *printer) float(key, format string, v float64) {
	n := fraction.Fixed(v, 2)
	p.raw(key, n, format, n)
}

// onOff is a boolean: "on" or "off" in the text.
func (p *printer) onOff(key, format string, v bool) {
	if v {
		p.raw(key, "true", format, "on")
	} else {
		p.raw(key, "false", format, "off")
	}
}

// flag is a value that is true where it is there at all.
func (p *printer) flag(key, text string) { p.raw(key, "true", "%s", text) }

// null is a flag that iproute2 writes as null.
func (p *printer) null(key, text string) { p.raw(key, "null", "%s", text) }

// write is text, for people alone.
func (p *printer) write(s string) {
	if p.json == nil {
		p.out.WriteString(s)
	}
}

// line ends a line within an object.
func (p *printer) line() {
	if p.oneline {
		p.write("\\")
	} else {
		p.write("\n")
	}
}

// object and array open what end and endArray close, in JSON; text brackets
// them, if at all, by calls of write. key is "" inside an array.
func (p *printer) object(key string) {
	if p.json != nil {
		p.json.Open(key, '{')
	}
	if p.deleted {
		p.deleted = false
		p.flag("deleted", "Deleted ")
	}
}

func (p *printer) end() {
	if p.json != nil {
		p.json.Close('}')
	}
}

func (p *printer) array(key string) {
	if p.json != nil {
		p.json.Open(key, '[')
	}
}

func (p *printer) endArray() {
	if p.json != nil {
		p.json.Close(']')
	}
}

// begin and finish enclose all the objects that a command shows. begin may be
// called again and again, and finish without it.
func (p *printer) begin() {
	if !p.begun {
		p.begun = true
		p.array("")
	}
}

func (p *printer) finish() {
	p.begin()
	if p.json != nil {
		p.json.Close(']')
		p.out.WriteByte('\n')
	}
}
