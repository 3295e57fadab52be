//go:build linux

package nl

import "encoding/binary"

// Pieces are the bytes of a batch, whole messages in each. One buffer that grew
// with the batch would be copied as often as it doubles, and what it leaves
// behind would keep the garbage collector busy for longer than the messages
// take to encode; a datagram may as well be sent from many places.
//
// Where a message begins is not kept: messages say how long they are.
type pieces struct {
	all   [][]byte
	first []int // the index of the first message in each
	used  int   // how many of all are filled, the last of them perhaps in part
	size  int   // bytes in them
	last  int   // bytes of the last message: the next is perhaps as long
	space int   // what room gave

	seen struct{ piece, index, at int } // where request was last
}

const (
	firstPiece  = 4 << 10
	usualPiece  = 64 << 10
	largePiece  = 1 << 20 // 1,024 of them are a gigabyte, and all that one sendmsg takes
	keptPiece   = 256 << 10
	roomForMost = 512 // bytes that nearly every message fits into
)

// reset empties the pieces. One of them is kept, as large as they were together
// unless that is very much: what follows is often as long, and one piece is sent
// without a list.
func (p *pieces) reset() {
	if len(p.all) > 1 {
		p.all = append(p.all[:0:0], make([]byte, 0, min(p.size+roomForMost, keptPiece)))
		p.first = p.first[:1]
	}
	p.used, p.size, p.last, p.seen.piece, p.seen.index, p.seen.at = 0, 0, 0, 0, 0, 0
}

// room is where the next message goes: an empty slice before free space.
func (p *pieces) room() (b []byte) {
	if p.used > 0 {
		b = p.all[p.used-1]
		b = b[len(b):]
	}
	if cap(b) < max(roomForMost, p.last) {
		if p.used < len(p.all) {
			b = p.all[p.used][:0]
		} else {
			b = p.fresh()
		}
	}
	p.space = cap(b)
	return b
}

// fresh is a piece of the size that is due.
func (p *pieces) fresh() []byte {
	return make([]byte, 0, min(max(firstPiece, min(p.size, usualPiece), p.size/16), largePiece))
}

// take takes message index, which was appended to what room returned. If that
// did not have the space, the message is where append has moved it, and goes to a
// piece that has space behind it for others: a datagram has 1,024 pieces at most.
func (p *pieces) take(m []byte, index int) {
	p.size += len(m)
	p.last = len(m)
	if p.used > 0 {
		last := p.all[p.used-1]
		if end := len(last) + len(m); end <= cap(last) && &last[:end][len(last)] == &m[0] {
			p.all[p.used-1] = last[:end]
			return
		}
	}
	if cap(m) != p.space && p.used > 0 {
		m = append(p.fresh(), m...)
	}
	if p.used == len(p.all) {
		p.all, p.first = append(p.all, m), append(p.first, index)
	} else {
		p.all[p.used], p.first[p.used] = m, index
	}
	p.used++
}

// filled are the pieces to send.
func (p *pieces) filled() [][]byte { return p.all[:p.used] }

// request is message index. Looking for one behind the last is quick.
func (p *pieces) request(index int) []byte {
	s := &p.seen
	if index < s.index {
		s.piece, s.index, s.at = 0, 0, 0
	}
	for s.piece+1 < p.used && p.first[s.piece+1] <= index {
		s.piece++
		s.index, s.at = p.first[s.piece], 0
	}
	for b := p.all[s.piece]; ; s.index++ {
		l := int(binary.NativeEndian.Uint32(b[s.at:])) // nlmsg_len
		if s.index == index {
			return b[s.at : s.at+l]
		}
		s.at += align(l)
	}
}
