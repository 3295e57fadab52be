//go:build linux

package rootless_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/internal/tutorial"
)

// A terminal is one with a shell, to be typed to.
type terminal struct {
	t     *testing.T
	keys  *os.File
	dir   string // for what commands print
	count int
	shell int // its process ID

	lock sync.Mutex
	text strings.Builder // on the screen
}

func newTerminal(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	keys, screen := openPTY(t)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = screen, screen, screen
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	screen.Close()
	term := &terminal{t: t, keys: keys, dir: t.TempDir()}
	go func() {
		for buf := make([]byte, 1000); ; {
			n, err := keys.Read(buf)
			term.lock.Lock()
			term.text.Write(buf[:n])
			term.lock.Unlock()
			if err != nil {
				return // the shell has ended
			}
		}
	}()
	t.Cleanup(func() {
		term.typed("exit 7\n")
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 7 {
			t.Errorf("the shell: %v, want exit status 7", err)
		}
		if t.Failed() {
			t.Logf("on the terminal:\n%s", term.screen())
		}
		keys.Close()
	})
	term.shell, _ = strconv.Atoi(strings.TrimSpace(term.result("echo $$", tutorial.Endless).Stdout))
	return term
}

func (term *terminal) screen() string {
	term.lock.Lock()
	defer term.lock.Unlock()
	return term.text.String()
}

// shows types, and waits for an expression to be on the screen below what was there.
func (term *terminal) shows(keys, expr string) {
	term.t.Helper()
	before := len(term.screen())
	term.typed(keys)
	re := regexp.MustCompile(expr)
	testns.Eventually(term.t, fmt.Sprintf("%q: %s", keys, expr), func() bool { return re.MatchString(term.screen()[before:]) })
}

// openPTY opens both ends of a pseudoterminal.
func openPTY(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

func (term *terminal) typed(text string) {
	if _, err := term.keys.WriteString(text); err != nil {
		term.t.Fatal(err)
	}
}

// result types a command, and Ctrl-C after so many replies of ping.
func (term *terminal) result(line string, until int) tutorial.Result {
	term.t.Helper()
	term.count++
	out, errs, rc := term.file("out"), term.file("err"), term.file("rc")
	start := time.Now()
	term.typed(line + " >" + out + " 2>" + errs + "; echo $? >" + rc + "\n")
	ended := func() bool { return strings.HasSuffix(read(rc), "\n") }
	if until != tutorial.Endless {
		testns.Eventually(term.t, line+": replies", func() bool {
			n := strings.Count(read(out), " bytes from ")
			return ended() || until > 0 && n >= until || until == 0 && time.Since(start) > 1200*time.Millisecond
		})
		if !ended() {
			term.typed("\x03")
		}
	}
	testns.Eventually(term.t, line, ended)
	code, err := strconv.Atoi(strings.TrimSpace(read(rc)))
	if err != nil {
		term.t.Fatal(err)
	}
	return tutorial.Result{Stdout: read(out), Stderr: read(errs), Code: code, Took: time.Since(start)}
}

func (term *terminal) file(kind string) string {
	return filepath.Join(term.dir, strconv.Itoa(term.count)+"."+kind)
}

func read(file string) string {
	b, _ := os.ReadFile(file) // it may not be there yet
	return string(b)
}

// TestJobs stops and continues, at a terminal, what runs in namespaces of its own.
func TestJobs(t *testing.T) {
	testns.Tool(t, "bash")
	for _, flag := range []string{"--rootless", "--rootless=jobs"} {
		t.Run(flag, func(t *testing.T) {
			u := newUser(t)
			shell := exec.Command("bash", "--norc", "--noprofile", "-i")
			shell.Env = append(u.env, "PS1=% ", "M="+testns.Binary()+" "+flag, "TERM=dumb")
			term := newTerminal(t, shell)
			// SIGINT is the terminal's, once, and ends the command, and minins of the same.
			term.shows("$M bash -c 'trap \"echo int\\$((++n)); test \\$n = 2 && exit 5\" INT; echo go\"\"ing; while :; do sleep 0.1; done'\n", "going")
			term.shows("\x03", "int1")
			time.Sleep(300 * time.Millisecond)
			term.shows("\x03", "int2")
			term.shows("echo status $?\n", "status 5")
			if strings.Contains(term.screen(), "int3") {
				t.Error("SIGINT came twice")
			}
			term.shows("$M sleep 100\n", "sleep 100")
			testns.Eventually(t, "sleep runs", func() bool { return term.group() != term.shell })
			time.Sleep(100 * time.Millisecond)
			term.shows("\x1a", "Stopped")
			term.shows("fg\n", "sleep 100")
			time.Sleep(200 * time.Millisecond)
			term.shows("\x1a", "Stopped")
			term.shows("fg\n", "sleep 100")
			time.Sleep(200 * time.Millisecond)
			term.shows("\x03", "% ")
			term.shows("echo status $?\n", "status 130")
			// A shell of its own has jobs of its own; if it stops itself, the outer one is told.
			term.shows("$M /bin/bash --norc -i\n", "# |\\$ |% ")
			term.shows("sleep 100\n", "sleep 100")
			time.Sleep(200 * time.Millisecond)
			term.shows("\x1a", "Stopped")
			term.shows("kill %1; kill -STOP $$\n", "Stopped .*bash --norc -i")
			term.shows("fg\n", "bash --norc -i")
			term.shows("echo inner $((40+2))\n", "inner 42")
			term.shows("exit 3\n", "% ")
			term.shows("echo status $?\n", "status 3")
		})
	}
}

// group is the process group in the foreground.
func (term *terminal) group() int {
	group, err := unix.IoctlGetInt(int(term.keys.Fd()), unix.TIOCGPGRP)
	if err != nil {
		term.t.Fatal(err)
	}
	return group
}
