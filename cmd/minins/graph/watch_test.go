//go:build linux

package graph

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// TestWatch has things change, each of another kind, and waits until they are drawn.
func TestWatch(t *testing.T) {
	testns.Run(t, "ip", "netns", "add", "watched").Must(t)
	defer func() { _ = nsfs.Delete("watched") }()
	r, w := io.Pipe()
	var errs bytes.Buffer
	c := &applet.Cmd{Name: "graph", Args: []string{"--watch", "watched"}, Stdout: bufio.NewWriter(w), Stderr: &errs, Getenv: func(string) string { return "" }}
	ended := make(chan int, 1)
	go func() {
		status := Run(c)
		w.Close()
		ended <- status
	}()
	seen := make(chan string, 100)
	go func() {
		for b := make([]byte, 1<<16); ; {
			n, err := r.Read(b)
			if err != nil {
				close(seen)
				return
			}
			seen <- string(b[:n])
		}
	}()
	next := func(what, want string) {
		t.Helper()
		begin := time.Now()
		for {
			select {
			case text, ok := <-seen:
				if !ok {
					t.Fatalf("%s: it has ended: %s", what, &errs)
				}
				if !regexp.MustCompile(`^# \d\d:\d\d:\d\d\n`).MatchString(text) {
					t.Errorf("%s: no time: %q", what, text)
				}
				if strings.Contains(text, want) {
					t.Logf("%s: %v", what, time.Since(begin))
					return
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("%s: no %q is drawn", what, want)
			}
		}
	}
	next("at first", "watched\n+- no links but lo\n")
	for _, tt := range []struct{ line, want string }{
		{"ip -n watched link add d0 up type bridge", "+- d0 bridge"},
		{"ip -n watched addr add 10.7.0.1/24 dev d0", " 10.7.0.1/24"},
		{"ip -n watched route add 10.8.0.0/16 via 10.7.0.2", "10.8.0.0/16 via 10.7.0.2 dev d0\n"},
		{"ip -n watched rule add priority 9 table 7", "ip rule 9: from all lookup 7\n"},
		{"ip netns exec watched nft 'table ip t { chain c { type nat hook postrouting priority 100; masquerade; }; }'", "NAT out: masquerade\n"},
		{"ip netns del watched", "there is no namespace watched; "},
		{"ip netns add watched", "watched\n+- no links but lo\n"},
	} {
		testns.Run(t, testns.Words(tt.line)...).Must(t)
		next(tt.line, tt.want)
	}
	if err := unix.Kill(os.Getpid(), unix.SIGINT); err != nil {
		t.Fatal(err)
	}
	for text := range seen {
		t.Errorf("without a change: %s", text)
	}
	if status := <-ended; status != 0 || errs.Len() > 0 {
		t.Errorf("%d %s", status, &errs)
	}
}

// TestWatchJSON has a line for each change, and what is no JSON elsewhere, also while
// things change all the time.
func TestWatchJSON(t *testing.T) {
	testns.Run(t, "ip", "netns", "add", "watched").Must(t)
	defer func() { _ = nsfs.Delete("watched") }()
	r, w := io.Pipe()
	errs, told := io.Pipe()
	c := &applet.Cmd{Name: "graph", Args: []string{"--json", "--watch", "watched"}, Stdout: bufio.NewWriter(w), Stderr: told, Getenv: func(string) string { return "" }}
	ended := make(chan int, 1)
	go func() {
		status := Run(c)
		w.Close()
		told.Close()
		ended <- status
	}()
	defer time.AfterFunc(time.Minute, func() { r.Close() }).Stop()
	lines, said := bufio.NewScanner(r), bufio.NewScanner(errs)
	next := func(want string) {
		t.Helper()
		for lines.Scan() {
			if !json.Valid(lines.Bytes()) {
				t.Errorf("no JSON: %s", lines.Bytes())
			}
			if strings.Contains(lines.Text(), want) {
				return
			}
		}
		t.Fatalf("no %s", want)
	}
	next(`"links":[]`)
	testns.Run(t, "ip", "-n", "watched", "link", "add", "d0", "type", "bridge").Must(t)
	next(`"name":"d0"`)
	stop, stopped := make(chan bool), make(chan bool)
	go func() {
		defer close(stopped)
		for i := 0; ; i++ { // faster than a tick
			select {
			case <-stop:
				return
			default:
				testns.Run(t, "ip", "-n", "watched", "link", "set", "d0", "mtu", fmt.Sprint(1000+i%300))
			}
		}
	}()
	next(`"mtu":1`)
	next(`"mtu":1`)
	close(stop)
	<-stopped
	testns.Run(t, "ip", "netns", "del", "watched").Must(t)
	go func() { // pictures are still drawn until it is gone
		for lines.Scan() {
			if !json.Valid(lines.Bytes()) {
				t.Errorf("no JSON: %s", lines.Bytes())
			}
		}
	}()
	if !said.Scan() || said.Text() != "minins graph: there is no namespace watched; 'minins ns' lists the names" {
		t.Errorf("%q", said.Text())
	}
	if err := unix.Kill(os.Getpid(), unix.SIGINT); err != nil {
		t.Fatal(err)
	}
	if status := <-ended; status != 0 || said.Scan() {
		t.Errorf("%d %q", status, said.Text())
	}
}

func TestFit(t *testing.T) {
	text := ""
	for i := range 5 {
		text += fmt.Sprint(i, "\n")
	}
	for rows, want := range map[int]string{5: text, 9: text, 4: "0\n1\n2\n… 2 more lines\n", 2: "0\n… 4 more lines\n", 0: text} {
		if got := fit(text, rows); got != want {
			t.Errorf("%d rows: %q, want %q", rows, got, want)
		}
	}
}
