//go:build linux

package capture

import (
	"bufio"
	"os"
	"time"

	"github.com/minins/minins/pcap"
)

// An output is where packets go: a file of pcapng, or lines of text.
type output struct {
	_ [0]func() // not to be compared: that would take code

	name string // of the file; "-": standard output; "": text
	f    *os.File
	b    blocks
	w    *pcap.Writer // nil: text
	text text
	snap uint32
	err  error // the first one
}

func (o *output) open(stdout *bufio.Writer, snaplen uint32) (err error) {
	o.b, o.snap = blocks{stdout}, snaplen
	if o.name == "" {
		return nil
	}
	if o.name != "-" {
		if o.f, err = os.Create(o.name); err != nil {
			return err
		}
		o.b = blocks{bufio.NewWriterSize(o.f, 1<<16)}
	}
	o.w, err = pcap.NewWriter(o.b, "minins capture")
	return err
}

// blocks are written by system calls that have whole ones, so that there are only
// such in the file of one who is killed.
type blocks struct{ *bufio.Writer }

func (b blocks) Write(block []byte) (int, error) {
	if len(block) > b.Available() {
		b.Flush()
	}
	return b.Writer.Write(block)
}

func (o *output) fail(err error) {
	if o.err == nil {
		o.err = err
	}
}

// link is called before the first packet of a link.
func (o *output) link(l *link) {
	if o.w != nil {
		var err error
		l.id, err = o.w.Interface(pcap.Interface{LinkType: l.typ, SnapLen: o.snap, Name: l.name})
		o.fail(err)
	}
}

func (o *output) packet(c *captured) {
	at := time.Unix(0, c.ns)
	if o.w != nil {
		o.fail(o.w.Packet(c.link.id, pcap.Packet{Time: at, Data: c.data, Length: c.length, Dir: c.dir}))
		return
	}
	_, err := o.b.Write(o.text.line(c, at))
	o.fail(err)
}

func (o *output) statistics(l *link) {
	if o.w != nil {
		o.fail(o.w.Statistics(l.id, pcap.Statistics{Time: time.Now(), Received: l.count, Dropped: l.source.dropped}))
	}
}

func (o *output) close() error {
	o.fail(o.b.Flush())
	if o.f != nil {
		o.fail(o.f.Close())
	}
	return o.err
}
