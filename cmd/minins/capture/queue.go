//go:build linux

package capture

import "github.com/minins/minins/pcap"

// What was captured of one packet, on its way to the output.
type captured struct {
	ns      int64 // its time, since 1970
	link    *link
	data    []byte
	length  int // on the link
	dir     pcap.Direction
	ether   uint16 // the protocol by its number in Ethernet
	network int    // where its header begins in data
}

// A queue has the packets of a namespace in the order of time, in which they nearly
// come: two processors may take turns.
type queue struct {
	_ [0]func() // not to be compared: that would take code

	all   []*captured
	gone  int // how many of them are out already
	bytes int
}

func (q *queue) empty() bool      { return q.gone == len(q.all) }
func (q *queue) first() *captured { return q.all[q.gone] }

func (q *queue) push(c *captured) {
	if q.gone > len(q.all)/2 { // few are moved, for many that are gone
		q.all = append(q.all[:0], q.all[q.gone:]...)
		q.gone = 0
	}
	q.all = append(q.all, c)
	q.bytes += len(c.data)
	for i := len(q.all) - 1; i > q.gone && q.all[i-1].ns > q.all[i].ns; i-- {
		q.all[i-1], q.all[i] = q.all[i], q.all[i-1]
	}
}

// pop takes the earliest packet.
func (q *queue) pop() *captured {
	c := q.first()
	q.all[q.gone] = nil
	q.gone++
	q.bytes -= len(c.data)
	return c
}
