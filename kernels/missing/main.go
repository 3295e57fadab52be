//go:build linux

// Command missing sees what minins says where a host lacks something: a part of the kernel,
// a module, a file system, a right. missing.txt has the commands, what their exit status has
// to be, and words that they have to print.
//
//	missing -minins FILE PART...
package main

import (
	"bytes"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

//go:embed missing.txt
var text string

// patience is for one command, on an emulated machine that loses a timer now and then.
const patience = time.Minute

// inside is set where a part is played in namespaces of its own.
const inside = "MININS_MISSING"

func main() {
	minins := flag.String("minins", "/bin/minins", "path of the `binary`")
	flag.Parse()
	if err := run(*minins, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "missing:", err)
		os.Exit(1)
	}
}

func run(minins string, names []string) error {
	parts, err := parse(text)
	if err != nil {
		return err
	}
	if len(names) == 0 {
		return errors.New("expected parts of missing.txt: " + strings.Join(hosts(parts), " "))
	}
	if i := slices.Index(names, "hosts"); i >= 0 { // all of them
		names = slices.Concat(names[:i], hosts(parts), names[i+1:])
	}
	failed := 0
	for _, name := range names {
		p := find(parts, name)
		if p == nil {
			return fmt.Errorf("missing.txt has no part %q", name)
		}
		n, err := play(minins, p)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		failed += n
	}
	if failed > 0 {
		return fmt.Errorf("%d commands did not do what they have to", failed)
	}
	return nil
}

// play runs the commands of a part and returns how many did something else than they have
// to. One that arranges something is played in namespaces of its own, so that nobody else
// lacks it.
func play(minins string, p *part) (failed int, err error) {
	own := len(p.arrange) > 0 && !p.machine
	if own && os.Getenv(inside) == "" {
		var pids uintptr // of which a new /proc is
		if p.arrange[len(p.arrange)-1][0] == "proc" {
			pids = unix.CLONE_NEWPID
		}
		cmd := exec.Command("/proc/self/exe", "-minins", minins, p.name)
		cmd.Env = append(os.Environ(), inside+"=1")
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWNS | pids,
			UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
		}
		return 0, cmd.Run()
	}
	if own {
		if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
			return 0, fmt.Errorf("make / private: %w", err)
		}
	}
	user, err := arrange(p.arrange)
	if err != nil {
		return 0, err
	}
	fmt.Printf("%s: %s\n", p.name, p.about)
	for i := range p.commands {
		c := &p.commands[i]
		out, status, err := try(minins, c.words, user)
		if err != nil {
			return failed, fmt.Errorf("%s: %w", strings.Join(c.words, " "), err)
		}
		verdict := "ok    "
		wrong := c.wrong(out, status)
		if wrong != "" {
			verdict = "FAILED"
			failed++
		}
		fmt.Printf("%s %s\n", verdict, strings.Join(c.words, " "))
		if wrong != "" {
			fmt.Printf("       %s; exit status %d, it says\n%s", wrong, status, out)
		}
	}
	return failed, nil
}

// arrange makes a host that lacks something, and returns who runs the commands, if not root.
func arrange(lines [][]string) (user *syscall.Credential, err error) {
	for _, f := range lines {
		switch {
		case f[0] == "empty" && len(f) == 2: // a file system with nothing in it
			err = unix.Mount("tmpfs", f[1], "tmpfs", 0, "mode=0755")
		case f[0] == "readonly" && len(f) == 2:
			if err = unix.Mount("tmpfs", f[1], "tmpfs", 0, "mode=0755"); err == nil {
				err = unix.Mount("", f[1], "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, "")
			}
		case f[0] == "proc" && len(f) == 2: // with an option
			err = unix.Mount("proc", "/proc", "proc", 0, f[1])
		case f[0] == "write" && len(f) == 3:
			err = os.WriteFile(f[1], []byte(f[2]), 0)
		case f[0] == "user" && len(f) == 2:
			var id uint64
			id, err = strconv.ParseUint(f[1], 10, 32)
			user = &syscall.Credential{Uid: uint32(id), Gid: uint32(id)}
		default:
			err = errors.New("expected empty DIR, readonly DIR, proc OPTION, write FILE TEXT or user ID")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", strings.Join(f, " "), err)
		}
	}
	return user, nil
}

// try runs minins with words and returns all that it printed, and its exit status.
func try(minins string, words []string, user *syscall.Credential) (out string, status int, err error) {
	in, end, err := os.Pipe() // exec's /dev/null may be what is missing
	if err != nil {
		return "", 0, err
	}
	end.Close()
	defer in.Close()
	if words[0] == "minins" {
		words = words[1:]
	}
	var b bytes.Buffer
	cmd := exec.Command(minins, words...)
	cmd.Env = []string{"MININS_HINTS=1", "PATH=/bin:/sbin:/usr/bin:/usr/sbin", "HOME=/tmp"}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &b, &b
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: user}
	if err := cmd.Start(); err != nil {
		return "", 0, err
	}
	timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return b.String(), exit.ExitCode(), nil // -1: killed
	}
	return b.String(), 0, err
}
