//go:build linux

package nsfs

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// A Sysctl is a setting of one network namespace, such as "net/ipv4/ip_forward":
// a file below /proc/sys/net. Which namespace a name there leads to depends on the
// thread that opens it. The open file belongs to that namespace for good, so that
// reading and writing takes no visit. It does not keep the namespace alive: once
// that has gone, Get and Set are refused with ENOENT.
type Sysctl struct {
	name string // with slashes
	f    *os.File

	recorded bool   // was is of before the first Set
	was, set string // what it was, and what it was last set to
}

// Sysctl opens a setting of the namespace, with slashes or with dots:
// "net/ipv4/conf/eth0.5/rp_filter", "net.ipv4.conf.eth0/5.rp_filter". As with
// sysctl(8), the separator is the one that comes first, and the other one stands
// for it within a part.
//
// It is refused with [unix.EINVAL] for a name that is not below net, as others are not
// of a network namespace, and with ENOENT where the kernel or the namespace has no
// such setting.
func (ns *NS) Sysctl(name string) (*Sysctl, error) {
	s := &Sysctl{name: SysctlPath(name)}
	parts := strings.Split(s.name, "/")
	if len(parts) < 2 || parts[0] != "net" || slices.Contains(parts, "..") {
		return nil, s.fail("", `"`+name+`" is no setting of a network namespace`, "they begin with net/, as net/ipv4/ip_forward", unix.EINVAL)
	}
	err := ns.Do(func() error {
		fd, err := unix.Open(s.path(), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			s.f = os.NewFile(uintptr(fd), s.path())
			return nil
		}
		hint := ""
		if err == unix.ENOENT {
			hint = "this kernel, or this namespace, has no such setting"
		}
		return s.fail("openat(AT_FDCWD, "+strconv.Quote(s.path())+", O_RDONLY|O_CLOEXEC)", "Cannot open the sysctl "+s.name, hint, err)
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// SysctlPath is the name of a setting with slashes, as it is a file in /proc/sys, and
// SysctlName with dots. The separator of a name is the one that comes first; the other
// one stands for it within a part: eth0.5 of "net/ipv4/conf/eth0.5/rp_filter" is eth0/5
// in "net.ipv4.conf.eth0/5.rp_filter".
func SysctlPath(name string) string { return separate(name, '.') }

// SysctlName is the name of a setting with dots: see [SysctlPath].
func SysctlName(path string) string { return separate(path, '/') }

// separate exchanges the separators, unless the one that comes first is not old.
func separate(name string, old byte) string {
	if i := strings.IndexAny(name, "./"); i < 0 || name[i] != old {
		return name
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case '.':
			return '/'
		case '/':
			return '.'
		}
		return r
	}, name)
}

func (s *Sysctl) path() string { return "/proc/sys/" + s.name }

// Name is the name, with slashes.
func (s *Sysctl) Name() string { return s.name }

// Get reads the value, without the newline at its end.
//
// Equivalent to: sysctl -n NAME
func (s *Sysctl) Get() (string, error) {
	var value []byte
	buf := make([]byte, 256)
	for {
		n, err := unix.Pread(int(s.f.Fd()), buf, int64(len(value)))
		switch {
		case err == unix.EINTR:
		case err != nil:
			return "", s.fail("pread64(fd, buf, count, offset)", "Cannot read the sysctl "+s.name, "", err)
		case n == 0:
			return strings.TrimSuffix(string(value), "\n"), nil
		default:
			value = append(value, buf[:n]...)
		}
	}
}

// Set writes the value. What it was before the first Set is recorded for Restore.
//
// Equivalent to: sysctl -w NAME=VALUE
func (s *Sysctl) Set(value string) error {
	if !s.recorded {
		was, err := s.Get()
		if err != nil {
			return err
		}
		s.was, s.recorded = was, true
	}
	if err := s.write(value); err != nil {
		return err
	}
	s.set = value
	return nil
}

// write opens the same file once more, by the one that is open: no visit is needed,
// and whoever only reads need not be allowed to write.
func (s *Sysctl) write(value string) error {
	hint := ""
	again := "/proc/self/fd/" + strconv.Itoa(int(s.f.Fd()))
	call := "openat(AT_FDCWD, " + strconv.Quote(again) + ", O_WRONLY|O_CLOEXEC)"
	fd, err := unix.Open(again, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		call = "write(fd, " + strconv.Quote(value) + ")"
		defer unix.Close(fd) // of a file of proc: nothing is written back
		err = uninterrupted(func() error {
			_, err := unix.Write(fd, []byte(value))
			return err
		})
	}
	switch {
	case err == nil:
		return nil
	case err == unix.EROFS:
		hint = "/proc/sys is mounted read-only here, as container engines do"
	case err == unix.EACCES || err == unix.EPERM:
		hint = "it takes CAP_NET_ADMIN in the user namespace that the network namespace belongs to"
	case err == unix.EINVAL:
		hint = strconv.Quote(value) + " is no value that it can have"
	}
	return s.fail(call, "Cannot set the sysctl "+s.name, hint, err)
}

// Restore puts back what was before the first Set, unless somebody has changed it
// since the last one: then it is not ours any more. Without a Set it does nothing.
func (s *Sysctl) Restore() error {
	if !s.recorded {
		return nil
	}
	is, err := s.Get()
	if err == nil && is == s.set {
		err = s.write(s.was)
	}
	if err == nil {
		s.recorded = false
	}
	return err
}

// Close lets go of the setting, which stays as it is.
func (s *Sysctl) Close() error { return s.f.Close() }

func (s *Sysctl) fail(call, what, hint string, err error) error {
	return &Error{Op: OpSysctl, Name: s.name, Call: call, What: what, Hint: hint, Err: err}
}
