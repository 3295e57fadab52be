//go:build linux

package container

import (
	"context"
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// The three ways to raise lo in a namespace that is not entered again: by a
// Conn dialled from outside, by one dialled on a thread inside, and by a door.
func BenchmarkInside(b *testing.B) {
	ns := testns.New(b)
	up := func(c *rtnl.Conn) error {
		batch := c.Batch(context.Background())
		batch.SetLink(&rtnl.Link{Index: loIndex, Flags: unix.IFF_UP, Change: unix.IFF_UP})
		return batch.Flush()
	}
	dial := func(netns int) error {
		c, err := rtnl.Dial(nl.Config{NetNS: netns})
		if err != nil {
			return err
		}
		return errors.Join(up(c), c.Close())
	}
	_, door := newDoor()
	for _, way := range []struct {
		name   string
		inside bool
		f      func() error
	}{
		{"Visit", false, func() error { return dial(ns.FD()) }},
		{"Dial", true, func() error { return dial(0) }},
		{"Door", true, func() error { return up(door) }},
	} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			loop := func() {
				for range b.N {
					if err := way.f(); err != nil {
						b.Error(err)
					}
				}
			}
			if way.inside {
				ns.Do(b, loop)
			} else {
				loop()
			}
		})
	}
}

// TestDoor sees what the kernel says of a batch: in words, of the request that
// it is about, and no answer but to this datagram.
func TestDoor(t *testing.T) {
	ns := testns.New(t)
	door, c := newDoor()
	for range 2 {
		var err error
		ns.Do(t, func() {
			b := c.Batch(t.Context())
			b.SetLink(&rtnl.Link{Index: loIndex, Flags: unix.IFF_UP, Change: unix.IFF_UP})
			b.AddRoute(&rtnl.Route{Family: unix.AF_INET, Type: unix.RTN_UNICAST, Table: unix.RT_TABLE_MAIN, OIF: 99})
			b.SetLink(&rtnl.Link{Index: 98})
			err = b.Flush()
		})
		var e *nl.Error
		if !errors.As(err, &e) || e.Index != 1 || e.Errno != unix.ENODEV || door.err != nil {
			t.Errorf("%v, %v", err, door.err)
		}
		if want := "add route default dev #99: there is no link #99 in this namespace: RTM_NEWROUTE: no such device\n" +
			"set link #98: there is no such link in this namespace: RTM_NEWLINK: no such device"; err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %v", err, want)
		}
	}
}

// TestDoorShut has no descriptors left for a socket.
func TestDoorShut(t *testing.T) {
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	s := newSetUp(nil)
	s.batch = s.inside.Batch(t.Context())
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: old.Max}); err != nil {
		t.Fatal(err)
	}
	err := s.furnish(&Spec{})
	if e := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); e != nil {
		t.Fatal(e)
	}
	if !errors.Is(err, unix.EMFILE) {
		t.Errorf("%v", err)
	}
}
