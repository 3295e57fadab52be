//go:build linux

package main

import (
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed ld obj x86 runtime
var added embed.FS

// folders are where the files in our folders join the sources of Go (GOROOT/src).
var folders = map[string]string{
	"ld":  "cmd/link/internal/ld",
	"obj": "cmd/internal/obj",
	"x86": "cmd/internal/obj/x86",
}

// grow is a file of package runtime that is not in GOROOT but beside the tools: it is
// assembled in the place of another one, which it includes.
const (
	grow     = "grow_amd64.s"
	inGoroot = "asm_amd64.s"
)

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
	overlay, err := writeOverlay(dir, filepath.Join(strings.TrimSpace(string(goroot)), "src"))
	if err != nil {
		return err
	}
	text, err := added.ReadFile("runtime/" + grow)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(tools, grow), text, 0o600); err != nil {
		return err
	}
	cmd := exec.Command(tool, "build", "-overlay", overlay, "-trimpath", "-pgo=off", "-o", tools+"/", "cmd/link", "cmd/compile")
	cmd.Env = append(os.Environ(), "GOOS=", "GOARCH=", "GOEXPERIMENT=", "GOFLAGS=", "GOENV=off")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
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
