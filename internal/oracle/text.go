//go:build linux

// Package oracle holds what is known from the real tools: the bytes they send
// and the text they print, and how both are compared with minins's.
package oracle

import (
	"regexp"
	"slices"
	"strings"
)

// A mask hides what two runs of one command never print alike.
type mask struct {
	of   *regexp.Regexp // the command
	what *regexp.Regexp
	with string
}

var masks = []mask{
	// Times.
	{regexp.MustCompile(`\bping\b`), regexp.MustCompile(`time=[0-9.]+ ms`), "time=T ms"},
	{regexp.MustCompile(`\bping\b`), regexp.MustCompile(`time [0-9]+ms`), "time Tms"},
	{regexp.MustCompile(`\bping\b`), regexp.MustCompile(`= [0-9.]+/[0-9.]+/[0-9.]+/[0-9.]+ ms`), "= T/T/T/T ms"},
	{regexp.MustCompile(`\bip\b.* -d `), regexp.MustCompile(`_timer +[0-9.]+`), "_timer T"},
	{regexp.MustCompile(`\bip\b`), regexp.MustCompile(` tentative|"tentative":true,`), ""}, // the second after an address was added
	// Traffic that the kernel begins by itself: neighbour discovery.
	{regexp.MustCompile(`\bip\b.* -s `), regexp.MustCompile(` +\d+ +\d+ +0 +0 +0 +\d+ `), " N N 0 0 0 N "},
	// The machine: one queue for each processor.
	{regexp.MustCompile(`\bip\b.* -d `), regexp.MustCompile(`num([rt])xqueues \d+`), "num${1}xqueues N"},
	// iptables 1.8.9, alone of all releases, lists protocols by number.
	{regexp.MustCompile(`^ip6?tables\b.* -n`), regexp.MustCompile(`(?m) 6    --`), " tcp  --"},
	{regexp.MustCompile(`^ip6?tables\b.* -n`), regexp.MustCompile(`(?m) 0    --`), " all  --"},
	{regexp.MustCompile(`^ip6?tables-save`), regexp.MustCompile(`(?m)^#.*\n`), ""}, // dates
}

// hashed are the commands that list in the order of a hash table, with the
// number of lines that are a heading.
var hashed = []struct {
	of      *regexp.Regexp
	heading int
}{
	{regexp.MustCompile(`\barp( -[ne])?$`), 1},
	{regexp.MustCompile(`\barp -an?$`), 0},
	{regexp.MustCompile(`\bip( -[a-z0-9]+)* n(e|ei|eigh)?( show| list)?( dev \S+)?$`), 0},
}

// Mask returns what the command printed, without what two runs of it never
// print alike.
func Mask(command, text string) string {
	for _, m := range masks {
		if m.of.MatchString(command) {
			text = m.what.ReplaceAllString(text, m.with)
		}
	}
	for _, h := range hashed {
		lines := strings.SplitAfter(text, "\n")
		if h.of.MatchString(command) && len(lines) > h.heading {
			slices.Sort(lines[h.heading : len(lines)-1]) // the last one is empty
			text = strings.Join(lines, "")
		}
	}
	return text
}

// ExitStatus returns the status that minins ends with where the real tool
// ended with status: route says 1 of a namespace without a routing table,
// though it prints an empty one.
func ExitStatus(command string, status int, stdout string) int {
	if route.MatchString(command) && status == 1 && strings.Count(stdout, "\n") == 2 {
		return 0
	}
	return status
}

var route = regexp.MustCompile(`(^| exec \S+ )route( -n)?$`)
