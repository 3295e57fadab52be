//go:build linux

package tracepacket_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/minins/minins/internal/testns"
)

// monitors are real "nft monitor trace", one in each place.
func monitors(t *testing.T) (end func() map[string]string) {
	t.Helper()
	var all [4]*exec.Cmd
	var files [4]string
	for i, place := range places {
		words := testns.Words(in(place, "nft monitor trace"))
		all[i] = exec.Command(testns.Tool(t, words[0]), words[1:]...)
		out, err := os.Create(filepath.Join(t.TempDir(), "heard"))
		if err != nil {
			t.Fatal(err)
		}
		all[i].Stdout, files[i] = out, out.Name()
		if err := errors.Join(all[i].Start(), out.Close()); err != nil {
			t.Fatal(err)
		}
	}
	listening := regexp.MustCompile(`(?m)^\w+ 12 +\d+ +00000100 `) // NETLINK_NETFILTER, NFNLGRP_NFTRACE
	for _, place := range places {
		for n := 0; !listening.MatchString(testns.Cmd{Args: testns.Words(in(place, "cat /proc/net/netlink"))}.Run(t).Stdout); n++ {
			if n > 500 {
				t.Fatalf("no monitor in %q", place)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return func() map[string]string {
		heard := map[string]string{}
		for quiet := 0; quiet < 10; quiet++ {
			time.Sleep(20 * time.Millisecond)
			for i, place := range places {
				text, err := os.ReadFile(files[i])
				if err != nil {
					t.Fatal(err)
				}
				if string(text) != heard[place] {
					heard[place], quiet = string(text), 0
				}
			}
		}
		for i := range all {
			_ = all[i].Process.Kill()
			_ = all[i].Wait() // it was killed
		}
		return heard
	}
}

var (
	counted = regexp.MustCompile(`counter packets \d+ bytes \d+`)
	theirs  = regexp.MustCompile(`(?m)^trace id \w+ (\S+ \S+ \S+) (?:rule (.*) \(verdict (.*)\)|(policy \w+)) *$`)
	mine    = regexp.MustCompile(`(?m)^    (?:prerouting|input|forward|output|postrouting) +(\S+ \S+ \S+): (?:(.*) \((.*)\)|(policy \w+))$`)
	ids     = regexp.MustCompile(`id \d+`)
	visit   = regexp.MustCompile(`(?m)^  (\w+): `)
)

// steps are the chains, rules and verdicts of a text, one in a line.
func steps(text string, re *regexp.Regexp) string {
	var b strings.Builder
	for _, m := range re.FindAllStringSubmatch(counted.ReplaceAllString(text, "counter"), -1) {
		if strings.Contains(m[1], " trace-packet-") {
			continue
		}
		b.WriteString(strings.Join(m[1:], "|") + "\n")
	}
	return b.String()
}

// sorted has packet by packet what a monitor heard: that a rule rejects one is told behind
// what becomes of the refusal.
func sorted(text string) string {
	var ids []string
	lines := map[string]string{}
	for line := range strings.Lines(text) {
		id := strings.Fields(line)[2]
		if lines[id] == "" {
			ids = append(ids, id)
		}
		lines[id] += line
	}
	text = ""
	for _, id := range ids {
		text += lines[id]
	}
	return text
}

// byPlace has what was met in each place, there and back.
func byPlace(text string) map[string]string {
	met := map[string]string{}
	at := visit.FindAllStringSubmatchIndex(text, -1)
	for i, m := range at {
		end := len(text)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		name := text[m[2]:m[3]]
		if name == "host" {
			name = ""
		}
		met[name] += steps(text[m[1]:end], mine)
	}
	return met
}
