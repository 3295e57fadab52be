//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// The comments in a README between which the table stands.
const (
	markBegin = "<!-- benchmarks: begin, written by bench -readme -->"
	markEnd   = "<!-- benchmarks: end -->"
)

// A headline is a row of the README's table.
type headline struct {
	what     string
	workload string
	n        int
	phase    string
}

var headlines = []headline{
	{"add an IPv4 route, of 100,000", "routes4", 100000, "add"},
	{"replace it", "routes4", 100000, "replace"},
	{"delete it", "routes4", 100000, "delete"},
	{"add an IPv6 route, of 100,000", "routes6", 100000, "add"},
	{"replace it", "routes6", 100000, "replace"},
	{"delete it", "routes6", 100000, "delete"},
	{"another gateway for 100,000 routes: one message", "nexthop", 100000, "regateway"},
	{"create a veth pair, of 1,000", "veth", 1000, "create"},
	{"delete it", "veth", 1000, "delete"},
	{"create a pair with an end in another namespace", "vethns", 100, "create"},
	{"delete it", "vethns", 100, "delete"},
	{"create a pair on a bridge", "bridge", 100, "create"},
	{"delete it", "bridge", 100, "delete"},
	{"create a namespace, of 500", "netns", 500, "create"},
	{"let it go", "netns", 500, "release"},
	{"set a container up, of 50", "container", 50, "up"},
	{"tear it down", "container", 50, "down"},
	{"set a container up, of 200", "container", 200, "up"},
	{"tear it down", "container", 200, "down"},
	{"read a route, of 100,000", "dumproutes", 100000, "dump"},
	{"read a link, of 2,000", "dumplinks", 2000, "dump"},
	{"read a neighbour, of 10,000", "dumpneighs", 10000, "dump"},
	{"load an nftables rule, of 10,000", "nftrules", 10000, "load"},
	{"read it", "nftrules", 10000, "list"},
	{"load a map element, of 65,000", "nftmap", 65000, "load"},
	{"start a process that lists links", "start", 50, "start"},
}

// writeReadme puts the table into a file, between its marks.
func (r Result) writeReadme(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text, err := between(string(b), r.markdown())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// between replaces what stands between the marks.
func between(text, table string) (string, error) {
	before, rest, ok1 := strings.Cut(text, markBegin)
	_, after, ok2 := strings.Cut(rest, markEnd)
	if !ok1 || !ok2 {
		return "", errors.New("does not have the lines " + markBegin + " and " + markEnd)
	}
	return before + markBegin + "\n" + table + markEnd + after, nil
}

// markdown is the table with the commands that measure its rows again.
func (r Result) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## How fast it is\n\nMedians per operation on %s, %s. × C: beside the C limit in the same round, wall time (CPU time).\n",
		r.Machine, r.Date.Format("2006-01-02"))
	fmt.Fprintf(&b, "C is the limit: messages encoded beforehand. The others: how many times longer than minins they take.\n")
	fmt.Fprintf(&b, "All figures, and plots of them, are in bench/results.\n\n")
	fmt.Fprintf(&b, "| | C limit | minins | × C | the others, × minins |\n|---|--:|--:|--:|---|\n")
	var commands []string
	for _, h := range headlines {
		us, ok := r.find(h.workload, h.n, h.phase, subject)
		if !ok {
			continue
		}
		c, _ := r.find(h.workload, h.n, h.phase, limit)
		ratio := ""
		if wall, ok := us.over(c, wallPerOp); ok {
			ratio = times(wall.Median)
			if cpu, ok := us.over(c, cpuPerOp); ok {
				ratio += " (" + times(cpu.Median) + ")"
			}
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", h.what, c.cell(wallPerOp, duration), us.cell(wallPerOp, duration),
			ratio, strings.Join(r.others(h, us), ", "))
		command := fmt.Sprintf("    make -C bench RUN='^%s/%d$'\n", h.workload, h.n)
		if len(commands) == 0 || commands[len(commands)-1] != command {
			commands = append(commands, command)
		}
	}
	fmt.Fprintf(&b, "\nEach workload by itself; `make bench` measures all of them, and bench/README.md says how:\n\n%s\n", strings.Join(commands, ""))
	return b.String()
}

// others lists the peers with their wall times beside those of minins.
func (r Result) others(h headline, us Series) []string {
	var words []string
	for _, s := range r.field(h.workload, h.n, h.phase) {
		if s.Contestant == limit || s.Contestant == subject {
			continue
		}
		if ratio, ok := s.over(us, wallPerOp); ok {
			words = append(words, s.Contestant+" "+times(ratio.Median))
		}
	}
	return words
}
