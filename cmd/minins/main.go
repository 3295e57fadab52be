//go:build linux

// Command minins is all of Linux network namespaces in one binary. Called by
// the name of one of its applets (ip, iptables, ping …) or with that name as
// its first word, it does what the tool of that name does.
package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/trace"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
)

// The main goroutine keeps the main thread, so that no other goroutine changes
// the namespaces that /proc/self shows for the whole process.
func init() { runtime.LockOSThread() }

func main() {
	inherit()
	os.Exit(run(os.Args))
}

// run finds the applet that the words call and runs it.
func run(args []string) int {
	name := filepath.Base(args[0])
	a, ok := find(name)
	if ok {
		return call(a, a.Name, args[1:])
	}
	leading, args := trace.Leading(args[1:])
	if len(leading) > 0 {
		if len(args) > 1 && args[0] == "minins" { // before "minins ip link", as before any command
			args = args[1:]
		}
		if len(args) == 0 {
			fmt.Fprintf(os.Stderr, "minins: %s: expected a command behind it, such as \"ip link\"; \"minins help\" lists all\n", leading[0])
			return 2
		}
	}
	if len(args) == 0 {
		args = []string{"help"}
	}
	switch args[0] {
	case "-h", "-help", "--help":
		args[0] = "help"
	case "-V", "-version", "--version":
		args[0] = "version"
	}
	if a, ok = find(args[0]); !ok {
		fmt.Fprintf(os.Stderr, "minins: there is no command %q; \"minins help\" lists all\n", args[0])
		return 1
	}
	return call(a, a.Name, append(leading, args[1:]...))
}

func call(a applet.Applet, name string, args []string) int {
	o, args, err := trace.Parse(args, os.Getenv)
	if err != nil {
		fmt.Fprintln(os.Stderr, "minins:", err)
		return 2
	}
	c := &applet.Cmd{
		Name:     name,
		Args:     args,
		Stdin:    os.Stdin,
		Stdout:   bufio.NewWriter(os.Stdout),
		Stderr:   os.Stderr,
		Getenv:   os.Getenv,
		Dial:     dial,
		Blocked:  &blocked,
		IsApplet: func(name string) bool { _, ok := find(name); return ok },
		Hints:    os.Getenv("MININS_HINTS") == "1" || isTerminal(2),
	}
	if !o.On() || a.Name == "explain" { // which sends nothing
		return finish(a, c)
	}
	t, err := trace.New(o, c.Stderr, func() { c.Stdout.Flush() })
	if err == nil {
		err = o.Setenv(os.Setenv)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "minins:", err)
		return 2
	}
	c.Tracer = t.Tracer
	c.Dial = func(p *nl.Protocol, ns string) (*nl.Conn, error) {
		conn, err := dial(p, ns)
		if err == nil {
			conn.Trace(t.Socket(p, ns))
		}
		return conn, err
	}
	status := finish(a, c)
	if err := t.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "minins: trace:", err)
		return max(status, 1)
	}
	return status
}

// finish runs a command, and sees to it that what it prints gets out.
func finish(a applet.Applet, c *applet.Cmd) int {
	name := c.Name
	status := a.Run(c)
	if err := c.Stdout.Flush(); err != nil {
		switch a.Name {
		case "ping", "arping": // in the words of iputils
			fmt.Fprintf(os.Stderr, "%s: write error\n", name)
			return 1
		}
		fmt.Fprintf(os.Stderr, "%s: standard output: %v\n", name, err)
		if a.Name != "route" && a.Name != "arp" { // net-tools never notices
			return max(status, 1)
		}
	}
	return status
}

// dial opens a netlink socket in the network namespace that ns names, and in
// the process's own if ns is "".
func dial(p *nl.Protocol, ns string) (*nl.Conn, error) {
	if ns == "" {
		return nl.Dial(p, nl.Config{})
	}
	n, err := nsfs.Open(ns)
	if err != nil {
		return nil, err
	}
	defer n.Close()
	var conn *nl.Conn
	err = n.Do(func() (err error) { // refused, it says which namespace
		conn, err = nl.Dial(p, nl.Config{})
		return err
	})
	if err != nil && conn != nil {
		conn.Close()
	}
	return conn, err
}

func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}
