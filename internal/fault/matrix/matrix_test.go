//go:build linux && (amd64 || arm64)

package matrix

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/fault"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

func TestMain(m *testing.M) {
	if os.Args[0] == helperName {
		if err := help(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	testns.Main(m)
}

// help is the program that calls the libraries.
func help(args []string) error {
	switch args[0] {
	case "nothing":
		return nil
	case "attach":
		return nsfs.Attach(args[1], nsfs.Path(args[2]))
	case "clear":
		return clear()
	case "forget":
		return forget()
	case "repair":
		return repair()
	}
	return fmt.Errorf("helper: what is %q?", args)
}

// forget takes away the place for names, as on a host that was just started.
func forget() error {
	for {
		if err := unix.Unmount(nsfs.Dir, unix.MNT_DETACH); err == unix.EINVAL || err == unix.ENOENT {
			break
		} else if err != nil {
			return err
		}
	}
	if err := os.Remove(nsfs.Dir); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// clear takes away all links and names that a world may have. Links go first:
// those in namespaces that end are gone some time later.
func clear() error {
	names, err := nsfs.List()
	if err != nil {
		return err
	}
	for _, name := range append(names, "") {
		if err := clearLinks(name); err != nil {
			return err
		}
	}
	for _, name := range names {
		if err := nsfs.Delete(name); err != nil {
			return err
		}
	}
	return nil
}

func clearLinks(name string) error {
	var cfg nl.Config
	if name != "" {
		ns, err := nsfs.Open(name)
		if err != nil {
			return err
		}
		defer ns.Close()
		cfg.NetNS = ns.Fd()
	}
	c, err := rtnl.Dial(cfg)
	if err != nil {
		return err
	}
	defer c.Close()
	links, err := c.Links(context.Background(), rtnl.LinkFilter{})
	if err != nil {
		return err
	}
	for i := range links {
		err := c.DelLink(context.Background(), &rtnl.Link{Index: links[i].Index})
		if links[i].Info.Kind != "" && err != nil && !errors.Is(err, unix.ENODEV) { // the other end of one before
			return err
		}
	}
	return nil
}

// repair removes names of namespaces that are none.
func repair() error {
	names, err := nsfs.List()
	if err != nil {
		return err
	}
	for _, name := range names {
		var st unix.Statfs_t
		if err := unix.Statfs(nsfs.Path(name), &st); err != nil {
			return err
		}
		if st.Type != unix.NSFS_MAGIC {
			if err := nsfs.Delete(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// install builds minins, and makes its links in a directory.
func install(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", dir+"/minins", "../../../cmd/minins")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	for _, cmd := range []*exec.Cmd{build, exec.Command(dir+"/minins", "install", dir)} {
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", filepath.Base(cmd.Path), err, out)
		}
	}
	return dir
}

// prelude are the calls that all programs of a file begin with.
func prelude(t *testing.T, bin, line string) []fault.Call {
	t.Helper()
	w, err := newWorld(bin)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	r, err := w.spoil(program{line: line}, fault.None)
	if err != nil || r.Code() != 0 {
		t.Fatalf("%s: %v, %+v", line, err, r)
	}
	return r.Calls
}

// TestMatrix spoils every call of every operation. MININS_FAULTS=full has each call
// fail with each errno; else it is one of them for each.
func TestMatrix(t *testing.T) {
	bin := install(t)
	preludes := map[string][]fault.Call{"minins": prelude(t, bin, "minins version"), helperName: prelude(t, bin, "helper nothing")}
	var mu sync.Mutex
	var rows []*row
	t.Cleanup(func() { report(t, rows) })
	for i, op := range append(operations(), tutorialOperations(t)...) {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			w, err := newWorld(bin)
			if err != nil {
				t.Fatal(err)
			}
			defer w.close()
			empty, err := w.picture()
			if err != nil {
				t.Fatal(err)
			}
			s := &spoiler{w: w, op: &op, full: os.Getenv("MININS_FAULTS") == "full", turn: i, skip: preludes["minins"]}
			switch {
			case op.prelude:
				s.skip = nil
			case strings.HasPrefix(op.what.line, helperName+" "):
				s.skip = preludes[helperName]
			}
			row, err := s.try()
			for _, f := range row.findings {
				t.Error(f)
			}
			mu.Lock()
			rows = append(rows, row)
			mu.Unlock()
			if err != nil {
				t.Fatal(err)
			}
			if err := w.must(empty); err != nil {
				t.Errorf("the world is not empty in the end: %v", err)
			}
		})
	}
}

// report prints the size of the matrix, and what came of it.
func report(t *testing.T, rows []*row) {
	all := row{name: fmt.Sprintf("%d operations", len(rows))}
	text := rowHead + "\n"
	for _, r := range rows {
		text += r.String() + "\n"
		all.add(r)
	}
	fmt.Print(text + all.String() + "\n")
}
