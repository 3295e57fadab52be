//go:build linux

package iputils

import (
	"bufio"
	"bytes"
	"strings"
	"testing"

	"github.com/minins/minins/cmd/minins/applet"
	"golang.org/x/sys/unix"
)

func TestGetopt(t *testing.T) {
	tests := []struct {
		args, want string // options as "c=1", then the other words after "|"
		err        string
	}{
		{"-c1 host", "c=1|host", ""},
		{"-c 1 host", "c=1|host", ""},
		{"host -c 1", "c=1|host", ""},
		{"-qc1 host -n", "q= c=1 n=|host", ""},
		{"-nq -- -c", "n= q=|-c", ""},
		{"-", "|-", ""},
		{"-k", "", "invalid option -- 'k'"},
		{"--help", "", "invalid option -- '-'"},
		{"-:", "", "invalid option -- ':'"},
		{"host -c", "", "option requires an argument -- 'c'"},
	}
	for _, test := range tests {
		var got []string
		rest, err := Getopt(strings.Fields(test.args), "c:nq", func(opt byte, value string) error {
			got = append(got, string(opt)+"="+value)
			return nil
		})
		if text := errText(err); text != test.err {
			t.Errorf("%q: error %q, want %q", test.args, text, test.err)
		}
		if s := strings.Join(got, " ") + "|" + strings.Join(rest, " "); err == nil && s != test.want {
			t.Errorf("%q: got %q, want %q", test.args, s, test.want)
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestInt(t *testing.T) {
	tests := []struct {
		in   string
		want int64
		err  string
	}{
		{"1", 1, ""},
		{" +7", 7, ""},
		{"x", 0, "invalid argument: 'x'"},
		{"1x", 0, "invalid argument: '1x'"},
		{"0x1", 0, "invalid argument: '0x1'"},
		{"", 0, "invalid argument: ''"},
		{"0", 0, "invalid argument: '0': out of range: 1 <= value <= 9"},
		{"-1", 0, "invalid argument: '-1': out of range: 1 <= value <= 9"},
		{"99999999999999999999", 0, "invalid argument: '99999999999999999999': Numerical result out of range"},
	}
	for _, test := range tests {
		got, err := Int(test.in, 1, 9)
		if got != test.want || errText(err) != test.err {
			t.Errorf("Int(%q) = %d, %q, want %d, %q", test.in, got, errText(err), test.want, test.err)
		}
	}
}

func TestFloat(t *testing.T) {
	tests := []struct {
		in      string
		want    float64
		warning string
		err     string
	}{
		{"0.2", 0.2, "", ""},
		{" 1e1", 10, "", ""},
		{"-1", -1, "", ""},
		{"1x", 1, "option argument contains garbage: x", ""},
		{"x", 0, "option argument contains garbage: x", ""},
		{"", 0, "", "bad: "},
		{"nan", 0, "", "bad: nan: Numerical result out of range"},
		{"1e999", 0, "option argument contains garbage: ", "bad: 1e999: Numerical result out of range"},
	}
	for _, test := range tests {
		got, warning, err := Float(test.in, "bad")
		if got != test.want || warning != test.warning || errText(err) != test.err {
			t.Errorf("Float(%q) = %v, %q, %q, want %v, %q, %q",
				test.in, got, warning, errText(err), test.want, test.warning, test.err)
		}
	}
}

func TestReport(t *testing.T) {
	tests := []struct {
		err    error
		status int
		want   string
	}{
		{FailErrno(2, unix.ENETUNREACH, "connect"), 2, "ping: connect: Network is unreachable\n"},
		{Fail(1, "no"), 1, "ping: no\n"},
		{Misuse("what"), 2, "ping: what\nUSAGE\n"},
		{Misuse(""), 2, "USAGE\n"},
		{unix.EPERM, 2, "ping: operation not permitted\n"},
	}
	for _, test := range tests {
		var stderr bytes.Buffer
		c := &applet.Cmd{Name: "ping", Stdout: bufio.NewWriter(&bytes.Buffer{}), Stderr: &stderr}
		if got := Report(c, test.err, "USAGE\n"); got != test.status || stderr.String() != test.want {
			t.Errorf("Report(%v) = %d %q, want %d %q", test.err, got, stderr.String(), test.status, test.want)
		}
	}
}
