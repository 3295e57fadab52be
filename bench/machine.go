//go:build linux

package main

import (
	"bufio"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// A Machine is what the figures were measured on.
type Machine struct {
	Kernel  string `json:"kernel"`  // release
	Version string `json:"version"` // of the kernel: when and how it was built
	Arch    string `json:"arch"`
	CPU     string `json:"cpu"`
	CPUs    int    `json:"cpus"`
	Memory  string `json:"memory"`
	// Load is the load average of the last minute when the measurement began:
	// what others did on the machine.
	Load float64 `json:"load"`
}

func (m Machine) String() string {
	return fmt.Sprintf("Linux %s %s, %d × %s, %s", m.Kernel, m.Arch, m.CPUs, m.CPU, m.Memory)
}

func machine() (Machine, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return Machine{}, err
	}
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return Machine{}, err
	}
	const loadUnit = 1 << 16 // SI_LOAD_SHIFT of linux/sysinfo.h
	model, err := cpuModel()
	if err != nil {
		return Machine{}, err
	}
	return Machine{
		Kernel:  unix.ByteSliceToString(u.Release[:]),
		Version: unix.ByteSliceToString(u.Version[:]),
		Arch:    unix.ByteSliceToString(u.Machine[:]),
		CPU:     model,
		CPUs:    runtime.NumCPU(),
		Memory:  fmt.Sprintf("%.1f GiB", float64(info.Totalram)*float64(info.Unit)/(1<<30)),
		Load:    float64(info.Loads[0]) / loadUnit,
	}, nil
}

// cpuModel returns what /proc/cpuinfo calls the first CPU: not all
// architectures give it a name.
func cpuModel() (string, error) {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "", err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if key, value, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value), nil
		}
	}
	return runtime.GOARCH, nil
}

// A version is what a tool or a library calls itself.
type version struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// tools are asked for their versions on their command lines; the first line
// of the answer counts.
var tools = [][]string{
	{"ip", "-V"}, {"nft", "-V"}, {"iptables", "-V"}, {"busybox"}, {"gcc", "--version"},
	{"git", "describe", "--always", "--dirty"},
}

// modules are the libraries whose versions the contestants are asked for.
var modules = map[string]string{
	"vishvananda": "github.com/vishvananda/netlink",
	"jsimonetti":  "github.com/jsimonetti/rtnetlink/v2",
	"google":      "github.com/google/nftables",
	"execute":     "github.com/mdlayher/netlink",
}

// versions lists the Go release, the libraries and the tools. What is not
// there is listed as such.
func versions(p programs) []version {
	list := []version{{"go", runtime.Version()}}
	for _, c := range contestants {
		path, ok := modules[c.name]
		if !ok {
			continue
		}
		v := version{path, "not built"}
		if file, err := p.resolve(c.argv[0]); err == nil {
			v.Version = moduleOf(file, path)
		}
		list = append(list, v)
	}
	for _, argv := range tools {
		name := argv[0]
		if name == "git" {
			name = "minins"
		}
		// busybox fails where it has nothing to do, and yet says who it is.
		out, err := exec.Command(argv[0], argv[1:]...).CombinedOutput()
		line, _, _ := strings.Cut(string(out), "\n")
		if err != nil && line == "" {
			line = "unknown: " + err.Error()
		}
		list = append(list, version{name, line})
	}
	return list
}

// moduleOf returns the version of a library in a Go program.
func moduleOf(file, path string) string {
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return "unknown: " + err.Error()
	}
	for _, dep := range info.Deps {
		if dep.Path == path {
			return dep.Version
		}
	}
	return "not in " + file
}
