//go:build linux

package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed ld loader obj arm loong64 mips ppc64 s390x x86 ssa runtime
var added embed.FS

// folders are where the files in our folders join the sources of Go (GOROOT/src).
var folders = map[string]string{
	"ld":      "cmd/link/internal/ld",
	"loader":  "cmd/link/internal/loader",
	"obj":     "cmd/internal/obj",
	"arm":     "cmd/internal/obj/arm",
	"loong64": "cmd/internal/obj/loong64",
	"mips":    "cmd/internal/obj/mips",
	"ppc64":   "cmd/internal/obj/ppc64",
	"s390x":   "cmd/internal/obj/s390x",
	"x86":     "cmd/internal/obj/x86",
	"ssa":     "cmd/compile/internal/ssa",
}

// grown is files of assembly of package runtime, by the one that each is added to the end of:
// the two are beside the tools, and assembled instead of that in GOROOT.
var grown = map[string]string{
	"asm_386.s":     "grow_386.s",
	"asm_amd64.s":   "grow_amd64.s",
	"asm_arm.s":     "grow_arm.s",
	"asm_loong64.s": "grow_loong64.s",
	"asm_mipsx.s":   "grow_mipsx.s",
	"asm_mips64x.s": "grow_mips64x.s",
	"asm_ppc64x.s":  "grow_ppc64x.s",
	"asm_s390x.s":   "grow_s390x.s",
}

// ignore keeps the files in our folders from being taken for packages of this module.
const ignore = "//go:build ignore\n"

// build makes the linker and the compiler in a directory. $GO is the go command, if it
// is not "go".
func build(tools string) (err error) {
	tool := cmp.Or(os.Getenv("GO"), "go")
	goroot, err := exec.Command(tool, "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "linker")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	src := filepath.Join(strings.TrimSpace(string(goroot)), "src")
	overlay, err := writeOverlay(dir, src)
	if err != nil {
		return err
	}
	for name, grow := range grown {
		if err := writeGrown(filepath.Join(tools, grow), filepath.Join(src, "runtime", name), grow); err != nil {
			return err
		}
	}
	cmd := exec.Command(tool, "build", "-overlay", overlay, "-trimpath", "-pgo=off", "-o", tools+"/", "cmd/link", "cmd/compile")
	cmd.Env = append(os.Environ(), "GOOS=", "GOARCH=", "GOEXPERIMENT=", "GOFLAGS=", "GOENV=off")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return err
	}
	for name, files := range summed {
		if err := writeSum(tools, name+".sum", files); err != nil {
			return err
		}
	}
	return nil
}

// summed is the files by which a tool is another one than Go's. The sum of the compiler takes a fifth of a second,
// and each go command asks for it: build leaves it in a file.
var summed = map[string][]string{
	"link":    {"link"},
	"compile": {"compile"},
	"asm":     slices.Sorted(maps.Values(grown)),
}

func writeSum(dir, name string, files []string) error {
	sum := sha256.New()
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return err
		}
		sum.Write(text)
	}
	// A go command that runs meanwhile reads the old one or the new one.
	part := filepath.Join(dir, name+".part")
	if err := os.WriteFile(part, fmt.Appendf(nil, "%x", sum.Sum(nil)), 0o600); err != nil {
		return err
	}
	return os.Rename(part, filepath.Join(dir, name))
}

// writeGrown writes to file what old has and, behind it, what is added to it. Which
// processors that is for has been decided by the name of old.
func writeGrown(file, old, grow string) error {
	text, err := os.ReadFile(old)
	if err != nil {
		return err
	}
	more, err := added.ReadFile("runtime/" + grow)
	if err != nil {
		return err
	}
	text = append(text, more...)
	if bytes.Contains(more, []byte("#define BARRIER(")) {
		barriers, err := added.ReadFile("runtime/barriers.s")
		if err != nil {
			return err
		}
		text = append(text, barriers...)
	}
	return os.WriteFile(file, text, 0o600)
}

// writeOverlay writes to dir the files that replace those in src or join them,
// and the list of them that the go command takes.
func writeOverlay(dir, src string) (list string, err error) {
	replace := make(map[string]string)
	write := func(name, text string) error {
		file := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		replace[filepath.Join(src, name)] = file
		return os.WriteFile(file, []byte(text), 0o600)
	}
	for name, edits := range patches {
		old, err := os.ReadFile(filepath.Join(src, name))
		if err != nil {
			return "", err
		}
		text, err := apply(name, string(old), edits)
		if err != nil {
			return "", err
		}
		if err := write(name, text); err != nil {
			return "", err
		}
	}
	for folder, to := range folders {
		files, err := added.ReadDir(folder)
		if err != nil {
			return "", err
		}
		for _, f := range files {
			text, err := added.ReadFile(folder + "/" + f.Name())
			if err != nil {
				return "", err
			}
			if err := write(to+"/minins_"+f.Name(), strings.TrimPrefix(string(text), ignore)); err != nil {
				return "", err
			}
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	list = filepath.Join(dir, "overlay.json")
	return list, os.WriteFile(list, text, 0o600)
}
