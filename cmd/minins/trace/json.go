//go:build linux

package trace

import (
	"bufio"
	"encoding/hex"
	"strconv"

	"github.com/minins/minins/cmd/minins/internal/jsonout"
	"github.com/minins/minins/nl"
)

// json is the message as one line: an object.
func (m *event) json(w *bufio.Writer) {
	j := jsonout.Writer{Out: w}
	number := func(name string, n int64) { j.Value(name, strconv.FormatInt(n, 10)) }
	p := m.s.protocol
	j.Open("", '{')
	if !m.now.IsZero() {
		number("time_ns", m.now.UnixNano())
	}
	j.String("netns", m.s.ns)
	j.String("protocol", p.Name)
	dir := "received"
	if m.sent {
		dir = "sent"
	}
	j.String("direction", dir)
	j.String("type", p.TypeName(m.header.Type))
	j.String("flags", p.FlagsName(m.header.Type, m.header.Flags))
	number("seq", int64(m.header.Seq))
	number("port", int64(m.header.Port))
	number("bytes", int64(len(m.bytes)))
	if took, ok := m.took(); ok {
		number("after_us", took.Microseconds())
	}
	if e := m.refused; e != nil {
		j.Open("refused", '{')
		number("errno", int64(e.Errno))
		j.String("error", e.Errno.Error())
		j.String("message", e.Message)
		j.Open("attribute", '[')
		for _, name := range e.Path {
			j.String("", name)
		}
		j.Close(']')
		j.Close('}')
	}
	j.Open("items", '[')
	depth := 0 // of the objects that are open, less one
	first := true
	m.named = m.walk(func(i *nl.Item) {
		if i.Offset < headerLen {
			return
		}
		for ; !first && depth >= i.Depth; depth-- {
			j.Close(']')
			j.Close('}')
		}
		first, depth = false, i.Depth
		j.Open("", '{')
		j.String("name", i.Name)
		number("offset", int64(i.Offset))
		j.Value("bytes", `"`+hex.EncodeToString(i.Bytes)+`"`)
		if i.Value != "" {
			j.String("value", i.Value)
		}
		if i.Note != "" {
			j.String("note", i.Note)
		}
		j.Open("items", '[')
	})
	for ; !first && depth >= 0; depth-- {
		j.Close(']')
		j.Close('}')
	}
	j.Close(']')
	j.Close('}')
	w.WriteByte('\n')
}
