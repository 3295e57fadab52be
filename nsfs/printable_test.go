//go:build linux

package nsfs_test

import (
	"testing"

	"github.com/minins/minins/nsfs"
)

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "red": "red", "a b": "a b", "é": "é", "東": "東", "a\x1b[31mb\n": `a\x1b[31mb\x0a`, "\xffx": `\xffx`, "\u200e": `\u200e`,
		"\U000e0001": `\U000e0001`, "\ufffd": "\ufffd", `\x1b`: `\x1b`, "\x7f\u0085": `\x7f\x85`,
	} {
		if got := nsfs.Printable(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestSysctlPath(t *testing.T) {
	for name, path := range map[string]string{
		"net.ipv4.ip_forward": "net/ipv4/ip_forward", "net.ipv4.conf.eth0/5.rp_filter": "net/ipv4/conf/eth0.5/rp_filter", "x": "x", "": "",
	} {
		if got := nsfs.SysctlPath(name); got != path {
			t.Errorf("%q: got %q, want %q", name, got, path)
		}
		if got := nsfs.SysctlPath(path); got != path {
			t.Errorf("%q: got %q", path, got)
		}
		if got := nsfs.SysctlName(path); got != name {
			t.Errorf("%q: got %q, want %q", path, got, name)
		}
	}
}
