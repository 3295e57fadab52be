//go:build linux

package iptables

import (
	"bytes"
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
	"github.com/minins/minins/nl"
)

// A corpusRule is a rule of the corpus.
type corpusRule struct {
	family       byte // '4' or '6'
	table, chain string
	spec         []string
}

func (r *corpusRule) tool(suffix string) string {
	if r.family == '6' {
		return "ip6tables" + suffix
	}
	return "iptables" + suffix
}

// args are the words of a command about the rule.
func (r *corpusRule) args(do string, more ...string) []string {
	args := append([]string{r.tool(""), "-t", r.table, do, r.chain}, more...)
	return append(args, r.spec...)
}

// A corpusPart is a line of testdata/matches or testdata/targets.
type corpusPart struct {
	families     string
	table, chain string
	words        string
}

func corpusParts(t *testing.T, name string) (parts []corpusPart) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		var p corpusPart
		p.families, p.words, _ = strings.Cut(line, " ")
		if name == "targets" {
			p.table, p.words, _ = strings.Cut(p.words, " ")
			p.chain, p.words, _ = strings.Cut(p.words, " ")
		}
		parts = append(parts, p)
	}
	return parts
}

// addresses are those of each family in place of the names in the corpus.
var addresses = map[byte]*strings.Replacer{
	'4': strings.NewReplacer("ADDR", "192.0.2.1", "LAST", "192.0.2.9", "NET", "198.51.100.0/24"),
	'6': strings.NewReplacer("ADDR", "2001:db8::1", "LAST", "2001:db8::9", "NET", "2001:db8:1::/48"),
}

// corpus is each match with some target, and each target with some match. Which go
// together is left to chance, but always the same.
func corpus(t *testing.T) (rules []corpusRule) {
	t.Helper()
	matches, targets := corpusParts(t, "matches"), corpusParts(t, "targets")
	add := func(family byte, m, target corpusPart) {
		// Of two protocols the target's, which comes with its ports, is kept.
		words := m.words + " " + target.words
		if strings.Count(" "+words, " -p ") > 1 {
			words = strings.Replace(words, "-p tcp ", "", 1)
		}
		rules = append(rules, corpusRule{family, target.table, target.chain, testns.Words(addresses[family].Replace(words))})
	}
	for _, family := range []byte("46") {
		of := func(parts []corpusPart) (some []corpusPart) {
			for _, p := range parts {
				if strings.IndexByte(p.families, family) >= 0 {
					some = append(some, p)
				}
			}
			return some
		}
		matches, targets := of(matches), of(targets)
		plain := slices.DeleteFunc(slices.Clone(targets), func(p corpusPart) bool { return strings.Contains(p.words, "-p ") })
		for i, m := range matches {
			add(family, m, plain[i*7%len(plain)])
		}
		simple := slices.DeleteFunc(slices.Clone(matches), func(p corpusPart) bool {
			return strings.Contains(p.words, "-p") && !strings.HasPrefix(p.words, "-p tcp") || strings.Contains(p.words, "roto")
		})
		for i, target := range targets {
			add(family, simple[i*11%len(simple)], target)
		}
	}
	if len(rules) < 500 {
		t.Fatalf("only %d rules", len(rules))
	}
	return rules
}

// dump is the kernel's rules of both families: the bytes of each, without the
// generation, and without handles if they do not matter.
func dump(t *testing.T, ns *testns.NS, handles bool) (rules []message) {
	t.Helper()
	conn, err := nl.Dial(nft.Protocol, nl.Config{NetNS: ns.FD(), Trace: func(sent bool, datagram []byte) {
		if sent {
			return
		}
		for _, m := range split(t, datagram) {
			if m.header.Type == nftType(unix.NFT_MSG_NEWRULE) {
				m.body[2], m.body[3] = 0, 0
				rules = append(rules, m)
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, family := range []nft.Family{nft.IPv4, nft.IPv6} {
		if _, err := nft.New(conn).Rules(context.Background(), family, "", ""); err != nil {
			t.Fatal(err)
		}
	}
	if !handles {
		for i, m := range rules {
			rules[i].body = append([]byte(nil), withoutHandles(m.body)...)
		}
	}
	return rules
}

// withoutHandles is the body of a rule without its own handle and the one before it.
func withoutHandles(body []byte) []byte {
	out := append([]byte(nil), body[:4]...)
	for rest := body[4:]; len(rest) >= 4; {
		n := int(rest[0]) | int(rest[1])<<8
		typ := uint16(rest[2]) | uint16(rest[3])<<8
		n = min((n+3)&^3, len(rest))
		if typ != unix.NFTA_RULE_HANDLE && typ != unix.NFTA_RULE_POSITION {
			out = append(out, rest[:n]...)
		}
		rest = rest[n:]
	}
	return out
}

// sameRules compares two dumps.
func sameRules(t *testing.T, what string, want, got []message) {
	t.Helper()
	if len(want) != len(got) {
		t.Errorf("%s: %d rules, want %d", what, len(got), len(want))
		return
	}
	for i := range want {
		a, b := want[i].body, got[i].body
		if bytes.Equal(a, b) {
			continue
		}
		if a, b = commentAsMatch(t, a), commentAsMatch(t, b); bytes.Equal(a, b) {
			continue
		}
		var text [2]strings.Builder
		for j, body := range [][]byte{a, b} {
			nl.ExplainBody(&text[j], nl.Describe(new(nft.Rule)), body)
		}
		t.Errorf("%s: rule %d (-wanted +got)\n%s", what, i+1, testns.Diff(text[0].String(), text[1].String()))
	}
}

// commentAsMatch encodes a rule anew with its comment where iptables-nft has it: ours
// is the rule's own where it can be, which nft shows as well.
func commentAsMatch(t *testing.T, body []byte) []byte {
	t.Helper()
	var r nft.Rule
	var c nl.Coder
	if err := c.Decode(body, &r); err != nil {
		t.Fatal(err)
	}
	if text, ok := r.Userdata.Get(nft.UserdataComment); ok {
		info, err := xt.NewComment(strings.TrimSuffix(string(text), "\x00"))
		if err != nil {
			t.Fatal(err)
		}
		counter := slices.IndexFunc(r.Exprs, func(x nft.Expr) bool { return x.Name() == "counter" })
		r.Exprs = slices.Insert(r.Exprs, counter, nft.Expr(&nft.Match{Info: info}))
		r.Userdata = nil
	}
	body, err := c.Append(nil, &r)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// TestCorpus runs each rule of the corpus by the real tool and by ours. What is
// printed, the exit status and the bytes that the kernel then has are the same; each
// tool lists what the other wrote as what it wrote itself, finds it and deletes it, and
// loads what the other saved. CAVEATS of minins-iptables(8) has what differs by design.
func TestCorpus(t *testing.T) {
	testns.Tool(t, "iptables")
	theirs, mine := testns.New(t), testns.New(t)
	real := func(ns *testns.NS, args ...string) testns.Result { return ns.Run(t, args...) }
	for _, tool := range []string{"iptables", "ip6tables"} {
		for _, table := range []string{"filter", "nat"} {
			real(theirs, tool, "-t", table, "-N", "OTHER").Must(t)
			ours(mine, tool, "-t", table, "-N", "OTHER").Must(t)
		}
	}
	rules, i := corpus(t), 0
	rules = slices.DeleteFunc(rules, func(corpusRule) bool { i++; return !testns.Some(i, 3, 12) })
	var accepted []corpusRule
	for _, r := range rules {
		args := r.args("-A", "-v")
		want := real(theirs, args...)
		compare(t, strings.Join(args, " "), ours(mine, args...), want)
		if want.Code == 0 {
			accepted = append(accepted, r)
		}
	}
	t.Logf("%d rules, %d of them right", len(rules), len(accepted))
	sameRules(t, "written", dump(t, theirs, true), dump(t, mine, true))

	for _, tool := range []string{"iptables", "ip6tables"} {
		for i := range tables {
			for _, how := range []string{"-S", "-nvL", "-vL", "-Lx"} {
				args := []string{tool, "-t", tables[i].name, how}
				line := strings.Join(args, " ")
				want := real(theirs, args...)
				compare(t, line+" of theirs", ours(theirs, args...), want)
				compare(t, line+" of ours", ours(mine, args...), want)
				compare(t, "the real "+line+" of ours", real(mine, args...), want)
			}
		}
		savedByEach(t, tool, theirs, mine)
	}

	// All are deleted, in files, and some are checked, which takes a process for each.
	files := map[string]string{}
	for i := len(accepted) - 1; i >= 0; i-- {
		r := &accepted[i]
		if at := slices.IndexFunc(r.spec, func(w string) bool { return w == "-c" || w == "--set-counters" }); at >= 0 {
			words := 3 // which neither -C nor -D takes
			if strings.Contains(r.spec[at+1], ",") {
				words = 2
			}
			r.spec = slices.Delete(r.spec, at, at+words)
		}
		if i%8 == 0 {
			real(mine, r.args("-C")...).Must(t)
			ours(theirs, r.args("-C")...).Must(t)
		}
		key := r.tool("-restore") + " " + r.table
		files[key] += "-D " + r.chain
		for _, word := range r.spec {
			files[key] += ` "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(word) + `"`
		}
		files[key] += "\n"
	}
	for key, lines := range files {
		tool, table, _ := strings.Cut(key, " ")
		lines = "*" + table + "\n" + lines + "COMMIT\n"
		testns.Cmd{NS: mine, Args: []string{tool, "-n"}, Stdin: lines}.Run(t).Must(t)
		restore(theirs, tool, lines, "-n").Must(t)
	}
	for _, ns := range []*testns.NS{theirs, mine} {
		for _, m := range dump(t, ns, true) {
			t.Errorf("is left over: %s", explain(m))
		}
	}
}

// savedByEach has the rules that each tool wrote saved by both, and each text loaded by
// the other one.
func savedByEach(t *testing.T, tool string, theirs, mine *testns.NS) {
	t.Helper()
	want := theirs.Run(t, tool+"-save", "-c")
	compare(t, tool+"-save", ours(theirs, tool+"-save", "-c"), want)
	compare(t, tool+"-save", ours(mine, tool+"-save", "-c"), want)
	loaded, again := testns.New(t), testns.New(t)
	restore(loaded, tool+"-restore", want.Stdout, "-c").Must(t)
	testns.Cmd{NS: again, Args: []string{tool + "-restore", "-c"}, Stdin: ours(mine, tool+"-save", "-c").Stdout}.Run(t).Must(t)
	sameRules(t, "loaded", dump(t, again, false), dump(t, loaded, false))
}

// TestOnPurpose writes rules that the real one makes something else of, and has it list
// what ours made: see CAVEATS of minins-iptables(8).
func TestOnPurpose(t *testing.T) {
	testns.Tool(t, "iptables")
	for _, tt := range []struct{ line, ours, real string }{
		{"iptables -A INPUT -p tcp ! --dport 0:65535", "-p tcp -m tcp ! --dport 0:65535", "-p tcp"},
		{"iptables -A INPUT -m conntrack --ctorigsrc 10.1.2.3/255.0.255.0", "-m conntrack --ctorigsrc 10.1.2.3/255.0.255.0", "-m conntrack --ctorigsrc 10.1.2.3"},
		{"ip6tables -A INPUT -c 5 6 -j ACCEPT", "-c 5 6 -j ACCEPT", "-c 0 0 -j ACCEPT"},
		{"iptables -A INPUT -ptcp", "-p tcp", ""},
		{"iptables -A INPUT --protocol=tcp", "-p tcp", ""},
		{"ip6tables -A INPUT -p icmpv6 --icmpv6-type mld-listener-query", "-p ipv6-icmp -m icmp6 --icmpv6-type 130", ""},
	} {
		args := testns.Words(tt.line)
		rule := func(ns *testns.NS) string {
			list := ours(ns, args[0], "-v", "-S", "INPUT").Must(t)
			_, rule, _ := strings.Cut(list, "\n-A INPUT ")
			if strings.Contains(tt.line, "-c ") {
				return strings.TrimSpace(rule)
			}
			return strings.TrimSpace(strings.Replace(" "+rule, " -c 0 0", "", 1))
		}
		mine, theirs := testns.New(t), testns.New(t)
		ours(mine, args...).Must(t)
		theirs.Run(t, args...)
		if got := rule(mine); got != tt.ours {
			t.Errorf("%s: is %q, want %q", tt.line, got, tt.ours)
		}
		if got := rule(theirs); got != tt.real {
			t.Errorf("%s: the real one makes it %q, no longer %q", tt.line, got, tt.real)
		}
	}
}
