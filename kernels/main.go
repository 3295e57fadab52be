//go:build linux

// Command kernels runs Go tests on other kernels, processors and byte orders.
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
	verbose := flag.Bool("v", false, "name what was skipped, and why")
	flag.DurationVar(&s.limit, "each", 100*time.Second, "for a program")
	flag.Func("exec", "`PACKAGE ARGUMENT...` of a program that is to exit with 0", func(v string) error { s.programs = append(s.programs, v); return nil })
	flag.Func("file", "`PATH=FILE`: more for the machine; {arch} is GOARCH", func(v string) error { s.files = append(s.files, v); return nil })
	flag.Parse()
	s.tests = flag.Args()
	re, err := regexp.Compile(*pattern)
	if err != nil {
		return err
	}
	var chosen []*target
	for i := range targets {
		if re.MatchString(targets[i].name) {
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
	reports := make([]*report, len(chosen))
	queue := make(chan int)
	var wg sync.WaitGroup
	var out sync.Mutex
	for range *jobs {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range queue {
				r := try(chosen[i], &s, *cache, *limit)
				if !r.started && !errors.Is(r.err, errPrepare) { // the machine's fault, not the tests'
					fmt.Fprintf(os.Stderr, "%s: died before its first test: %v; once more\n", chosen[i].name, r.err)
					r = try(chosen[i], &s, *cache, *limit)
				}
				reports[i] = r
				out.Lock()
				r.print(os.Stdout, *verbose)
				out.Unlock()
			}
		}()
	}
	for i := range chosen {
		queue <- i
	}
	close(queue)
	wg.Wait()
	bad := 0
	for _, r := range reports {
		if r.bad() {
			bad++
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d targets failed", bad, len(chosen))
	}
	return nil
}

var errPrepare = errors.New("prepare")

func try(t *target, s *suite, cache string, limit time.Duration) *report {
	r := &report{target: t}
	start := time.Now()
	cmd, err := prepare(t, s, cache)
	r.prepare = time.Since(start)
	if err != nil {
		r.err = fmt.Errorf("%w: %w", errPrepare, err)
		return r
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	start = time.Now()
	console, cpu, err := boot(ctx, cmd, filepath.Join(cache, t.name+".log"))
	r.wall, r.cpu = time.Since(start), cpu
	r.read(console)
	if !r.ended && r.err == nil {
		r.err = fmt.Errorf("the machine did not come to its end (%w): %s", errors.Join(err, ctx.Err()), filepath.Join(cache, t.name+".log"))
	}
	return r
}

// fetching is held by who fills the cache: apt-get does not wait for its own lock.
var fetching sync.Mutex

// prepare makes all that a machine needs and returns QEMU's command line.
func prepare(t *target, s *suite, cache string) ([]string, error) {
	root := ""
	var order []module
	var missing []string
	if t.local == "" {
		var err error
		if root, err = fetch(cache, t); err != nil {
			return nil, err
		}
		d, err := openDepot(root)
		if err != nil {
			return nil, err
		}
		if order, missing, err = d.load(strings.Fields(modules)); err != nil {
			return nil, err
		}
	}
	_ = missing
	kernel, err := image(t, cache, root)
	if err != nil {
		return nil, err
	}
	entries, err := s.build(t, filepath.Join(cache, "build", strings.NewReplacer(" ", "-", "=", "-").Replace(t.env)))
	if err != nil {
		return nil, err
	}
	if t.arch != "" {
		root, err := fetchTools(cache, t.arch)
		if err != nil {
			return nil, err
		}
		more, err := toolEntries(root)
		if err != nil {
			return nil, err
		}
		entries = append(more, entries...)
	}
	var lines strings.Builder
	for _, m := range order {
		lines.WriteString(m.name + "\n")
		entries = append(entries, entry{name: "modules/" + m.name + ".ko", mode: fileMode, data: m.elf})
	}
	entries = append(entries, entry{name: "modules/order", mode: fileMode, data: []byte(lines.String())})
	initramfs := filepath.Join(cache, t.name+".cpio")
	if err := writeInitramfs(initramfs, entries, t.gzip); err != nil {
		return nil, err
	}
	return command(t, root, kernel, initramfs)
}
