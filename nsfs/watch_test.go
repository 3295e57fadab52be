//go:build linux

package nsfs_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// watch collects events until the test, or what it returns, ends it. A namespace
// that cannot be entered when it is told of is a mistake, if they stay.
func watch(t *testing.T, stay bool) (events chan nsfs.Event, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	events, done := make(chan nsfs.Event, 10000), make(chan bool)
	go func() {
		defer close(done)
		err := nsfs.Watch(ctx, func(e nsfs.Event) error {
			if !e.Gone && stay {
				ns, err := nsfs.Open(e.Name)
				if err != nil {
					t.Errorf("premature: %v", err)
				} else {
					err = ns.Do(func() error { return nil })
					if id, err2 := ns.Identity(); err != nil || err2 != nil || id != e.ID {
						t.Errorf("%s: told of %v, is %v: %v, %v", e.Name, e.ID, id, err, err2)
					}
					ns.Close()
				}
			}
			events <- e
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return events, stop
}

// next is the next event as a word: "+red", "-red", or "=red" for what was there.
func next(t *testing.T, events chan nsfs.Event) string {
	t.Helper()
	select {
	case e := <-events:
		switch {
		case e.Gone:
			return "-" + e.Name
		case e.Before:
			return "=" + e.Name
		}
		return "+" + e.Name
	case <-time.After(10 * time.Second):
		t.Fatal("no event")
		return ""
	}
}

func wantEvents(t *testing.T, events chan nsfs.Event, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := next(t, events); got != w {
			t.Errorf("got %s, want %s", got, w)
		}
	}
}

// quiet checks that nothing else comes. The time is one in which something would.
func quiet(t *testing.T, events chan nsfs.Event) {
	t.Helper()
	time.Sleep(50 * time.Millisecond)
	if len(events) > 0 {
		t.Errorf("and %s", next(t, events))
	}
}

func TestWatch(t *testing.T) {
	census(t)
	create(t, "red")
	events, _ := watch(t, true)
	wantEvents(t, events, "=red")
	create(t, "blue")
	wantEvents(t, events, "+blue")
	if err := errors.Join(nsfs.Delete("red"), nsfs.Create("red")); err != nil {
		t.Fatal(err)
	}
	wantEvents(t, events, "-red", "+red")

	file := nsfs.Path("slow") // as one that takes its time makes it
	if err := os.WriteFile(file, nil, 0); err != nil {
		t.Fatal(err)
	}
	quiet(t, events)
	for range 2 { // and then the namespace goes and comes, without the file
		if err := unix.Mount("/proc/self/ns/net", file, "", unix.MS_BIND, ""); err != nil {
			t.Fatal(err)
		}
		wantEvents(t, events, "+slow")
		if err := unix.Unmount(file, 0); err != nil {
			t.Fatal(err)
		}
		wantEvents(t, events, "-slow")
	}
	if err := nsfs.Delete("slow"); err != nil {
		t.Error(err)
	}
	if err := os.Mkdir(nsfs.Path("dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(nsfs.Path("dir"))
	quiet(t, events)
}

// TestWatchNoDir begins before there is a Dir, which comes, goes and comes.
func TestWatchNoDir(t *testing.T) {
	census(t)
	_ = unix.Unmount(nsfs.Dir, unix.MNT_DETACH)
	if err := os.RemoveAll(nsfs.Dir); err != nil {
		t.Fatal(err)
	}
	events, _ := watch(t, true)
	quiet(t, events)
	for range 3 {
		create(t, "red")
		wantEvents(t, events, "+red")
		if err := errors.Join(unix.Unmount(nsfs.Dir, unix.MNT_DETACH), os.RemoveAll(nsfs.Dir)); err != nil {
			t.Fatal(err)
		}
		wantEvents(t, events, "-red")
	}
	quiet(t, events)
}

// TestWatchThousand has 1,000 namespaces made by several creators at once, half
// by iproute2, and deleted: there is one event for each, and no other one.
func TestWatchThousand(t *testing.T) {
	census(t)
	ip := testns.Tool(t, "ip")
	const makers = 4
	each := testns.Rounds(250)
	create(t, "other")
	events, _ := watch(t, true)
	wantEvents(t, events, "=other")
	all := func(word string, do func(string) error) {
		var wg sync.WaitGroup
		for i := range makers {
			wg.Go(func() {
				for n := range each {
					name, err := fmt.Sprintf("w%d-%d", i, n), error(nil)
					if i%2 == 0 {
						err = do(name)
					} else if out, fail := exec.Command(ip, "netns", word, name).CombinedOutput(); fail != nil {
						err = fmt.Errorf("ip netns %s %s: %w: %s", word, name, fail, out)
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
	for _, phase := range []struct {
		word, sign string
		do         func(string) error
	}{{"add", "+", nsfs.Create}, {"del", "-", nsfs.Delete}} {
		all(phase.word, phase.do)
		told := map[string]int{}
		for range makers * each {
			told[next(t, events)]++
		}
		for i := range makers {
			for n := range each {
				if name := fmt.Sprintf("%sw%d-%d", phase.sign, i, n); told[name] != 1 {
					t.Errorf("%d times %s", told[name], name)
				}
			}
		}
	}
	quiet(t, events)
}

// TestWatchChurn makes and deletes one name over and over without a pause: what
// is told is one coming and one going in turn, each time of another namespace.
func TestWatchChurn(t *testing.T) {
	census(t)
	create(t, "other")
	events, stop := watch(t, false)
	wantEvents(t, events, "=other")
	rounds := testns.Rounds(300)
	for range rounds {
		if err := errors.Join(nsfs.Create("red"), nsfs.Delete("red")); err != nil {
			t.Fatal(err)
		}
	}
	create(t, "last")
	var told int
	hasID := testns.Since(t, 5, 14) // before, another namespace may be as one that is gone
	ids := map[nsfs.Identity]bool{}
	for sign := "+"; ; told++ {
		e := <-events
		if e.Name == "last" {
			break
		}
		if e.Gone != (sign == "-") || e.Gone != ids[e.ID] && hasID {
			t.Errorf("event %d: %v", told, e)
		}
		ids[e.ID] = true
		sign = map[string]string{"+": "-", "-": "+"}[sign]
	}
	stop()
	if told%2 != 0 {
		t.Errorf("%d events", told)
	}
	t.Logf("%d of %d were there for long enough to be seen", told/2, rounds)
}

// TestWatchEnds leaves nothing behind, however it ends.
func TestWatchEnds(t *testing.T) {
	census(t)
	create(t, "red")
	before := runtime.NumGoroutine()
	left := errors.New("left at the first")
	err := nsfs.Watch(context.Background(), func(e nsfs.Event) error {
		if e.Name != "red" {
			t.Errorf("%v", e)
		}
		return left
	})
	if err != left {
		t.Error(err)
	}
	for range testns.Rounds(100) {
		ctx, cancel := context.WithCancel(context.Background())
		if err := nsfs.Watch(ctx, func(nsfs.Event) error { go cancel(); return nil }); err != nil {
			t.Error(err)
		}
		cancel()
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if err := nsfs.Watch(done, func(e nsfs.Event) error { t.Errorf("after the end: %v", e); return nil }); err != nil {
		t.Error(err)
	}
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, before %d", runtime.NumGoroutine(), before)
}

// TestWatchRefused has no inotify left.
func TestWatchRefused(t *testing.T) {
	census(t)
	const limit = "/proc/sys/user/max_inotify_instances"
	old, err := os.ReadFile(limit)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(limit, []byte("0"), 0); err != nil {
		t.Fatal(err)
	}
	defer os.WriteFile(limit, old, 0)
	err = nsfs.Watch(context.Background(), func(e nsfs.Event) error { t.Error(e); return nil })
	wantError(t, err, nsfs.OpList, unix.EMFILE, "Cannot watch /run/netns: Too many open files")
}
