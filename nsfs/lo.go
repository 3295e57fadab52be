//go:build linux

package nsfs

import "golang.org/x/sys/unix"

// RaiseLo sets the loopback device of the calling thread's network namespace
// up. It is for the function that [CreateEach] calls: without lo, a new
// namespace does not reach its own addresses. It asks by ioctl, which is less
// work than netlink for this one flag.
//
// Equivalent to: `ip link set lo up`
func RaiseLo() error {
	if err := raiseLo(); err != nil {
		return &Error{Op: OpSetup, Name: "lo", Call: "ioctl(fd, SIOCSIFFLAGS, lo)", What: "raising lo failed", Err: err}
	}
	return nil
}

func raiseLo() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, lo); err != nil {
		return err
	}
	lo.SetUint16(lo.Uint16() | unix.IFF_UP)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}
