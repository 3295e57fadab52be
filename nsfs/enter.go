//go:build linux

package nsfs

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// etcDir is where files for one namespace are: NETNS_ETC_DIR of iproute2.
const etcDir = "/etc/netns"

// sysMounts are the file systems commonly mounted below /sys. They would be
// lost with it, although they are not about the network.
func sysMounts() []string {
	return strings.Fields("/sys/fs/bpf /sys/fs/cgroup /sys/kernel/debug /sys/kernel/security /sys/kernel/tracing")
}

// An entry moves a thread into a namespace and gives it the mounts that a
// command in it should see. It is also what its steps leave for one another.
type entry struct {
	recipe
	name   string
	ns     *NS
	grafts []*graft
}

func newEntry(name string) (*entry, error) {
	if err := ValidName(name); err != nil {
		return nil, err
	}
	files, err := etcFiles(name)
	if err != nil {
		return nil, err
	}
	e := &entry{name: name}
	e.recipe = recipe{{
		Step: Step{"openat(AT_FDCWD, " + strconv.Quote(Path(name)) + ", O_RDONLY|O_CLOEXEC)", "the namespace mounted there"},
		op:   OpOpen, do: e.open,
	}, {
		Step: Step{`setns(fd, CLONE_NEWNET)`, "this thread enters it"},
		op:   OpEnter, do: e.enter,
	}, {
		Step: Step{`unshare(CLONE_NEWNS)`, "a private copy of all mounts, to be changed for the command alone"},
		op:   OpSetup, what: "unshare failed", do: unshareMounts,
	}, {
		Step: Step{`mount("", "/", NULL, MS_SLAVE|MS_REC, NULL)`, "later mounts of the host still come in; none of these go out"},
		op:   OpSetup, what: `"mount --make-rslave /" failed`, do: slave,
	}}
	e.addSys()
	for _, file := range files {
		g := e.graft(etcDir+"/"+name+"/"+file, "/etc/"+file)
		e.add(g.take("a file for this namespace only"), g.put("covers the one for all"))
	}
	return e, nil
}

// addSys adds the steps to a /sys that shows the network of the calling thread.
func (e *entry) addSys() {
	for _, dir := range sysMounts() {
		if isMount(dir) {
			e.add(e.graft(dir, dir).take("to be kept when /sys is covered"))
		}
	}
	kept := e.grafts
	e.add(&step{
		Step: Step{`mount(` + strconv.Quote(e.name) + `, "/sys", "sysfs", 0, NULL)`, "a /sys that shows the network devices of this one; MS_RDONLY if the old one below it is read-only"},
		op:   OpSetup, what: "mount of /sys failed", do: e.mountSys,
	})
	for _, g := range kept {
		e.add(g.put("back in its place"))
	}
}

// MountSys covers /sys, in the mount namespace of the calling thread, by one that
// shows the devices of its network namespace. What is commonly mounted below /sys
// is put back; warn is told what could not be, and may be nil.
//
// Equivalent to: `mount -t sysfs SOURCE /sys`
func MountSys(source string, warn func(error)) error {
	e := &entry{name: source}
	e.addSys()
	defer e.close()
	return e.run(source, warn)
}

func (e *entry) add(steps ...*step) { e.recipe = append(e.recipe, steps...) }

func (e *entry) graft(from, to string) *graft {
	g := &graft{from: from, to: to, fd: -1}
	e.grafts = append(e.grafts, g)
	return g
}

// close lets go of what steps opened for later ones that were not reached.
func (e *entry) close() {
	if e.ns != nil {
		e.ns.Close() // no harm if it is closed
	}
	for _, g := range e.grafts {
		g.close()
	}
}

func (e *entry) open() (err error) {
	e.ns, err = Open(e.name)
	return err
}

func (e *entry) enter() error {
	defer e.ns.Close()
	return e.ns.enter()
}

func unshareMounts() error { return unix.Unshare(unix.CLONE_NEWNS) }

func slave() error { return unix.Mount("", "/", "", unix.MS_SLAVE|unix.MS_REC, "") }

// mountSys covers the old /sys and leaves it mounted: iproute2 unmounts it
// first, but in a user namespace the kernel refuses a new sysfs where no old
// one can be seen (mount_too_revealing), or where it would allow more.
func (e *entry) mountSys() error {
	var flags uintptr
	var st unix.Statfs_t
	if unix.Statfs("/sys", &st) == nil && st.Flags&unix.ST_RDONLY != 0 {
		flags = unix.MS_RDONLY
	}
	err := unix.Mount(e.name, "/sys", "sysfs", flags, "")
	if errors.Is(err, unix.EBUSY) { // the old one is of this namespace
		return nil
	}
	return err
}

// isMount tells a mount point by its device, which is not its parent's.
func isMount(dir string) bool {
	var here, above unix.Stat_t
	return unix.Lstat(dir, &here) == nil && unix.Lstat(dir+"/..", &above) == nil && here.Dev != above.Dev
}

// etcFiles lists /etc/netns/NAME. Like iproute2, it has nothing for a name of
// 255 bytes.
func etcFiles(name string) ([]string, error) {
	if len(name) == nameMax {
		return nil, nil
	}
	d, err := os.Open(etcDir + "/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		defer d.Close()
		var files []string
		if files, err = d.Readdirnames(-1); err == nil {
			return files, nil
		}
	}
	return nil, &Error{
		Op: OpSetup, Name: name, Err: errno(err),
		What: "Failed to open directory " + etcDir + "/" + name,
	}
}
