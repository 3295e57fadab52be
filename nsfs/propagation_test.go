//go:build linux

package nsfs_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// A place is a mount namespace: that of a thread, which does what it is told.
type place struct {
	name string
	do   chan func()
}

// run starts a command there, and returns what it says and whether it succeeded.
func (p *place) run(t *testing.T, sys *syscall.SysProcAttr, env string, args ...string) (out string, ok bool) {
	t.Helper()
	done := make(chan bool)
	p.do <- func() {
		defer close(done)
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "LC_ALL=C", env)
		cmd.SysProcAttr = sys
		var b bytes.Buffer
		cmd.Stdout, cmd.Stderr = &b, &b
		err := cmd.Run()
		if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
			t.Error(err)
		}
		out, ok = b.String(), err == nil
	}
	<-done
	return out, ok
}

// ip is "ip netns" of iproute2 there; ours the same by this package.
func (p *place) ip(t *testing.T, words ...string) (string, bool) {
	t.Helper()
	return p.run(t, nil, "", append([]string{testns.Tool(t, "ip"), "netns"}, words...)...)
}

func (p *place) ours(t *testing.T, words ...string) (string, bool) {
	t.Helper()
	return p.run(t, nil, "NSFS_HELPER=netns", append([]string{"/proc/self/exe"}, words...)...)
}

// look is what this package says of a name there, without numbers. Where it is
// live, and only there, iproute2 can enter it.
func (p *place) look(t *testing.T, name string) string {
	t.Helper()
	said, _ := p.ours(t, "look", name)
	_, entered := p.ip(t, "exec", name, "true")
	if live := strings.HasPrefix(said, "live: "); live != entered {
		t.Errorf("%s: iproute2 could enter %s: %v, but we say %q", p.name, name, entered, said)
	}
	state, why, _ := strings.Cut(said, ": ")
	switch {
	case strings.Contains(why, "is mounted on it, but in the mount namespace of process"):
		state += ", explained"
	case state == "Failed to open /run/netns/"+name:
		state = "gone"
	}
	return state
}

// start makes a place whose thread ends with the test.
func start(t *testing.T, name string, furnish func() error) *place {
	t.Helper()
	p := &place{name: name, do: make(chan func())}
	ready, ended := make(chan error), make(chan bool)
	go func() {
		defer close(ended)
		_ = nsfs.Throwaway(func() error {
			err := furnish()
			ready <- err
			for f := range p.do {
				f()
			}
			return nil
		})
	}()
	if err := <-ready; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { close(p.do); <-ended })
	return p
}

func propagate(how uintptr) error { return unix.Mount("", "/", "", unix.MS_REC|how, "") }

// container gives the thread a /run of its own, with the host's directory of names.
func container(how uintptr) error {
	const host = "/mnt"
	return errors.Join(unix.Mount(nsfs.Dir, host, "", unix.MS_BIND|unix.MS_REC, ""),
		unix.Unmount("/run", unix.MNT_DETACH), // as pivot_root leaves nothing of the host
		unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=0755"),
		os.Mkdir(nsfs.Dir, 0o755),
		unix.Mount(host, nsfs.Dir, "", unix.MS_BIND|unix.MS_REC, ""),
		unix.Mount("", nsfs.Dir, "", unix.MS_REC|how, ""),
		unix.Unmount(host, unix.MNT_DETACH))
}

// TestPropagation has both tools make and delete names in two mount namespaces
// between which mounts go both ways, one way or not at all. It is the same
// whichever tool does it; and where the other side does not have the namespace, we say why.
func TestPropagation(t *testing.T) {
	census(t)
	const live, explained = "live", "live elsewhere, explained"
	for i, c := range []struct {
		name     string
		furnish  func() error
		outer    string // what is made outside, as seen inside
		inner    string // what is made inside, as seen outside
		deleting string // what the deletion of the other's name leads to
	}{
		{"shared", func() error { return propagate(unix.MS_SHARED) }, live, live, "gone"},
		{"slave", func() error { return propagate(unix.MS_SLAVE) }, live, explained, "gone"},
		{"private", func() error { return propagate(unix.MS_PRIVATE) }, explained, explained, "gone"},
		{"container, private", func() error { return container(unix.MS_PRIVATE) }, explained, explained, "gone"},
		{"container, slave", func() error { return container(unix.MS_SLAVE) }, live, explained, "gone"},
		{"container, shared", func() error { return container(unix.MS_SHARED) }, live, live, "gone"},
	} {
		if !testns.Some(i, 1, 6) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			create(t, "first") // so that Dir is there, shared
			outer := start(t, "outside", func() error { return nil })
			inner := start(t, "inside", func() error { return errors.Join(unix.Unshare(unix.CLONE_NEWNS), c.furnish()) })
			type tool func(*place, *testing.T, ...string) (string, bool)
			tools := map[string]tool{"ip": (*place).ip, "ours": (*place).ours}
			for maker, mk := range tools {
				for deleter, del := range tools {
					for _, way := range []struct {
						here, there *place
						seen        string
					}{{outer, inner, c.outer}, {inner, outer, c.inner}} {
						what := fmt.Sprintf("made %s by %s", way.here.name, maker)
						must := func(out string, ok bool) {
							t.Helper()
							if !ok {
								t.Errorf("%s: %s", what, out)
							}
						}
						must(mk(way.here, t, "add", "red"))
						if got := way.here.look(t, "red"); got != live {
							t.Errorf("%s: there it is %s", what, got)
						}
						if got := way.there.look(t, "red"); got != way.seen {
							t.Errorf("%s: seen %s it is %s, want %s", what, way.there.name, got, way.seen)
						}
						// The name is taken on both sides, by whatever tool.
						if out, ok := del(way.there, t, "add", "red"); ok || !strings.Contains(out, "File exists") {
							t.Errorf("%s: made again: %v, %s", what, ok, out)
						}
						what += ", deleted " + way.there.name + " by " + deleter
						must(del(way.there, t, "del", "red"))
						for _, p := range []*place{way.here, way.there} {
							if got := p.look(t, "red"); got != c.deleting {
								t.Errorf("%s: %s it is %s", what, p.name, got)
							}
						}
					}
				}
			}
		})
	}
}

// TestPropagationUser is of a mount namespace that another user namespace has
// copied: there, no tool can delete a name, and we say why.
func TestPropagationUser(t *testing.T) {
	create(t, "red")
	outer := start(t, "outside", func() error { return nil })
	sys := &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{Size: 1}},
	}
	const want = "Cannot remove namespace file \"/run/netns/red\": Device or resource busy\n"
	if out, ok := outer.run(t, sys, "", testns.Tool(t, "ip"), "netns", "del", "red"); ok || out != want {
		t.Errorf("iproute2: %v, %s", ok, out)
	}
	out, ok := outer.run(t, sys, "NSFS_HELPER=netns", "/proc/self/exe", "del", "red")
	if ok || !strings.HasPrefix(out, want+"hint: the mount on it is locked") {
		t.Errorf("ours: %v, %s", ok, out)
	}
	if got := outer.look(t, "red"); got != "live" {
		t.Errorf("it is %s", got)
	}
}
