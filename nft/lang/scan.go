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

// signs, the longer ones first.
var signs = []string{"==", "!=", "<=", ">=", "<<", ">>", "{", "}", "(", ")", "[", "]", ",", ";", ":", "=", "<", ">", "&", "|", "^", "!", "@", "$", ".", "/", "-", "*", "~", "+"}

// scan splits a text into tokens. A # begins a comment, a backslash at the end of a
// line joins it with the next.
func scan(file, text string) ([]token, error) {
	var all []token
	line, start := 1, 0 // start of the line
	add := func(kind tokenKind, s string, at int) { all = append(all, token{kind, s, file, line, at - start + 1}) }
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '\n':
			add(signToken, "\n", i)
			i++
			line, start = line+1, i
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case c == '\\' && i+1 < len(text) && text[i+1] == '\n':
			i += 2
			line, start = line+1, i
		case c == '#':
			for i < len(text) && text[i] != '\n' {
				i++
			}
		case c == '"':
			n := strings.IndexByte(text[i+1:], '"')
			if n < 0 || strings.IndexByte(text[i+1:i+1+n], '\n') >= 0 {
				return nil, &SyntaxError{Place{file, line, i - start + 1, i - start + 1}, "syntax error, a string that does not end"}
			}
			add(stringToken, text[i+1:i+1+n], i)
			i += n + 2
		default:
			if n := wordLen(text[i:]); n > 0 {
				add(wordToken, text[i:i+n], i)
				i += n
				continue
			}
			sign := ""
			for _, s := range signs {
				if strings.HasPrefix(text[i:], s) {
					sign = s
					break
				}
			}
			if sign == "" {
				return nil, &SyntaxError{Place{file, line, i - start + 1, i - start + 1}, "syntax error, unexpected junk"}
			}
			add(signToken, sign, i)
			i += len(sign)
		}
	}
	add(signToken, "\n", len(text))
	add(endToken, "", len(text))
	return all, nil
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
	k, colons := 0, 0
	for k < len(s) && (isHex(s[k]) || s[k] == ':' || s[k] == '.') {
		if s[k] == ':' {
			colons++
		}
		k++
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
