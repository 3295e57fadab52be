//go:build linux

package trace

import (
	"bufio"
	"fmt"
	"strings"
	"time"

	"github.com/minins/minins/nl"
)

// head is the line that a message begins with.
func (m *event) head(w *bufio.Writer) {
	arrow := "<"
	if m.sent {
		arrow = ">"
	}
	where := m.s.protocol.Name
	if m.s.ns != "" {
		where = m.s.ns + " " + where
	}
	p := m.s.protocol
	if !m.now.IsZero() {
		hour, minute, second := m.now.Clock()
		fmt.Fprintf(w, "%02d:%02d:%02d.%06d ", hour, minute, second, m.now.Nanosecond()/1000)
	}
	fmt.Fprintf(w, "%s %s %s", where, arrow, p.TypeName(m.header.Type))
	if m.header.Flags != 0 {
		w.WriteString(" " + p.FlagsName(m.header.Type, m.header.Flags))
	}
	fmt.Fprintf(w, " seq %d, %d bytes", m.header.Seq, len(m.bytes))
	if took, ok := m.took(); ok {
		w.WriteString(", after " + took.String())
	}
	w.WriteByte('\n')
}

// took is how long the kernel had the request.
func (m *event) took() (time.Duration, bool) {
	if m.request == nil || m.now.IsZero() {
		return 0, false
	}
	return m.now.Sub(m.request.sent).Round(time.Microsecond), true
}

// text is the head, then the members of headers on one line, then an attribute a line.
func (m *event) text(w *bufio.Writer, short bool) {
	m.head(w)
	m.named = true
	if m.refused != nil {
		m.refusal(w)
		return
	}
	if short && !m.verdict() {
		return
	}
	if m.verdict() && m.request != nil && m.header.Type == nlmsgError {
		w.WriteString("    carried out\n")
		return
	}
	m.named = writeItems(w, m.s.protocol, m.bytes, -1)
}

// refusal writes what the kernel objects to, with an arrow at it.
func (m *event) refusal(w *bufio.Writer) {
	if m.refused == nil {
		return
	}
	fmt.Fprintf(w, "    refused: %v\n", m.refused)
	if at := m.refused.Offset(); at > 0 {
		writeItems(w, m.s.protocol, m.request.message, at)
	}
}

// writeItems writes the items of a message behind its nlmsghdr, with an arrow at what is at an
// offset.
func writeItems(w *bufio.Writer, p *nl.Protocol, message []byte, mark int) (named bool) {
	members := false // on the line that is begun
	end := func() {
		if members {
			w.WriteByte('\n')
		}
		members = false
	}
	named = p.Walk(message, func(i *nl.Item) {
		arrow := ""
		if mark >= i.Offset && mark < i.Offset+len(i.Bytes) {
			arrow = "   <-- here"
		}
		switch {
		case i.Offset < headerLen, strings.HasPrefix(i.Name, "(") && arrow == "":
		case !i.Attr && members:
			w.WriteString(", " + i.Text() + arrow)
		default:
			end()
			w.WriteString("    " + strings.Repeat("  ", i.Depth) + i.Text() + arrow)
			if members = !i.Attr; !members {
				w.WriteByte('\n')
			}
		}
	})
	end()
	return named
}
