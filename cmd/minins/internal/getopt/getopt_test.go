//go:build linux

package getopt

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	long := []Option{{'a', "all", None}, {'n', "net", Attached}, {0, "new", Optional}, {'t', "target", Required}, {'?', "", None}}
	short := []Option{{'c', "", Required}, {'q', "", None}}
	for _, c := range []struct {
		table      []Option
		stop       bool
		args, want string // options as "-c=1", "-q" where there is no argument, then the other words after "|"
		err        string
	}{
		{long, false, "-a x --all", "-a --all|x", ""},
		{long, true, "-a x --all", "-a|x --all", ""},
		{long, true, "-a -- --all", "-a|--all", ""},
		{long, false, "x -- -a", "|x -a", ""},
		{long, false, "- -at5 -t 6", "-a -t=5 -t=6|-", ""},
		{long, false, "--target=5 --t 6 --ta=", "--target=5 --target=6 --target=|", ""},
		{long, false, "-nx -n x --net x --net=x", "-n=x -n --net --net=x|x x", ""},
		{long, false, "--new x --new=y", "--new --new=y|x", ""},
		{long, false, "--ne", "", "option '--ne' is ambiguous; possibilities: '--net' '--new'"},
		{long, false, "--nex", "", "unrecognized option '--nex'"},
		{long, false, "--all=x", "", "option '--all' doesn't allow an argument"},
		{long, false, "--al=x", "", "option '--all' doesn't allow an argument"},
		{long, false, "--target", "", "option '--target' requires an argument"},
		{long, false, "-at", "", "option requires an argument -- 't'"},
		{long, false, "-ax", "", "invalid option -- 'x'"},
		{short, false, "-qc1 host -q", "-q -c=1 -q|host", ""},
		{short, false, "--q", "", "invalid option -- '-'"},
	} {
		var got []string
		rest, err := Parse(c.table, strings.Fields(c.args), c.stop, func(o *Option, as, arg string, given bool) error {
			if given {
				as += "=" + arg
			}
			got = append(got, as)
			return nil
		})
		if c.err != "" {
			if err != Error(c.err) {
				t.Errorf("%q: error %v, want %s", c.args, err, c.err)
			}
			continue
		}
		if s := strings.Join(got, " ") + "|" + strings.Join(rest, " "); err != nil || s != c.want {
			t.Errorf("%q: got %q, %v, want %q", c.args, s, err, c.want)
		}
	}
}

func TestParseEnds(t *testing.T) {
	n := 0
	_, err := Parse([]Option{{'a', "", None}}, []string{"-aa"}, false, func(*Option, string, string, bool) error {
		n++
		return Error("enough")
	})
	if err != Error("enough") || n != 1 {
		t.Errorf("got %v after %d calls", err, n)
	}
}
