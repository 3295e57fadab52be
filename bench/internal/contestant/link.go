//go:build linux

package contestant

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long the kernel may take to let an interface go.
const patience = time.Minute

// HasLink reports whether the calling thread's network namespace has an
// interface of that name.
func HasLink(name string) (bool, error) {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false, err
	}
	defer unix.Close(s)
	return hasLink(s, name)
}

func hasLink(s int, name string) (bool, error) {
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		return false, err
	}
	err = unix.IoctlIfreq(s, unix.SIOCGIFINDEX, ifr)
	if errors.Is(err, unix.ENODEV) {
		return false, nil
	}
	return err == nil, err
}

// WaitGone returns when none of the named interfaces is left in the calling
// thread's network namespace. It looks every 100 us, at one interface.
func WaitGone(names ...string) error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	end := time.Now().Add(patience)
	for _, name := range names {
		for {
			there, err := hasLink(s, name)
			if err != nil {
				return err
			}
			if !there {
				break
			}
			if time.Now().After(end) {
				return fmt.Errorf("%s is still there", name)
			}
			time.Sleep(100 * time.Microsecond)
		}
	}
	return nil
}

// CheckLinks fails unless the calling thread's network namespace has exactly n
// interfaces whose names begin with prefix.
func CheckLinks(prefix string, n int) error {
	names, err := links()
	if err != nil {
		return err
	}
	found := 0
	for _, name := range names {
		if strings.HasPrefix(name, prefix) {
			found++
		}
	}
	return CheckCount("interfaces "+prefix+"*", found, n, n)
}

// CheckCount fails unless min <= found <= max.
func CheckCount(what string, found, min, max int) error {
	if found < min || found > max {
		return fmt.Errorf("%d %s, expected %d to %d", found, what, min, max)
	}
	return nil
}

// Names returns prefix0 to prefix(n-1).
func Names(prefix string, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = prefix + strconv.Itoa(i)
	}
	return names
}
