//go:build linux

package main

import (
	"bufio"
	"bytes"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

// runIn runs a command in a namespace, which must succeed without a word of error.
func runIn(t *testing.T, ns *testns.NS, stdin, name string, args ...string) string {
	var stdout, stderr bytes.Buffer
	c := &applet.Cmd{
		Name: name, Args: args, Stdin: strings.NewReader(stdin), Stdout: bufio.NewWriter(&stdout), Stderr: &stderr,
		Getenv: func(string) string { return "" },
		Dial:   func(p *nl.Protocol, _ string) (*nl.Conn, error) { return nl.Dial(p, nl.Config{NetNS: ns.FD()}) },
	}
	all := applets()
	i := slices.IndexFunc(all, func(a applet.Applet) bool { return a.Name == name })
	code := all[i].Run(c)
	c.Stdout.Flush()
	if code != 0 || stderr.Len() > 0 {
		t.Errorf("%s %v: status %d, %s", name, args, code, stderr.String())
	}
	return stdout.String()
}

// TestWriters has iptables and nft change two chains together, again and again, while both
// list them: no rule is lost, no list has more rules in one chain than in the other, and
// nobody sees an error. With MININS_SOAK=60s it goes on for as long as that says.
func TestWriters(t *testing.T) {
	ns := testns.New(t)
	length, err := time.ParseDuration(os.Getenv("MININS_SOAK"))
	if err != nil {
		length = 2 * time.Second
	}
	const both = "*filter\n-A FORWARD -p tcp -m tcp --dport 80 -j ACCEPT\n-A OUTPUT -p tcp -m tcp --dport 80 -j ACCEPT\nCOMMIT\n"
	const twice = "add rule ip filter FORWARD counter drop\nadd rule ip filter OUTPUT counter drop\n"
	runIn(t, ns, "*filter\n:LAB - [0:0]\nCOMMIT\n", "iptables-restore")
	runIn(t, ns, both, "iptables-restore", "--noflush")
	const flush = "flush chain ip filter FORWARD\nflush chain ip filter OUTPUT\nflush chain ip filter LAB\n"
	runIn(t, ns, flush, "nft", "-f", "-")

	var readers sync.WaitGroup
	stop := make(chan struct{})
	lists := 0
	readers.Go(func() {
		for ; ; lists++ {
			select {
			case <-stop:
				return
			default:
			}
			var forward, output int
			if lists%2 == 0 {
				chains := strings.Split(runIn(t, ns, "", "nft", "list", "table", "ip", "filter"), "\tchain ")
				for _, c := range chains {
					n := strings.Count(c, "counter packets")
					switch {
					case strings.HasPrefix(c, "FORWARD"):
						forward = n
					case strings.HasPrefix(c, "OUTPUT"):
						output = n
					}
				}
			} else {
				text := runIn(t, ns, "", "iptables-save", "-t", "filter")
				forward, output = strings.Count(text, "-A FORWARD"), strings.Count(text, "-A OUTPUT")
			}
			if forward != output {
				t.Errorf("list %d is torn: %d rules in FORWARD, %d in OUTPUT", lists, forward, output)
			}
		}
	})
	writes := 0
	const each = 50
	for end := time.Now().Add(length); time.Now().Before(end) && !t.Failed(); {
		var writers sync.WaitGroup
		writers.Go(func() {
			for range each {
				runIn(t, ns, both, "iptables-restore", "-w", "--noflush")
				runIn(t, ns, "", "iptables", "-w", "-A", "LAB", "-j", "RETURN")
			}
		})
		writers.Go(func() {
			for range each {
				runIn(t, ns, twice, "nft", "-f", "-")
				runIn(t, ns, "", "nft", "add", "rule", "ip", "filter", "LAB", "counter")
			}
		})
		writers.Wait()
		writes += 4 * each
		text := runIn(t, ns, "", "iptables-save", "-t", "filter")
		for _, chain := range []string{"FORWARD", "OUTPUT", "LAB"} {
			if n := strings.Count(text, "-A "+chain); n != 2*each {
				t.Errorf("%d rules in %s, %d were added", n, chain, 2*each)
			}
		}
		runIn(t, ns, flush, "nft", "-f", "-")
	}
	close(stop)
	readers.Wait()
	if lists == 0 {
		t.Error("no list came through")
	}
	t.Logf("%d transactions, %d lists", writes, lists)
}
