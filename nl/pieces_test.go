//go:build linux

package nl

import (
	"bytes"
	"context"
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
)

// blob is a message of one attribute of n bytes.
type blob struct{ data []byte }

func (b *blob) Fields(c *Coder) { Bytes(c, 1, "DATA", &b.data) }

// TestPieces fills batches with messages of all lengths: the datagram is all of
// them, and each is found by its index, in any order.
func TestPieces(t *testing.T) {
	p := &Protocol{Name: "test", Type: func(uint16) (string, Message) { return "BLOB", &blob{} }}
	var sent []byte
	c := Pretend(p, func(d []byte, reply func([]byte)) {
		sent = bytes.Clone(d)
		for i := 0; len(d) > 0; i++ {
			h, _, rest, ok := Next(d)
			if !ok {
				t.Fatalf("message %d is not whole", i)
			}
			if i%7 == 3 {
				reply(ReplyError(h, unix.EINVAL))
			}
			d = rest
		}
	})
	for _, count := range []int{1, 2, 300, 5000, 3} {
		b := c.Batch()
		var want []byte
		length := func(i int) int {
			switch {
			case i%100 == 50:
				return 60000 // more than a piece has left
			case i%10 == 5:
				return 700
			}
			return i % 40
		}
		for i := range count {
			m := &blob{bytes.Repeat([]byte{byte(i)}, length(i))}
			b.Add(0x20, 0, m)
			one, err := new(Coder).Append(make([]byte, headerLen), m)
			if err != nil {
				t.Fatal(err)
			}
			Header{Len: uint32(headerLen + nlaHeader + align(length(i))), Type: 0x20, Flags: unix.NLM_F_REQUEST, Seq: c.seq}.put(one)
			want = append(want, one...)
		}
		if b.Len() != count || b.Size() != len(want) {
			t.Errorf("%d messages: %d of %d bytes, want %d", count, b.Len(), b.Size(), len(want))
		}
		b.AskAck()
		last := b.Request(count - 1)
		if f := binary.NativeEndian.Uint16(last[6:]); f != unix.NLM_F_REQUEST|unix.NLM_F_ACK {
			t.Errorf("the last of %d has the flags %#x", count, f)
		}
		binary.NativeEndian.PutUint16(last[6:], unix.NLM_F_REQUEST)
		refused := 0
		if _, err := b.SendEach(context.Background(), func(i int, err error) {
			if e := err.(*Error); i%7 != 3 || e.Index != i || len(e.Request()) != headerLen+nlaHeader+align(length(i)) {
				t.Errorf("message %d of %d: %v", i, count, err)
			}
			refused++
		}); err != nil {
			t.Fatal(err)
		}
		if want := (count + 3) / 7; refused != want {
			t.Errorf("%d of %d were refused, want %d", refused, count, want)
		}
		if !bytes.Equal(sent, want) {
			t.Errorf("%d messages: the datagram differs", count)
		}
		for _, i := range []int{count - 1, 0, count / 2, count / 3, count - 1} {
			if r := b.Request(i); len(r) != headerLen+nlaHeader+align(length(i)) || length(i) > 0 && r[headerLen+nlaHeader] != byte(i) {
				t.Errorf("request %d of %d is another one", i, count)
			}
		}
		for _, piece := range c.batch.filled() {
			if len(piece) == 0 {
				t.Error("an empty piece")
			}
		}
	}
}

// TestFewPieces has messages of lengths that do not fit what the one before left:
// a datagram is still of few pieces, since the kernel takes 1,024.
func TestFewPieces(t *testing.T) {
	p := &Protocol{Name: "test", Type: func(uint16) (string, Message) { return "BLOB", &blob{} }}
	c := Pretend(p, func([]byte, func([]byte)) {})
	for i, n := range []int{600, 1064, 1260, 2024, 3052, 4100, 4332, 9000, 30000} {
		if !testns.Some(i, 1, 3) {
			continue
		}
		b := c.Batch()
		for range 3000 {
			b.Add(0x20, 0, &blob{make([]byte, n)})
		}
		if got, most := len(c.batch.filled()), 3000*(n+100)/(30<<10)+30; got > most {
			t.Errorf("3000 messages of %d bytes are in %d pieces, want at most %d", n, got, most)
		}
	}
}
