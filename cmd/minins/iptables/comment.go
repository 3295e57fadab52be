//go:build linux

package iptables

import "strings"

// comment is the match comment.
type comment struct{ text string }

var commentOptions = []option{{long: "comment", arg: required, must: true}}

// commentMax is XT_MAX_COMMENT_LEN of linux/netfilter/xt_comment.h, less its NUL.
const commentMax = 255

func (*comment) name() string { return "comment" }

func (m *comment) set(s *setting) error {
	m.text = s.arg[:min(len(s.arg), commentMax)]
	return nil
}

func (m *comment) save() string { return " --comment " + quoted(m.text) }

func (m *comment) list(*naming) string { return " /* " + m.text + " */" }

// quoted is a word as iptables-save writes it for iptables-restore.
func quoted(s string) string {
	plain := !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
	})
	if plain && s != "" {
		return s
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		if strings.IndexByte(`"\'`, s[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
	return b.String()
}
