//go:build linux

package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// unwanted are packages that make a program large, or have it start others or ask name servers.
var unwanted = []string{
	"text/template", "html/template", "encoding/json", "encoding/xml", "encoding/gob", "encoding/asn1", "regexp",
	"net/http", "net/rpc", "crypto/tls", "crypto/x509", "os/exec", "os/user", "plugin", "expvar", "testing",
	"flag", "log/slog", "go/format", "runtime/pprof", "runtime/trace", "math/big", "compress/gzip", "archive/zip",
}

// keepers are functions with which the linker cannot know what methods are called by
// reflection, and has all that are exported, of all types, with all that they call.
var keepers = []string{
	"reflect.Value.Method", "reflect.Value.MethodByName", "reflect.(*rtype).Method", "reflect.(*rtype).MethodByName",
	"reflect.Value.Methods", "reflect.(*rtype).Methods",
}

// TestLeaks checks that neither build of minins has one of those.
func TestLeaks(t *testing.T) {
	symbols := func(tags string) map[string]bool {
		file := filepath.Join(t.TempDir(), "minins")
		command(t, []string{"CGO_ENABLED=0"}, "go", "build", "-tags", tags, "-ldflags=-w", "-o", file, "github.com/minins/minins/cmd/minins")
		found := make(map[string]bool)
		for line := range strings.Lines(command(t, nil, "go", "tool", "nm", file)) {
			words := strings.Fields(line)
			found[words[len(words)-1]] = true
		}
		return found
	}
	for _, tags := range []string{"", "tiny"} {
		deps := strings.Fields(command(t, []string{"CGO_ENABLED=0"}, "go", "list", "-deps", "-tags", tags, "github.com/minins/minins/cmd/minins"))
		for _, p := range unwanted {
			if slices.Contains(deps, p) {
				t.Errorf("tags %q: minins has package %s (go list -deps)", tags, p)
			}
		}
		found := symbols(tags)
		if !slices.Contains(deps, "reflect") || len(found) < 1000 {
			t.Fatalf("tags %q: %d packages, %d symbols: not those of minins", tags, len(deps), len(found))
		}
		for _, f := range keepers {
			if found[f] {
				t.Errorf("tags %q: minins has %s, and with it every exported method", tags, f)
			}
		}
	}
}
