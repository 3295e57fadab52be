//go:build linux

package nft_test

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// TestEvents has a listener and the batch itself hear of the same change.
func TestEvents(t *testing.T) {
	ns := testns.New(t)
	dial := func() *nft.Conn {
		c, err := nft.Dial(nl.Config{NetNS: ns.FD()})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	events, err := dial().Events(false)
	if err != nil {
		t.Fatal(err)
	}
	defer events.Close()
	c := dial()
	defer c.Close()
	var echoed, heard []uint16
	b := c.Begin(t.Context())
	b.OnEvent = func(e *nft.Event) error {
		echoed = append(echoed, e.Msg)
		return nil
	}
	const echo = unix.NLM_F_CREATE | unix.NLM_F_ECHO
	b.Add(unix.NFT_MSG_NEWTABLE, echo, &nft.Table{Family: nft.IPv4, Name: "t"})
	b.Add(unix.NFT_MSG_NEWSET, echo, &nft.Set{Family: nft.IPv4, Table: "t", Name: "s", ID: 1, KeyType: 7, KeyLen: 4})
	b.AddElems(&nft.Elems{Family: nft.IPv4, Table: "t", Set: "s", SetID: 1, Elems: []nft.Elem{{Key: []byte{1, 1, 1, 1}}}})
	b.AddChain(&nft.Chain{Family: nft.IPv4, Table: "t", Name: "c"}) // of which no echo was asked for
	if err := b.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for len(heard) == 0 || heard[len(heard)-1] != unix.NFT_MSG_NEWGEN {
		if err := events.Receive(ctx, func(e *nft.Event) error {
			heard = append(heard, e.Msg)
			if table, ok := e.About.(*nft.Table); ok && (table.Name != "t" || e.Gone()) {
				t.Errorf("an event of table %q, gone: %t", table.Name, e.Gone())
			}
			return nil
		}); err != nil {
			t.Fatalf("%v, after %d", err, heard)
		}
	}
	has := func(all []uint16, msgs ...uint16) {
		t.Helper()
		for _, msg := range msgs {
			n := 0
			for _, m := range all {
				if m == msg {
					n++
				}
			}
			if n != 1 {
				t.Errorf("message %d comes %d times in %d", msg, n, all)
			}
		}
	}
	has(heard, unix.NFT_MSG_NEWTABLE, unix.NFT_MSG_NEWSET, unix.NFT_MSG_NEWSETELEM, unix.NFT_MSG_NEWCHAIN, unix.NFT_MSG_NEWGEN)
	has(echoed, unix.NFT_MSG_NEWTABLE, unix.NFT_MSG_NEWSET, unix.NFT_MSG_NEWSETELEM, unix.NFT_MSG_NEWGEN)
	if len(echoed) != 4 {
		t.Errorf("echoed %d", echoed)
	}
}
