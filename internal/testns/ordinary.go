//go:build linux

package testns

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// nobody is the user that root becomes for tests of what takes no rights.
const nobody = 65534

// binaryEnv is the path of the program under test, in the copy of the test binary
// that runs the tests.
const binaryEnv = "MININS_TESTNS_BINARY"

// Ordinary runs the tests of a package as an ordinary user in no namespaces but the
// host's: as who runs them, or if that is root, as user 65534 without any rights.
// Before that, it builds the program in directory dir, which the tests find
// by [Binary]. It is for tests of programs that make namespaces themselves.
func Ordinary(m *testing.M, dir string) {
	if os.Getenv(binaryEnv) != "" {
		widen()
		os.Exit(m.Run())
	}
	code, err := ordinary(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testns:", err)
	}
	os.Exit(code)
}

// Binary is the program that [Ordinary] has built.
func Binary() string { return os.Getenv(binaryEnv) }

// Build makes the program in directory dir as file. Where there is no go command, as in the machines
// of package kernels, MININS_BUILT names it: it was built before.
func Build(file, dir string) error {
	if built := os.Getenv("MININS_BUILT"); built != "" {
		b, err := os.ReadFile(built)
		if err != nil {
			return err
		}
		return os.WriteFile(file, b, 0o755)
	}
	flags := "-s -w"
	if runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64" {
		flags += " -E main.start" // as the Makefile
	}
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", file, dir)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

func ordinary(dir string) (code int, err error) {
	tmp, err := os.MkdirTemp("", "minins-test")
	if err != nil {
		return 2, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	if err := os.Chmod(tmp, 0o755); err != nil { // for the other user
		return 2, err
	}
	if err := Build(tmp+"/minins", dir); err != nil {
		return 2, err
	}
	args := slices.DeleteFunc(slices.Clone(os.Args[1:]), func(arg string) bool {
		return strings.HasPrefix(arg, "-test.testlogfile=") // go test's, in a directory that is not open to others
	})
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), binaryEnv+"="+tmp+"/minins")
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	if err := cmd.Run(); err != nil {
		return 2, err
	}
	return 0, nil
}
