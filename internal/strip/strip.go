//go:build linux

package main

import (
	"bytes"
	"debug/buildinfo"
	"errors"
	"fmt"
	"strings"
)

// goVersion is the version of Go whose runtime the tables were read in.
const goVersion = "go1.26"

// strip returns the program without the names, lines and files of functions.
// It does not change file.
func strip(file []byte) ([]byte, error) {
	img, err := parseImage(bytes.Clone(file))
	if err != nil {
		return nil, err
	}
	info, err := buildinfo.Read(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	if v, _, _ := strings.Cut(info.GoVersion, " "); v != goVersion && !strings.HasPrefix(v, goVersion+".") {
		return nil, fmt.Errorf("built by %s; only the tables of %s are known", v, goVersion)
	}
	mod, err := img.parseModule()
	if err != nil {
		return nil, err
	}
	if mod.len(mdNames) > 0 && mod.len(mdFiles) == 0 && mod.len(mdCU) == 0 {
		return nil, errors.New("already stripped")
	}
	tab, err := parsePclntab(img, mod)
	if err != nil {
		return nil, err
	}
	if err := tab.drop(); err != nil {
		return nil, err
	}
	if err := tab.merge(); err != nil {
		return nil, err
	}
	if err := tab.stopAtCalls(); err != nil {
		return nil, err
	}
	packed, err := tab.pack()
	if err != nil {
		return nil, err
	}
	return img.shrink(mod, packed)
}
