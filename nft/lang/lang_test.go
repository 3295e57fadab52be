//go:build linux

package lang

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// noNames knows the loopback device and one set.
type noNames struct{}

func (noNames) Device(name string) (uint32, bool)          { return 1, name == "lo" }
func (noNames) Service(name, _ string) (uint16, bool)      { return 22, name == "ssh" }
func (noNames) Host(string, bool) [][]byte                 { return nil }
func (noNames) Account(name string, _ bool) (uint32, bool) { return 0, name == "root" }
func (noNames) Include(name string) ([]File, error) {
	if name == "self" {
		return []File{{"self", `include "self"`}}, nil
	}
	return nil, errors.New("File not found: " + name)
}
func (noNames) SetTypes(_ nft.Family, _, name string) (key, data []*Datatype, flags nft.SetFlags, ok bool) {
	return []*Datatype{&dtIPv4}, nil, 0, name == "s"
}

// noSets has no sets and no chains.
type noSets struct{}

func (noSets) Set(string) (*nft.Set, *nft.ElemList) { return nil, nil }
func (noSets) Binding(string) ([]*nft.Rule, bool)   { return nil, false }

var plain = Options{Device: func(i uint32) string { return map[uint32]string{1: "lo"}[i] }}

// TestRule shows the way of a rule from text to expressions and back.
func TestRule(t *testing.T) {
	for _, tt := range []struct{ text, want, exprs string }{
		{"add rule ip t c tcp dport 22 accept", "tcp dport 22 accept", "meta cmp payload cmp immediate"},
		{"add rule ip t c ip saddr 10.0.0.0/8 counter drop", "ip saddr 10.0.0.0/8 counter packets 0 bytes 0 drop", "payload cmp counter immediate"},
		{"add rule ip t c ip saddr 10.0.0.0/9", "ip saddr 10.0.0.0/9", "payload bitwise cmp"},
		{"add rule inet t c ip saddr @s tcp dport 1-5", "ip saddr @s tcp dport 1-5", "meta cmp payload lookup meta cmp payload cmp cmp"},
		{"add rule ip t c ct original ip saddr 10.0.0.0/8", "ct original ip saddr 10.0.0.0/8", "ct cmp"},
		{"add rule ip t c ct original ip daddr 10.0.0.0/9", "ct original ip daddr 10.0.0.0/9", "ct bitwise cmp"},
		{"add rule ip t c ct state new,established", "ct state established,new", "ct bitwise cmp"},
		{"add rule ip t c tcp sport 1 tcp dport 2", "tcp sport 1 tcp dport 2", "meta cmp payload cmp"},
		{"insert rule inet t c iif lo oifname eth* meta mark set 0x10", `iif "lo" oifname "eth*" meta mark set 0x00000010`, "meta cmp meta cmp immediate meta"},
		{"rule ip6 t c ip6 daddr fd00::1 tcp dport 80 dnat to [fd00::2]:81", "ip6 daddr fd00::1 tcp dport 80 dnat to [fd00::2]:81",
			"payload cmp meta cmp payload cmp immediate immediate nat"},
		{"add rule ip t c limit rate over 5/minute burst 3 packets log prefix \"a b\" level info", `limit rate over 5/minute burst 3 packets log prefix "a b" level info`, "limit log"},
		{"add rule ip t c ip dscp set cs1", "ip dscp set cs1", "payload bitwise payload"},
	} {
		cmds, err := Parse("", tt.text, noNames{})
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		var ids uint32
		made, err := cmds[0].Make(0, noNames{}, &ids)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		var names []string
		for _, e := range made.Exprs {
			names = append(names, e.Name())
		}
		if got := strings.Join(names, " "); got != tt.exprs {
			t.Errorf("%s: got expressions %s, want %s", tt.text, got, tt.exprs)
		}
		r := &nft.Rule{Family: cmds[0].Family, Exprs: made.Exprs}
		if got := Rule(r, noSets{}, plain); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.text, got, tt.want)
		}
	}
}

// TestSyntax checks what is said of wrong texts, and where.
func TestSyntax(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"add rule ip t c tcp dport 99999", ":1:27-31: Error: Service out of range"},
		{"add rule ip t c tcp dport", ":1:26-26: Error: syntax error, unexpected newline"},
		{"add rule ip t c ip saddr @nosuch", ":1:26-32: Error: No such file or directory"},
		{"add rule ip t c accept drop", ":1:24-27: Error: Statement after terminal statement has no effect"},
		{"table ip t {\n chain c {\n  tcp dport x\n }\n}", ":3:13-13: Error: Could not resolve service: Servname not supported for ai_socktype"},
		{"add chain ip t c { type filter hook bogus priority 0; }", ":1:37-41: Error: unknown chain hook"},
		{"add set ip t s { type bogus; }", ":1:23-27: Error: unknown datatype bogus"},
		{"add rule ip t c ip saddr \"x", ":1:26-26: Error: syntax error, a string that does not end"},
		{"add rule ip t c ip saddr $x", ":1:27-27: Error: unknown identifier 'x'"},
		{"include \"nosuch\"", ":1:9-16: Error: File not found: nosuch"},
		{"include \"self\"", "self:1:9-14: Error: Include nested too deeply, max 16 levels"},
		{"add element ip t nosuch { 1 }", ":1:18-23: Error: No such file or directory"},
		{"add rule ip t c ip saddr 10.0.0.5-10.0.0.1", ":1:35-42: Error: Range has zero or negative size"},
		{"add rule ip t c ip saddr 10.0.0.0/33", ":1:35-36: Error: Prefix length 33 is invalid for type of 32 bits width"},
	} {
		_, err := Parse("", tt.text, noNames{})
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.text, err, tt.want)
		}
	}
}

// FuzzParse checks that no text makes it panic, and that a rule that is taken can be
// printed.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("../../cmd/minins/nft/testdata/*")
	if err != nil || len(files) == 0 {
		f.Fatalf("no texts: %v", err)
	}
	for i, file := range files {
		if !testns.Some(i, 1, 4) {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
		for line := range strings.Lines(string(text)) {
			f.Add("add rule inet t c " + strings.TrimSpace(line))
			f.Add(strings.TrimSpace(line))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		cmds, err := Parse("f", text, noNames{})
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) {
				t.Fatalf("an error without a place: %v", err)
			}
			return
		}
		var ids uint32
		for _, c := range cmds {
			if c.Rule == nil {
				continue
			}
			made, err := c.Make(0, noNames{}, &ids)
			if err != nil {
				continue
			}
			rs := &Ruleset{Tables: []nft.Table{{Family: c.Family, Name: c.Table}}, Elems: map[*nft.Set]*nft.ElemList{}}
			for _, s := range made.Sets {
				rs.Sets = append(rs.Sets, *s)
			}
			Rule(&nft.Rule{Family: c.Family, Table: c.Table, Exprs: made.Exprs}, inTable{newIndex(rs), &rs.Tables[0]}, plain)
		}
	})
}

// FuzzList checks that no rule of a kernel makes it panic.
func FuzzList(f *testing.F) {
	var c nl.Coder
	for _, text := range []string{"tcp dport 22 accept", "ip saddr . tcp dport { 1.1.1.1 . 5 }", "ct state new", "dnat to 1.1.1.1", "meta mark set ct mark and 5 or 6"} {
		cmds, err := Parse("", "add rule ip t c "+text, noNames{})
		if err != nil {
			f.Fatal(err)
		}
		var ids uint32
		made, err := cmds[0].Make(0, noNames{}, &ids)
		if err != nil {
			f.Fatal(err)
		}
		b, err := c.Append(nil, &nft.Rule{Family: nft.IPv4, Table: "t", Chain: "c", Exprs: made.Exprs})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var c nl.Coder
		var r nft.Rule
		if c.Decode(body, &r) == nil {
			_ = Rule(&r, noSets{}, plain)
		}
	})
}
