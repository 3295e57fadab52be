//go:build linux

package lang

import (
	"net/netip"
	"strconv"
	"strings"
)

// A token is a word of the language, and where it is.
type token struct {
	kind tokenKind
	text string // of a string without its quotes
	file string
	line int // from 1
	col  int // from 1, in bytes
}

type tokenKind uint8

const (
	endToken    tokenKind = iota // of the text
	wordToken                    // a name, a number or an address
	stringToken                  // in quotes
	signToken                    // a sign: { } ( ) , ; : = == != < > <= >= << >> & | ^ ! @ $ . / - * and the end of a line
)

const (
	signs     = "{}()[],;:=<>&|^!@$./-*~+"
	longSigns = "== != <= >= << >>"
)

// A scanner splits a text into tokens, some at a time.
type scanner struct {
	file  string
	text  string
	at    int
	line  int // from 1
	start int // of the line
	done  bool
}

func newScanner(f File) scanner { return scanner{file: f.Name, text: f.Text, line: 1} }

// someTokens is how many are scanned at a time.
const someTokens = 256

// scan appends the next tokens, at last one that ends the text. A # begins a comment, a
// backslash at the end of a line joins it with the next. What is no token ends parsing.
func (s *scanner) scan(all []token) []token {
	text := s.text
	add := func(kind tokenKind, word string) {
		all = append(all, token{kind, word, s.file, s.line, s.at - s.start + 1})
	}
	fail := func(what string) {
		col := s.at - s.start + 1
		panic(&SyntaxError{Place{s.file, s.line, col, col}, "syntax error, " + what})
	}
	newline := func() { s.line, s.start = s.line+1, s.at }
	for full := len(all) + someTokens; s.at < len(text) && len(all) < full; {
		switch c := text[s.at]; {
		case c == '\n':
			add(signToken, "\n")
			s.at++
			newline()
		case c == ' ' || c == '\t' || c == '\r':
			s.at++
		case c == '\\' && s.at+1 < len(text) && text[s.at+1] == '\n':
			s.at += 2
			newline()
		case c == '#':
			for s.at < len(text) && text[s.at] != '\n' {
				s.at++
			}
		case c == '"':
			in := text[s.at+1:]
			n := strings.IndexByte(in, '"')
			if n < 0 || strings.IndexByte(in[:n], '\n') >= 0 {
				fail("a string that does not end")
			}
			add(stringToken, in[:n])
			s.at += n + 2
		default:
			if n := wordLen(text[s.at:]); n > 0 {
				add(wordToken, text[s.at:s.at+n])
				s.at += n
				continue
			}
			n := 1
			if s.at+2 <= len(text) && text[s.at+1] != ' ' && strings.Contains(longSigns, text[s.at:s.at+2]) {
				n = 2
			} else if strings.IndexByte(signs, c) < 0 {
				fail("unexpected junk")
			}
			add(signToken, text[s.at:s.at+n])
			s.at += n
		}
	}
	if s.at == len(text) && !s.done {
		add(signToken, "\n")
		add(endToken, "")
		s.done = true
	}
	return all
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isHex(c byte) bool    { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }

// wordLen is the length of the longest word at the beginning of s: an address, a
// number, a time, or a name.
func wordLen(s string) (n int) {
	longest := func(k int) { n = max(n, k) }
	longest(addrLen(s))
	longest(etherLen(s))
	longest(numberLen(s))
	if isLetter(s[0]) {
		k := 1
		for k < len(s) && (isLetter(s[k]) || isDigit(s[k]) || strings.IndexByte("/-_.", s[k]) >= 0) {
			k++
		}
		if k < len(s) && s[k] == '*' {
			k++
		}
		longest(k)
	}
	return n
}

// addrLen is the length of an IP address.
func addrLen(s string) int {
	k, colons, dots := 0, 0, 0
	for ; k < len(s) && (isHex(s[k]) || s[k] == ':' || s[k] == '.'); k++ {
		switch s[k] {
		case ':':
			colons++
		case '.':
			dots++
		}
	}
	if colons < 2 && dots < 3 {
		return 0
	}
	for ; k > 0; k-- {
		if a, err := netip.ParseAddr(s[:k]); err == nil && (a.Is4() || colons > 1) {
			return k
		}
	}
	return 0
}

// etherLen is the length of an Ethernet address.
func etherLen(s string) int {
	k := 0
	for part := range 6 {
		n := 0
		for n < 2 && k < len(s) && isHex(s[k]) {
			k, n = k+1, n+1
		}
		if n == 0 {
			return 0
		}
		if part < 5 {
			if k >= len(s) || s[k] != ':' {
				return 0
			}
			k++
		}
	}
	return k
}

// numberLen is the length of a number, in decimal or hexadecimal, of a time (1h30m),
// or of a handle of traffic control (1:2).
func numberLen(s string) int {
	k := 0
	if strings.HasPrefix(s, "0x") {
		for k = 2; k < len(s) && isHex(s[k]); {
			k++
		}
		return k
	}
	for k < len(s) && isDigit(s[k]) {
		k++
	}
	if k == 0 {
		return 0
	}
	if k < len(s) && s[k] == ':' {
		m := k + 1
		for m < len(s) && m < k+5 && isHex(s[m]) {
			m++
		}
		if m > k+1 && k <= 4 {
			return m
		}
		return k
	}
	end := k
	for k < len(s) && strings.IndexByte("dhms", s[k]) >= 0 {
		k++
		if k < len(s) && s[k-1] == 'm' && s[k] == 's' {
			k++
		}
		end = k
		for k < len(s) && isDigit(s[k]) {
			k++
		}
	}
	if end < len(s) && (isLetter(s[end]) || isDigit(s[end]) || s[end] == '.' && end+1 < len(s) && isDigit(s[end+1])) { // a name that begins with a number
		for end < len(s) && (isLetter(s[end]) || isDigit(s[end]) || s[end] == '.') {
			end++
		}
	}
	return end
}

// A SyntaxError says what is wrong with a text, and where: in bytes from 1.
type SyntaxError struct {
	Place
	Text string
}

func (e *SyntaxError) Error() string {
	return e.File + ":" + strconv.Itoa(e.Line) + ":" + strconv.Itoa(e.From) + "-" + strconv.Itoa(e.To) + ": Error: " + e.Text
}
