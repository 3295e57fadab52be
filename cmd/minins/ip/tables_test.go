//go:build linux

package ip

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
)

// TestTables has both tools read files of names with odd lines: names of several
// numbers, numbers of several names, and a line that ends the file.
func TestTables(t *testing.T) {
	testns.Tool(t, "ip")
	dir := t.TempDir()
	for name, text := range map[string]string{
		"rt_tables": "# comment\n255 local\n254 main\n253 default\n300 two\n45 two\n1069 two\n1000 three\n1256 three\n232 four\n" +
			"1256 four words\n7 seven # comment\n8 eight#x\n010 ten\n0x20 hex\n-1 minus\n   77 blank\n99abc\ngarbage\n500 after\n",
		"group":     "5 gp\n3 gp\n300 big\n7 a b\n",
		"rt_protos": "70 pp\n60 pp\n61 p2\n",
	} {
		if err := os.WriteFile(dir+"/"+name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := unix.Mount(dir, "/etc/iproute2", "", unix.MS_BIND, ""); err != nil {
		testns.Skip(t, "no files over those in /etc/iproute2: "+err.Error())
	}
	t.Cleanup(func() {
		if err := unix.Unmount("/etc/iproute2", 0); err != nil {
			t.Error(err)
		}
	})
	script := "+ link add va type veth peer name vb\n+ link set va up\n+ link set vb up\n"
	for _, name := range []string{"two", "three", "four", "seven", "eight#x", "eight", "ten", "hex", "minus", "blank", "c", "after", "8", "300"} {
		script += "route replace 10.1.0.0/16 dev va table " + name + "\n-N route show table all root 10.0.0.0/8\nroute show table all root 10.0.0.0/8\n"
	}
	for _, name := range []string{"gp", "big", "a", "b"} {
		script += "link set va group " + name + "\n-N link show va\nlink show va\n"
	}
	for _, name := range []string{"pp", "p2", "9"} {
		script += "route replace 10.2.0.0/16 dev va proto " + name + "\n-N route\nroute\n"
	}
	want, _ := play(t, script, func(ns *testns.NS, args []string) testns.Result {
		return ns.Run(t, append([]string{"ip"}, args...)...)
	})
	got, _ := play(t, script, func(ns *testns.NS, args []string) testns.Result { return ours(t, ns, "", false, args...) })
	for i, w := range want {
		compare(t, got[i], w)
	}
}
