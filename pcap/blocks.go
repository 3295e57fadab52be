//go:build linux

package pcap

import "encoding/binary"

// block reads a block of pcapng. There is no source unless it is a packet.
func (r *Reader) block() (p Packet, s *source, err error) {
	r.at = r.read
	b, err := r.next(8)
	if err != nil {
		return p, nil, err
	}
	typ, length := r.order.Uint32(b), r.order.Uint32(b[4:])
	if typ == blockSection {
		if length, err = r.section(length); err != nil {
			return p, nil, err
		}
	}
	wanted := false
	switch typ {
	case blockInterface, blockOldPacket, blockSimple, blockPacket:
		wanted = true
	}
	switch {
	case length < 12 || length%4 != 0 || wanted && length > longest:
		return p, nil, r.errorf("a block of %d bytes; expected a multiple of 4, from 12 to %d", length, longest)
	case !wanted:
		return p, nil, r.skip(int64(length) - (r.read - r.at))
	}
	if b, err = r.rest(int(length) - 8); err != nil {
		return p, nil, err
	}
	if again := r.order.Uint32(b[len(b)-4:]); again != length {
		return p, nil, r.errorf("a block of %d bytes that ends with %d as its length", length, again)
	}
	b = b[:len(b)-4]
	if typ == blockInterface {
		return p, nil, r.addInterface(b)
	}
	p, s, ok := r.decode(typ, b)
	if !ok {
		return p, nil, r.errorf("a packet (block type %d, %d bytes) that is too short, or of an interface that there is not", typ, length)
	}
	return p, s, nil
}

// section reads on to where the byte order is known, and returns the length of the
// block in it. Interfaces are numbered anew in each section.
func (r *Reader) section(length uint32) (uint32, error) {
	var swapped [4]byte
	r.order.PutUint32(swapped[:], length)
	b, err := r.rest(8)
	if err != nil {
		return 0, err
	}
	switch {
	case binary.LittleEndian.Uint32(b) == byteOrderMagic:
		r.order = binary.LittleEndian
	case binary.BigEndian.Uint32(b) == byteOrderMagic:
		r.order = binary.BigEndian
	default:
		return 0, r.errorf("a section without its byte order: 0x%08x; expected 0x%08x", binary.BigEndian.Uint32(b), byteOrderMagic)
	}
	if major := r.order.Uint16(b[4:]); major != 1 {
		return 0, r.errorf("version %d of pcapng; expected 1", major)
	}
	r.interfaces = nil
	if length = r.order.Uint32(swapped[:]); length < 28 {
		return 0, r.errorf("a section header of %d bytes; expected at least 28", length)
	}
	return length, nil
}

// addInterface takes LinkType, 2 bytes that are reserved, SnapLen and options.
func (r *Reader) addInterface(b []byte) error {
	if len(b) < 8 {
		return r.errorf("an interface of %d bytes; expected at least 8", len(b))
	}
	s := &source{Interface: Interface{LinkType: r.order.Uint16(b), SnapLen: r.order.Uint32(b[4:])}}
	resolution := byte(microseconds)
	for o := (options{r.order, b[8:]}); ; {
		code, value := o.next()
		switch {
		case code == optEnd:
			var ok bool
			if s.perSecond, ok = perSecond(resolution); !ok {
				return r.errorf("times in units of if_tsresol %d, which are too small", resolution)
			}
			r.interfaces = append(r.interfaces, s)
			return nil
		case code == ifName:
			s.Name = string(value)
		case code == ifDescription:
			s.Description = string(value)
		case code == ifTSResol && len(value) == 1:
			resolution = value[0]
		case code == ifTSOffset && len(value) == 8:
			s.offset = int64(r.order.Uint64(value))
		}
	}
}

// decode is a packet of one of three types.
func (r *Reader) decode(typ uint32, b []byte) (p Packet, s *source, ok bool) {
	var id, length, original uint32
	switch {
	case typ == blockSimple && len(b) >= 4: // its length, and data
		original = r.order.Uint32(b)
		b = b[4:]
		length = min(original, uint32(len(b)))
	case typ != blockSimple && len(b) >= 20: // interface, time, two lengths, data, options
		if id = r.order.Uint32(b); typ == blockOldPacket {
			id = uint32(r.order.Uint16(b)) // and the number of drops
		}
		length, original = r.order.Uint32(b[12:]), r.order.Uint32(b[16:])
	default:
		return p, nil, false
	}
	if id >= uint32(len(r.interfaces)) {
		return p, nil, false
	}
	s = r.interfaces[id]
	p.Length = int(original)
	if typ == blockSimple {
		if s.SnapLen > 0 {
			length = min(length, s.SnapLen)
		}
		p.Data = b[:length]
		return p, s, true
	}
	p.Time = s.time(r.order.Uint32(b[4:]), r.order.Uint32(b[8:]))
	b = b[20:]
	if length > uint32(len(b)) {
		return p, nil, false
	}
	p.Data = b[:length:length]
	for o := (options{r.order, b[min(int(length+3)&^3, len(b)):]}); ; {
		code, value := o.next()
		switch {
		case code == optEnd:
			return p, s, true
		case code == optComment:
			p.Comment = string(value)
		case code == epbFlags && len(value) == 4:
			if dir := Direction(r.order.Uint32(value) & 3); dir <= Outbound {
				p.Dir = dir
			}
		}
	}
}

// options are those that a block ends with.
type options struct {
	order binary.ByteOrder
	b     []byte
}

// next returns optEnd once there are no more, or what follows is none.
func (o *options) next() (code uint16, value []byte) {
	if len(o.b) < 4 {
		return optEnd, nil
	}
	code = o.order.Uint16(o.b)
	n := int(o.order.Uint16(o.b[2:]))
	if o.b = o.b[4:]; n > len(o.b) {
		return optEnd, nil
	}
	value = o.b[:n]
	o.b = o.b[min((n+3)&^3, len(o.b)):]
	return code, value
}
