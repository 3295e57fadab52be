//go:build linux

package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// ChildName is the name by which minins calls itself for [Child].
const ChildName = "bench-child"

// Child does one workload once, in the namespaces that it was born into, which
// die with it: "bench-child TOOL WORKLOAD N". It is not for people. What it
// measured goes to standard output, see [run.phase]; so does what went wrong, in
// words, and what the tools say that it runs.
func Child(c *applet.Cmd) int {
	err := child(c.Args, c.Stdout.Write)
	if err != nil {
		c.Printf("%v\n", err)
		return 1
	}
	return 0
}

func child(args []string, write func([]byte) (int, error)) error {
	if len(args) != 3 {
		return errors.New("it is for minins bench to call")
	}
	t, w := findTool(args[0]), findWorkload(args[1])
	n, err := strconv.Atoi(args[2])
	if t == nil || w == nil || err != nil {
		return fmt.Errorf("no such work: %q", args)
	}
	if err := furnish(); err != nil {
		return err
	}
	r := &run{ctx: context.Background(), n: n}
	if r.conn, err = rtnl.Dial(nl.Config{}); err != nil {
		return err
	}
	defer r.conn.Close()
	if err := r.settle(); err != nil {
		return err
	}
	if w.stage != nil {
		if err := w.stage(r); err != nil {
			return err
		}
	}
	if t.manner == mine {
		err = w.own(r)
	} else {
		err = r.foreign(t, w, os.Environ())
	}
	if _, e := write(r.out); err == nil {
		err = e
	}
	return err
}

// furnish makes the new mount namespace private, with an empty /run.
func furnish() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mount --make-rprivate /: %w", err)
	}
	if err := unix.Mount("minins", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
		return fmt.Errorf("mount of a tmpfs on /run: %w", err)
	}
	return nil
}

// A run is one run of a workload.
type run struct {
	ctx  context.Context
	conn *rtnl.Conn
	n    int
	out  []byte // held back until the end, so that no write is measured
}

// settle waits until the namespaces of earlier runs are destroyed, which is
// done in the background, in order, and holds the lock that all here needs:
// the near end of a cable into a last one vanishes with it.
func (r *run) settle() error {
	ns, err := nsfs.New()
	if err != nil {
		return err
	}
	err = r.conn.AddLink(r.ctx, &rtnl.Link{Name: "settle", Info: rtnl.LinkInfo{
		Kind: "veth", Peer: &rtnl.Link{NetNSFD: nl.Some(uint32(ns.Fd()))},
	}})
	if e := ns.Close(); err == nil {
		err = e
	}
	for err == nil {
		time.Sleep(time.Millisecond)
		_, err = r.conn.LinkIndex(r.ctx, "settle")
	}
	if !errors.Is(err, unix.ENODEV) {
		return err
	}
	time.Sleep(50 * time.Millisecond)
	return nil
}

// A mark is when a phase begins.
type mark struct {
	wall time.Time
	cpu  int64
}

func now() mark { return mark{time.Now(), cpu(unix.RUSAGE_SELF) + cpu(unix.RUSAGE_CHILDREN)} }

// cpu is the user and system time, in ns, of this process or its children.
func cpu(who int) int64 {
	var u unix.Rusage
	if unix.Getrusage(who, &u) != nil { // of these two it is never refused
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// phase measures phase i of the workload, ops operations, and puts it down as
// a line: "=PHASE OPS WALL CPU [SINGLE ...]", the times in ns. single, if not
// nil, are the times of the single operations, which f fills in.
func (r *run) phase(i, ops int, single []int64, f func() error) error {
	start := now()
	if err := f(); err != nil {
		return err
	}
	wall := int64(time.Since(start.wall))
	used := now().cpu - start.cpu
	r.out = append(r.out, '=')
	for _, v := range append([]int64{int64(i), int64(ops), wall, used}, single...) {
		r.out = append(strconv.AppendInt(r.out, v, 10), ' ')
	}
	r.out = append(r.out, '\n')
	return nil
}

// names are prefix1 to prefixN.
func names(prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = prefix + strconv.Itoa(i+1)
	}
	return all
}

// open opens a file in memory that holds text.
func open(text []byte) (int, error) {
	fd, err := unix.MemfdCreate("minins", unix.MFD_CLOEXEC)
	if err != nil {
		return 0, os.NewSyscallError("memfd_create", err)
	}
	for len(text) > 0 && err == nil {
		var n int
		n, err = unix.Write(fd, text)
		text = text[n:]
	}
	if err == nil {
		_, err = unix.Seek(fd, 0, 0)
	}
	return fd, err
}
