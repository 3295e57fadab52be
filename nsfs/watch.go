//go:build linux

package nsfs

import (
	"context"
	"encoding/binary"
	"iter"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// An Event is a namespace that has come or gone.
type Event struct {
	Name string
	ID   Identity // of the namespace; see [NS.Identity]
	Gone bool     // it has gone; else it has come, and can be entered
	// Before says that it was there when Watch began.
	Before bool
}

// Watch yields the namespaces in [Dir], and from then on each that comes and each
// that goes, until ctx is done or the loop is left. It ends with an error if the kernel
// refuses what it needs.
//
// One comes when it can be entered, not when its file appears, and goes when its
// mount or its file does. Of a name that was deleted and made anew, the old one
// goes before the new one comes. What comes and goes again between two looks, some
// ten microseconds apart, is not seen at all.
//
// Each time that inotify(7) tells of a change to Dir, or poll(2) of one to the mounts,
// Dir is read as a whole: nothing is lost when the queue of inotify overflows.
// Dir need not be there yet.
//
// Equivalent to: `ip netns monitor`, which tells of files
func Watch(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		w := &watcher{bell: -1, mounts: -1, wake: -1, dir: -1, parent: -1, known: map[string]seen{}}
		defer w.close()
		call, err := w.open()
		if err == nil && ctx.Err() == nil {
			rung := make(chan struct{})
			stop := context.AfterFunc(ctx, func() {
				defer close(rung)
				_, _ = unix.Write(w.wake, binary.NativeEndian.AppendUint64(nil, 1)) // cannot fail: the count is 0
			})
			defer func() {
				if !stop() {
					<-rung // before the descriptor is closed
				}
			}()
			call, err = w.run(ctx, yield)
		}
		if err != nil {
			yield(Event{}, &Error{Op: OpList, Name: Dir, Call: call, What: "Cannot watch " + Dir, Err: errno(err)})
		}
	}
}

// A watcher compares what is in Dir with what was.
type watcher struct {
	_ [0]func() // not to be compared: that would take code

	bell        int // of inotify
	mounts      int // /proc/thread-self/mountinfo, which is never read
	wake        int // an eventfd for the end
	dir, parent int // what bell watches; -1: nothing

	known map[string]seen
}

// seen is a namespace that was there at the last look.
type seen struct {
	file uint64 // inode of the file below the mount, which is another one when the name was made anew
	at   inode
	id   Identity
}

func (w *watcher) open() (call string, err error) {
	if w.bell, err = unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK); err != nil {
		return "inotify_init1", err
	}
	if w.mounts, err = unix.Open("/proc/thread-self/mountinfo", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return `openat("/proc/thread-self/mountinfo")`, err
	}
	if w.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC); err != nil {
		return "eventfd", err
	}
	return "", nil
}

func (w *watcher) close() {
	for _, fd := range []int{w.bell, w.mounts, w.wake} {
		if fd >= 0 {
			_ = unix.Close(fd)
		}
	}
}

// run looks, and waits for the next time to look.
func (w *watcher) run(ctx context.Context, yield func(Event, error) bool) (call string, err error) {
	buf := make([]byte, 1<<14)
	poll := []unix.PollFd{{Fd: int32(w.bell), Events: unix.POLLIN}, {Fd: int32(w.mounts), Events: unix.POLLPRI}, {Fd: int32(w.wake), Events: unix.POLLIN}}
	for before := true; ; before = false {
		// Whatever happens from here on rings.
		if err := w.listen(); err != nil {
			return "inotify_add_watch", err
		}
		names, err := fileNumbers(Dir)
		if err != nil && err != unix.ENOENT {
			return `openat("` + Dir + `")`, err
		}
		if more, err := w.compare(names, before, yield); !more || err != nil {
			return "openat", err
		}
		if _, err := unix.Poll(poll, -1); err != nil && err != unix.EINTR {
			return "poll", err
		}
		if ctx.Err() != nil {
			return "", nil
		}
		for n := 1; n > 0; { // what it says does not matter
			n, _ = unix.Read(w.bell, buf)
		}
	}
}

// listen has the bell ring for Dir, or for the directory above it as long as
// there is no Dir. To ask again for the same directory changes nothing.
func (w *watcher) listen() error {
	const mask = unix.IN_CREATE | unix.IN_DELETE | unix.IN_MOVE | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ONLYDIR
	dir, err := unix.InotifyAddWatch(w.bell, Dir, mask)
	if err == unix.ENOENT {
		if w.parent, err = unix.InotifyAddWatch(w.bell, filepath.Dir(Dir), mask); err != nil {
			return err
		}
		if dir, err = unix.InotifyAddWatch(w.bell, Dir, mask); err == unix.ENOENT { // it may have come in between
			dir, err = -1, nil
		}
	}
	if err != nil {
		return err
	}
	w.forget(w.dir, dir)
	w.dir = dir
	if dir >= 0 {
		w.forget(w.parent, -1)
		w.parent = -1
	}
	return nil
}

// forget ends a watch that another one has replaced.
func (w *watcher) forget(old, now int) {
	if old >= 0 && old != now {
		_, _ = unix.InotifyRmWatch(w.bell, uint32(old)) // EINVAL: its directory is gone
	}
}

// compare yields what has gone and what has come. It returns false if the loop
// was left.
func (w *watcher) compare(files map[string]uint64, before bool, yield func(Event, error) bool) (more bool, err error) {
	for name, was := range w.known {
		var st unix.Stat_t
		if files[name] == was.file && unix.Stat(Path(name), &st) == nil && was.at == (inode{uint64(st.Dev), st.Ino}) {
			continue
		}
		delete(w.known, name)
		if !yield(Event{Name: name, ID: was.id, Gone: true}, nil) {
			return false, nil
		}
	}
	var come []Entry
	for name := range files {
		if _, ok := w.known[name]; ok {
			continue
		}
		e, err := kind(name)
		if err != nil && err != unix.ENOENT {
			return true, err
		}
		if err == nil && e.State == Live {
			come = append(come, e)
		}
	}
	if len(come) == 0 {
		return true, nil
	}
	// A file that was replaced in between has rung again: it is for the next look
	// to tell whose namespace this is.
	again, err := fileNumbers(Dir)
	if err != nil && err != unix.ENOENT {
		return true, err
	}
	for _, e := range come {
		file := files[e.Name]
		if again[e.Name] != file {
			continue
		}
		w.known[e.Name] = seen{file: file, at: inode{e.ID.Dev, e.ID.Ino}, id: e.ID}
		if !yield(Event{Name: e.Name, ID: e.ID, Before: before}, nil) {
			return false, nil
		}
	}
	return true, nil
}

// fileNumbers reads a directory: the names in it, and the inodes of the files
// themselves, where stat would tell those of what is mounted on them.
func fileNumbers(dir string) (map[string]uint64, error) {
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	files := map[string]uint64{}
	buf := make([]byte, 1<<15)
	for {
		n, err := unix.ReadDirent(fd, buf)
		if err != nil || n <= 0 {
			return files, err
		}
		// struct linux_dirent64: d_ino, d_off, d_reclen, d_type, d_name.
		const reclen, name = 16, 19
		for b := buf[:n]; len(b) > name; b = b[binary.NativeEndian.Uint16(b[reclen:]):] {
			if s := unix.ByteSliceToString(b[name:]); s != "." && s != ".." {
				files[s] = binary.NativeEndian.Uint64(b)
			}
		}
	}
}
