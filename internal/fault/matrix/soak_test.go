//go:build linux && (amd64 || arm64)

package matrix

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/minins/minins/container"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// TestSoak has many do all that there is to do at once, a tenth of them killed at any
// moment, with a collector beside them: create, connect, execute, change, publish,
// delete. What is left in the end is as it was. With MININS_SOAK=1h it goes on for as
// long as that says.
func TestSoak(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("MININS_SOAK"))
	if err != nil {
		length = 5 * time.Second
	}
	w, err := newWorld(install(t))
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	if err := w.runAll([]string{"ip link add br0 up type bridge", "ip addr add 10.1.0.1/16 dev br0", "ip addr add fd01::1/64 dev br0 nodad"}); err != nil {
		t.Fatal(err)
	}
	empty, err := w.picture()
	if err != nil {
		t.Fatal(err)
	}
	before := resources()
	s := &soak{w: w, t: t, stop: make(chan struct{})}
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() { s.lab(fmt.Sprint("lab", i)) })
	}
	all.Go(s.cycles)
	all.Go(s.containers)
	all.Go(s.program)
	all.Go(s.collector)
	for end := time.Now().Add(length); time.Now().Before(end) && !t.Failed(); time.Sleep(100 * time.Millisecond) {
	}
	close(s.stop)
	all.Wait()

	// What was killed last has had nobody to make it anew.
	for _, line := range []string{"helper unpublish", "helper down", "minins gc --now"} {
		if err := w.run(program{line: line}); err != nil {
			t.Error(err)
		}
	}
	for i := range 3 {
		s.clear(fmt.Sprint("lab", i))
	}
	if err := w.must(empty); err != nil {
		t.Errorf("left behind: %v", err)
	}
	t.Logf("%v: %d commands, of which %d were killed and %d refused for what these had left; %d cycles; %d library calls; %d collections\nbefore: %s\nafter:  %s",
		length, s.commands.Load(), s.killed.Load(), s.refused.Load(), s.cycled.Load(), s.calls.Load(), s.collected.Load(), before, resources())
}

type soak struct {
	w    *world
	t    *testing.T
	stop chan struct{}

	commands, killed, refused, cycled, calls, collected atomic.Int64
}

// on says whether the soak goes on.
func (s *soak) on() bool {
	select {
	case <-s.stop:
		return false
	default:
		return !s.t.Failed()
	}
}

// broken is what no program may ever print.
var broken = regexp.MustCompile(`(?m)^(panic: |fatal error: |runtime: |SIG[A-Z]+: )`)

// run runs a command, of which kill out of a hundred are killed at any time. It says
// whether it did what it was to do.
func (s *soak) run(kill int, p program) bool {
	s.commands.Add(1)
	var out strings.Builder
	q := s.w.program(p)
	cmd := exec.Command(q.Path)
	cmd.Args, cmd.Env, cmd.Stdin = q.Args, q.Env, strings.NewReader(q.Stdin)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := s.w.do(cmd.Start); err != nil {
		s.t.Error(err)
		return false
	}
	limit := 20 * time.Second
	willKill := rand.IntN(100) < kill
	if willKill {
		limit = time.Duration(rand.Int64N(int64(15 * time.Millisecond)))
	}
	timer := time.AfterFunc(limit, func() { _ = cmd.Process.Kill() })
	err := cmd.Wait() // the status says more
	timer.Stop()
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case broken.MatchString(out.String()):
		s.t.Errorf("%s: %s", p.line, out.String())
	case status.Signaled() && willKill:
		s.killed.Add(1)
	case status.Signaled():
		s.t.Errorf("%s: %v, after %v: %s", p.line, err, limit, out.String())
	case err == nil:
		return true
	case strings.TrimSpace(out.String()) == "":
		s.t.Errorf("%s: %v without a word", p.line, err)
	case kill == 0:
		s.t.Errorf("%s: %v: %s", p.line, err, out.String())
	default:
		s.refused.Add(1)
	}
	return false
}

// lab is one who works with a namespace of a name of his own, and has his commands killed.
func (s *soak) lab(name string) {
	routes := ""
	for i := range 100 {
		routes += fmt.Sprintf("route replace 10.%d.0.0/16 dev lo\n", 100+i)
	}
	lines := []program{
		{line: "ip netns add " + name},
		{line: "ip link add " + name + " type veth peer name eth0 netns " + name},
		{line: "ip link set " + name + " master br0 up"},
		{line: "ip -n " + name + " link set lo up"},
		{line: "ip -n " + name + " addr replace 10.1.9.9/16 dev eth0"},
		{line: "ip -n " + name + " -batch -", stdin: routes},
		{line: "ip -n " + name + " -force -batch -", stdin: routes},
		{line: "ip netns exec " + name + " iptables -t nat -A POSTROUTING -s 10.0.0.0/8 -j MASQUERADE"},
		{line: "ip netns exec " + name + " nft add table ip x"},
		{line: "ip netns exec " + name + " ping -c 1 127.0.0.1"},
		{line: "ip netns exec " + name + " ip link add d0 type bridge"},
		{line: "ip netns pids " + name},
		{line: "ip netns"},
		{line: "ip link del " + name},
		{line: "ip netns del " + name},
	}
	for s.on() {
		p := lines[rand.IntN(len(lines))]
		s.run(10, p)
	}
}

// clear takes away what a lab has left.
func (s *soak) clear(name string) {
	for _, line := range []string{"ip netns del " + name, "ip link del " + name} {
		_ = s.w.run(program{line: line}) // it may not be there; the picture will tell
	}
}

// cycles makes and deletes the same again and again, and nothing of it may be refused.
func (s *soak) cycles() {
	for s.on() {
		for _, line := range []string{
			"ip netns add cycle", "ip link add cycle type veth peer name eth0 netns cycle", "ip link set cycle up",
			"ip netns exec cycle ip addr add 10.2.0.1/16 dev eth0", "ip netns del cycle",
		} {
			if !s.run(0, program{line: line}) {
				return
			}
		}
		s.cycled.Add(1)
	}
}

// containers come and go, and their ports.
func (s *soak) containers() {
	for s.on() {
		for _, line := range []string{"helper up", "helper publish", "helper publish", "helper unpublish", "helper down"} {
			s.run(10, program{line: line})
		}
	}
}

// program uses the library as a program with a life of its own does.
func (s *soak) program() {
	for s.on() {
		err := func() error {
			if err := nsfs.Create("library"); err != nil {
				return err
			}
			ns, err := nsfs.New()
			if err != nil {
				return err
			}
			defer ns.Close()
			sysctl, err := ns.Sysctl("net.ipv4.ip_forward")
			if err != nil {
				return err
			}
			return errors.Join(sysctl.Set("1"), ns.Do(nsfs.RaiseLo), sysctl.Restore(), sysctl.Close(),
				container.DeleteNamespace(context.Background(), "library"))
		}()
		if err == nil && errors.Is(nsfs.Delete("library"), fs.ErrNotExist) {
			s.calls.Add(1)
			time.Sleep(5 * time.Millisecond) // leave something to the others
			continue
		}
		s.t.Errorf("library: %v", err)
	}
}

// collector runs the collector beside all of them.
func (s *soak) collector() {
	for s.on() {
		if s.run(0, program{line: "minins gc"}) {
			s.collected.Add(1)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// resources are what a leak would show in.
func resources() string {
	text := fmt.Sprintf("%d descriptors, %d threads", len(testns.FDs()), len(testns.Threads()))
	b, err := os.ReadFile("/proc/meminfo")
	if err == nil {
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) == 3 && (f[0] == "MemAvailable:" || f[0] == "SUnreclaim:") {
				text += ", " + f[0] + " " + f[1] + " kB"
			}
		}
	}
	return text
}
