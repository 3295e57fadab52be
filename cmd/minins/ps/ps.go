//go:build linux

// Package ps is the ps command: the processes of /proc in the columns of
// procps 4.0.2. It has the selections and formats that people type: none,
// aux, ax, -e, -ef and their like.
package ps

import (
	"bytes"
	"math"
	"os"
	"strconv"
	"strings"

	"github.com/minins/minins/cmd/minins/applet"
	"golang.org/x/sys/unix"
)

// noProc is the exit status where /proc is not mounted.
const noProc = 47

// Run is the command. It returns 0, 1 if no process was selected or the
// options are wrong, and 47 without /proc.
//
// Equivalent to: `ps`
func Run(c *applet.Cmd) int {
	o, err := parse(c.Args)
	if err != nil {
		c.Errorf("error: %v", err)
		return 1
	}
	if c.Explain != nil {
		explain(c)
		return 0
	}
	sys, err := readSystem("/proc")
	if err != nil {
		c.Errorf("Error, do this: mount -t proc proc /proc")
		return noProc
	}
	procs, err := readProcs("/proc", sys)
	if err != nil {
		c.Errorf("error: %v", err)
		return 1
	}
	self := os.Getpid()
	me := process{euid: uint32(os.Geteuid())}
	for _, p := range procs {
		if p.pid == self {
			me.tty = p.tty
		}
	}
	var shown []*process
	for _, p := range procs {
		if o.selects(p, &me) {
			shown = append(shown, p)
		}
	}
	t := table{columns: o.columns(sys), limit: width(c.Getenv("COLUMNS"), o.wide), utf8: isUTF8(c.Getenv)}
	t.write(c.Stdout, shown)
	if len(shown) == 0 {
		return 1
	}
	return 0
}

func explain(c *applet.Cmd) {
	c.Explains(`openat("/proc")`, "a folder for each process of this pid namespace")
	c.Explains(`getdents64()`, "their numbers")
	c.Explains(`read("/proc/PID/stat"), read("/proc/PID/status"), read("/proc/PID/cmdline")`, "times, state; user and memory; arguments")
	c.Explains(`read("/proc/stat"), read("/proc/uptime"), read("/proc/meminfo")`, "to turn ticks and pages into times and shares")
	c.Explains(`read("/etc/passwd")`, "the users' names")
}

// isUTF8 reports whether the locale's characters are those of UTF-8.
func isUTF8(getenv func(string) string) bool {
	for _, key := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := getenv(key); locale != "" {
			_, charset, _ := strings.Cut(locale, ".")
			return strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
		}
	}
	return false
}

// width is the number of characters in a line: COLUMNS, or the terminal's, or
// none if standard output is not a terminal. wide counts the options "w".
func width(columns string, wide int) int {
	limit := math.MaxInt
	if size, err := unix.IoctlGetWinsize(1, unix.TIOCGWINSZ); err == nil {
		limit = 80
		if size.Col > 0 && size.Row > 0 { // else nobody has told the terminal's size
			limit = int(size.Col)
		}
	}
	if n, err := strconv.ParseInt(columns, 0, 32); err == nil && n > 0 {
		limit = int(n)
	}
	switch {
	case wide > 1:
		return math.MaxInt
	case wide == 1 && limit < 132:
		return 132
	}
	return limit
}

// value is what follows the key at the start of a line.
func value(text []byte, key string) string {
	for line := range bytes.Lines(text) {
		if rest, ok := bytes.CutPrefix(line, []byte(key)); ok {
			return string(bytes.TrimSpace(rest))
		}
	}
	return ""
}
