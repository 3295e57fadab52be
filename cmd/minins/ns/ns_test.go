//go:build linux

package ns_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/ns"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

func TestMain(m *testing.M) { testns.Main(m) }

// run is "minins ns".
func run(args ...string) (status int, stdout, stderr string) {
	var out, err bytes.Buffer
	c := &applet.Cmd{Name: "ns", Args: args, Stdout: bufio.NewWriter(&out), Stderr: &err}
	status = ns.Run(c)
	c.Stdout.Flush()
	return status, out.String(), err.String()
}

// furnish makes a name of each kind, and returns what tells the live one.
func furnish(t *testing.T) nsfs.Identity {
	t.Helper()
	if err := nsfs.Create("red"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nsfs.Delete("red"); _ = nsfs.Delete("old"); _ = os.Remove(nsfs.Path("dir")) })
	if err := os.WriteFile(nsfs.Path("old"), nil, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(nsfs.Path("dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	n, err := nsfs.Open("red")
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	id, err := n.Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// sorted has the lines of a list in the order of names.
func sorted(lines string) string {
	all := strings.SplitAfter(lines, "\n")
	byName := map[string]string{}
	for _, line := range all {
		name, _, _ := strings.Cut(line, " ")
		byName[name] += line
	}
	return byName["dir"] + byName["old"] + byName["red"]
}

func TestList(t *testing.T) {
	if status, out, err := run(); status != 0 || out != "" || err != "" {
		t.Errorf("of nothing: %d %q %q", status, out, err)
	}
	if status, out, err := run("-j"); status != 0 || out != "[]\n" || err != "" {
		t.Errorf("of nothing, as JSON: %d %q %q", status, out, err)
	}
	id := furnish(t)
	want := "dir             not a namespace neither a namespace nor an empty file\n" +
		"old             stale           an empty file, with no namespace mounted on it yet: it may be in the making\n" +
		fmt.Sprintf("red             live            inode %d id %d\n", id.Ino, id.ID)
	for _, words := range [][]string{nil, {"list"}} {
		if status, out, err := run(words...); status != 0 || sorted(out) != want || err != "" {
			t.Errorf("%q: %d %q\n%s", words, status, err, testns.Diff(want, sorted(out)))
		}
	}
	for _, option := range []string{"-j", "-p", "--json"} {
		status, out, stderr := run("list", option)
		var all []map[string]any
		if err := json.Unmarshal([]byte(out), &all); err != nil || status != 0 || stderr != "" {
			t.Fatalf("%s: %v: %d %q %q", option, err, status, out, stderr)
		}
		if strings.Contains(out, "\n    ") != (option == "-p") {
			t.Errorf("%s: %s", option, out)
		}
		got := map[string]string{}
		for _, e := range all {
			got[e["name"].(string)] = fmt.Sprint(e["state"], " ", e["why"] != nil, " ", e["inode"] == float64(id.Ino), " ", e["id"] == float64(id.ID), " ", len(e))
		}
		want := map[string]string{"dir": "not a namespace true false false 3", "old": "stale true false false 3", "red": "live false true true 4"}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s:\ngot  %v\nwant %v", option, got, want)
		}
	}
}

// TestShow names a namespace in three ways, which a process holds in three.
func TestShow(t *testing.T) {
	id := furnish(t)
	red, err := nsfs.Open("red")
	if err != nil {
		t.Fatal(err)
	}
	defer red.Close()
	file, err := os.Open(nsfs.Path("red"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	sleep := exec.Command(testns.Tool(t, "sleep"), "1000")
	sleep.ExtraFiles = []*os.File{file} // as 3
	err = red.Do(func() error {
		sock, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		sleep.ExtraFiles = append(sleep.ExtraFiles, os.NewFile(uintptr(sock), "socket")) // as 4
		return sleep.Start()
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = sleep.Process.Kill(); _ = sleep.Wait() }()
	sleep.ExtraFiles[1].Close()
	red.Close()
	file.Close()
	for len(testns.Strays()) > 0 { // the thread that made it has yet to end
		time.Sleep(time.Millisecond)
	}

	pid := sleep.Process.Pid
	rows := fmt.Sprintf("live            inode %d id %d\n", id.Ino, id.ID) +
		fmt.Sprintf("    process %d (sleep)\n    file 3 of process %[1]d (sleep)\n    socket 4 of process %[1]d (sleep)\n    mount /run/netns/red\n", pid)
	for _, word := range []string{"red", fmt.Sprint(pid), fmt.Sprintf("/proc/%d/ns/net", pid)} {
		want := fmt.Sprintf("%-15s ", word) + rows
		if status, out, err := run("show", word); status != 0 || out != want || err != "" {
			t.Errorf("%s: %d %q\n%s", word, status, err, testns.Diff(want, out))
		}
	}
	want := fmt.Sprintf(`[{"name":"red","state":"live","inode":%d,"id":%d,"holders":[`, id.Ino, id.ID) +
		fmt.Sprintf(`{"kind":"process","pid":%d,"comm":"sleep"},{"kind":"file","number":3,"pid":%[1]d,"comm":"sleep"},`, pid) +
		fmt.Sprintf(`{"kind":"socket","number":4,"pid":%d,"comm":"sleep"},{"kind":"mount","path":"/run/netns/red"}]}]`, pid) + "\n"
	if status, out, err := run("-j", "show", "red"); status != 0 || out != want || err != "" {
		t.Errorf("JSON: %d %q\ngot  %s\nwant %s", status, err, out, want)
	}
	if status, out, err := run("show", "dir"); status != 0 || out != "dir             not a namespace neither a namespace nor an empty file\n" || err != "" {
		t.Errorf("dir: %d %q %q", status, out, err)
	}
	if status, out, err := run("show", "nope"); status != 1 || out != "" || err != "minins ns: Cannot open network namespace \"nope\": no such file or directory\n" {
		t.Errorf("nope: %d %q %q", status, out, err)
	}
}

func TestRepair(t *testing.T) {
	furnish(t)
	age := regexp.MustCompile(`(?m)^left old: an empty file.* it may be in the making$`)
	for _, words := range [][]string{{"repair", "-n"}, {"repair"}} {
		status, out, err := run(words...)
		if status != 0 || err != "" {
			t.Errorf("%q: %d %q", words, status, err)
		}
		if left := len(words) == 1; age.MatchString(out) != left || strings.Contains(out, "left dir: neither") != left || strings.Contains(out, "remove") {
			t.Errorf("%q: %q", words, out)
		}
	}
	if _, err := os.Lstat(nsfs.Path("old")); err != nil {
		t.Errorf("a young one was removed: %v", err)
	}
}

// TestWatch reads what comes and goes, until nobody reads it any more.
func TestWatch(t *testing.T) {
	for _, form := range []struct {
		option, line string
	}{{"-n", `(\w+) (\w+) inode \d+ id \d+`}, {"-j", `\{"event":"(\w+)","name":"(\w+)","inode":\d+,"id":\d+\}`}} {
		t.Run(form.option, func(t *testing.T) {
			furnish(t)
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			var stderr bytes.Buffer
			done := make(chan int)
			go func() {
				defer w.Close()
				done <- ns.Run(&applet.Cmd{Name: "ns", Args: []string{"watch", form.option}, Stdout: bufio.NewWriter(w), Stderr: &stderr})
			}()
			lines := bufio.NewScanner(r)
			want := func(event string) {
				t.Helper()
				if !lines.Scan() {
					t.Fatalf("no %s: %v", event, lines.Err())
				}
				m := regexp.MustCompile("^" + form.line + "$").FindStringSubmatch(lines.Text())
				if m == nil || m[1]+" "+m[2] != event {
					t.Errorf("got %q, want %s", lines.Text(), event)
				}
			}
			want("there red")
			testns.Run(t, "ip", "netns", "add", "blue").Must(t)
			want("add blue")
			testns.Run(t, "ip", "netns", "del", "blue").Must(t)
			want("delete blue")
			r.Close()
			testns.Run(t, "ip", "netns", "add", "blue").Must(t)
			defer nsfs.Delete("blue")
			if status := <-done; status != 1 || stderr.Len() > 0 { // main says why
				t.Errorf("%d %q", status, &stderr)
			}
		})
	}
}

// TestOddNames has names that a terminal should not get as they are.
func TestOddNames(t *testing.T) {
	if err := nsfs.Create("a\x1b[31m\nb"); err != nil {
		t.Fatal(err)
	}
	defer nsfs.Delete("a\x1b[31m\nb")
	for _, word := range []string{"list", "show"} {
		words := []string{word}
		if word == "show" {
			words = append(words, "a\x1b[31m\nb")
		}
		if status, out, err := run(words...); status != 0 || !strings.Contains(out, `a\x1b[31m\x0ab `) || strings.Contains(out, "\x1b") {
			t.Errorf("%q: %d %q %q", words, status, out, err)
		}
	}
	if status, out, err := run("show", "\x1bx"); status != 1 || out != "" || !strings.Contains(err, `\x1bx`) || strings.Contains(err, "\x1b") {
		t.Errorf("%d %q %q", status, out, err)
	}
}

func TestWords(t *testing.T) {
	const try = "\nTry 'minins ns --help' for more information.\n"
	for words, want := range map[string]string{
		"lst":       "minins ns: there is no 'lst'; expected list, show, watch or repair" + try,
		"show":      "minins ns: 'show' of what? Expected a name, a process number or a path" + try,
		"list red":  "minins ns: 'red' is one word too many behind 'list'" + try,
		"show a b":  "minins ns: 'b' is one word too many behind 'show'" + try,
		"-x repair": "minins ns: invalid option -- 'x'" + try,
	} {
		if status, out, err := run(strings.Fields(words)...); status != 2 || out != "" || err != want {
			t.Errorf("%s: %d %q %q, want %q", words, status, out, err, want)
		}
	}
	if status, out, err := run("watch", "-h"); status != 0 || !strings.HasPrefix(out, "Usage: minins ns ") || err != "" {
		t.Errorf("-h: %d %q %q", status, out, err)
	}
}

// TestExplain tells what each would do, and does none of it.
func TestExplain(t *testing.T) {
	furnish(t)
	for words, call := range map[string]string{"": "getdents64", "show red": "pidfd_getfd", "watch": "inotify_add_watch", "repair": "unlink"} {
		var told []string
		var out bytes.Buffer
		c := &applet.Cmd{
			Name: "ns", Args: strings.Fields(words), Stdout: bufio.NewWriter(&out), Stderr: &out,
			Explain: func(call, why string) {
				told = append(told, call)
				if why == "" {
					t.Errorf("%s: no reason", call)
				}
			},
		}
		status := ns.Run(c)
		c.Stdout.Flush()
		if status != 0 || out.String() != "" || !strings.Contains(strings.Join(told, " "), call) {
			t.Errorf("%q: %d %q, told %q", words, status, &out, told)
		}
	}
}
