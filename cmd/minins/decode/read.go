//go:build linux

package decode

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/minins/minins/pcap"
)

// read finds out what an input is, and calls each with every datagram in it.
func read(in io.Reader, each func(datagram) error) error {
	b := bufio.NewReaderSize(in, 64<<10)
	begin, err := b.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if len(begin) == 4 && isCapture(binary.LittleEndian.Uint32(begin)) {
		return readCapture(b, each)
	}
	r := &reader{each: each, now: datagram{family: unknownFamily}}
	for {
		line, end := b.ReadString('\n')
		if end != nil && !errors.Is(end, io.EOF) {
			return end
		}
		if err := r.line(strings.TrimRight(line, "\r\n")); err != nil {
			return err
		}
		if end != nil {
			return errors.Join(r.end(), r.trap.end())
		}
	}
}

// isCapture says whether a file begins as pcapng or pcap, in either byte order.
func isCapture(magic uint32) bool {
	switch magic {
	case 0x0a0d0d0a, 0xa1b2c3d4, 0xd4c3b2a1, 0xa1b23c4d, 0x4d3cb2a1:
		return true
	}
	return false
}

func readCapture(in io.Reader, each func(datagram) error) error {
	r, err := pcap.NewReader(in)
	if err != nil {
		return err
	}
	for {
		p, i, err := r.Next()
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if i.LinkType != pcap.LinkTypeNetlink {
			continue // of a network: "minins capture" shows those
		}
		dir, family, b, ok := pcap.CutNetlink(p.Data)
		if !ok {
			continue
		}
		d := datagram{at: p.Time, family: int(family), where: strings.TrimSuffix(i.Name, ":"+protocol(int(family)).Name), bytes: bytes.Clone(b)}
		if d.where == protocol(d.family).Name {
			d.where = "" // as "minins --pcap" calls sockets at home
		}
		switch dir {
		case pcap.Outbound:
			d.dir = sent
		case pcap.Inbound:
			d.dir = received
		}
		if err := each(d); err != nil {
			return err
		}
	}
}

// A reader puts together the datagrams of a text.
type reader struct {
	each func(datagram) error
	now  datagram
	trap strace
}

// line takes a line of hex, or of strace.
func (r *reader) line(text string) error {
	if b, ok := r.trap.dump(text, len(r.now.bytes)); ok {
		if len(b) > 0 && len(r.now.bytes) == 0 {
			r.now = r.trap.now
		}
		r.now.bytes = append(r.now.bytes, b...)
		return nil
	}
	if r.trap.call(text) {
		return r.end()
	}
	h, ok := hexLine(text, len(r.now.bytes))
	if !ok || h.dir != unknownDirection || h.first {
		if err := r.end(); err != nil || !ok {
			return err
		}
		r.now.dir = h.dir
	}
	r.now.bytes = append(r.now.bytes, h.bytes...)
	return nil
}

// end hands on the datagram that is complete.
func (r *reader) end() error {
	d := r.now
	r.now = datagram{family: unknownFamily}
	if len(d.bytes) == 0 {
		return nil
	}
	return r.each(d)
}
