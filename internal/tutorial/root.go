//go:build linux

package tutorial

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// mininsFD is the descriptor that the stage's process gets the binary by.
const mininsFD = 3

// sbin is where the installed tools are, also for those whose PATH has no sbin.
const sbin = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// A mount is one call of mount(2).
type mount struct {
	source, target, kind string
	flags                uintptr
	data                 string
}

func mountAll(mounts []mount) error {
	for _, m := range mounts {
		if err := unix.Mount(m.source, m.target, m.kind, m.flags, m.data); err != nil {
			return fmt.Errorf("mount %s on %s: %w", m.source, m.target, err)
		}
	}
	return nil
}

// furnish makes the stage's file system: over the host's root directory for
// the installed tools, or else in place of it.
func (h *hand) furnish(mode string) error {
	if mode == furnished {
		return nil
	}
	if err := mountAll([]mount{{"", "/", "", unix.MS_REC | unix.MS_PRIVATE, ""}}); err != nil {
		return err
	}
	minins := os.NewFile(mininsFD, "minins")
	switch mode {
	case bare:
		return h.furnishBare(minins)
	case installed:
		return h.furnishReal()
	case both:
		h.mininsDir = "/run/minins"
		err := h.furnishReal()
		if err == nil {
			err = os.Mkdir(h.mininsDir, 0o755)
		}
		if err == nil {
			err = h.install(minins)
		}
		return err
	}
	return fmt.Errorf("unknown kind of stage %q", mode)
}

// etc are the files that the stage has of its own. There is no name server: an
// address that nothing can be sent to fails at once, and nobody waits for it.
var etc = map[string]string{
	"resolv.conf":   "nameserver 255.255.255.255\n",
	"nsswitch.conf": "hosts: files\nnetworks: files\nservices: files\nprotocols: files\n",
	"hosts":         "127.0.0.1 localhost\n",
	"passwd":        "root:x:0:0:root:/:/bin/minins\n",
}

// WriteEtc writes these files to a directory.
func WriteEtc(dir string) error {
	for name, text := range etc {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// furnishReal keeps the host's programs, and of /etc all but the stage's own.
func (h *hand) furnishReal() error {
	h.realDirs = sbin
	const hostEtc = "/run/etc"
	err := mountAll([]mount{
		{"proc", "/proc", "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{"sysfs", "/sys", "sysfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{"tmpfs", "/run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=0755"},
	})
	if err != nil {
		return err
	}
	if err := os.Mkdir(hostEtc, 0o755); err != nil {
		return err
	}
	err = mountAll([]mount{
		{"/etc", hostEtc, "", unix.MS_BIND | unix.MS_REC, ""},
		{"tmpfs", "/etc", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=0755"},
	})
	if err != nil {
		return err
	}
	files, err := os.ReadDir(hostEtc)
	if err != nil {
		return err
	}
	for _, f := range files {
		if _, ours := etc[f.Name()]; ours {
			continue
		}
		if err := os.Symlink(hostEtc+"/"+f.Name(), "/etc/"+f.Name()); err != nil {
			return err
		}
	}
	return WriteEtc("/etc")
}

// furnishBare makes a root directory of minins and the kernel's file systems.
func (h *hand) furnishBare(minins io.Reader) error {
	// The new root is mounted over /run, so that no directory need be made on
	// the host. /proc and /sys are mounted while the old ones can be seen:
	// the kernel refuses them to a user namespace that has none.
	const root = "/run"
	if err := mountAll([]mount{{"tmpfs", root, "tmpfs", unix.MS_NOSUID, "mode=0755"}}); err != nil {
		return err
	}
	for _, dir := range []string{"/bin", "/proc", "/sys", "/run", "/etc", "/dev"} {
		if err := os.Mkdir(root+dir, 0o755); err != nil {
			return err
		}
	}
	if err := os.WriteFile(root+"/dev/null", nil, 0o666); err != nil {
		return err
	}
	if err := WriteEtc(root + "/etc"); err != nil {
		return err
	}
	err := mountAll([]mount{
		{"proc", root + "/proc", "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		// Twice: "ip netns exec" unmounts one before it mounts its own, and a
		// user namespace gets no sysfs where none can be seen. On a host, the
		// host's is below.
		{"sysfs", root + "/sys", "sysfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{root + "/sys", root + "/sys", "", unix.MS_BIND, ""},
		{"tmpfs", root + "/run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=0755"},
		{"/dev/null", root + "/dev/null", "", unix.MS_BIND, ""},
	})
	if err != nil {
		return err
	}
	if err := os.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil { // the old root now lies on top of the new one
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the host's root: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	h.mininsDir = "/bin"
	return h.install(minins)
}

// install writes the binary and has it make its links.
func (h *hand) install(minins io.Reader) error {
	f, err := os.OpenFile(h.mininsDir+"/minins", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, minins)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	out, err := exec.Command(h.mininsDir+"/minins", "install", h.mininsDir).CombinedOutput()
	if errors.Is(err, fs.ErrNotExist) { // the file is there; the dynamic linker that it asks for is not
		return fmt.Errorf("minins is not statically linked: %w", err)
	}
	if err != nil {
		return fmt.Errorf("minins install %s: %w: %s", h.mininsDir, err, out)
	}
	return nil
}
