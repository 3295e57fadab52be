//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A store keeps what is Debian's in a directory. It is for one goroutine.
type store struct {
	dir  string
	open map[string]*debian // by suite and architecture: their lists of packages are read once
}

// archive is Debian's, for one suite and architecture.
func (s *store) archive(suite, arch string) (*debian, error) {
	name := suite + "-" + arch
	if d := s.open[name]; d != nil {
		return d, nil
	}
	d, err := openDebian(filepath.Join(s.dir, "apt"), suite, arch)
	if err != nil {
		return nil, err
	}
	if s.open == nil {
		s.open = make(map[string]*debian)
	}
	s.open[name] = d
	return d, nil
}

// A debian is one of its archives, with a state of its own: what
// the machine has installed, and its lists of packages, stay as they are.
type debian struct {
	dir     string // of the state
	options []string
}

func openDebian(dir, suite, arch string) (*debian, error) {
	d := debian{dir: filepath.Join(dir, suite+"-"+arch)}
	for _, sub := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(d.dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	mirror, err := mirror()
	if err != nil {
		return nil, err
	}
	line := "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] " + mirror + " " + suite + " main\n"
	if err := errors.Join(os.WriteFile(d.dir+"/status", nil, 0o644), os.WriteFile(d.dir+"/sources.list", []byte(line), 0o644)); err != nil {
		return nil, err
	}
	for _, option := range []string{
		"Dir::State::Lists=" + d.dir + "/lists", "Dir::State::status=" + d.dir + "/status",
		"Dir::Cache=" + d.dir + "/cache", "Dir::Cache::archives=" + d.dir + "/cache/archives",
		"Dir::Etc::SourceList=" + d.dir + "/sources.list", "Dir::Etc::SourceParts=/dev/null",
		"Dir::Etc::Preferences=/dev/null", "Dir::Etc::PreferencesParts=/dev/null",
		"APT::Architecture=" + arch, "APT::Architectures=" + arch, "APT::Sandbox::User=root",
		"Acquire::Languages=none", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false", "Acquire::Retries=3",
	} {
		d.options = append(d.options, "-o", option)
	}
	_, err = d.run(d.dir, "apt-get", "-qq", "update")
	return &d, err
}

// mirror is the one that the machine is set up with.
func mirror() (string, error) {
	re := regexp.MustCompile(`(?m)^(?:URIs:|deb(?: \[[^]]*\])?)\s+(\S+/debian)/?(?:\s|$)`)
	for _, file := range []string{"/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"} {
		b, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
		if m := re.FindSubmatch(b); m != nil {
			return string(m[1]), nil
		}
	}
	return "", errors.New("no mirror of Debian in /etc/apt/sources.list.d/debian.sources or /etc/apt/sources.list: it is where the kernels come from")
}

func (d *debian) run(dir, tool string, args ...string) ([]byte, error) {
	return output(dir, nil, tool, append(slices.Clone(d.options), args...)...)
}

// newest is the package with the highest version in its name.
func (d *debian) newest(pattern string) (string, error) {
	all, err := d.run(d.dir, "apt-cache", "pkgnames")
	if err != nil {
		return "", err
	}
	re := regexp.MustCompile(`^(?:` + pattern + `)$`)
	names := slices.DeleteFunc(strings.Fields(string(all)), func(name string) bool { return !re.MatchString(name) })
	if len(names) == 0 {
		return "", fmt.Errorf("no package %s", pattern)
	}
	return slices.MaxFunc(names, byNumbers), nil
}

// byNumbers compares the numbers in two names, one after the other.
func byNumbers(a, b string) int {
	numbers := regexp.MustCompile(`\d+`)
	return slices.CompareFunc(numbers.FindAllString(a, -1), numbers.FindAllString(b, -1), func(a, b string) int {
		x, _ := strconv.Atoi(a) // digits only
		y, _ := strconv.Atoi(b)
		return x - y
	})
}

// unpack downloads packages and unpacks them, but for files that match a pattern.
func (d *debian) unpack(packages []string, root string, except ...string) error {
	download, err := os.MkdirTemp(d.dir, "debs")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(download) }() // what is left is in the cache
	if _, err := d.run(download, "apt-get", append([]string{"-qq", "download"}, packages...)...); err != nil {
		return err
	}
	debs, err := filepath.Glob(download + "/*.deb")
	if err != nil {
		return err
	}
	for i, pattern := range except {
		except[i] = "--exclude=" + pattern
	}
	for _, deb := range debs {
		if err := extract(deb, root, except); err != nil {
			return err
		}
	}
	return nil
}

// extract unpacks a package.
func extract(deb, root string, tarArgs []string) error {
	tar := exec.Command("nice", append([]string{"tar", "-x", "-C", root, "--wildcards", "--wildcards-match-slash"}, tarArgs...)...)
	pack := exec.Command("nice", "dpkg-deb", "--fsys-tarfile", deb) // machines are running meanwhile
	var err error
	if tar.Stdin, err = pack.StdoutPipe(); err != nil {
		return err
	}
	if err := pack.Start(); err != nil {
		return err
	}
	out, terr := tar.CombinedOutput()
	if err := errors.Join(terr, pack.Wait()); err != nil {
		return fmt.Errorf("unpack %s: %w: %s", filepath.Base(deb), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// kernelPackages are those of a kernel: since 7.x the image's package is a shell that needs
// two others.
func (d *debian) kernelPackages(pkg string) ([]string, error) {
	show, err := d.run(d.dir, "apt-cache", "show", pkg)
	if err != nil {
		return nil, err
	}
	packages := []string{pkg}
	for _, name := range regexp.MustCompile(`linux-(?:binary|modules)-[^ ,]+`).FindAllString(string(show), -1) {
		if !slices.Contains(packages, name) {
			packages = append(packages, name)
		}
	}
	return packages, nil
}

// kernel returns the directory of a target's kernel, and fills it first if
// it is not there. A kernel of an older version is taken as it is. One that is built here has none.
func (s *store) kernel(t *target) (root string, err error) {
	if t.local != "" {
		return "", nil
	}
	root = filepath.Join(s.dir, "kernel", t.name)
	if _, err := os.Stat(root); err == nil {
		return root, nil
	}
	d, err := s.archive(t.suite, t.arch)
	if err != nil {
		return "", err
	}
	pkg, err := d.newest(t.pkg)
	if err != nil {
		return "", fmt.Errorf("%w in Debian's %s for %s", err, t.suite, t.arch)
	}
	packages, err := d.kernelPackages(pkg)
	if err != nil {
		return "", err
	}
	// It gets its name when it is whole.
	part := root + ".part"
	if err := errors.Join(os.RemoveAll(part), os.MkdirAll(part, 0o755)); err != nil {
		return "", err
	}
	if err := d.unpack(packages, part, "*/kernel/sound/*", "*/kernel/fs/*", "*/kernel/drivers/[!n]*", "*/drivers/net/wireless/*",
		"*/drivers/net/ethernet/*", "*/share/doc/*"); err != nil {
		return "", err
	}
	return root, os.Rename(part, root)
}
