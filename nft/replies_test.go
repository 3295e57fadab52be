//go:build linux

package nft_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// TestReplies decodes what the kernel sent and encodes it again, to the same
// tree: the kernel does not mark nests, orders attributes otherwise, and says
// zeros that we leave out.
func TestReplies(t *testing.T) {
	n := 0
	for _, file := range captures(t) {
		for i, d := range capture(t, file) {
			if d.sent {
				continue
			}
			for rest := d.data; len(rest) > 0; {
				h, body, next, ok := nl.Next(rest)
				if !ok {
					t.Fatalf("%s: datagram %d: %d odd bytes", file, i, len(rest))
				}
				rest = next
				name, m := nft.Protocol.Type(h.Type)
				if h.Type == unix.NLMSG_ERROR || h.Type == unix.NLMSG_DONE || m == nil {
					continue
				}
				n++
				var c nl.Coder
				if err := c.Decode(body, m); err != nil {
					t.Errorf("%s: %s: %v", file, name, err)
					continue
				}
				got, err := c.Append(nil, m)
				if err != nil {
					t.Errorf("%s: %s: %v", file, name, err)
					continue
				}
				if g, w := tree(explain(m, got)), tree(explain(m, body)); g != w {
					t.Errorf("%s: %s:\ngot\n%s\nwant\n%s", file, name, g, w)
				}
			}
		}
	}
	if n < 400/testns.Sparse() {
		t.Errorf("only %d replies", n)
	}
}

// tree is an explanation without offsets, lengths, padding and zeros, and with
// the attributes of each nest in the order of their names.
func tree(text string) string {
	type entry struct{ hex, what string }
	var entries []entry
	for line := range strings.Lines(text) {
		line = fmt.Sprintf("%-31s", strings.TrimSuffix(line, "\n"))
		hex, what := strings.ReplaceAll(line[6:30], " ", ""), line[31:]
		if what == "" { // the bytes go on
			entries[len(entries)-1].hex += hex
		} else {
			entries = append(entries, entry{hex, what})
		}
	}
	root := &node{}
	path := []*node{root}
	for _, e := range entries {
		what := strings.TrimLeft(e.what, " ")
		depth := (len(e.what) - len(what)) / 2
		if what == "NFTA_SET_ELEM_LIST_ELEMENTS, 4 bytes" {
			continue // the kernel says that there are none
		}
		if what == "(padding)" || len(e.hex) > 8 && strings.Trim(e.hex[8:], "0") == "" {
			continue
		}
		if name, length, ok := strings.Cut(what, ", "); ok && strings.Contains(length, " bytes") {
			what = name
		}
		n := &node{text: what}
		path = append(path[:depth+1], n)
		path[depth].sub = append(path[depth].sub, n)
	}
	return root.String()
}

type node struct {
	text string
	sub  []*node
}

func (n *node) String() string {
	var subs []string
	for _, s := range n.sub {
		subs = append(subs, s.String())
	}
	slices.Sort(subs)
	if len(subs) == 0 {
		return n.text + "\n"
	}
	return fmt.Sprintf("%s {\n%s}\n", n.text, strings.Join(subs, ""))
}
