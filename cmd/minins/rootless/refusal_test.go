//go:build linux

package rootless_test

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
)

// filtered becomes the words behind the first, with a seccomp filter that refuses user
// namespaces, as those of containers do, or one system call.
func filtered() int {
	const (
		load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		set   = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		ret   = unix.BPF_RET | unix.BPF_K
	)
	const allow, refuse = 0x7fff0000, 0x00050000 | uint32(unix.EPERM) // SECCOMP_RET_ALLOW, _ERRNO
	flags := uint32(16)                                               // of the first argument in struct seccomp_data, in the order of x86 and arm64
	program := []unix.SockFilter{
		{Code: load, K: 0},
		{Code: equal, Jt: 1, K: unix.SYS_CLONE},
		{Code: equal, Jf: 3, K: unix.SYS_UNSHARE},
		{Code: load, K: flags},
		{Code: set, Jf: 1, K: unix.CLONE_NEWUSER},
		{Code: ret, K: refuse},
		{Code: ret, K: allow},
	}
	if call := map[string]uint32{"mount": unix.SYS_MOUNT, "setns": unix.SYS_SETNS}[os.Getenv("MININS_FILTER")]; call != 0 {
		program = []unix.SockFilter{{Code: load, K: 0}, {Code: equal, Jf: 1, K: call}, {Code: ret, K: refuse}, {Code: ret, K: allow}}
	}
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 99
	}
	fmt.Fprintln(os.Stderr, unix.Exec(os.Args[1], os.Args[1:], os.Environ()))
	return 99
}

// TestRefusal has every gate closed that can be closed here, and named by the error.
func TestRefusal(t *testing.T) {
	u := newUser(t)
	u.env = append(u.env, "MININS_HINTS=1", "M="+testns.Binary(), "DIR="+t.TempDir(), "RUN="+u.run)
	const become = "become root, or put \"minins --rootless\" before the command"
	const capability = "it takes CAP_SYS_ADMIN: " + become
	// In a network of one's own one may close gates.
	for _, c := range []struct{ what, script, want string }{
		{"user.max_user_namespaces", "echo 0 >/proc/sys/user/max_user_namespaces; $M --rootless true",
			"minins --rootless: new user, network and mount namespaces: No space left on device; user.max_user_namespaces is 0, so that nobody"},
		{"of a lab", "echo 0 >/proc/sys/user/max_user_namespaces; $M --rootless=red true",
			"minins --rootless: lab \"red\": new user, network and mount namespaces: No space left on device; user.max_user_namespaces is 0, so that nobody"},
		{"user.max_net_namespaces", "echo 0 >/proc/sys/user/max_net_namespaces; $M --rootless true", "user.max_net_namespaces is 0"},
		{"user.max_mnt_namespaces", "echo 0 >/proc/sys/user/max_mnt_namespaces; $M --rootless true", "sysctl user.max_mnt_namespaces=15000"},
		{"one is the most", "echo 1 >/proc/sys/user/max_net_namespaces; $M --rootless $M --rootless true",
			"user.max_net_namespaces is "},
		{"ip netns add", "echo 0 >/proc/sys/user/max_net_namespaces; $M ip netns add red", "minins: user.max_net_namespaces is 0"},
		{"unshare", "echo 0 >/proc/sys/user/max_net_namespaces; $M unshare -n true", "unshare: unshare failed: No space left on device\nminins: user.max_net_namespaces is 0"},
		{"unshare -Ur", "echo 0 >/proc/sys/user/max_user_namespaces; $M unshare -Ur true", "unshare: unshare failed: No space left on device\nminins: user.max_user_namespaces is 0"},
		{"32 deep", `d() { echo 'test $1 = 0 && exec $M --rootless true; exec $M unshare -r sh $0 $(($1-1))' >$DIR/deep; sh $DIR/deep 32; }; d`,
			"or they are nested 32 deep"},
		{"chroot", "cd $DIR; mkdir -p r/proc; mount --rbind /proc r/proc; cp $M r; chroot r /minins --rootless true", "Operation not permitted; this is a chroot, in which"},
		{"no /proc", "cd $DIR; mkdir -p e; cp $M e; chroot e /minins --rootless true", "there is no /proc here"},
		{"no mapping", "$M unshare -U $M --rootless true", "the user namespace of this process maps no user"},
	} {
		got := u.minins("--rootless", "sh", "-c", c.script)
		if got.Code != 1 || !strings.Contains(got.Stderr, c.want) {
			t.Errorf("%s: got %d %q, want 1 and %q", c.what, got.Code, got.Stderr, c.want)
		}
	}
	for _, c := range []struct{ what, script, want string }{
		{"ip netns add without any right", "$M ip netns add red", capability},
		{"unshare without any right", "$M unshare -n true", "unshare: unshare failed: Operation not permitted\nminins: " + capability + "\n"},
		{"capture", "$M capture", "minins capture: cannot capture in this namespace: socket(AF_PACKET): operation not permitted\n" +
			"minins: it takes CAP_NET_RAW, and CAP_SYS_ADMIN for other namespaces: " + become},
		{"trace-packet", "$M trace-packet --dst 127.0.0.1", "minins: it takes CAP_NET_ADMIN and CAP_NET_RAW, and CAP_SYS_ADMIN for other namespaces: " + become},
		{"gc", "$M gc", "minins: it takes CAP_NET_ADMIN and CAP_SYS_ADMIN: " + become},
	} {
		if os.Getuid() == 0 {
			break
		}
		got := result(t, shell(u, c.script))
		if got.Code != 1 || !strings.Contains(got.Stderr, c.want) {
			t.Errorf("%s: got %d %q, want 1 and %q", c.what, got.Code, got.Stderr, c.want)
		}
	}
	// A filter, and with it what the files of the sysctls would say where they are.
	for _, c := range []struct {
		what, set string
		want      []string
	}{
		{"seccomp", "true", []string{"Operation not permitted; a seccomp filter is on this process"}},
		{"Debian", "echo 0 >/proc/sys/kernel/unprivileged_userns_clone", []string{"; kernel.unprivileged_userns_clone is 0: as root,", "; a seccomp"}},
		{"Ubuntu", "echo 1 >/proc/sys/kernel/apparmor_restrict_unprivileged_userns", []string{"; kernel.apparmor_restrict_unprivileged_userns is 1: as root,", "AppArmor profile"}},
		{"Ubuntu twice", "echo 1 >/proc/sys/kernel/apparmor_restrict_unprivileged_userns; echo 1 >/proc/sys/kernel/apparmor_restrict_unprivileged_unconfined",
			[]string{"_userns is 1:", "; kernel.apparmor_restrict_unprivileged_unconfined is 1 as well"}},
		{"open sysctls", "echo 1 >/proc/sys/kernel/unprivileged_userns_clone; echo 0 >/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
			[]string{"Operation not permitted; a seccomp"}},
	} {
		script := "mount -t tmpfs none /proc/sys/kernel; " + c.set + `; exec setpriv --bounding-set -sys_admin --inh-caps -sys_admin env MININS_FILTER=1 /proc/self/fd/3 "$M" --rootless true`
		for _, flag := range []string{"--rootless", "--rootless=red"} {
			cmd := u.command("--rootless", "sh", "-c", strings.Replace(script, "--rootless true", flag+" true", 1))
			self, err := os.Open("/proc/self/exe")
			if err != nil {
				t.Fatal(err)
			}
			cmd.ExtraFiles = []*os.File{self}
			got := result(t, cmd)
			self.Close()
			for _, want := range c.want {
				if got.Code != 1 || !strings.Contains(got.Stderr, want) {
					t.Errorf("%s: got %d %q, want 1 and %q", c.what, got.Code, got.Stderr, want)
				}
			}
		}
	}
}

// TestRefusedInside has what comes after the namespaces be refused: the mounts in them,
// and to enter those of a lab.
func TestRefusedInside(t *testing.T) {
	u := newUser(t)
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	u.minins("--rootless=there", "true").Must(t)
	for _, c := range []struct{ call, flag, want string }{
		{"mount", "--rootless", "minins --rootless: mount --make-rslave /: Operation not permitted; a seccomp filter is on"},
		{"mount", "--rootless=new", "minins --rootless: mount --make-rslave /: Operation not permitted; a seccomp filter is on"},
		{"setns", "--rootless=there", "minins --rootless: the user namespace of the lab: Operation not permitted; a seccomp filter is on"},
	} {
		cmd := exec.Command("/proc/self/fd/3", testns.Binary(), c.flag, "true")
		cmd.Env = append(u.env, "MININS_FILTER="+c.call)
		cmd.ExtraFiles = []*os.File{self}
		if got := result(t, cmd); got.Code != 1 || !strings.HasPrefix(got.Stderr, c.want) {
			t.Errorf("%s: got %d %q, want 1 and %q", c.call, got.Code, got.Stderr, c.want)
		}
	}
	if _, err := os.Stat(u.run + "/minins/new"); err == nil {
		t.Error("a lab that could not be made is left")
	}
}

// TestNothingLeft has a lab that cannot be made: there is no file of it then, and
// what is asked for again says the same.
func TestNothingLeft(t *testing.T) {
	u := newUser(t)
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer self.Close()
	for range 2 {
		cmd := exec.Command("/proc/self/fd/3", testns.Binary(), "--rootless=red", "true")
		cmd.Env = append(u.env, "MININS_FILTER=1")
		cmd.ExtraFiles = []*os.File{self}
		got := result(t, cmd)
		if got.Code != 1 || !strings.HasPrefix(got.Stderr, "minins --rootless: lab \"red\": new user, network and mount namespaces: Operation not permitted; ") {
			t.Errorf("%+v", got)
		}
		if left, err := os.ReadDir(u.run); err != nil || len(left) > 0 {
			t.Errorf("%v is left: %v", left, err)
		}
	}
	like(t, u.minins("--rootless=red", "sh", "-c", "exit "+strconv.Itoa(4)), 4, "", "")
}
