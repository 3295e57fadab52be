//go:build linux

package main

import (
	"bytes"
	"cmp"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A module is a file that finit_module(2) takes.
type module struct {
	name string
	elf  []byte
}

// A depot is what a kernel's packages have of modules. Debian ships no modules.dep (depmod
// writes it where the package is installed), so what a module needs is read
// from its own .modinfo.
type depot struct {
	files   map[string]string // module: its file
	builtin map[string]bool   // what the kernel has inside
	crypto  map[string]string // algorithm: the module that has it
}

// generic has the algorithm that libcrc32c names in place of a module.
const generic = "crc32c_generic"

func openDepot(root string) (*depot, error) {
	d := depot{map[string]string{}, map[string]bool{}, map[string]string{}}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if e.Name() == "modules.builtin" {
			b, err := os.ReadFile(path)
			for _, file := range strings.Fields(string(b)) {
				name, _ := moduleName(file)
				d.builtin[name] = true
			}
			return err
		}
		if name, ok := moduleName(path); ok {
			d.files[name] = path
		}
		return nil
	})
	if path, ok := d.files[generic]; ok && err == nil {
		var b []byte
		if b, err = unpacked(path); err == nil {
			for _, kv := range modinfo(b) {
				if name, ok := strings.CutPrefix(kv, "alias=crypto-"); ok {
					d.crypto[canonical(name)] = generic
				}
			}
		}
	}
	return &d, err
}

// moduleName is "br_netfilter" of "kernel/net/bridge/br-netfilter.ko.xz".
func moduleName(path string) (string, bool) {
	name, _, ok := strings.Cut(filepath.Base(path), ".ko")
	return canonical(name), ok
}

func canonical(name string) string { return strings.ReplaceAll(name, "-", "_") }

// load returns the modules that are wanted and those that they need, each after what it
// needs, and the names that are neither modules of this kernel nor inside it.
func (d *depot) load(wanted []string) (order []module, missing []string, err error) {
	seen := map[string]bool{}
	var visit func(name string) error
	visit = func(name string) error {
		name = canonical(name)
		if d.files[name] == "" {
			name = cmp.Or(d.crypto[name], name)
		}
		path := d.files[name]
		if seen[name] || path == "" {
			return nil
		}
		seen[name] = true
		b, err := unpacked(path)
		if err != nil {
			return err
		}
		for _, kv := range modinfo(b) {
			var needs []string
			if v, ok := strings.CutPrefix(kv, "depends="); ok {
				needs = strings.FieldsFunc(v, func(r rune) bool { return r == ',' })
			} else if v, ok := strings.CutPrefix(kv, "softdep=pre: "); ok {
				v, _, _ = strings.Cut(v, "post:")
				needs = strings.Fields(v)
			}
			for _, n := range needs {
				if err := visit(n); err != nil {
					return err
				}
			}
		}
		order = append(order, module{name, b})
		return nil
	}
	for _, name := range wanted {
		if d.files[name] == "" && !d.builtin[name] {
			missing = append(missing, name)
		}
		if err := visit(name); err != nil {
			return nil, nil, err
		}
	}
	return order, missing, nil
}

// unpacked is the module in a file, compressed as Debian's may be.
func unpacked(path string) ([]byte, error) {
	tool := map[string]string{".xz": "xz", ".zst": "zstd", ".gz": "gzip"}[filepath.Ext(path)]
	if tool == "" {
		return os.ReadFile(path)
	}
	b, err := exec.Command(tool, "-qdc", path).Output()
	if err != nil {
		return nil, fmt.Errorf("%s -dc %s: %w", tool, path, err)
	}
	return b, nil
}

// modinfo lists the "key=value" of a module. One that cannot be read has none: the
// kernel will say so.
func modinfo(module []byte) []string {
	f, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		return nil
	}
	s := f.Section(".modinfo")
	if s == nil {
		return nil
	}
	data, err := s.Data()
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(strings.Split(string(data), "\x00"), func(kv string) bool { return kv == "" })
}
