//go:build linux

// Command kernels runs Go tests on other kernels, processors and byte orders: it builds the
// test binaries of packages for each target, boots Debian's kernel under QEMU with them, and
// prints a table. README.md says how to use it for a module of one's own.
//
//	go run ./kernels -run 's390x|amd64-5' ./nl ./rtnl
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"
)

// guest is the package of /init.
const guest = "github.com/minins/minins/kernels/guest"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "kernels:", err)
		os.Exit(1)
	}
}

func run() error {
	var s suite
	pattern := flag.String("run", ".", "the targets whose name matches `REGEXP`")
	names := flag.Bool("list", false, "name the targets")
	cache := flag.String("cache", "", "`DIR` for kernels, programs and logs")
	jobs := flag.Int("j", 2, "machines at once")
	limit := flag.Duration("timeout", 5*time.Minute, "for a machine")
	machine := flag.String("init", "", "`FILE` that is /init in place of the tests: its console is this terminal; {arch} is GOARCH")
	rc := flag.String("rc", "", "with -init, `FILE` that becomes /etc/rc")
	flag.StringVar(&wanted, "modules", allModules, "`NAMES` of the kernel's modules")
	flag.StringVar(&appended, "append", "", "`WORDS` more for the kernel's command line")
	memory := flag.Int("memory", 0, "of the machine, in `MB`, if not what its tests need")
	least := flag.Int("least", -1, "how many targets have to have run; -1: all but two")
	verbose := flag.Bool("v", false, "name what was skipped, and why")
	flag.DurationVar(&s.limit, "each", 100*time.Second, "for a program")
	flag.Func("exec", "`PACKAGE ARGUMENT...` of a program that is to exit with 0", func(v string) error { s.programs = append(s.programs, v); return nil })
	flag.Func("file", "`PATH=FILE`: more for the machine; {arch} is GOARCH", func(v string) error { s.files = append(s.files, v); return nil })
	flag.Func("make", "`COMMAND ARGUMENT...` that makes those files, once for each architecture; {arch} is GOARCH", func(v string) error { s.make = strings.Fields(v); return nil })
	flag.Func("also", "`REGEXP=PACKAGE...`: more tests on the targets that match", func(v string) error {
		e, err := parseExtra(v)
		s.more = append(s.more, e)
		return err
	})
	flag.Parse()
	s.tests = flag.Args()
	re, err := regexp.Compile(*pattern)
	if err != nil {
		return err
	}
	var chosen []*target
	for i := range targets {
		if re.MatchString(targets[i].name) && (!targets[i].apart || *pattern == targets[i].name) {
			chosen = append(chosen, &targets[i])
		}
	}
	if *names {
		for _, t := range chosen {
			fmt.Println(t.name)
		}
		return nil
	}
	if *cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		*cache = filepath.Join(dir, "minins", "kernels")
	}
	if *cache, err = filepath.Abs(*cache); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(*cache, "kernel"), 0o755); err != nil {
		return err
	}
	if *machine != "" {
		for _, t := range chosen {
			if err := console(t, &s, *cache, *machine, *rc, *memory, *limit); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
		}
		return nil
	}
	if *least < 0 {
		*least = max(1, len(chosen)-2)
	}
	header(os.Stdout)
	var all totals
	var wg sync.WaitGroup
	start := time.Now()
	got := make(chan download, len(chosen))
	go func() { // all is downloaded while machines are made
		st := store{dir: *cache}
		for _, t := range chosen {
			got <- st.download(t)
		}
		close(got)
	}()
	ready := make(chan *report, len(chosen))
	go func() { // the next machines are made while others run
		for d := range got {
			ready <- prepared(d, &s, *cache)
		}
		close(ready)
	}()
	var out sync.Mutex
	for range *jobs {
		wg.Go(func() {
			for r := range ready {
				r = tried(r, *cache, *limit)
				out.Lock()
				r.print(os.Stdout, *verbose)
				all.add(r)
				out.Unlock()
			}
		})
	}
	wg.Wait()
	all.why(os.Stdout)
	fmt.Printf("%d targets, %.0f s\n", len(chosen), time.Since(start).Seconds())
	fmt.Printf("%d passed, %d failed, %d skipped\n", all.pass, all.fail, all.skip)
	if all.bad > 0 {
		return fmt.Errorf("%d of %d targets failed", all.bad, len(chosen))
	}
	if n := len(chosen) - all.absent; n < *least {
		return fmt.Errorf("%d of %d targets ran, and %d were to: -least", n, len(chosen), *least)
	}
	return nil
}

// An absentError says that a kernel is not to be had.
type absentError struct{ error }

func (e *absentError) Unwrap() error { return e.error }

// A download is what a target has of Debian's: the directories of its kernel and of its tools.
type download struct {
	target        *target
	kernel, tools string
	err           error
}

// download gets what is not there yet.
func (s *store) download(t *target) download {
	d := download{target: t}
	if d.kernel, d.err = s.kernel(t); d.err == nil && d.kernel != "" {
		d.tools, d.err = s.tools(t.arch)
	}
	return d
}

// prepared is a report of a machine that is ready to be booted, or of why it is not.
func prepared(d download, s *suite, cache string) *report {
	r := &report{target: d.target, absent: d.err}
	if d.err != nil {
		return r
	}
	start := time.Now()
	r.machine, r.err = prepare(r, d, s, cache)
	r.prepare = time.Since(start)
	if absent := (*absentError)(nil); errors.As(r.err, &absent) {
		r.absent, r.err = r.err, nil
	}
	return r
}

// tried boots a machine and returns what became of it; once more if it ended before its first test, which
// is QEMU's fault or the kernel's.
func tried(r *report, cache string, limit time.Duration) *report {
	if r.machine == nil {
		return r
	}
	for again := false; ; again = true {
		got := *r
		got.boot(cache, limit)
		if again || got.err == nil || got.started {
			return &got
		}
		fmt.Fprintf(os.Stderr, "%s: %v before its first test: once more\n", r.target.name, got.err)
	}
}

// boot runs the machine and takes its console's words.
func (r *report) boot(cache string, limit time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	log := filepath.Join(cache, r.target.name+".log")
	start := time.Now()
	console, cpu, err := boot(ctx, r.machine, log)
	r.wall, r.cpu = time.Since(start), cpu
	r.read(console)
	if !r.ended && r.err == nil {
		r.err = fmt.Errorf("the machine did not come to its end (%w): %s", err, log)
	}
}

// wanted are the modules to load, appended what the kernel's command line has more.
var wanted, appended string

// prepare makes all that a machine needs for tests and returns QEMU's command line. One is made at a time:
// targets of one architecture have the same programs.
func prepare(r *report, d download, s *suite, cache string) ([]string, error) {
	t := r.target
	b, err := openBoard(t, d.kernel, cache)
	if err != nil {
		return nil, err
	}
	r.missing = b.missing
	entries, err := s.build(t, t.buildDir(cache))
	if err != nil {
		return nil, err
	}
	if d.tools != "" {
		more, err := toolEntries(d.tools)
		if err != nil {
			return nil, err
		}
		entries = append(more, entries...)
	}
	entries = append(entries, moduleEntries(b.modules)...)
	initramfs := filepath.Join(cache, t.name+".cpio")
	if err := writeInitramfs(initramfs, entries, t.gzip); err != nil {
		return nil, err
	}
	return command(t, b.root, b.kernel, initramfs)
}

// A board is a target's kernel.
type board struct {
	root    string // of its unpacked packages
	kernel  string // its image
	modules []module
	missing []string // of the modules that were asked for
}

// openBoard reads the packages in root, and finds a kernel that is built here in the cache.
func openBoard(t *target, root, cache string) (b board, err error) {
	b.root = root
	if root != "" {
		d, err := openDepot(root)
		if err != nil {
			return b, err
		}
		if b.modules, b.missing, err = d.load(strings.Fields(wanted)); err != nil {
			return b, err
		}
	}
	b.kernel, err = image(t, cache, b.root)
	return b, err
}

// moduleEntries are the modules and their order, where "minins init" looks for them too.
func moduleEntries(order []module) []entry {
	var entries []entry
	var lines strings.Builder
	for _, m := range order {
		lines.WriteString(m.name + ".ko\n")
		entries = append(entries, entry{name: "lib/modules/" + m.name + ".ko", mode: fileMode, data: m.elf})
	}
	return append(entries, entry{name: "lib/modules/order", mode: fileMode, data: []byte(lines.String())})
}

// buildDir is where programs for a target are built: targets of one architecture share it.
func (t *target) buildDir(cache string) string {
	return filepath.Join(cache, "build", strings.NewReplacer(" ", "-", "=", "-").Replace(t.env))
}
