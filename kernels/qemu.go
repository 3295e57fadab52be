//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// grace is how long a machine has to turn itself off once the tests are done.
	grace = 2 * time.Second
	// silence is how long its console may say nothing. The guest says each ten seconds what it is at.
	silence = 90 * time.Second
)

// image finds the kernel of a target.
func image(t *target, cache, root string) (string, error) {
	if t.local != "" {
		file := filepath.Join(cache, t.local)
		if _, err := os.Stat(file); err != nil {
			return "", &absentError{fmt.Errorf("%w (mips.sh builds it)", err)}
		}
		return file, nil
	}
	files, err := filepath.Glob(filepath.Join(root, t.kernel))
	if err != nil || len(files) == 0 {
		return "", errors.Join(err, fmt.Errorf("no %s in its package", t.kernel))
	}
	return files[0], nil
}

// cheap has programs lie at the same addresses each time, for QEMU translates them anew at others, and the clock
// tick steadily: a kernel that sets a timer for each thing that is to come does so thousands of times a second, and
// QEMU's malta loses one that is set while another goes off.
const cheap = "norandmaps highres=off nohz=off"

// command is the whole of QEMU's command line.
func command(t *target, root, kernel, initramfs string) ([]string, error) {
	cmd := strings.Fields(t.qemu)
	for i, arg := range cmd {
		if name, ok := strings.CutPrefix(arg, "{dtb:"); ok {
			file, err := find(root, strings.TrimSuffix(name, "}"))
			if err != nil {
				return nil, err
			}
			cmd[i] = file
		}
	}
	return append(cmd, "-accel", "tcg", "-smp", "1", "-display", "none", "-nodefaults", "-monitor", "none", "-no-reboot",
		"-kernel", kernel, "-initrd", initramfs,
		"-append", strings.TrimSpace("console="+t.console+" panic=-1 quiet rdinit=/init "+cheap+" "+t.args+" "+appended)), nil
}

func find(root, name string) (file string, err error) {
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Name() == name {
			file = path
		}
		return err
	})
	if err == nil && file == "" {
		err = fmt.Errorf("no %s in the kernel's package", name)
	}
	return file, err
}

// errSilent ends a machine that says nothing any more.
var errSilent = fmt.Errorf("the machine said nothing for %v", silence)

// boot runs the machine until it turns itself off, and returns what its console said,
// and the processor's time that it took.
func boot(ctx context.Context, cmd []string, log string) (console []byte, cpu time.Duration, err error) {
	f, err := os.Create(log)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	fmt.Fprintln(f, "+", strings.Join(cmd, " "))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	c := exec.CommandContext(ctx, cmd[0], cmd[1:]...)
	c.SysProcAttr = &unix.SysProcAttr{Setpgid: true, Pdeathsig: unix.SIGKILL}
	w := &watch{f: f, silent: time.AfterFunc(silence, func() { cancel(errSilent) })}
	defer w.silent.Stop()
	w.end = func() { time.AfterFunc(grace, func() { cancel(nil) }) }
	c.Stdout, c.Stderr = w, w
	c.WaitDelay = 5 * time.Second
	err = c.Run()
	if c.ProcessState != nil {
		cpu = c.ProcessState.UserTime() + c.ProcessState.SystemTime()
	}
	if w.end == nil {
		err = nil // however QEMU ended
	} else if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	return w.all.Bytes(), cpu, err
}

// A watch writes a console's lines to a file and calls end when the guest said that all is done.
// Each time that the console says something silent begins anew.
type watch struct {
	f      *os.File
	all    bytes.Buffer
	end    func()
	silent *time.Timer
}

func (w *watch) Write(b []byte) (int, error) {
	w.silent.Reset(silence)
	from := max(0, w.all.Len()-len("K end\n"))
	w.all.Write(b)
	if w.end != nil && bytes.Contains(w.all.Bytes()[from:], []byte("K end")) {
		w.end()
		w.end = nil
	}
	return w.f.Write(b)
}
