//go:build linux

package pcap

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"time"
)

// A Writer writes one file of pcapng: one section, in little-endian order. It is
// not for several goroutines at once.
type Writer struct {
	_ [0]func() // not to be compared: that would take code

	w          io.Writer
	b          []byte // the block in the making
	err        error  // what is wrong with it
	interfaces int
}

// NewWriter begins a file: app is the program that makes it, or "". An error is
// that of w.
func NewWriter(w io.Writer, app string) (*Writer, error) {
	f := &Writer{w: w}
	f.begin(blockSection)
	f.u32(byteOrderMagic)
	f.u32(1)              // version 1.0
	f.u64(math.MaxUint64) // the length of the section is not known
	f.text(shbUserAppl, app)
	return f, f.end()
}

// Interface adds one, at any time before its first packet, and returns its number.
// The first one is 0.
func (w *Writer) Interface(i Interface) (id int, err error) {
	w.begin(blockInterface)
	w.u32(uint32(i.LinkType))
	w.u32(i.SnapLen)
	w.text(ifName, i.Name)
	w.text(ifDescription, i.Description)
	w.option(ifTSResol, 1)
	w.b = append(w.b, nanoseconds, 0, 0, 0)
	if err := w.end(); err != nil {
		return 0, err
	}
	w.interfaces++
	return w.interfaces - 1, nil
}

// Packet adds a packet of an interface. Times need not be in order. The error is
// that of the io.Writer, or tells of an interface that there is not, or of a time
// that the file cannot have; then nothing was written.
func (w *Writer) Packet(id int, p Packet) error {
	w.begin(blockPacket)
	w.interfaceTime(id, p.Time)
	w.u32(uint32(len(p.Data)))
	w.u32(uint32(max(p.Length, len(p.Data))))
	w.b = append(w.b, p.Data...)
	w.pad()
	if p.Dir != Unknown {
		w.option(epbFlags, 4)
		w.u32(uint32(p.Dir))
	}
	w.text(optComment, p.Comment)
	return w.end()
}

// Statistics adds counts of an interface, of which the last ones are true.
func (w *Writer) Statistics(id int, s Statistics) error {
	w.begin(blockStatistics)
	w.interfaceTime(id, s.Time)
	w.option(isbIfRecv, 8)
	w.u64(s.Received)
	w.option(isbIfDrop, 8)
	w.u64(s.Dropped)
	return w.end()
}

// begin leaves place for the length of the block.
func (w *Writer) begin(typ uint32) {
	w.b, w.err = w.b[:0], nil
	w.u32(typ)
	w.u32(0)
}

// end ends the block's options, of which it may have none, and writes it.
func (w *Writer) end() error {
	w.option(optEnd, 0)
	n := uint32(len(w.b) + 4)
	w.u32(n)
	binary.LittleEndian.PutUint32(w.b[4:], n)
	if w.err == nil {
		_, w.err = w.w.Write(w.b)
	}
	return w.err
}

func (w *Writer) u32(v uint32) { w.b = binary.LittleEndian.AppendUint32(w.b, v) }
func (w *Writer) u64(v uint64) { w.b = binary.LittleEndian.AppendUint64(w.b, v) }

func (w *Writer) pad() {
	for len(w.b)%4 != 0 {
		w.b = append(w.b, 0)
	}
}

func (w *Writer) option(code uint16, length int) { w.u32(uint32(code) | uint32(length)<<16) }

// text is an option, unless it is "".
func (w *Writer) text(code uint16, s string) {
	switch {
	case s == "":
	case len(s) > math.MaxUint16:
		w.err = fmt.Errorf("a text of %d bytes is too long for a file of packets, which takes %d", len(s), math.MaxUint16)
	default:
		w.option(code, len(s))
		w.b = append(w.b, s...)
		w.pad()
	}
}

// interfaceTime is how blocks about an interface begin: a time has its more
// significant half first, in either byte order.
func (w *Writer) interfaceTime(id int, t time.Time) {
	const last = math.MaxInt64/int64(time.Second) - 1 // second that UnixNano is defined for
	switch {
	case id < 0 || id >= w.interfaces:
		w.err = fmt.Errorf("there is no interface %d in this file of packets, which has %d", id, w.interfaces)
	case t.Unix() < 0 || t.Unix() > last:
		w.err = fmt.Errorf("a packet of second %d: a file of packets has the years 1970 to 2262", t.Unix())
	default:
		ns := uint64(t.UnixNano())
		w.u32(uint32(id))
		w.u32(uint32(ns >> 32))
		w.u32(uint32(ns))
	}
}
