//go:build linux

package nsfs

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A mountPoint is a line of /proc/PID/mountinfo; see proc_pid_mountinfo(5).
type mountPoint struct {
	_ [0]func() // not to be compared: that would take code

	id, parent string
	dev        string // of the file system, "major:minor"
	root       string // what of the file system is mounted, by its path in it: "net:[4026532178]"
	path       string // where, as the process sees it
}

// readMounts reads the mounts that a process or thread sees; dir is its
// directory in /proc.
func readMounts(dir string) (all []*mountPoint, err error) {
	text, err := os.ReadFile(dir + "/mountinfo")
	for _, line := range strings.Split(string(text), "\n") {
		if f := strings.Fields(line); len(f) > 5 {
			all = append(all, &mountPoint{id: f[0], parent: f[1], dev: f[2], root: unescape(f[3]), path: unescape(f[4])})
		}
	}
	return all, err
}

// unescape undoes what the kernel does to blanks: "\040" is a space.
func unescape(s string) string {
	pieces := strings.Split(s, `\`)
	for i, p := range pieces[1:] { // each begins with three octal digits
		c, err := strconv.ParseUint(p[:min(3, len(p))], 8, 8)
		if err != nil {
			return s
		}
		pieces[i+1] = string([]byte{byte(c)}) + p[3:]
	}
	return strings.Join(pieces, "")
}

// inside is the path in the file system of what is at a path below the mount.
func (m *mountPoint) inside(path string) string {
	return m.dev + filepath.Join(m.root, strings.TrimPrefix(path, m.path))
}

// eachMount calls f with each mount in each mount namespace that a thread is in, as
// far as /proc shows them: first those of the calling thread, as process 0, then those
// of others, with a process that sees them. On is the file below the mount, by its
// device and its path in the file system, "0:25/netns/red": mount points are as
// various as mount namespaces.
func eachMount(f func(pid int, m *mountPoint, on string)) error {
	seen := map[string]bool{}
	visit := func(pid int, dir string) error {
		at := view(dir)
		if seen[at] {
			return nil
		}
		seen[at] = at != "" // where that is not to be known, each process is read
		mounts, err := readMounts(dir)
		byID := map[string]*mountPoint{}
		for _, m := range mounts {
			byID[m.id] = m
		}
		for _, m := range mounts {
			on := ""
			if parent := byID[m.parent]; parent != nil {
				on = parent.inside(m.path)
			}
			f(pid, m, on)
		}
		return err
	}
	if err := visit(0, "/proc/thread-self"); err != nil {
		return listError("/proc/thread-self/mountinfo", err)
	}
	return eachThread(func(pid int, dir string) {
		_ = visit(pid, dir) // it has ended
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

// eachThread calls f for each thread that /proc shows, with the number of its
// process and with its directory there.
func eachThread(f func(pid int, dir string)) error {
	pids, err := numbers("/proc")
	if err != nil {
		return listError("/proc", err)
	}
	for _, pid := range pids {
		tasks := process(pid) + "/task"
		tids, _ := numbers(tasks) // none if it has ended
		for _, tid := range tids {
			f(pid, tasks+"/"+strconv.Itoa(tid))
		}
	}
	return nil
}

// process is the directory of a process.
func process(pid int) string { return "/proc/" + strconv.Itoa(pid) }

// numbers lists those names in a directory of /proc that are numbers.
func numbers(dir string) (all []int, err error) {
	names, err := readNames(dir)
	for _, name := range names {
		if n, err := strconv.Atoi(name); err == nil {
			all = append(all, n)
		}
	}
	return all, err
}

// comm is the name of a process, or "" if it has ended.
func comm(pid int) string {
	text, _ := os.ReadFile(process(pid) + "/comm")
	return strings.TrimSuffix(string(text), "\n")
}

// whereIs finds Dir in its file system: the device, as in mountinfo, and the path.
func whereIs() (string, error) {
	fd, err := unix.Open(Dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	name, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	if err != nil {
		return "", err
	}
	mounts, err := readMounts("/proc/thread-self")
	if err != nil {
		return "", err
	}
	id := fdinfo(fd, "mnt_id:\t")
	for _, m := range mounts {
		if m.id == id {
			return m.inside(name), nil
		}
	}
	return "", unix.ENOENT // it is outside of what a chroot shows
}
