//go:build linux

package nsfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A mountPoint is a line of /proc/PID/mountinfo; see proc_pid_mountinfo(5).
type mountPoint struct {
	id, parent string
	dev        string // of the file system, "major:minor"
	root       string // what of the file system is mounted, by its path in it: "net:[4026532178]"
	path       string // where, as the process sees it
}

// readMounts reads the mounts that a process or thread sees; dir is its
// directory in /proc.
func readMounts(dir string) ([]mountPoint, error) {
	text, err := os.ReadFile(dir + "/mountinfo")
	if err != nil {
		return nil, err
	}
	var all []mountPoint
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 5 {
			all = append(all, mountPoint{id: f[0], parent: f[1], dev: f[2], root: unescape(f[3]), path: unescape(f[4])})
		}
	}
	return all, nil
}

// unescape undoes what the kernel does to blanks: "\040" is a space.
func unescape(s string) string {
	for i := 0; ; i++ {
		next := strings.IndexByte(s[i:], '\\')
		if next < 0 || len(s) < i+next+4 {
			return s
		}
		i += next
		if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
			s = s[:i] + string([]byte{byte(c)}) + s[i+4:]
		}
	}
}

// eachMountTable calls f with the mounts of each mount namespace that a thread is
// in, as far as /proc shows them: first with those of the calling thread, as process
// 0, then with those of others, and a process that sees them.
func eachMountTable(f func(pid int, mounts []mountPoint)) error {
	const own = "/proc/thread-self"
	mounts, err := readMounts(own)
	if err != nil {
		return listError("/proc/thread-self/mountinfo", err)
	}
	f(0, mounts)
	seen := map[string]bool{view(own): true}
	return eachThread(func(pid, tid int, dir string) {
		at := view(dir)
		if at == "" && pid != tid || seen[at] {
			return
		}
		seen[at] = at != "" // where that is not to be known, each process is read
		if mounts, err := readMounts(dir); err == nil {
			f(pid, mounts)
		}
	})
}

// view says which mounts a thread sees: its mount namespace, and from where in
// it. It is "" without the right to know.
func view(dir string) string {
	ns, err := os.Readlink(dir + "/ns/mnt")
	if err != nil {
		return ""
	}
	root, err := os.Readlink(dir + "/root")
	if err != nil {
		return ""
	}
	return ns + root
}

// eachThread calls f for each thread that /proc shows, with its directory
// there. What ends meanwhile is left out.
func eachThread(f func(pid, tid int, dir string)) error {
	pids, err := numbers("/proc")
	if err != nil {
		return listError("/proc", err)
	}
	for _, pid := range pids {
		tasks := "/proc/" + strconv.Itoa(pid) + "/task"
		tids, err := numbers(tasks)
		if err != nil {
			continue // it has ended
		}
		for _, tid := range tids {
			f(pid, tid, tasks+"/"+strconv.Itoa(tid))
		}
	}
	return nil
}

// numbers lists those names in a directory of /proc that are numbers.
func numbers(dir string) ([]int, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var all []int
	for _, name := range names {
		if n, err := strconv.Atoi(name); err == nil {
			all = append(all, n)
		}
	}
	return all, nil
}

// covered says what of a file system has mounts on it, by the path in that file
// system, not by that of a mount point: "0:25 /netns/red". What is mounted is the value.
func covered(mounts []mountPoint, dev string, f func(file, root string)) {
	byID := make(map[string]*mountPoint, len(mounts))
	for i := range mounts {
		byID[mounts[i].id] = &mounts[i]
	}
	for i := range mounts {
		m := &mounts[i]
		if parent := byID[m.parent]; parent != nil && parent.dev == dev {
			f(parent.inside(m.path), m.root)
		}
	}
}

// inside is the path in the file system of what is at a path below the mount.
func (m *mountPoint) inside(path string) string {
	return filepath.Join(m.root, strings.TrimPrefix(path, m.path))
}

// whereIs finds an open directory in its file system: the device, as in
// mountinfo, and the path.
func whereIs(fd int) (dev, path string, err error) {
	// Not /proc/thread-self, as the thread may end before the file is read.
	number := strconv.Itoa(fd)
	text, err := os.ReadFile("/proc/self/fdinfo/" + number)
	if err != nil {
		return "", "", err
	}
	name, err := os.Readlink("/proc/self/fd/" + number)
	if err != nil {
		return "", "", err
	}
	mounts, err := readMounts("/proc/thread-self")
	if err != nil {
		return "", "", err
	}
	for line := range strings.Lines(string(text)) {
		id, ok := strings.CutPrefix(line, "mnt_id:")
		if !ok {
			continue
		}
		id = strings.TrimSpace(id)
		for i := range mounts {
			if mounts[i].id == id {
				return mounts[i].dev, mounts[i].inside(name), nil
			}
		}
	}
	return "", "", unix.ENOENT
}

// comm is the name of a process, or "" if it has ended.
func comm(pid int) string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm")
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(text), "\n")
}

// refused tells the want of a right from the end of a process.
func refused(err error) bool { return errors.Is(err, fs.ErrPermission) }
