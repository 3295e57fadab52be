//go:build linux

package iptables

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// faults are rules of the corpus that iptables-translate 1.8.9 makes something else of,
// by what they contain: mostly what is wrong.
var faults = []struct{ words, why string }{
	{"0:65535", "the protocol is lost"},
	{"NONE", "likewise"},
	{"-m tcp", "likewise, if nothing follows"},
	{"-m udp", "likewise, if nothing follows"},
	{"! --dport 53:", "the ! is lost"},
	{"! --dport 80:90", "likewise"},
	{"! --sport 80:", "likewise"},
	{"--src-type", "with --dst-type only the first is there"},
	{"--ctstate SNAT", "only one of the two is there"},
	{"--comment", "an empty one is there; of two the last"},
	{"--fragments", "it comes before the protocol"},
	{"--syn", "it comes behind the ports"},
	{"tcp-rst", "the protocol is there, which nft needs not be told"},
	{"tcp-reset", "likewise"},
}

// forNft turns what a tool printed into commands for chain number n of table x.
func forNft(r *corpusRule, printed string, n int) (lines []string, ok bool) {
	for line := range strings.Lines(printed) {
		line = strings.Trim(strings.TrimPrefix(strings.TrimSpace(line), "nft "), "'")
		rule, found := strings.CutPrefix(line, "add rule "+map[byte]string{'4': "ip ", '6': "ip6 "}[r.family]+r.table+" "+r.chain)
		if !found {
			return nil, false
		}
		lines = append(lines, fmt.Sprintf("add rule %s x c%d%s", map[byte]string{'4': "ip", '6': "ip6"}[r.family], n, rule))
	}
	return lines, true
}

var (
	wrongLine = regexp.MustCompile(`(?m)^\S+:(\d+):\d+-\d+: Error`)
	bound     = regexp.MustCompile(`port 0-(\d+)`)
	notBound  = regexp.MustCompile(`port != 0-(\d+)`)
)

// listedByNft loads commands by the real nft, without those that it refuses, and
// returns what it lists of each chain, and the commands refused.
func listedByNft(t *testing.T, lines []string) (chains map[string]string, refused []string) {
	t.Helper()
	ns := testns.New(t)
	head := 0
	for head < len(lines) && !strings.HasPrefix(lines[head], "add rule") {
		head++
	}
	for {
		got := testns.Cmd{NS: ns, Args: []string{"nft", "-f", "-"}, Stdin: strings.Join(lines, "\n") + "\n"}.Run(t)
		if got.Code == 0 {
			break
		}
		found := wrongLine.FindAllStringSubmatch(got.Stderr, -1)
		if len(found) == 0 {
			t.Fatalf("nft: %s", got.Stderr)
		}
		for _, m := range found {
			n, _ := number(m[1], 31)
			if line := lines[n-1]; line != "" && int(n) > head {
				refused = append(refused, line)
				lines[n-1] = ""
			}
		}
	}
	chains = map[string]string{}
	family, chain := "", ""
	for line := range strings.Lines(ns.Run(t, "nft", "-s", "list", "ruleset").Must(t)) {
		switch w := strings.Fields(line); {
		case len(w) > 2 && w[0] == "table":
			family = w[1]
		case len(w) > 2 && w[0] == "chain":
			chain = family + " " + w[1]
		case len(w) > 0 && w[0] != "}":
			line = notBound.ReplaceAllString(strings.TrimSpace(line), "port > $1")
			chains[chain] += bound.ReplaceAllString(line, "port <= $1") + "\n"
		}
	}
	return chains, refused
}

// TestTranslate has the real nft load what ours and the real iptables-translate make of
// the corpus: it takes all of ours, and they say the same, but for the real one's faults.
func TestTranslate(t *testing.T) {
	testns.Tool(t, "iptables-translate")
	testns.Tool(t, "nft")
	ns := testns.New(t)
	rules := corpus(t)
	var head []string
	for _, family := range []string{"ip", "ip6"} {
		head = append(head, "add table "+family+" x", "add chain "+family+" x OTHER")
		for i := range rules {
			head = append(head, fmt.Sprintf("add chain %s x c%d", family, i))
		}
	}
	mine, theirs := append([]string(nil), head...), append([]string(nil), head...)
	same, translated := 0, map[int]bool{}
	for i := range rules {
		args := rules[i].args("-A")
		args[0] += "-translate"
		got, want := ours(ns, args...), ns.Run(t, args...)
		if got.Code != want.Code || got.Stderr != want.Stderr {
			compare(t, strings.Join(args, " "), got, want)
		}
		if got.Stdout == want.Stdout {
			same++
		}
		if lines, ok := forNft(&rules[i], got.Stdout, i); ok && got.Code == 0 {
			mine = append(mine, lines...)
			lines, translated[i] = forNft(&rules[i], strings.ReplaceAll(want.Stdout, "\n'", "\nnft '"), i)
			theirs = append(theirs, lines...)
		} else if got.Code == 0 && !strings.HasPrefix(got.Stdout, "nft # ") {
			t.Errorf("%s: %s", strings.Join(args, " "), got.Stdout)
		}
	}
	have, refused := listedByNft(t, mine)
	for _, line := range refused {
		t.Errorf("nft refuses %s", line)
	}
	want, _ := listedByNft(t, theirs)
	alike, known := 0, 0
	for i := range rules {
		chain := fmt.Sprintf("%s c%d", map[byte]string{'4': "ip", '6': "ip6"}[rules[i].family], i)
		line := strings.Join(rules[i].spec, " ")
		switch {
		case !translated[i] || want[chain] == "":
		case have[chain] == want[chain]:
			alike++
		default:
			found := false
			for _, f := range faults {
				found = found || strings.Contains(line, f.words)
			}
			if !found {
				t.Errorf("%s\n%s", line, testns.Diff(want[chain], have[chain]))
			}
			known++
		}
	}
	if alike < 400 {
		t.Errorf("only %d rules are compared", alike)
	}
	t.Logf("%d rules: %d with the same text, %d with the same meaning, %d said otherwise", len(rules), same, alike, known)
}

// TestTranslateCommands compares what is not about rules.
func TestTranslateCommands(t *testing.T) {
	testns.Tool(t, "iptables-translate")
	ns := testns.New(t)
	for _, line := range []string{
		"-N X", "-X X", "-F", "-F X", "-t nat -F", "-L", "-L INPUT", "-t mangle -L -n", "-V",
		"-A INPUT -j QUEUE", "-A INPUT -j", "-A INPUT --bogus", "-A INPUT -p bogus", "-I INPUT -s 1.2.3.4 -j ACCEPT", "-I INPUT 3 -j DROP",
		"-A INPUT -m nosuch", "-A INPUT -p tcp -m multiport --dports x",
	} {
		for _, tool := range []string{"iptables-translate", "ip6tables-translate"} {
			args := append([]string{tool}, testns.Words(line)...)
			compare(t, strings.Join(args, " "), ours(ns, args...), ns.Run(t, args...))
		}
	}
	if got := ours(ns, "iptables-translate", "-D", "INPUT", "1"); got.Code != 1 || got.Stderr != "Translation not implemented\n" {
		t.Errorf("a deletion: %d %s", got.Code, got.Stderr)
	}
}
