//go:build linux

package container_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minins/minins/container"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// publisher is one more Publisher of the street.
func (s *street) publisher(t *testing.T) *container.Publisher {
	t.Helper()
	ns, err := nsfs.Open(s.ns.Path())
	try(t, err)
	t.Cleanup(func() { ns.Close() })
	p, err := container.NewPublisher(t.Context(), ns)
	try(t, err)
	t.Cleanup(func() { p.Close() })
	return p
}

// second is a port of the second container.
func second(text string) container.Port {
	p := port(text)
	p.Container, p.HostEnd = "n1", "c1"
	return p
}

// TestPublishUndone has the second of the two transactions fail.
func TestPublishUndone(t *testing.T) {
	testns.Tool(t, "nft")
	s := newStreet(t)
	ctx := t.Context()
	clean := s.state(t)
	try(t, s.pub.Publish(ctx, port("tcp 0.0.0.0:8000 10.1.0.2:80")))
	before := s.state(t)
	err := s.pub.Publish(ctx, second("tcp 0.0.0.0:8001 10.1.0.3:80"), second("tcp 0.0.0.0:8000 10.1.0.3:80"), second("tcp [::]:8000 [fd00::3]:80"))
	if !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
	if after := s.state(t); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
	try(t, s.pub.Unpublish(ctx, port("tcp 0.0.0.0:8000")))
	if after := s.state(t); after != clean {
		t.Errorf("before\n%s\nafter\n%s", clean, after)
	}
}

// TestCollect finds what a process left that was killed: before its ports were there,
// on a host with and without others, and when they had gone.
func TestCollect(t *testing.T) {
	testns.Tool(t, "nft")
	s := newStreet(t)
	ctx := t.Context()
	clean := s.state(t)
	nft := func(command string) { s.ns.Run(t, append([]string{"nft"}, strings.Fields(command)...)...).Must(t) }
	hairpin := func(link string) { s.ns.Run(t, "bridge", "link", "set", "dev", link, "hairpin", "on").Must(t) }
	index := func(link string) uint32 {
		i, err := s.conn.LinkIndex(ctx, link)
		try(t, err)
		return i
	}
	collect := func(want string) {
		t.Helper()
		p := s.publisher(t)
		before := s.state(t)
		would, err := p.Collect(ctx, true)
		try(t, err)
		if after := s.state(t); after != before {
			t.Errorf("a dry run: before\n%s\nafter\n%s", before, after)
		}
		did, err := p.Collect(ctx, false)
		try(t, err)
		if !slices.Equal(did, would) || (len(did) > 0) != (before != want) {
			t.Errorf("said %q, did %q", would, did)
		}
		if after := s.state(t); after != want {
			t.Errorf("want\n%s\ngot\n%s", want, after)
		}
	}
	collect(clean)

	// Both families have their tables, sysctls and hairpin mode are set, no port is there.
	try(t, s.pub.Publish(ctx, port("tcp 0.0.0.0:8000 10.1.0.2:80"), port("tcp [::]:8000 [fd00::2]:80")))
	full := s.state(t)
	collect(full)
	begin := func(link string) {
		nft("add chain ip minins-ports begun-x")
		nft(fmt.Sprintf("add rule ip minins-ports begun-x return comment \"hairpin %d\"", index(link)))
	}
	begin("c0")
	for _, table := range []string{"ip", "ip6"} {
		nft("flush map " + table + " minins-ports ports")
		nft("flush set " + table + " minins-ports loopback")
	}
	collect(clean)

	// Another container was about to get a port: hairpin mode is written down, and it is
	// there or not yet. Where it has a port already, it stays.
	try(t, s.pub.Publish(ctx, port("tcp 0.0.0.0:8000 10.1.0.2:80"), port("tcp [::]:8000 [fd00::2]:80")))
	begin("c1")
	collect(full)
	begin("c1")
	hairpin("c1")
	collect(full)
	begin("c0")
	collect(full)

	// What was put back for the last port, while the table was not away yet.
	nft("flush map ip minins-ports ports")
	nft("flush set ip minins-ports loopback")
	s.ns.Sysctl(t, "net/ipv4/ip_forward", 0)
	try(t, s.pub.Unpublish(ctx, port("tcp [::]:8000")))
	if after := s.state(t); after != clean {
		t.Errorf("want\n%s\ngot\n%s", clean, after)
	}

	// The tables have gone, and hairpin mode has not.
	hairpin("c1")
	collect(clean)
}

// TestCollectMeanwhile collects all the time while others publish and unpublish. What
// they published works: forwarding and hairpin mode are on.
func TestCollectMeanwhile(t *testing.T) {
	testns.Tool(t, "nft")
	s := newStreet(t)
	ctx := t.Context()
	clean := s.state(t)
	var publishing, collecting sync.WaitGroup
	done := make(chan bool)
	collectors := []*container.Publisher{s.publisher(t), s.publisher(t)}
	for _, p := range collectors {
		collecting.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(time.Millisecond):
				}
				if _, err := p.Collect(ctx, false); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	pubs := []*container.Publisher{s.pub, s.publisher(t)}
	make := []func(string) container.Port{port, second}
	to := []string{" 10.1.0.2:80", " 10.1.0.3:80"}
	rounds := 0
	for range max(3, testns.Rounds(15)) {
		for i, p := range pubs {
			publishing.Go(func() {
				at := fmt.Sprintf("tcp 0.0.0.0:%d", 8000+i)
				if err := p.Publish(ctx, make[i](at+to[i])); err != nil {
					t.Error(err)
				}
			})
		}
		publishing.Wait()
		state := s.state(t)
		for _, want := range []string{"ip_forward 1\n", "hairpin c0\n", "hairpin c1\n", "8000", "8001"} {
			if !strings.Contains(state, want) {
				t.Errorf("no %q in\n%s", want, state)
			}
		}
		for i, p := range pubs {
			publishing.Go(func() {
				if err := p.Unpublish(ctx, make[i](fmt.Sprintf("tcp 0.0.0.0:%d", 8000+i))); err != nil {
					t.Error(err)
				}
			})
		}
		publishing.Wait()
		rounds++
	}
	close(done)
	collecting.Wait()
	if after := s.state(t); after != clean {
		t.Errorf("before\n%s\nafter\n%s", clean, after)
	}
	t.Logf("%d rounds", rounds)
}
