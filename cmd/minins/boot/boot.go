//go:build linux

// Package boot is "init": minins as process 1 of a machine. A kernel and an initramfs with
// nothing in it but minins are a laboratory.
package boot

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/internal/machine"
)

const usage = `Usage: init [FILE]

What a machine runs as its first process, where nothing else is installed: the program
is /init of an initramfs, or "init=/bin/minins init" is on the kernel's command line.

It mounts /proc, /sys, /dev, /run and /tmp, loads the modules that /lib/modules/order
names, one in a line, makes links to its commands in /bin, and runs the lines of
FILE, a path with a slash, or of /etc/rc, and then those that are typed at the console.

A line is a command and its words; '...', "..." and \ quote, # begins a comment.
There are no pipes and variables: that takes a shell.
  poweroff, reboot   end; so does the end of the input
  echo WORD...       print the words`

// self is the running program.
const self = "/proc/self/exe"

// rc is the file of lines that is run without being named.
const rc = "/etc/rc"

// Run is the applet; names are those that get links.
func Run(c *applet.Cmd, names []string) int {
	if len(c.Args) > 0 && (c.Args[0] == "-h" || c.Args[0] == "--help") {
		c.Printf("%s\n", usage)
		return 0
	}
	if os.Getpid() != 1 {
		c.Errorf("init: is for process 1 of a machine, and this is process %d; 'init --help' says how", os.Getpid())
		return 1
	}
	// Process 1 of a process namespace would mount over a host's directories.
	if unix.Access("/proc/self", unix.F_OK) == nil {
		c.Errorf("init: /proc is mounted: this is no machine that has just started; 'init --help' says how")
		return 1
	}
	m := session{c: c}
	m.furnish(names)
	m.control()
	file := rc
	for _, word := range c.Args { // the kernel passes on what it does not know of its command line
		if strings.Contains(word, "/") {
			file = word
		} else {
			m.say("init: %s: no path, left alone", word)
		}
	}
	f, err := os.Open(file)
	if err == nil {
		m.lines(f, true)
		f.Close()
	} else if file != rc || !errors.Is(err, fs.ErrNotExist) {
		m.say("init: %s: %s", file, applet.Strerror(err))
	}
	if !m.ending {
		m.lines(c.Stdin, false)
	}
	return m.end()
}

type session struct {
	c        *applet.Cmd
	terminal bool // the console is this process's, and what it runs can be stopped by ^C
	ending   bool
	again    bool // reboot
}

// say prints an error at once: there is nobody to read it later.
func (m *session) say(format string, args ...any) {
	_ = m.c.Stdout.Flush() // the console is all there is
	m.c.Errorf(format, args...)
}

// furnish makes the machine one that programs can run on. What does not work is said, and
// the rest is done all the same.
func (m *session) furnish(names []string) {
	failed := func(what string, err error) { m.say("init: %s: %s", what, applet.Strerror(err)) }
	try := func(what string, err error) {
		if err != nil && err != unix.EEXIST {
			failed(what, err)
		}
	}
	machine.Furnish(failed)
	try("mkdir /bin", unix.Mkdir("/bin", 0o755))
	if at, err := os.Readlink(self); err == nil {
		for _, name := range append(names, "minins") {
			try("link /bin/"+name, unix.Symlink(at, "/bin/"+name))
		}
	}
	// Of names and values like these it is never refused.
	_ = os.Setenv("PATH", "/bin:/sbin:/usr/bin:/usr/sbin")
	_ = os.Setenv("HOME", "/root")
	if name, err := os.ReadFile("/proc/sys/kernel/hostname"); err == nil && string(name) == "(none)\n" {
		try("hostname", unix.Sethostname([]byte("minins")))
	}
	machine.Load(func(name string, err error) { failed("module "+name, err) })
}

// control makes the console the terminal of this process, so that ^C ends what it runs.
func (m *session) control() {
	signal.Ignore(unix.SIGTTOU)
	_, _ = unix.Setsid() // it leads one already if it was started by another init
	m.terminal = unix.IoctlSetInt(0, unix.TIOCSCTTY, 1) == nil
}

// lines runs the lines of a file or of the console.
func (m *session) lines(r io.Reader, show bool) {
	in := bufio.NewReader(r)
	for !m.ending {
		if !show {
			m.reap()
			m.c.Printf("# ")
			if m.c.Stdout.Flush() != nil {
				return
			}
		}
		line, err := in.ReadString('\n')
		if line = strings.TrimSpace(line); line != "" {
			if show {
				m.c.Printf("# %s\n", line)
			}
			m.line(line)
		}
		if err != nil {
			return
		}
	}
}

// line runs one.
func (m *session) line(line string) {
	words, err := split(line)
	switch {
	case err != nil:
		m.say("init: %v", err)
	case len(words) == 0:
	case words[0] == "poweroff", words[0] == "reboot":
		m.ending, m.again = true, words[0] == "reboot"
	case words[0] == "echo":
		m.c.Printf("%s\n", strings.Join(words[1:], " "))
	case words[0] == "exit", words[0] == "help":
		m.c.Printf("'poweroff' ends; 'minins help' lists the commands\n")
	default:
		if status, err := m.start(words); err != nil {
			m.say("init: %s: %s", words[0], applet.Strerror(err))
		} else if status != 0 {
			m.c.Printf("(exit status %d)\n", status)
		}
	}
}

var errQuote = errors.New("a quote is not closed")

// forShell are letters that a shell makes something of.
const forShell = "|&;<>()$`*?~"

// split takes a line apart as sh(1) does, but for what takes one.
func split(line string) (words []string, err error) {
	var word strings.Builder
	in, quote := false, byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && quote != '\'' && i+1 < len(line):
			i++
			word.WriteByte(line[i])
			in = true
		case quote == 0 && (c == '\'' || c == '"'):
			quote, in = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if in {
				words = append(words, word.String())
				word.Reset()
				in = false
			}
		case quote == 0 && c == '#' && !in:
			return words, nil
		case quote == 0 && strings.IndexByte(forShell, c) >= 0:
			return nil, errors.New("'" + line[i:i+1] + "' is for a shell, and this is none: quote it if it belongs to a word; 'sysctl -w' writes to /proc/sys")
		default:
			word.WriteByte(c)
			in = true
		}
	}
	if quote != 0 {
		return nil, errQuote
	}
	if in {
		words = append(words, word.String())
	}
	return words, nil
}

// start runs a program, and waits for it.
func (m *session) start(words []string) (status int, err error) {
	if err := m.c.Stdout.Flush(); err != nil {
		return 0, err
	}
	file, err := look(words[0])
	if err != nil {
		return 0, err
	}
	attr := &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{}}
	if m.terminal {
		attr.Sys.Setpgid, attr.Sys.Foreground = true, true
	}
	pid, err := syscall.ForkExec(file, words, attr)
	if err != nil {
		return 0, err
	}
	for {
		var ws unix.WaitStatus
		ended, err := unix.Wait4(-1, &ws, 0, nil)
		switch {
		case err == unix.EINTR:
		case err != nil:
			return 0, err
		case ended == pid:
			m.foreground()
			if ws.Signaled() {
				return 128 + int(ws.Signal()), nil
			}
			return ws.ExitStatus(), nil
		} // or a process whose parent has ended
	}
}

// foreground takes the terminal back. Who is not in the foreground is sent SIGTTOU for it.
func (m *session) foreground() {
	if m.terminal {
		_ = unix.IoctlSetPointerInt(0, unix.TIOCSPGRP, unix.Getpgrp()) // it is this session's
	}
}

// look finds a program as execvp(3) does.
func look(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, dir := range strings.Split(os.Getenv("PATH"), ":") {
		if file := dir + "/" + name; unix.Access(file, unix.X_OK) == nil {
			return file, nil
		}
	}
	return "", unix.ENOENT
}

// reap waits for processes that have ended and whose parents did before.
func (m *session) reap() {
	for {
		if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); pid <= 0 && err != unix.EINTR {
			return
		}
	}
}

// end ends the machine.
func (m *session) end() int {
	_ = m.c.Stdout.Flush() // the console
	_ = unix.Kill(-1, unix.SIGTERM)
	time.Sleep(100 * time.Millisecond)
	unix.Sync()
	how := unix.LINUX_REBOOT_CMD_POWER_OFF
	if m.again {
		how = unix.LINUX_REBOOT_CMD_RESTART
	}
	err := unix.Reboot(how)
	m.say("init: %s", applet.Strerror(err))
	return 1
}
