//go:build linux

package nsfs_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nsfs"
)

func TestSysctl(t *testing.T) {
	a, b := anonymous(t), anonymous(t)
	const name = "net/ipv4/ip_forward"
	in := func(ns *nsfs.NS) *nsfs.Sysctl {
		s, err := ns.Sysctl(name)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	is := func(s *nsfs.Sysctl, want string) {
		t.Helper()
		if got, err := s.Get(); got != want || err != nil {
			t.Errorf("%s is %q, %v; want %q", s.Name(), got, err, want)
		}
	}
	ours, theirs, other := in(a), in(a), in(b)
	if err := ours.Restore(); err != nil {
		t.Error(err)
	}
	is(ours, "0")
	for _, value := range []string{"1", "0", "1"} {
		if err := ours.Set(value); err != nil {
			t.Fatal(err)
		}
		is(theirs, value)
	}
	is(other, "0")
	if err := ours.Restore(); err != nil {
		t.Error(err)
	}
	is(ours, "0")

	// What somebody else has set since stays.
	for _, value := range []string{"1", "2"} {
		if err := ours.Set(value); err != nil {
			t.Fatal(err)
		}
	}
	if err := theirs.Set("3"); err != nil {
		t.Fatal(err)
	}
	if err := ours.Restore(); err != nil {
		t.Error(err)
	}
	is(ours, "3")

	err := ours.Set("x")
	if e := (*nsfs.Error)(nil); !errors.As(err, &e) || e.Op != nsfs.OpSysctl || e.Err != unix.EINVAL || e.Call != `write(fd, "x")` {
		t.Errorf("got %v", err)
	}
	is(ours, "3")
}

// anonymous is a namespace without a name that ends with the test.
func anonymous(t *testing.T) *nsfs.NS {
	t.Helper()
	ns, err := nsfs.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ns.Close() })
	return ns
}

func TestSysctlNames(t *testing.T) {
	ns := anonymous(t)
	for name, want := range map[string]string{
		"net/ipv4/ip_forward":              "net/ipv4/ip_forward",
		"net.ipv4.ip_forward":              "net/ipv4/ip_forward",
		"net.ipv4.conf.lo.rp_filter":       "net/ipv4/conf/lo/rp_filter",
		"net/ipv4/conf/lo/forwarding":      "net/ipv4/conf/lo/forwarding",
		"net.ipv4.ping_group_range":        "net/ipv4/ping_group_range",
		"net/ipv4/conf/eth0.5/rp_filter":   "", // a name that is well formed, of a link that is not there
		"net.ipv4.conf.eth0/5.rp_filter":   "",
		"net.ipv4.no_such_setting_of_ours": "",
	} {
		s, err := ns.Sysctl(name)
		if want == "" {
			if !errors.Is(err, unix.ENOENT) || !strings.Contains(err.Error(), "no such setting") {
				t.Errorf("%s: got %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if s.Name() != want {
			t.Errorf("%s: got %s", name, s.Name())
		}
		s.Close()
	}
	for _, name := range []string{"", "net", "kernel.hostname", "net/../kernel/hostname", "/proc/sys/net/ipv4/ip_forward"} {
		if s, err := ns.Sysctl(name); !errors.Is(err, unix.EINVAL) || !strings.Contains(err.Error(), "they begin with net/") {
			t.Errorf("%q: got %v, %v", name, s, err)
		}
	}
}

// TestSysctlOutlives has the namespace end while a setting is open.
func TestSysctlOutlives(t *testing.T) {
	ns, err := nsfs.New()
	if err != nil {
		t.Fatal(err)
	}
	s, err := ns.Sysctl("net/ipv4/ip_forward")
	ns.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for range 1000 {
		if _, err = s.Get(); err != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if !errors.Is(err, unix.ENOENT) {
		t.Errorf("got %v, want ENOENT", err)
	}
}
