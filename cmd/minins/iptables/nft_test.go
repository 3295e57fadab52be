//go:build linux

package iptables

import (
	"bufio"
	"encoding/json"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/lang"
	"github.com/minins/minins/nl"
)

// TestNftJSON has package lang list the corpus as JSON: as the real nft does, which has
// the names of matches and targets alone.
func TestNftJSON(t *testing.T) {
	testns.Tool(t, "nft")
	ns := testns.New(t)
	for _, r := range corpus(t) {
		ours(ns, r.args("-A")...) // or not: some are wrong
	}
	conn, err := nft.Dial(nl.Config{NetNS: ns.FD()})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx, rs := t.Context(), new(lang.Ruleset)
	if rs.Tables, err = conn.Tables(ctx, nft.Unspec); err != nil {
		t.Fatal(err)
	}
	if rs.Chains, err = conn.Chains(ctx, nft.Unspec, ""); err != nil {
		t.Fatal(err)
	}
	if rs.Rules, err = conn.Rules(ctx, nft.Unspec, "", ""); err != nil {
		t.Fatal(err)
	}
	rules := func(text string) (lines []string) {
		var list map[string][]map[string]any
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatalf("%v\n%.500s", err, text)
		}
		for _, o := range list["nftables"] {
			if rule, ok := o["rule"].(map[string]any); ok {
				if rule["comment"] == "" {
					delete(rule, "comment")
				}
				line, err := json.Marshal(rule)
				if err != nil {
					t.Fatal(err)
				}
				lines = append(lines, string(line))
			}
		}
		return lines
	}
	want := rules(ns.Run(t, "nft", "-j", "list", "ruleset").Must(t))
	got := rules(lang.ListJSON(rs, lang.Options{}, lang.All, "", "{}"))
	if len(want) < 500 || len(got) != len(want) {
		t.Fatalf("%d rules, the real nft has %d", len(got), len(want))
	}
	for i := range want {
		if got[i] != want[i] && !strings.Contains(want[i], `{"addr":1,"len":0}`) { // a mark of no bits
			t.Errorf("the real nft\n%s\nours\n%s", want[i], got[i])
		}
	}
	var b strings.Builder
	w := bufio.NewWriter(&b)
	lang.List(w, rs, lang.Options{}, lang.All, "")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if n := strings.Count(text, " xt "); n > 200 {
		t.Errorf("%d matches or targets without words\n%s", n, text)
	}
}
