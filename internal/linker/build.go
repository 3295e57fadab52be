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

//go:embed ld/*.go
var added embed.FS

// ignore keeps the files in folder ld from being taken for a package of this module.
const ignore = "//go:build ignore\n"

// build makes the linker. $GO is the go command, if it is not "go".
func build(link string) (err error) {
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
	overlay, err := writeOverlay(dir, filepath.Join(strings.TrimSpace(string(goroot)), "src/cmd/link/internal/ld"))
	if err != nil {
		return err
	}
	cmd := exec.Command(tool, "build", "-overlay", overlay, "-trimpath", "-o", link, "cmd/link")
	cmd.Env = append(os.Environ(), "GOOS=", "GOARCH=", "GOEXPERIMENT=", "GOFLAGS=", "GOENV=off")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd.Run()
}

// writeOverlay writes to dir the files that replace those in src or join them,
// and the list of them that the go command takes.
func writeOverlay(dir, src string) (list string, err error) {
	replace := make(map[string]string)
	write := func(name, text string) error {
		file := filepath.Join(dir, name)
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
	files, err := added.ReadDir("ld")
	if err != nil {
		return "", err
	}
	for _, f := range files {
		text, err := added.ReadFile("ld/" + f.Name())
		if err != nil {
			return "", err
		}
		if err := write("minins_"+f.Name(), strings.TrimPrefix(string(text), ignore)); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	list = filepath.Join(dir, "overlay.json")
	return list, os.WriteFile(list, text, 0o600)
}
