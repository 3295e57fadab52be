//go:build linux

package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/internal/tutorial"
)

func TestMain(m *testing.M) {
	tutorial.Main()
	testns.Main(m)
}

// host is what the demo must not change, as far as it can be seen from here.
func host(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	interfaces, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range interfaces {
		addrs, err := i.Addrs()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, i, addrs)
	}
	for _, file := range []string{"/proc/self/mountinfo", "/proc/net/route", "/proc/sys/net/ipv4/ip_forward"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s:\n%s", file, text)
	}
	for _, dir := range []string{"/run", "."} {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&b, dir, files)
	}
	// The namespaces of all processes that may be looked at: this one's, and
	// those of whatever it started.
	links, err := filepath.Glob("/proc/[0-9]*/ns/*")
	if err != nil {
		t.Fatal(err)
	}
	var namespaces []string
	for _, link := range links {
		if ns, err := os.Readlink(link); err == nil { // else it is another's, or has ended
			namespaces = append(namespaces, ns)
		}
	}
	slices.Sort(namespaces)
	fmt.Fprintln(&b, slices.Compact(namespaces))
	return b.String()
}

func TestDemo(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "minins")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "../../../../cmd/minins")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	before, start := host(t), time.Now()
	var out bytes.Buffer
	failures, err := demo(&out, tutorial.Config{Minins: binary, Stderr: os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 30*time.Second {
		t.Errorf("it took %v, want less than 30 s", took)
	}
	if after := host(t); after != before {
		t.Errorf("the host is not as it was\n--- before\n%s\n+++ after\n%s", before, after)
	}
	if failures > 0 {
		t.Errorf("%d steps failed", failures)
	}
	sections, err := tutorial.Script(false)
	if err != nil {
		t.Fatal(err)
	}
	rest := out.String()
	for _, section := range sections {
		for _, step := range section.Steps {
			_, below, ok := strings.Cut(rest, fmt.Sprintf("\n%c %s\n", step.Kind, step.Text))
			if !ok {
				t.Fatalf("%c %s is not shown", step.Kind, step.Text)
			}
			rest = below
		}
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

// TestFailure sees a demo fail: with a program that cannot be run.
func TestFailure(t *testing.T) {
	file := filepath.Join(t.TempDir(), "minins")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	before := host(t)
	if _, err := demo(&bytes.Buffer{}, tutorial.Config{Minins: file, Stderr: os.Stderr}); err == nil || !strings.Contains(err.Error(), "not statically linked") {
		t.Errorf("got error %v", err)
	}
	if after := host(t); after != before {
		t.Errorf("the host is not as it was\n--- before\n%s\n+++ after\n%s", before, after)
	}
}
