//go:build linux

package nsfs

import (
	"context"
	"encoding/binary"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// An Event is a namespace that has come or gone.
type Event struct {
	_ [0]func() // not to be compared: that would take code

	Name string
	ID   Identity // of the namespace; see [NS.Identity]
	Gone bool     // it has gone; else it has come, and can be entered
	// Before says that it was there when Watch began.
	Before bool
}

// Watch calls f with each namespace in [Dir], and from then on with each that comes
// and each that goes. It returns nil once ctx is done, the error of f once that
// returns one, and an [*Error] if the kernel refuses what it needs.
//
// One comes when it can be entered, not when its file appears, and goes when its
// mount or its file does. Of a name that was deleted and made anew, the old one
// goes before the new one comes. What comes and goes again between two looks, some
// ten microseconds apart, is not seen at all, nor is what goes and is back by then
// under the same name, as the same namespace.
//
// Each time that inotify(7) tells of a change to Dir, or poll(2) of one to the mounts,
// all of Dir is looked at: nothing is lost when the queue of inotify overflows.
// Dir need not be there yet.
//
// Equivalent to: `ip netns monitor`, which tells of files
func Watch(ctx context.Context, f func(Event) error) error {
	w := &watcher{f: f, dir: -1, parent: -1}
	var err error
	if w.bell, err = unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK); err != nil {
		return watchError("inotify_init1", err)
	}
	defer unix.Close(w.bell)
	mounts, err := unix.Open("/proc/thread-self/mountinfo", unix.O_RDONLY|unix.O_CLOEXEC, 0) // never read
	if err != nil {
		return watchError("openat", err)
	}
	defer unix.Close(mounts)
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return watchError("eventfd2", err)
	}
	defer unix.Close(wake)
	rung := make(chan bool)
	stop := context.AfterFunc(ctx, func() {
		_, _ = unix.Write(wake, binary.NativeEndian.AppendUint64(nil, 1)) // cannot fail: the count is 0
		close(rung)
	})
	defer func() {
		if !stop() {
			<-rung // before the descriptor is closed
		}
	}()

	buf := make([]byte, 1<<14)
	poll := []unix.PollFd{{Fd: int32(w.bell), Events: unix.POLLIN}, {Fd: int32(mounts), Events: unix.POLLPRI}, {Fd: int32(wake), Events: unix.POLLIN}}
	for ctx.Err() == nil {
		// Whatever happens from here on rings.
		if err := w.listen(); err != nil {
			return watchError("inotify_add_watch", err)
		}
		if err := w.look(); err != nil {
			return err
		}
		if _, err := unix.Poll(poll, -1); err != nil && err != unix.EINTR {
			return watchError("poll", err)
		}
		for n := 1; n > 0; { // what it says does not matter
			n, _ = unix.Read(w.bell, buf)
		}
	}
	return nil
}

func watchError(call string, err error) error {
	hint := ""
	if err == unix.ENOSYS {
		hint = "this kernel was built without CONFIG_INOTIFY_USER"
	}
	return &Error{Op: OpList, Name: Dir, Call: call, What: "Cannot watch " + Dir, Err: err, Hint: hint}
}

// A watcher compares what is in Dir with what was.
type watcher struct {
	_ [0]func() // not to be compared: that would take code

	f     func(Event) error
	known map[string]Identity

	bell        int // of inotify
	dir, parent int // what it watches; -1: nothing
}

// listen has the bell ring for Dir, or for the directory above it as long as
// there is no Dir. To ask again for the same directory changes nothing.
func (w *watcher) listen() error {
	dir, err := w.add(Dir)
	if err == unix.ENOENT {
		if w.parent, err = w.add(filepath.Dir(Dir)); err != nil {
			return err
		}
		if dir, err = w.add(Dir); err == unix.ENOENT { // it may have come in between
			dir, err = -1, nil
		}
	}
	if err != nil {
		return err
	}
	if dir != w.dir {
		w.forget(w.dir)
		w.dir = dir
	}
	if dir >= 0 {
		w.forget(w.parent)
		w.parent = -1
	}
	return nil
}

func (w *watcher) add(dir string) (int, error) {
	return unix.InotifyAddWatch(w.bell, dir, unix.IN_CREATE|unix.IN_DELETE|unix.IN_MOVE|unix.IN_DELETE_SELF|unix.IN_MOVE_SELF|unix.IN_ONLYDIR)
}

// forget ends a watch that has been replaced.
func (w *watcher) forget(watch int) {
	if watch >= 0 {
		_, _ = unix.InotifyRmWatch(w.bell, uint32(watch)) // EINVAL: its directory is gone
	}
}

// look tells what has gone and what has come.
func (w *watcher) look() error {
	names, err := List()
	if err != nil {
		return err
	}
	now := make(map[string]Identity, len(names))
	for _, name := range names {
		e, err := kind(name)
		if err != nil && err != unix.ENOENT {
			return listError(Path(name), err)
		}
		if err == nil && e.State == Live {
			now[name] = e.ID
		}
	}
	before := w.known
	w.known = now
	for name, id := range before {
		if now[name] != id {
			if err := w.f(Event{Name: name, ID: id, Gone: true}); err != nil {
				return err
			}
		}
	}
	for name, id := range now {
		if before[name] != id {
			if err := w.f(Event{Name: name, ID: id, Before: before == nil}); err != nil {
				return err
			}
		}
	}
	return nil
}
