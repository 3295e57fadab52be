//go:build linux

package decode

import (
	"encoding/hex"
	"strconv"
	"strings"
)

// A hexdump is what a line of one says.
type hexdump struct {
	dir   direction // "> " or "< "
	first bool      // its offset is 0
	bytes []byte
}

// hexLine reads a line of digits: "5800 0000", "00000010: 0100 0000  ....",
// "00000010  01 00 00 00  |....|", "0x0010:  0100", "0010  01 00 00 00   nlmsg_seq = 1".
// have is how many bytes are before it, which an offset has to be.
func hexLine(text string, have int) (h hexdump, ok bool) {
	text = strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(text, "> "):
		h.dir, text = sent, text[2:]
	case strings.HasPrefix(text, "< "):
		h.dir, text = received, text[2:]
	}
	if h.dir != unknownDirection {
		have = 0
	}
	most, hasWords := len(text), false // behind the bytes, as far as there are offsets
	word, rest, _ := strings.Cut(text, " ")
	offset := strings.TrimSuffix(strings.TrimPrefix(word, "0x"), ":")
	at, err := strconv.ParseUint(offset, 16, 32) // in hex, as all of these have it
	switch {
	case err != nil:
		if offset != word {
			return hexdump{}, false
		}
	case offset != word, len(offset) >= 4 && rest != "" && (at == 0 || at == uint64(have)) && (strings.HasPrefix(rest, " ") || len(offset) > 4):
		h.first, text, most, hasWords = at == 0, rest, 16, true
		text = strings.TrimPrefix(text, " ")
	}
	for len(h.bytes) < most && text != "" {
		blanks := len(text) - len(strings.TrimLeft(text, " "))
		if hasWords && (blanks > 2 || blanks == 2 && len(h.bytes)%8 != 0) { // what follows is words
			break
		}
		word, text, _ = strings.Cut(text[blanks:], " ")
		if text != "" {
			text = " " + text
		}
		b, err := hex.DecodeString(word)
		if err != nil {
			if hasWords && len(h.bytes) > 0 {
				break
			}
			return hexdump{}, false
		}
		h.bytes = append(h.bytes, b...)
	}
	return h, len(h.bytes) > 0
}
