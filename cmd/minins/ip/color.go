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

// A palette holds the escape sequence of each color.
type palette [colorDown + 1]string

func palettes(dark bool) *palette {
	if dark {
		return &palette{"", "\x1b[1;36m", "\x1b[1;33m", "\x1b[1;35m", "\x1b[1;34m", "\x1b[1;32m", "\x1b[1;31m"}
	}
	return &palette{"", "\x1b[36m", "\x1b[33m", "\x1b[35m", "\x1b[34m", "\x1b[32m", "\x1b[31m"}
}

// colorsFor is the palette that option -c asks for, or nil: "always", "auto"
// (a terminal) or "never". COLORFGBG, which terminals set, tells a dark
// background from a light one.
func colorsFor(when string, getenv func(string) string) *palette {
	if when == "auto" && isTerminal(1) {
		when = "always"
	}
	if when != "always" {
		return nil
	}
	fgbg := getenv("COLORFGBG")
	bg := fgbg[strings.LastIndexByte(fgbg, ';')+1:]
	dark := strings.Contains(fgbg, ";") && len(bg) == 1 && (bg >= "0" && bg <= "6" || bg == "8")
	return palettes(dark)
}

func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}

// pen and lift are around text in a color.
func (p *printer) pen(c color) {
	if p.colors != nil {
		p.out.WriteString(p.colors[c])
	}
}

func (p *printer) lift(c color) {
	if p.colors != nil && c != plain {
		p.out.WriteString("\x1b[0m")
	}
}
