//go:build linux

package tracepacket

import (
	"bufio"
	"strconv"

	"github.com/minins/minins/cmd/minins/internal/jsonout"
	"github.com/minins/minins/nft/path"
)

// An output shows ways of packets: as text, or each as an object of JSON in a line.
type output struct {
	_ [0]func() // not to be compared: that would take code

	w    *bufio.Writer
	json bool
	j    jsonout.Writer
}

func (o *output) say(parts ...string) {
	for _, part := range parts {
		o.w.WriteString(part)
	}
}

// begin begins the way of a packet and of what answers it.
func (o *output) begin() {
	if o.json {
		o.j = jsonout.Writer{Out: o.w}
		o.j.Open("", '{')
		o.j.Open("legs", '[')
	}
}

// end ends it with what became of it, and the exit status.
func (o *output) end(result string, status int) {
	if !o.json {
		o.say(result, "\n")
		return
	}
	o.j.Close(']')
	o.j.String("result", result)
	o.j.Value("status", strconv.Itoa(status))
	o.j.Close('}')
	o.w.WriteByte('\n')
}

// show shows words and, in JSON, names and values, of which those that are "" are left
// out. An array of what is in it follows if it has a name, until shown.
func (o *output) show(words, array string, pairs ...string) {
	if !o.json {
		o.say(words, "\n")
		return
	}
	o.j.Open("", '{')
	for ; len(pairs) > 0; pairs = pairs[2:] {
		switch name, value := pairs[0], pairs[1]; {
		case value == "":
		case name == "handle":
			o.j.Value(name, value)
		default:
			o.j.String(name, value)
		}
	}
	if array != "" {
		o.j.Open(array, '[')
	} else {
		o.j.Close('}')
	}
}

// shown ends an array of show.
func (o *output) shown() {
	if o.json {
		o.j.Close(']')
		o.j.Close('}')
	}
}

// leg begins the way of one packet.
func (o *output) leg(kind string, p *path.Packet, fate path.Fate) {
	packet := p.String()
	o.show(kind+": "+packet, "visits", "kind", kind, "packet", packet, "from", p.From(), "to", p.To(), "fate", fates[fate])
}

var fates = [...]string{path.Vanished: "vanished", path.Delivered: "delivered", path.Dropped: "dropped", path.Taken: "taken", path.Left: "left"}

// fact is one thing that a packet met.
func (o *output) fact(words string, pairs ...string) { o.show("    "+words, "", pairs...) }
