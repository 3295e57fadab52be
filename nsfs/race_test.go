//go:build linux

package nsfs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// TestWinners has 64 goroutines make and delete the same names at once, and each
// one of its own beside: of each name, one makes it, and one deletes it.
func TestWinners(t *testing.T) {
	census(t)
	const all, rounds = 64, 5
	for _, names := range []int{1, 8, 32} {
		for range testns.Rounds(rounds) {
			for verb, do := range []func(string) error{nsfs.Create, nsfs.Delete} {
				var wins [32]atomic.Int32
				var wg sync.WaitGroup
				for i := range all {
					wg.Go(func() {
						err := do(fmt.Sprint("same", i%names))
						if err == nil {
							wins[i%names].Add(1)
						} else if lost := []error{fs.ErrExist, fs.ErrNotExist}[verb]; !errors.Is(err, lost) {
							t.Errorf("want %v, got %v", lost, err)
						}
						if err := do(fmt.Sprint("own", i)); err != nil {
							t.Error(err)
						}
					})
				}
				wg.Wait()
				for i := range names {
					if n := wins[i].Load(); n != 1 {
						t.Errorf("verb %d of same%d has %d winners", verb, i, n)
					}
				}
			}
		}
	}
	if names, err := nsfs.List(); err != nil || len(names) != 0 {
		t.Errorf("left: %q, %v", names, err)
	}
}

// TestChurn has goroutines make and delete one name as they like. Every creation
// is either there, or was deleted once; and no mount is on top of another.
func TestChurn(t *testing.T) {
	census(t)
	create(t, "other") // and Dir
	const name = "churn"
	var made, unmade, deleted atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for range 40 {
				if i%2 == 0 {
					var e *nsfs.Error
					switch err := nsfs.Create(name); {
					case err == nil:
						made.Add(1)
					case errors.Is(err, unix.ENOENT) && errors.As(err, &e) && strings.Contains(e.Hint, "deleted the name while it was being made"):
						unmade.Add(1)
					case !errors.Is(err, fs.ErrExist):
						t.Error(err)
					}
					continue
				}
				if err := nsfs.Delete(name); err == nil {
					deleted.Add(1)
				} else if !errors.Is(err, fs.ErrNotExist) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	there := int32(strings.Count(mounts(t), " /run/netns/"+name+" "))
	if there > 1 || made.Load()+unmade.Load() != deleted.Load()+there {
		t.Errorf("%d made, %d deleted while they were being made, %d deleted in all, %d left", made.Load(), unmade.Load(), deleted.Load(), there)
	}
	if err := nsfs.Remove(name); err != nil {
		t.Error(err)
	}
}

// A crowd are processes that begin together: each waits for the end of its
// standard input.
type crowd struct {
	t    *testing.T
	gate *os.File // the end that keeps them waiting
	in   *os.File
	cmds []*exec.Cmd
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	in, gate, err := os.Pipe()
	if err != nil {
		t.Error(err)
	}
	return &crowd{t: t, gate: gate, in: in}
}

// theirs is "ip netns" with words; ours the same by this package.
func (c *crowd) theirs(words ...string) {
	c.start(nil, testns.Tool(c.t, "sh"), "-c", `read x; exec ip netns "$@"`, "sh", words)
}

func (c *crowd) ours(words ...string) {
	c.start([]string{"NSFS_HELPER=netns"}, "/proc/self/exe", "", "", "", words)
}

func (c *crowd) start(env []string, file, option, script, zero string, words []string) {
	args := words
	if option != "" {
		args = append([]string{option, script, zero}, words...)
	}
	cmd := exec.Command(file, args...)
	cmd.Env = append(append(os.Environ(), "LC_ALL=C", "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin"), env...)
	cmd.Stdin, cmd.Stderr = c.in, new(bytes.Buffer)
	if err := cmd.Start(); err != nil {
		c.t.Error(err)
		return
	}
	c.cmds = append(c.cmds, cmd)
}

// run lets them go, and returns what each wrote to standard error if it failed.
func (c *crowd) run() (failed [][]byte) {
	c.gate.Close()
	for _, cmd := range c.cmds {
		var said []byte
		if err := cmd.Wait(); err != nil {
			said = cmd.Stderr.(*bytes.Buffer).Bytes()
		}
		failed = append(failed, said)
	}
	c.in.Close()
	return failed
}

// TestFirstAdds is of 200 processes that make the first namespaces of a host at
// once, half of them by iproute2, four for each name.
func TestFirstAdds(t *testing.T) {
	census(t)
	testns.Tool(t, "ip")
	names := testns.Rounds(50)
	all := 4 * names
	inMountNS(t, unix.MS_PRIVATE, func() {
		if err := unix.Mount("tmpfs", "/run", "tmpfs", 0, "mode=0755"); err != nil {
			t.Error(err)
		}
		lines := func() int {
			text, err := os.ReadFile("/proc/thread-self/mountinfo")
			if err != nil {
				t.Error(err)
			}
			return bytes.Count(text, []byte("\n"))
		}
		before := lines()
		c := newCrowd(t)
		for i := range all {
			add := c.ours
			if i/names%2 == 1 {
				add = c.theirs
			}
			add("add", fmt.Sprint("first", i%names))
		}
		won := make([]int, names)
		for i, said := range c.run() {
			name := fmt.Sprint("first", i%names)
			switch want := `Cannot create namespace file "/run/netns/` + name + `": File exists` + "\n"; {
			case said == nil:
				won[i%names]++
			case string(said) != want:
				t.Errorf("process %d: %s", i, said)
			}
		}
		for i, n := range won {
			if n != 1 {
				t.Errorf("first%d has %d winners", i, n)
			}
		}
		if n := lines() - before; n != names+1 {
			t.Errorf("%d mounts came, want one of the directory and %d of names", n, names)
		}
		entries, err := nsfs.Entries()
		if err != nil || len(entries) != names || slices.ContainsFunc(entries, func(e nsfs.Entry) bool { return e.State != nsfs.Live }) {
			t.Errorf("%d entries: %v, %v", len(entries), entries, err)
		}
	})
}

// TestRepairBeside has Repair run all the time beside those who make and delete
// namespaces, ours and iproute2's: nobody notices, and what was stale is gone.
func TestRepairBeside(t *testing.T) {
	census(t)
	create(t, "other") // and Dir
	ip := testns.Tool(t, "ip")
	const stale, fewest = 20, 20
	var stop atomic.Bool
	var makers, repairers sync.WaitGroup
	var removed, made atomic.Int32
	end := time.Now().Add(3 * time.Second)
	for i := range 4 {
		makers.Go(func() {
			name := fmt.Sprint("made", i)
			for n := 0; time.Now().Before(end) || made.Load() < fewest; n++ { // a slow machine takes longer
				add, del := nsfs.Create, nsfs.Delete
				if i%2 == 0 {
					run := func(word string) func(string) error {
						return func(name string) error {
							out, err := exec.Command(ip, "netns", word, name).CombinedOutput()
							if err != nil {
								err = fmt.Errorf("ip netns %s %s: %w: %s", word, name, err, out)
							}
							return err
						}
					}
					add, del = run("add"), run("del")
				}
				if err := errors.Join(add(name), del(name)); err != nil {
					t.Errorf("round %d: %v", n, err)
					return
				}
				made.Add(1)
			}
		})
	}
	for range 3 {
		repairers.Go(func() {
			for !stop.Load() {
				gone, err := nsfs.Repair(nsfs.RepairOptions{MinAge: 2 * time.Second})
				if err != nil {
					t.Error(err)
				}
				removed.Add(int32(len(gone)))
			}
		})
	}
	for i := range stale {
		if err := os.WriteFile(nsfs.Path(fmt.Sprint("stale", i)), nil, 0); err != nil {
			t.Error(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	makers.Wait()
	for wait := time.Now().Add(20 * time.Second); removed.Load() < stale && time.Now().Before(wait); {
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond) // nothing else may go
	stop.Store(true)
	repairers.Wait()
	if removed.Load() != stale || made.Load() < fewest {
		t.Errorf("%d removed, want %d, beside %d that were made, want %d", removed.Load(), stale, made.Load(), fewest)
	}
	if names, err := nsfs.List(); err != nil || !slices.Equal(names, []string{"other"}) {
		t.Errorf("left: %q, %v", names, err)
	}
}
