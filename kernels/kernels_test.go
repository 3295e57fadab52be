//go:build linux

package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// kernelModule is an object file with nothing but a .modinfo.
func kernelModule(info ...string) []byte {
	data := []byte(strings.Join(info, "\x00") + "\x00")
	names := []byte("\x00.modinfo\x00.shstrtab\x00")
	var b bytes.Buffer
	const headers = 64
	write := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) } // into memory
	write(elf.Header64{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_REL), Machine: uint16(elf.EM_X86_64), Version: 1, Ehsize: headers,
		Shoff: uint64(headers + len(data) + len(names)), Shentsize: 64, Shnum: 3, Shstrndx: 2,
	})
	b.Write(data)
	b.Write(names)
	write(elf.Section64{})
	write(elf.Section64{Name: 1, Type: uint32(elf.SHT_PROGBITS), Off: headers, Size: uint64(len(data))})
	write(elf.Section64{Name: 10, Type: uint32(elf.SHT_STRTAB), Off: uint64(headers + len(data)), Size: uint64(len(names))})
	return b.Bytes()
}

func TestLoadOrder(t *testing.T) {
	root := t.TempDir()
	for name, info := range map[string][]string{
		"net/nf-tables.ko":         {"license=GPL", "depends=nfnetlink,libcrc32c"},
		"net/nfnetlink.ko":         {"depends="},
		"lib/libcrc32c.ko":         {"softdep=pre: crc32c post: other", "depends="},
		"crypto/crc32c_generic.ko": {"alias=crypto-crc32c", "alias=crypto-crc32c-generic"},
		"net/veth.ko":              {"depends="},
		"sound/snd.ko":             {},
	} {
		file := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, kernelModule(info...), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(root+"/modules.builtin", []byte("kernel/net/ipv6/ipv6.ko\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	d, err := openDepot(root)
	if err != nil {
		t.Fatal(err)
	}
	order, missing, err := d.load([]string{"nf_tables", "veth", "ipv6", "dummy", "nfnetlink"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range order {
		names = append(names, m.name)
	}
	if want := []string{"nfnetlink", "crc32c_generic", "libcrc32c", "nf_tables", "veth"}; !slices.Equal(names, want) {
		t.Errorf("loaded in the order %q, want %q", names, want)
	}
	if !slices.Equal(missing, []string{"dummy"}) {
		t.Errorf("missing: %q", missing)
	}
}

// The archive is what cpio(1) of busybox unpacks.
func TestInitramfs(t *testing.T) {
	dir := t.TempDir()
	archive := dir + "/a.cpio"
	if err := writeInitramfs(archive, []entry{
		{name: "init", mode: exeMode, data: []byte("program")},
		{name: "suite/nl/testdata/x", mode: fileMode, from: "kernels_test.go"},
		{name: "bin", mode: linkMode, data: []byte("usr/bin")},
		{name: "empty", mode: fileMode},
		{name: "bin/sh", mode: linkMode, data: []byte("dash")},
	}, false); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	out := testns.Cmd{Args: []string{"busybox", "cpio", "-t"}, Stdin: string(b)}.Run(t).Must(t)
	if want := "dev\ndev/console\ninit\nsuite\nsuite/nl\nsuite/nl/testdata\nsuite/nl/testdata/x\nbin\nempty\nbin/sh\n"; out != want {
		t.Errorf("the archive lists\n%swant\n%s", out, want)
	}
	testns.Cmd{Args: []string{"busybox", "cpio", "-i", "init", "bin", "suite/nl/testdata/x", "suite/nl/testdata", "suite/nl", "suite"}, Stdin: string(b), Dir: dir}.Run(t).Must(t)
	want, _ := os.ReadFile("kernels_test.go")
	got, err := os.ReadFile(dir + "/suite/nl/testdata/x")
	to, lerr := os.Readlink(dir + "/bin")
	st, serr := os.Stat(dir + "/init")
	if err := errors.Join(err, lerr, serr); err != nil || !bytes.Equal(got, want) || to != "usr/bin" || st.Mode() != 0o755 {
		t.Errorf("%v; %d bytes of %d, link to %q, mode %v", err, len(got), len(want), to, st.Mode())
	}
}

func TestReport(t *testing.T) {
	r := &report{target: &targets[0]}
	r.read([]byte("[    0.5] noise\r\nK kernel 6.1.0 x86_64\r\nK module vcan no such device\r\n" +
		"K pass nl TestBatch (0.01s)\r\n[ 1.0] K skip nl TestTripwire (0.00s): no io_uring\r\n" +
		"K fail nl TestX (1.00s)\r\nK |     x_test.go:1: wrong\r\nK ran nl 2.0 exit status 1\r\nK pass demo ./demo\r\nK ran demo 1.0 ok\r\nK end\r\n"))
	if r.kernel != "6.1.0 x86_64" || r.pass != 2 || !r.ended || !r.started || !r.bad() ||
		!slices.Equal(r.failed, []string{"nl TestX (1.00s)", "nl (exit)"}) || !slices.Equal(r.skipped, []string{"nl TestTripwire (0.00s): no io_uring"}) {
		t.Errorf("%+v", r)
	}
	ok := &report{}
	ok.read([]byte("K kernel x\nK pass nl TestA (0.01s)\nK ran nl 2.0 ok\nK end\n"))
	if ok.bad() {
		t.Errorf("%+v is bad", ok)
	}
	unexplained := &report{}
	unexplained.read([]byte("K skip nl TestA (0.01s): \nK ran nl 2.0 ok\nK end\n"))
	if !unexplained.bad() {
		t.Error("a test that was skipped without a reason is good")
	}
	var all totals
	all.add(r)
	all.add(&report{target: &targets[1], skipped: []string{"nl TestTripwire (0.00s): no io_uring", "nl TestOther (0.00s): no io_uring"}})
	var why strings.Builder
	all.why(&why)
	if want := "skipped 3 times: no io_uring: nl TestTripwire, nl TestOther (" + targets[0].name + " " + targets[1].name + ")\n"; why.String() != want {
		t.Errorf("got %q, want %q", why.String(), want)
	}
	cut := &report{}
	cut.read([]byte("K kernel x\nK pass nl TestA (0.01s)\n"))
	if !cut.bad() {
		t.Error("a machine that died in the middle is good")
	}
}

func TestExtra(t *testing.T) {
	e, err := parseExtra("s390x|^amd64-7=./nsfs ./container")
	if err != nil {
		t.Fatal(err)
	}
	s := &suite{tests: []string{"./nl"}, more: []extra{e}}
	for name, want := range map[string]string{"s390x-6.1": "./nl ./nsfs ./container", "mips-6.1": "./nl"} {
		if got := strings.Join(s.testsFor(&target{name: name}), " "); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	for _, wrong := range []string{"./nsfs", "(=./nsfs"} {
		if _, err := parseExtra(wrong); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

// Packages of one name are built apart.
func TestGroups(t *testing.T) {
	got := groups([]pkg{{path: "m/nft"}, {path: "m/nl"}, {path: "m/cmd/nft"}, {path: "m/x/nft"}})
	if want := [][]pkg{{{path: "m/nft"}, {path: "m/nl"}}, {{path: "m/cmd/nft"}}, {{path: "m/x/nft"}}}; !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A test binary is made once for all targets that it is for, and only of packages that have tests.
func TestBuildTests(t *testing.T) {
	module, dir := t.TempDir(), t.TempDir()
	const test = "package p\nimport \"testing\"\nfunc Test(t *testing.T) {}\n"
	old := filepath.Join(dir, "test", "old.test")
	for file, text := range map[string]string{
		module + "/go.mod":        "module example.org/m\n",
		module + "/a/p_test.go":   test,
		module + "/b/a/p_test.go": test,
		module + "/c/p.go":        "package p\n",
		old:                       "",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	pkgs := []pkg{{path: "example.org/m/a"}, {path: "example.org/m/b/a"}, {path: "example.org/m/c"}}
	t.Chdir(module)
	s, target := new(suite), &target{env: "GOARCH=" + runtime.GOARCH}
	if err := s.buildTests(target, dir, pkgs[:1]); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pkgs[0].binary(dir), nil, 0o644); err != nil { // to be known again
		t.Fatal(err)
	}
	if err := s.buildTests(target, dir, pkgs); err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, file := range []string{pkgs[0].binary(dir), pkgs[1].binary(dir), pkgs[2].binary(dir), old} {
		if st, err := os.Stat(file); err == nil {
			files = append(files, fmt.Sprintf("%s %t", filepath.Base(filepath.Dir(file)), st.Size() > 0))
		}
	}
	if want := []string{"m false", "b true"}; !slices.Equal(files, want) {
		t.Errorf("got %q, want %q", files, want)
	}
}

func TestVersions(t *testing.T) {
	names := []string{"linux-image-6.1.0-9-cloud-amd64", "linux-image-6.1.0-50-cloud-amd64", "linux-image-5.10.0-70-cloud-amd64"}
	if got := slices.MaxFunc(names, byNumbers); got != names[1] {
		t.Errorf("the newest of %q is said to be %s", names, got)
	}
}

// Each target is whole: a package and an image, or a kernel of one's own.
func TestTargets(t *testing.T) {
	seen := map[string]bool{}
	for _, tt := range targets {
		if seen[tt.name] || tt.env == "" || tt.qemu == "" || tt.console == "" ||
			(tt.local == "") != (tt.suite != "" && tt.arch != "" && tt.pkg != "" && tt.kernel != "") {
			t.Errorf("target %+v", tt)
		}
		seen[tt.name] = true
		if _, err := regexp.Compile(tt.pkg); err != nil {
			t.Error(err)
		}
	}
}

// docs/kernel.config has each option that minins names where it is missing, and the big-endian
// kernels have all of it, so that it is tried.
func TestKernelConfig(t *testing.T) {
	read := func(file string) string {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	config := read("../docs/kernel.config")
	comment := regexp.MustCompile(`(?m)#.*`)
	built := strings.Fields(comment.ReplaceAllString(read("mips.config"), ""))
	built = append(built, "INOTIFY_USER", "NETFILTER_XTABLES") // by default, but of a kernel for experts
	options := regexp.MustCompile(`(?m)^CONFIG_(\w+)=y$`).FindAllStringSubmatch(config, -1)
	if len(options) < 50 {
		t.Fatalf("%d options", len(options))
	}
	for _, m := range options {
		if !slices.Contains(built, m[1]) {
			t.Errorf("%s is in docs/kernel.config, and not in mips.config", m[1])
		}
	}
	for _, name := range regexp.MustCompile(`CONFIG_\w+\b`).FindAllString(read("missing/missing.txt"), -1) {
		if name != "CONFIG_NFT" && !strings.Contains(config, name+"=y\n") { // NFT: the beginning of any
			t.Errorf("%s is named by minins, and not in docs/kernel.config", name)
		}
	}
}
