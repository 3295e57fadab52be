//go:build linux

package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// tools are the programs that tests set things up and compare with. They are of one
// Debian on all kernels, since what a tool prints changes with its version.
const tools = "dash coreutils grep mount util-linux procps hostname mawk strace iproute2 nftables iptables iputils-ping net-tools netbase base-files"

// inGuest are the programs of those packages that are put into the machine, whose memory is small: what
// a link of these names leads to, and the libraries that they want, go with them.
const inGuest = "sh dash [ basename cat chmod chown cp cut date dd dirname echo env expr false grep head hostname id kill ln ls mawk mkdir mkfifo " +
	"mknod mktemp mount mv nproc nsenter pgrep pidof ping pkill printf ps pwd readlink rm rmdir seq setpriv sleep sort stat strace stty sync sysctl tail tee test " +
	"timeout touch tr true umount uname uniq unshare watch wc yes " +
	"arp bridge ifconfig ip netstat nft route rtmon ss tc xtables-legacy-multi xtables-monitor xtables-nft-multi"

// toolsSuite is that Debian; an architecture that came later has the first with it.
func toolsSuite(arch string) string {
	if arch == "riscv64" {
		return "trixie"
	}
	return "bookworm"
}

// tools returns the directory of an architecture's tools: another one
// when the list of tools has changed.
func (s *store) tools(arch string) (root string, err error) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(tools)) // never fails
	root = filepath.Join(s.dir, "tools", fmt.Sprintf("%s-%08x", arch, h.Sum32()))
	if _, err := os.Stat(root); err == nil {
		return root, nil
	}
	d, err := s.archive(toolsSuite(arch), arch)
	if err != nil {
		return "", err
	}
	packages := strings.Fields(tools)
	out, err := d.run(d.dir, "apt-cache", append([]string{"depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
		"--no-breaks", "--no-replaces", "--no-enhances", "--no-pre-depends"}, packages...)...)
	if err != nil {
		return "", err
	}
	for _, line := range strings.Split(string(out), "\n") {
		// Libraries: no perl, no debconf.
		if (strings.HasPrefix(line, "lib") || strings.HasPrefix(line, "zlib")) && !strings.Contains(line, "perl") && !slices.Contains(packages, line) {
			packages = append(packages, line)
		}
	}
	part := root + ".part"
	if err := errors.Join(os.RemoveAll(part), os.MkdirAll(part, 0o755)); err != nil {
		return "", err
	}
	if err := d.unpack(packages, part, "*/share/doc/*", "*/share/man/*", "*/share/locale/*", "*/gconv/*", "*/share/bash-completion/*", "*/systemd/*", "*/share/zoneinfo/*", "*/share/i18n/*", "*/share/lintian/*", "*/init.d/*"); err != nil {
		return "", err
	}
	return root, os.Rename(part, root)
}

// toolEntries are the tools' files in the guest, where /bin, /sbin and /lib are links to those
// in /usr, as in Debian.
func toolEntries(root string) (entries []entry, err error) {
	for _, dir := range []string{"bin", "sbin", "lib", "lib32", "lib64"} {
		entries = append(entries, entry{name: "usr/" + dir, mode: dirMode}, entry{name: dir, mode: linkMode, data: []byte("usr/" + dir)})
	}
	programs := strings.Fields(inGuest)
	libs := make(map[string][]entry) // by the name that programs ask for
	var wanted []entry
	err = filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		switch top, _, below := strings.Cut(name, "/"); {
		case !below:
			return nil // since trixie, /bin and the like are links already
		case top == "bin" || top == "sbin" || strings.HasPrefix(top, "lib"):
			name = path.Join("usr", name)
		}
		e := entry{name: name, mode: exeMode, from: file}
		program := path.Base(name)
		if d.Type() == fs.ModeSymlink {
			to, err := os.Readlink(file)
			if err != nil {
				return err
			}
			e = entry{name: name, mode: linkMode, data: []byte(to)}
			program = path.Base(to)
		}
		switch dir := path.Dir(name); {
		case path.Base(dir) == "bin" || path.Base(dir) == "sbin":
			if slices.Contains(programs, program) || slices.Contains(programs, path.Base(name)) {
				wanted = append(wanted, e)
			}
		case !strings.HasPrefix(name, "usr/lib") || path.Base(dir) == "xtables" || strings.HasPrefix(path.Base(name), "ld"):
			wanted = append(wanted, e)
		default:
			libs[path.Base(name)] = append(libs[path.Base(name)], e)
		}
		return nil
	})
	for i := 0; err == nil && i < len(wanted); i++ {
		var more []string
		if more, err = needed(wanted[i]); err != nil {
			break
		}
		for _, lib := range more {
			wanted = append(wanted, libs[lib]...)
			delete(libs, lib)
		}
	}
	entries = append(entries, wanted...)
	if err == nil {
		entries = append(entries,
			entry{name: "usr/bin/sh", mode: linkMode, data: []byte("dash")},
			entry{name: "usr/bin/awk", mode: linkMode, data: []byte("mawk")},
			entry{name: "etc/passwd", mode: fileMode, data: []byte("root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")},
			entry{name: "etc/group", mode: fileMode, data: []byte("root:x:0:\nnogroup:x:65534:\n")},
			entry{name: "etc/hostname", mode: fileMode, data: []byte("guest\n")},
			entry{name: "etc/hosts", mode: fileMode, data: []byte("127.0.0.1 localhost\n")})
		// /usr/sbin/iptables is chosen by update-alternatives, which has not run here.
		for _, name := range []string{"iptables", "ip6tables", "iptables-save", "iptables-restore", "ip6tables-save", "ip6tables-restore", "arptables", "ebtables"} {
			entries = append(entries, entry{name: "usr/sbin/" + name, mode: linkMode, data: []byte("xtables-nft-multi")})
		}
	}
	return entries, err
}

// needed are the libraries that a file asks for: those of an ELF file, and where a link leads.
func needed(e entry) ([]string, error) {
	if e.mode == linkMode {
		return []string{path.Base(string(e.data))}, nil
	}
	f, err := elf.Open(e.from)
	if format := (*elf.FormatError)(nil); errors.As(err, &format) || errors.Is(err, io.EOF) {
		return nil, nil // a script, a table
	}
	if err != nil {
		return nil, err
	}
	libs, err := f.ImportedLibraries()
	return libs, errors.Join(err, f.Close())
}
