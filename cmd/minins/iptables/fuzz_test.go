//go:build linux

package iptables

import (
	"strings"
	"testing"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/lang"
)

// FuzzRule gives arbitrary words to iptables and ip6tables: no panic, and a rule that is
// taken can be read back from what the kernel would have, is said by -S, and is the same
// when that is typed.
func FuzzRule(f *testing.F) {
	for _, tests := range [][]struct{ args, save, list, numeric string }{ruleTests, rule6Tests} {
		for _, tt := range tests {
			f.Add(tt.args)
		}
	}
	for _, line := range []string{"-t nat -I c 3 -p tcp --dport 80 -j REDIRECT", "-N c -w 3 -W 5", "-P INPUT DROP -v", "-D c 4", "-C c -j TCPMSS --clamp-mss-to-pmtu", "-nvL c 2 -x --line-numbers",
		"-A c -m statistic --mode nth --every 2 --packet 1 -j CT --zone 3", "-A c -j NFLOG --nflog-group 2 --nflog-prefix a", "-A c -m length --length 5: -m pkttype --pkt-type multicast"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		args, ok := restoreWords(line)
		if !ok {
			return
		}
		for _, family := range []nft.Family{nft.IPv4, nft.IPv6} {
			cmd, err := parse(family, args)
			if err != nil || !cmd.isRule() || cmd.help || cmd.vers {
				continue
			}
			for _, r := range cmd.rules() {
				again(t, family, line, r)
			}
		}
	})
}

// again types what -S says of a rule.
func again(t *testing.T, f nft.Family, line string, typed *rule) {
	sent, err := encode(f, false, typed)
	if err != nil {
		return
	}
	r, err := decode(sent, false)
	if err != nil {
		t.Fatalf("%q: what we write we cannot read: %v", line, err)
	}
	_ = details(r, newNaming(true))
	_, _ = lang.Translate(sent)
	if _, unknown := r.unknown(); unknown {
		return
	}
	if strings.ContainsAny(r.in.name+r.out.name+r.jump.name, " \t\"\\") {
		return // like iptables, -S does not quote such names, which no device has
	}
	words, ok := restoreWords("-A c" + r.words(false))
	if !ok {
		t.Fatalf("%q: -S is not words: %q", line, r.words(false))
	}
	cmd, err := parse(f, words)
	if err != nil {
		t.Fatalf("%q: -S is refused: %q: %v", line, words, err)
	}
	back, err := encode(f, false, cmd.rules()[0])
	if err != nil {
		t.Fatalf("%q: -S is refused: %q: %v", line, words, err)
	}
	if r2, err := decode(back, false); err != nil || !r2.same(r) {
		t.Fatalf("%q: -S says something else: %q, %v", line, words, err)
	}
}
