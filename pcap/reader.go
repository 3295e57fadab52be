//go:build linux

package pcap

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"time"
)

// longest is the longest packet or description of an interface that is read, in bytes:
// a length need not be true, and memory is made for it.
const longest = 1 << 24

// A Reader reads a file of pcapng or of pcap, of either byte order.
type Reader struct {
	_ [0]func() // not to be compared: that would take code

	r          *bufio.Reader
	order      binary.ByteOrder
	at         int64  // where the block or packet begins that is being read
	read       int64  // how far the file has been read
	b          []byte // the last block or packet, for the Packet that was returned
	interfaces []*source
	classic    bool // a file of pcap
}

// A source is an interface, and what its times mean.
type source struct {
	Interface
	perSecond uint64 // units of time
	offset    int64  // seconds to add
}

// The first four bytes of a file of pcap, in its byte order.
const (
	magicMicro = 0xa1b2c3d4
	magicNano  = 0xa1b23c4d
)

// NewReader reads how a file begins. What is neither of the two formats is an error.
func NewReader(r io.Reader) (*Reader, error) {
	f := &Reader{r: bufio.NewReaderSize(r, 1<<16)}
	first, err := f.r.Peek(4)
	if err != nil {
		return nil, f.fail(err)
	}
	for _, f.order = range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		switch f.order.Uint32(first) {
		case blockSection:
			return f, nil // its order is still to be read
		case magicMicro:
			return f, f.header(microseconds)
		case magicNano:
			return f, f.header(nanoseconds)
		}
	}
	return nil, fmt.Errorf("neither pcapng nor pcap: the file begins with 0x%08x", binary.BigEndian.Uint32(first))
}

// header is that of a file of pcap: magic, version 2.4, time zone and accuracy,
// which are 0, snaplen and linktype.
func (r *Reader) header(resolution byte) error {
	b, err := r.next(24)
	if err != nil {
		return err
	}
	if major := r.order.Uint16(b[4:]); major != 2 {
		return r.errorf("version %d of pcap; expected 2", major)
	}
	linkType := uint16(r.order.Uint32(b[20:])) // the upper half is about checksums
	s := &source{Interface: Interface{LinkType: linkType, SnapLen: r.order.Uint32(b[16:])}}
	s.perSecond, _ = perSecond(resolution)
	r.interfaces = []*source{s}
	r.classic = true
	return nil
}

// Next returns the next packet and the interface that it is of. The packet's Data is
// good until the next call. At the end it returns [io.EOF], and
// [io.ErrUnexpectedEOF], as a part of its error, if the file ends within a packet.
// What follows an error is not read.
func (r *Reader) Next() (Packet, *Interface, error) {
	if r.classic {
		return r.packet()
	}
	for {
		p, s, err := r.block()
		if err != nil {
			return Packet{}, nil, err
		}
		if s != nil {
			return p, &s.Interface, nil
		}
	}
}

// packet reads one of a file of pcap: seconds, their fraction, and two lengths.
func (r *Reader) packet() (Packet, *Interface, error) {
	r.at = r.read
	b, err := r.next(16)
	if err != nil {
		return Packet{}, nil, err
	}
	s := r.interfaces[0]
	ns := int64(r.order.Uint32(b[4:])) * int64(time.Second) / int64(s.perSecond)
	p := Packet{Time: time.Unix(int64(r.order.Uint32(b)), ns), Length: int(r.order.Uint32(b[12:]))}
	n := r.order.Uint32(b[8:])
	if n > longest {
		return Packet{}, nil, r.errorf("a packet of %d bytes; expected at most %d", n, longest)
	}
	if p.Data, err = r.rest(int(n)); err != nil {
		return Packet{}, nil, err
	}
	return p, &s.Interface, nil
}

// next reads n bytes, which may not be there: [io.EOF].
func (r *Reader) next(n int) ([]byte, error) {
	if cap(r.b) < n {
		r.b = make([]byte, n)
	}
	b := r.b[:n]
	got, err := io.ReadFull(r.r, b)
	r.read += int64(got)
	if err != nil {
		return nil, r.fail(err)
	}
	return b, nil
}

// rest reads n bytes that must be there.
func (r *Reader) rest(n int) ([]byte, error) {
	b, err := r.next(n)
	if errors.Is(err, io.EOF) {
		err = r.fail(io.ErrUnexpectedEOF)
	}
	return b, err
}

// skip is rest of what nobody wants.
func (r *Reader) skip(n int64) error {
	for n > 0 {
		got, err := r.r.Discard(int(min(n, 1<<30)))
		r.read += int64(got)
		n -= int64(got)
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return r.fail(err)
		}
	}
	return nil
}

// fail says where the file ends that ends too early.
func (r *Reader) fail(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) && r.read == 0 {
		return fmt.Errorf("the file ends within what begins at byte %d: %w", r.at, io.ErrUnexpectedEOF)
	}
	return err
}

func (r *Reader) errorf(format string, args ...any) error {
	return fmt.Errorf("at byte %d: "+format, append([]any{r.at}, args...)...)
}

// perSecond is how many units of if_tsresol are a second: a power of 10, or of 2 if
// the highest bit is set.
func perSecond(resolution byte) (n uint64, ok bool) {
	power := resolution &^ 0x80
	if resolution != power {
		return 1 << power, power < 64
	}
	n = 1
	for range min(power, 20) {
		n *= 10
	}
	return n, power < 20
}

func (s *source) time(high, low uint32) time.Time {
	units := uint64(high)<<32 | uint64(low)
	h, l := bits.Mul64(units%s.perSecond, uint64(time.Second))
	ns, _ := bits.Div64(h, l, s.perSecond)
	return time.Unix(int64(units/s.perSecond)+s.offset, int64(ns))
}
