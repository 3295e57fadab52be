//go:build linux

package nsapplets_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/nsapplets"
	"github.com/minins/minins/internal/testns"
	"golang.org/x/sys/unix"
)

// TestMain is minins, when called by the name of an applet, and else the tests.
func TestMain(m *testing.M) {
	run := map[string]func(*applet.Cmd) int{
		"unshare": nsapplets.Unshare, nsapplets.ChildName: nsapplets.UnshareChild, "nsenter": nsapplets.Nsenter,
		"built-in": builtIn,
	}
	name := filepath.Base(os.Args[0])
	f, ok := run[name]
	if !ok {
		testns.Main(m)
	}
	c := &applet.Cmd{
		Name: name, Args: os.Args[1:], Stdin: os.Stdin, Stdout: bufio.NewWriter(os.Stdout), Stderr: os.Stderr,
		Getenv: os.Getenv, IsApplet: func(name string) bool { return run[name] != nil }, Hints: os.Getenv("HINTS") != "",
	}
	if os.Getenv("EXPLAIN") != "" {
		c.Explain = func(call, why string) { c.Printf("%s\n", call) }
	}
	code := f(c)
	c.Stdout.Flush()
	os.Exit(code)
}

func builtIn(c *applet.Cmd) int {
	c.Printf("%d %q\n", os.Getpid(), c.Args)
	return 7
}

// ours runs one of our applets, real the tool of that name.
func ours(t *testing.T, env []string, args ...string) testns.Result {
	t.Helper()
	file := filepath.Join(t.TempDir(), args[0])
	if err := os.Symlink(fmt.Sprintf("/proc/%d/exe", os.Getpid()), file); err != nil {
		t.Fatal(err)
	}
	return testns.Cmd{Args: slices.Concat([]string{file}, args[1:]), Env: env}.Run(t)
}

// same compares an applet with the tool of that name.
func same(t *testing.T, args ...string) {
	t.Helper()
	got, want := ours(t, nil, args...), testns.Run(t, args...)
	if want.Code < 0 && got.Code > 128 {
		want.Code = got.Code // Go has no death by that signal; a shell sees the same status
	}
	if got.Stdout != want.Stdout || got.Stderr != want.Stderr || got.Code != want.Code {
		t.Errorf("%q:\ngot  %d %q %q\nwant %d %q %q", args, got.Code, got.Stdout, got.Stderr, want.Code, want.Stdout, want.Stderr)
	}
}

func TestUnshare(t *testing.T) {
	for _, line := range []string{
		"-z", "--nosuch", "--fork=x true", "--m true", "--propagation", "--map-user",
		"-n nosuch", "/tmp", "-f nosuch", "-f /tmp", "-pf --mount-proc nosuch", "-pf --mount-proc /tmp", "-r nosuch",
		"-p -f sh -c exit|7", "-f sh -c kill|-TERM|$$", "-f sh -c kill|-SEGV|$$", "-rf sh -c exit|9",
		"-n ls /proc/self/ns", "-n cat /proc/net/dev", "-n -- cat /proc/net/dev", "--net cat /proc/net/dev", "--ne cat /proc/net/dev",
		"-p true", "-p sh -c true;/bin/true;/bin/true", "-pf sh -c echo|$$", "--pid --fork --mount-proc ps -eo pid,ppid,comm",
		"--mount-proc ls -d /proc/self", "--mount-proc=/nosuch true", "--mount-proc= true", "--kill-child=FOO true", "--kill-child=TERM true",
		"-m --propagation=foo true", "-m sh -c mount|-t|tmpfs|none|/mnt;ls|/mnt", "-u sh -c hostname|ns;hostname", "-i ipcs -q",
		"-r id", "-U id -u", "-c id -u", "-r cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups",
		"-U -n cat /proc/net/dev", "-U --mount-proc -pf ps -eo pid,comm", "-U -n -m grep Cap /proc/self/status", "-rp sh -c true;/bin/true;/bin/true",
		"-rpf --mount-proc ps -eo pid,comm,user", "-Urmnuif sh -c id|-u", "--net=/nosuch/file true --x",
	} {
		args := []string{"unshare"}
		for word := range strings.FieldsSeq(line) {
			args = append(args, strings.ReplaceAll(word, "|", " "))
		}
		if strings.Contains(line, "/nosuch/file") { // the tool has its process ID in the text
			got := ours(t, nil, args...)
			if want := "unshare: mount /proc/thread-self/ns/net on /nosuch/file failed: No such file or directory\n"; got.Stderr != want || got.Code != 1 {
				t.Errorf("got %+v, want %q", got, want)
			}
			continue
		}
		same(t, args...)
	}
}

// TestUnsupported has options of the tool that are refused by their names.
func TestUnsupported(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"unshare -T true", "unshare: option '-T' is one that minins does not have\n"},
		{"unshare --root=/ true", "unshare: option '--root' is one that minins does not have\n"},
		{"unshare --pid=/x true", "unshare: option '--pid=FILE' is one that minins does not have: only net, uts, ipc and cgroup can be kept\n"},
		{"unshare -r --net=/x true", "unshare: minins cannot keep a namespace (--net=FILE) beside a new user namespace\n"},
		{"nsenter -t 1 -r true", "nsenter: option '-r' is one that minins does not have\n"},
		{"nsenter -t 1 --wd true", "nsenter: option '--wd' is one that minins does not have\n"},
	} {
		got := ours(t, nil, strings.Fields(c.line)...)
		if !strings.HasPrefix(got.Stderr, c.want) || got.Code != 1 {
			t.Errorf("%s: got %d %q, want 1 %q", c.line, got.Code, got.Stderr, c.want)
		}
	}
}

// TestBuiltIn has a PATH without the command, which minins has itself.
func TestBuiltIn(t *testing.T) {
	path := []string{"PATH=/nosuch"}
	for line, want := range map[string]string{
		"unshare --pid --fork --mount-proc built-in x": "1 [\"x\"]\n",
		"unshare -rpf --mount-proc built-in x":         "1 [\"x\"]\n",
		"unshare -pf built-in":                         "1 []\n",
		"unshare -r built-in y":                        "",
		"unshare -nmui built-in -z":                    "",
		"nsenter built-in -z":                          "",
	} {
		got := ours(t, path, strings.Fields(line)...)
		if got.Code != 7 || got.Stderr != "" || want != "" && got.Stdout != want {
			t.Errorf("%s: got %+v, want %q", line, got, want)
		}
	}
	got := ours(t, path, "unshare", "-n", "no-applet")
	if got.Code != 127 || got.Stderr != "unshare: failed to execute no-applet: No such file or directory\n" {
		t.Errorf("got %+v", got)
	}
	got = ours(t, []string{"SHELL=/nosuch/sh", "HINTS=1"}, "unshare", "-n")
	if got.Code != 127 || !strings.HasPrefix(got.Stderr, "unshare: failed to execute /nosuch/sh: No such file or directory\nminins: ") {
		t.Errorf("got %+v", got)
	}
}

// TestExplain sees the calls, and that none of them is made.
func TestExplain(t *testing.T) {
	got := ours(t, []string{"EXPLAIN=1"}, "unshare", "--pid", "--fork", "--mount-proc", "/bin/ps", "aux").Must(t)
	if want := `unshare(CLONE_NEWPID)
clone(SIGCHLD)
unshare(CLONE_NEWNS)
mount("none", "/", NULL, MS_REC|MS_PRIVATE, NULL)
mount("proc", "/proc", "proc", MS_NOSUID|MS_NODEV|MS_NOEXEC, NULL)
execve("/bin/ps", ["/bin/ps", "aux"], environ)
`; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	got = ours(t, []string{"EXPLAIN=1"}, "nsenter", "-t", "12", "-p", "-m", "-n/no", "/bin/ps").Must(t)
	if want := `openat(AT_FDCWD, "/no", O_RDONLY|O_CLOEXEC)
openat(AT_FDCWD, "/proc/12/ns/pid", O_RDONLY|O_CLOEXEC)
openat(AT_FDCWD, "/proc/12/ns/mnt", O_RDONLY|O_CLOEXEC)
setns(fd, CLONE_NEWNET)
setns(fd, CLONE_NEWPID)
unshare(CLONE_FS)
setns(fd, CLONE_NEWNS)
clone(SIGCHLD)
execve("/bin/ps", ["/bin/ps"], environ)
`; got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// TestKeep keeps a namespace on a file, for the real tools to enter.
func TestKeep(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kept")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	ours(t, nil, "unshare", "--net="+file, "ip", "link", "add", "br7", "type", "bridge").Must(t)
	defer unix.Unmount(file, unix.MNT_DETACH)
	if got := testns.Run(t, "nsenter", "--net="+file, "ip", "-o", "link").Must(t); !strings.Contains(got, "br7") {
		t.Errorf("nsenter: %q", got)
	}
	if got := ours(t, nil, "nsenter", "--net="+file, "ip", "-o", "link").Must(t); !strings.Contains(got, "br7") {
		t.Errorf("ours: %q", got)
	}
}
