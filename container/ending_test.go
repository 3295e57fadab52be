//go:build linux

package container_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/container"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// TestDeleteNamespace makes and deletes the same again and again at once: a namespace
// with a cable to the host and one to another namespace, with the same names each time.
func TestDeleteNamespace(t *testing.T) {
	s := newStage(t, false)
	ctx := t.Context()
	try(t, nsfs.Create("neighbour"))
	t.Cleanup(func() { try(t, nsfs.Delete("neighbour")) })
	neighbour, err := nsfs.Open("neighbour")
	try(t, err)
	defer neighbour.Close()
	near, err := rtnl.Dial(nl.Config{NetNS: neighbour.Fd()})
	try(t, err)
	defer near.Close()
	veth := func(conn *rtnl.Conn, name string, ns *nsfs.NS, inside string) error {
		return conn.AddLink(ctx, &rtnl.Link{Name: name, Info: rtnl.LinkInfo{
			Kind: "veth", Peer: &rtnl.Link{Name: inside, NetNSFD: nl.Some(uint32(ns.Fd()))},
		}})
	}
	rounds := 100
	if testing.Short() {
		rounds = 10
	}
	// The stage's namespace is not the thread's, and is found by its name.
	try(t, nsfs.Attach("host", s.ns.Path()))
	t.Cleanup(func() { try(t, nsfs.Delete("host")) })
	for i := range testns.Rounds(rounds) {
		try(t, nsfs.Create("red"))
		ns, err := nsfs.Open("red")
		try(t, err)
		if err := errors.Join(veth(s.conn, "red0", ns, "eth0"), veth(s.conn, "red1", ns, "eth1"), veth(near, "eth0", ns, "eth2"), ns.Close()); err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
		if err := container.DeleteNamespace(ctx, "red"); err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
		for conn, names := range map[*rtnl.Conn][]string{s.conn: {"red0", "red1"}, near: {"eth0"}} {
			for _, name := range names {
				if l, err := conn.GetLink(ctx, name); !errors.Is(err, unix.ENODEV) {
					t.Fatalf("round %d: %s is left: %+v, %v", i, name, l, err)
				}
			}
		}
	}
}

// TestDeleteNamespaceHeld leaves the cables of a namespace that is held.
func TestDeleteNamespaceHeld(t *testing.T) {
	s := newStage(t, false)
	ctx := t.Context()
	try(t, nsfs.Create("red"))
	ns, err := nsfs.Open("red")
	try(t, err)
	try(t, s.conn.AddLink(ctx, &rtnl.Link{Name: "red0", Info: rtnl.LinkInfo{
		Kind: "veth", Peer: &rtnl.Link{Name: "eth0", NetNSFD: nl.Some(uint32(ns.Fd()))},
	}}))
	try(t, container.DeleteNamespace(ctx, "red"))
	if _, err := s.conn.GetLink(ctx, "red0"); err != nil {
		t.Error(err)
	}
	try(t, ns.Close())
	if err := container.DeleteNamespace(ctx, "red"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if err := container.DeleteNamespace(ctx, "a/b"); !errors.Is(err, nsfs.ErrName) {
		t.Errorf("got %v", err)
	}
	try(t, nsfs.Create("lonely"))
	try(t, container.DeleteNamespace(ctx, "lonely"))
}

// TestCollectLinks finds ends of cables into namespaces that are being taken down, and
// what was about to be deleted, and nothing else.
func TestCollectLinks(t *testing.T) {
	s := newStage(t, false)
	ctx := t.Context()
	add := func(name string, group uint32, ns *nsfs.NS) {
		t.Helper()
		l := &rtnl.Link{Name: name, Group: nl.Some(group), Info: rtnl.LinkInfo{Kind: "veth", Peer: &rtnl.Link{Name: name + "p"}}}
		if ns != nil {
			l.Info.Peer.NetNSFD = nl.Some(uint32(ns.Fd()))
		}
		try(t, s.conn.AddLink(ctx, l))
	}
	going, err := nsfs.New()
	try(t, err)
	staying, err := nsfs.New()
	try(t, err)
	defer staying.Close()
	for i := range 5 {
		add(fmt.Sprint("going", i), container.Group, going)
	}
	add("staying", container.Group, staying)
	add("own", container.Group, nil)
	add("doomed", 0xed<<24|5, staying)
	add("others", 0, going)
	try(t, going.Close())
	names, err := container.CollectLinks(ctx, s.conn, true)
	try(t, err)
	if len(names) == 0 { // doomed is there in any case, and mostly the five
		t.Error("nothing to collect")
	}
	_, err = container.CollectLinks(context.Background(), s.conn, false)
	try(t, err)
	there := links(t, s.conn)
	for i := range 5 {
		if name := fmt.Sprint("going", i); there[name].Index != 0 {
			t.Errorf("%s is left", name)
		}
	}
	if there["doomed"].Index != 0 {
		t.Error("doomed is left")
	}
	for _, name := range []string{"staying", "own", "ownp"} {
		if there[name].Index == 0 {
			t.Errorf("%s is gone", name)
		}
		try(t, s.conn.DelLink(ctx, rtnl.LinkNamed(name)))
		if name == "own" {
			break
		}
	}
}
