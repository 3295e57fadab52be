//go:build linux

// Command record makes fixtures: it runs the real ip, nft and iptables under strace and
// prints what they and the kernel said to one another. It is to be run on a machine
// of another byte order, which "make captures" does:
//
//	go run ./kernels -run s390x -exec './internal/record /bin/rtnl.test /bin/nft.test' …
//	go run ./internal/record -from LOG
//
// The machine has no way out but its console. There a line of a file is "R FILE LINE", and
// behind the last one is "R= FILE CHECKSUM". -from takes them out of what the console said,
// and writes the files.
//
// Its arguments are test binaries, DIR.test: they are run with -update, and what they wrote is printed too.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

func main() {
	from := flag.String("from", "", "write the files that are in `LOG`, of a machine's console")
	pattern := flag.String("run", ".", "record the groups that have a case whose name matches `REGEXP`, and those alone")
	what := flag.String("talk", "", "(how it starts itself in a namespace)")
	flag.Parse()
	re, err := regexp.Compile(*pattern)
	switch {
	case err != nil:
	case *from != "":
		err = write(*from)
	case *what != "":
		err = talk(*what)
	default:
		err = record(re, flag.Args())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

// record prints fixtures on the console.
func record(re *regexp.Regexp, tests []string) (err error) {
	out, err := os.OpenFile("/dev/console", os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer out.Close()
	var failed []error
	for _, g := range groups {
		if !slices.ContainsFunc(g.steps, func(s step) bool { return s.name != "" && re.MatchString(s.name) }) {
			continue
		}
		if err := g.record(out); err != nil {
			failed = append(failed, err)
		}
	}
	for _, program := range tests {
		if err := goldens(out, program); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// layout is the directory in testdata that has the host's fixtures: its byte order, or "386",
// where the structs of xtables are laid out as nowhere else.
func layout() string {
	switch {
	case runtime.GOARCH == "386":
		return runtime.GOARCH
	case binary.NativeEndian.Uint16([]byte{1, 0}) == 1:
		return "little"
	}
	return "big"
}

// record carries out a group and prints what it recorded.
func (g *group) record(out *os.File) (err error) {
	for _, ns := range []string{"kf-a", "kf-b", "kf-c"} {
		if _, err := run("ip", "netns", "add", ns); err != nil {
			return err
		}
		defer func() {
			if _, derr := run("ip", "netns", "del", ns); err == nil {
				err = derr
			}
		}()
	}
	if _, err := run("ip", "-n", "kf-a", "link", "set", "lo", "up"); err != nil {
		return err
	}
	for _, s := range g.steps {
		words := append([]string{"ip", "netns", "exec", "kf-a"}, strings.Fields(s.argv)...)
		if s.name == "" {
			if _, err := run(words...); err != nil {
				return err
			}
			continue
		}
		var lines []string
		var err error
		if what, ok := strings.CutPrefix(s.argv, "- "); ok {
			lines, err = child(what)
			lines = append([]string{linux()}, lines...)
		} else {
			lines, err = s.record(g.proto)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		emit(out, filepath.Join(g.dir, layout(), s.name+".hex"), lines)
	}
	return nil
}

// record carries out a step, and keeps what was said in a protocol: tools ask for addresses besides.
func (s *step) record(proto string) (lines []string, err error) {
	file := filepath.Join(os.TempDir(), "strace."+s.name)
	defer func() { _ = os.Remove(file) }() // the machine is turned off after that
	words := append([]string{"ip", "netns", "exec", "kf-a"}, straced...)
	words = append(append(words, "-o", file), strings.Fields(s.argv)...)
	said, err := run(words...)
	status := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		status, err = exit.ExitCode(), nil
	}
	if err != nil {
		return nil, err
	}
	if status != s.exit {
		return nil, fmt.Errorf("%s: exit status %d, expected %d: %s", s.argv, status, s.exit, said)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	found, err := datagrams(f, proto)
	if err == nil && len(found) == 0 {
		err = errors.New("no datagrams")
	}
	return append(s.remarks(), found...), err
}

// remarks are what a fixture begins with.
func (s *step) remarks() []string {
	return []string{"# argv: " + s.argv, fmt.Sprintf("# exit: %d", s.exit), linux()}
}

// linux is a remark of what the kernel is.
func linux() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "# " + err.Error()
	}
	return "# Linux " + unix.ByteSliceToString(u.Release[:]) + " " + unix.ByteSliceToString(u.Machine[:])
}

// run runs a program.
func run(words ...string) (said string, err error) {
	b, err := exec.Command(words[0], words[1:]...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %w: %s", strings.Join(words, " "), err, bytes.TrimSpace(b))
	}
	return string(b), err
}

// goldens runs a package's test binary, DIR.test, which writes testdata/LAYOUT/*.golden.
func goldens(out *os.File, program string) error {
	pkg := strings.TrimSuffix(filepath.Base(program), ".test")
	dir, err := os.MkdirTemp("", pkg)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	in := filepath.Join("testdata", layout())
	for _, in := range []string{in, filepath.Join("testdata", "little")} { // the latter has on 386 what is no other there
		if err := os.MkdirAll(filepath.Join(dir, in), 0o755); err != nil {
			return err
		}
	}
	cmd := exec.Command(program, "-test.run", "^(TestExplained|TestBuilds)$", "-update")
	cmd.Dir = dir
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, said)
	}
	files, err := filepath.Glob(filepath.Join(dir, in, "*.golden"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s: it wrote nothing", program)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		emit(out, filepath.Join(pkg, in, filepath.Base(file)), strings.Split(strings.TrimSuffix(string(b), "\n"), "\n"))
	}
	return err
}

// emit prints a file on the console.
func emit(out *os.File, file string, lines []string) {
	text := strings.Join(lines, "\n") + "\n"
	for _, line := range lines {
		fmt.Fprintf(out, "R %s %s\n", file, line)
	}
	fmt.Fprintf(out, "R= %s %x\n", file, sha256.Sum256([]byte(text)))
}

// write writes the files that a console has printed, below the current directory.
func write(log string) error {
	b, err := os.ReadFile(log)
	if err != nil {
		return err
	}
	n, text := 0, map[string]string{}
	for line := range strings.Lines(strings.ReplaceAll(string(b), "\r", "")) {
		word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		file, line, _ := strings.Cut(rest, " ")
		switch word {
		case "R":
			text[file] += line + "\n"
		case "R=":
			if sum := fmt.Sprintf("%x", sha256.Sum256([]byte(text[file]))); sum != line {
				return fmt.Errorf("%s: %s did not come through whole: boot once more", log, file)
			}
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text[file]), 0o644)); err != nil {
				return err
			}
			n++
		}
	}
	if n == 0 {
		return fmt.Errorf("%s: no files in it", log)
	}
	fmt.Println(n, "files")
	return nil
}
