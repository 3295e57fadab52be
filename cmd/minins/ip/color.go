//go:build linux

package ip

import (
	"strings"

	"golang.org/x/sys/unix"
)

// A color is what a value is painted for, not how.
type color uint8

const (
	plain color = iota
	colorName
	colorMAC
	colorInet
	colorInet6
	colorUp
	colorDown
)

// digits are those of the colors in escape sequences.
const digits = " 635421"

// colorsFor is what the escape sequences of the colors that option -c asks for
// begin with, or "": "always", "auto" (a terminal) or "never". COLORFGBG, which
// terminals set, tells a dark background from a light one.
func colorsFor(when string, getenv func(string) string) string {
	if when == "auto" && isTerminal(1) {
		when = "always"
	}
	if when != "always" {
		return ""
	}
	fgbg := getenv("COLORFGBG")
	bg := fgbg[strings.LastIndexByte(fgbg, ';')+1:]
	if strings.Contains(fgbg, ";") && len(bg) == 1 && (bg >= "0" && bg <= "6" || bg == "8") {
		return "\x1b[1;3"
	}
	return "\x1b[3"
}

func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}

// pen and lift are around text in a color.
func (p *printer) pen(c color) {
	if p.colors != "" && c != plain {
		p.out.WriteString(p.colors + digits[c:c+1] + "m")
	}
}

func (p *printer) lift(c color) {
	if p.colors != "" && c != plain {
		p.out.WriteString("\x1b[0m")
	}
}
