//go:build linux

// Command guest is /init of a machine that runs test binaries: it mounts what they
// need, loads the kernel's modules, runs each program of /suite, says on the
// console what became of each test, and turns the machine off.
//
// /suite/order has a line for each program: its directory below /suite, the seconds
// it may take, the program and its arguments.
//
// What it says begins with "K ": see report.go of the command kernels, which reads it.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/machine"
)

func main() {
	if err := run(); err != nil {
		fmt.Println("K error", err)
	}
	fmt.Println("K end")
	unix.Sync()
	if err := unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF); err != nil {
		fmt.Println("power off:", err)
	}
	time.Sleep(time.Hour) // some machines cannot: QEMU is ended from outside
}

func run() error {
	if err := furnish(); err != nil {
		return err
	}
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err
	}
	order := "little"
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		order = "big"
	}
	fmt.Println("K kernel", unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Machine[:]), strconv.IntSize, order)
	machine.Load(func(name string, err error) { fmt.Printf("K module %s %v\n", name, err) })
	suite, err := os.ReadFile("/suite/order")
	if err != nil {
		return err
	}
	if err := settings(); err != nil {
		return err
	}
	for _, line := range strings.Split(strings.TrimSpace(string(suite)), "\n") {
		f := strings.Fields(line)
		if len(f) < 3 {
			return fmt.Errorf("/suite/order: %q: expected DIRECTORY SECONDS PROGRAM [ARGUMENT]…", line)
		}
		seconds, err := strconv.Atoi(f[1])
		if err != nil {
			return err
		}
		try(f[0], time.Duration(seconds)*time.Second, f[2:])
	}
	return nil
}

// furnish makes the machine as tests expect hosts to be.
func furnish() (err error) {
	machine.Furnish(func(what string, wrong error) {
		if what != "mount /sys" || wrong != unix.ENODEV { // a kernel may be built without it
			err = errors.Join(err, fmt.Errorf("%s: %w", what, wrong))
		}
	})
	for _, dir := range []string{"/mnt", "/var/tmp", "/home"} {
		err = errors.Join(err, os.MkdirAll(dir, 0o755))
	}
	_ = unix.Mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, "") // not all have it
	// A mount that is shared is what most hosts have: systemd makes / so.
	return errors.Join(err, unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""))
}

// settings are as tests expect them to be. New namespaces begin with lo alone: the modules of
// tunnels would put links of theirs into each. A batch may be as large as on many hosts that
// were set up for more than the default.
func settings() error {
	for _, s := range [][2]string{
		{"net/core/fb_tunnels_only_for_init_net", "1"},
		{"net/core/rmem_max", "4194304"},
		{"net/core/wmem_max", "4194304"},
	} {
		if err := os.WriteFile("/proc/sys/"+s[0], []byte(s[1]), 0); err != nil {
			return err
		}
	}
	return nil
}

// memory is how much a Go program may use before it collects all the time: half of what is free, since
// the programs themselves are in memory, and 200 MiB do.
func memory() string {
	const most = 200 << 10
	free := most
	text, err := os.ReadFile("/proc/meminfo")
	if _, rest, ok := strings.Cut(string(text), "MemAvailable:"); err == nil && ok {
		if n, err := strconv.Atoi(strings.Fields(rest)[0]); err == nil {
			free = min(most, n/2)
		}
	}
	return strconv.Itoa(free) + "KiB"
}

// sign is how often the console says what is being run: a machine that says nothing is given up.
const sign = 10 * time.Second

// try runs one program and reports its tests; of one that is no test binary,
// whether it exited with 0.
func try(name string, limit time.Duration, args []string) {
	dir := "/suite/" + name
	if name == "." {
		name = strings.TrimPrefix(args[0], "./") // of a program there is no package
	}
	out := &listener{name: name}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.Env = append(os.Environ(), "HOME=/tmp", "MININS_SLOW=1", "MININS_BUILT=/bin/minins", "GOMEMLIMIT="+memory(), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8")
	cmd.WaitDelay = time.Second
	start := time.Now()
	alive := time.NewTicker(sign)
	done := make(chan struct{})
	go func() {
		for {
			select {
			case <-alive.C:
				out.sign(time.Since(start))
			case <-done:
				return
			}
		}
	}()
	err := cmd.Start()
	if err == nil {
		timer := time.AfterFunc(limit, func() {
			_ = cmd.Process.Signal(unix.SIGQUIT) // a test binary says where it stands
			time.Sleep(5 * time.Second)
			_ = cmd.Process.Kill()
		})
		err = cmd.Wait()
		timer.Stop()
	}
	alive.Stop()
	close(done)
	out.end(args[0], err)
	if strings.HasSuffix(args[0], ".test") {
		_ = os.Remove(filepath.Join(cmd.Dir, args[0])) // its room is needed
	}
	result := "ok"
	if err != nil {
		result = err.Error()
	}
	fmt.Printf("K ran %s %.1f %s\n", name, time.Since(start).Seconds(), result)
}
