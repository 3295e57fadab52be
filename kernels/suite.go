//go:build linux

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A suite is what the machines run.
type suite struct {
	tests    []string // packages of tests
	more     []extra  // more of them, on some targets
	programs []string // packages of programs with their arguments, that have to exit with 0
	files    []string // "PATH=FILE": more files, {arch} in FILE stands for GOARCH
	make     []string // a command that makes those files, {arch} stands for GOARCH
	limit    time.Duration
	made     map[string]bool            // the architectures whose files have been made
	built    map[string]map[string]bool // by directory, the files of test binaries of this run: targets of one architecture share them
}

// An extra is packages of tests for the targets whose name matches.
type extra struct {
	on    *regexp.Regexp
	tests []string
}

// parseExtra reads "REGEXP=PACKAGE…".
func parseExtra(text string) (extra, error) {
	on, tests, ok := strings.Cut(text, "=")
	if !ok {
		return extra{}, fmt.Errorf("expected REGEXP=PACKAGE…, not %q", text)
	}
	re, err := regexp.Compile(on)
	return extra{re, strings.Fields(tests)}, err
}

// testsFor are the packages of tests for a target.
func (s *suite) testsFor(t *target) []string {
	all := slices.Clone(s.tests)
	for _, e := range s.more {
		if e.on.MatchString(t.name) {
			all = append(all, e.tests...)
		}
	}
	return all
}

// A pkg is what go list says of a package.
type pkg struct {
	path, dir string // import path and directory
}

func list(patterns []string) ([]pkg, error) {
	if len(patterns) == 0 {
		return nil, nil // go list would take the directory
	}
	out, err := output("", nil, "go", append([]string{"list", "-f", "{{.ImportPath}} {{.Dir}}"}, patterns...)...)
	var pkgs []pkg
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		if path, dir, ok := strings.Cut(line, " "); ok {
			pkgs = append(pkgs, pkg{path, dir})
		}
	}
	return pkgs, err
}

// build makes the suite's programs for a target in dir, and returns what the guest
// needs: them, the files that they read, and the order.
func (s *suite) build(t *target, dir string) ([]entry, error) {
	var entries []entry
	var order strings.Builder
	seconds := int(s.limit.Seconds())

	if err := niced(t.goEnv(), append(append([]string{"go", "build"}, buildFlags...), "-o", dir+"/init", guest)...); err != nil {
		return nil, err
	}
	entries = append(entries, entry{name: "init", mode: exeMode, from: dir + "/init"})

	pkgs, err := list(s.testsFor(t))
	if err != nil {
		return nil, err
	}
	if err := s.buildTests(t, dir, pkgs); err != nil {
		return nil, err
	}
	root, err := moduleRoot(pkgs)
	if err != nil {
		return nil, err
	}
	for _, p := range pkgs {
		name := path.Base(p.path) + ".test"
		file := p.binary(dir)
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			continue // it has no tests
		}
		rel, err := filepath.Rel(root, p.dir)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{name: "suite/" + rel + "/" + name, mode: exeMode, from: file})
		fmt.Fprintf(&order, "%s %d ./%s -test.v -test.short -test.timeout=%ds\n", rel, seconds, name, seconds)
	}
	// Tests run in the directory of their package and read what is there, and beside it.
	sources, err := tree(root, "suite")
	if err != nil {
		return nil, err
	}
	entries = append(entries, sources...)
	programs, err := s.builtPrograms(t, dir, "suite/")
	if err != nil {
		return nil, err
	}
	entries = append(entries, programs...)
	for _, line := range s.programs {
		f := strings.Fields(line)
		name := path.Base(f[0])
		fmt.Fprintf(&order, ". %d ./%s %s\n", seconds, name, strings.Join(f[1:], " "))
	}
	given, err := s.given(t)
	if err != nil {
		return nil, err
	}
	entries = append(entries, given...)
	return append(entries, entry{name: "suite/order", mode: fileMode, data: []byte(order.String())}), nil
}

// binary is the file of a package's test binary, below dir.
func (p pkg) binary(dir string) string {
	return filepath.Join(dir, "test", filepath.FromSlash(p.path)+".test")
}

// buildTests makes the test binaries in dir that this run has not made for another target.
func (s *suite) buildTests(t *target, dir string, pkgs []pkg) error {
	made := filepath.Join(dir, "made")
	if s.built[dir] == nil { // a binary of a package that has no tests any more would be taken for one of now
		if err := errors.Join(os.RemoveAll(filepath.Join(dir, "test")), os.RemoveAll(made)); err != nil {
			return err
		}
		if s.built == nil {
			s.built = make(map[string]map[string]bool)
		}
		s.built[dir] = make(map[string]bool)
	}
	pkgs = slices.DeleteFunc(slices.Clone(pkgs), func(p pkg) bool { return s.built[dir][p.binary(dir)] })
	for _, group := range groups(pkgs) {
		args := append(append([]string{"go", "test", "-c", "-vet=off"}, buildFlags...), "-o", made+"/")
		for _, p := range group {
			args = append(args, p.path)
		}
		if err := os.MkdirAll(made, 0o755); err != nil {
			return err
		}
		if err := niced(t.goEnv(), args...); err != nil {
			return err
		}
		for _, p := range group {
			file := p.binary(dir)
			s.built[dir][file] = true
			err := os.MkdirAll(filepath.Dir(file), 0o755)
			if err == nil {
				err = os.Rename(filepath.Join(made, path.Base(p.path)+".test"), file)
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) { // it has no tests
				return err
			}
		}
	}
	return nil
}

// buildFlags are of programs and of test binaries.
var buildFlags = []string{"-trimpath", "-buildvcs=false", "-ldflags=-s -w"}

func (t *target) goEnv() []string {
	return append(strings.Fields(t.env), "CGO_ENABLED=0", "GOOS=linux")
}

// builtPrograms builds the programs in dir, for the machine's directory to.
func (s *suite) builtPrograms(t *target, dir, to string) (entries []entry, err error) {
	for _, line := range s.programs {
		name := path.Base(strings.Fields(line)[0])
		file := filepath.Join(dir, name)
		if err := niced(t.goEnv(), append(append([]string{"go", "build"}, buildFlags...), "-o", file, strings.Fields(line)[0])...); err != nil {
			return nil, err
		}
		entries = append(entries, entry{name: to + name, mode: exeMode, from: file})
	}
	return entries, nil
}

// given are the files that were asked for by -file.
func (s *suite) given(t *target) (entries []entry, err error) {
	if err := s.makeFiles(t); err != nil {
		return nil, err
	}
	for _, f := range s.files {
		to, from, ok := strings.Cut(f, "=")
		if !ok {
			return nil, fmt.Errorf("-file %s: expected PATH=FILE", f)
		}
		entries = append(entries, entry{name: strings.TrimPrefix(to, "/"), mode: exeMode, from: s.forArch(t, from)})
	}
	return entries, nil
}

// makeFiles makes those files, unless this run has made the architecture's.
func (s *suite) makeFiles(t *target) error {
	arch := s.forArch(t, "{arch}")
	if len(s.make) == 0 || s.made[arch] {
		return nil
	}
	var args []string
	for _, arg := range s.make {
		args = append(args, s.forArch(t, arg))
	}
	if err := niced(nil, args...); err != nil {
		return err
	}
	if s.made == nil {
		s.made = make(map[string]bool)
	}
	s.made[arch] = true
	return nil
}

// forArch is the name of a file in which {arch} stands for GOARCH.
func (s *suite) forArch(t *target, file string) string {
	arch, _, _ := strings.Cut(strings.TrimPrefix(t.env, "GOARCH="), " ")
	return strings.ReplaceAll(file, "{arch}", arch)
}

// groups are packages that go test -c builds at once: it names a test binary for the last
// element of the package's path.
func groups(pkgs []pkg) (all [][]pkg) {
	nth := make(map[string]int)
	for _, p := range pkgs {
		name := path.Base(p.path)
		if nth[name] == len(all) {
			all = append(all, nil)
		}
		all[nth[name]] = append(all[nth[name]], p)
		nth[name]++
	}
	return all
}

// moduleRoot is the directory of the packages' module.
func moduleRoot(pkgs []pkg) (string, error) {
	if len(pkgs) == 0 {
		return "", nil
	}
	out, err := output(pkgs[0].dir, nil, "go", "list", "-m", "-f", "{{.Dir}}")
	return strings.TrimSpace(string(out)), err
}

// large is the size of a file that is no source nor data of a test: a binary that was built.
const large = 1 << 20

// tree lists the files below a directory, without hidden directories (.git).
func tree(dir, to string) (entries []entry, err error) {
	if dir == "" {
		return nil, nil
	}
	err = filepath.WalkDir(dir, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if strings.HasPrefix(e.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		st, err := e.Info()
		if err != nil || !st.Mode().IsRegular() || st.Size() > large {
			return err
		}
		rel, err := filepath.Rel(dir, file)
		entries = append(entries, entry{name: path.Join(to, filepath.ToSlash(rel)), mode: fileMode, from: file})
		return err
	})
	return entries, err
}

// niced runs a program that makes others: the machines, whose tests have deadlines, go before it.
func niced(env []string, args ...string) error {
	_, err := output("", env, "nice", args...)
	return err
}

// output runs a program and returns what it printed.
func output(dir string, env []string, name string, args ...string) ([]byte, error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(context.Background(), name, args...)
	cmd.Dir, cmd.Stderr = dir, &stderr
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.Output()
	if err != nil {
		return out, fmt.Errorf("%s: %w: %s", name, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}
