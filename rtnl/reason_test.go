//go:build linux

package rtnl

import (
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestReasonOfPermission: EACCES is not always of rights.
func TestReasonOfPermission(t *testing.T) {
	bond := &Link{Info: LinkInfo{Kind: "bond", Bond: new(Bond)}}
	for _, c := range []struct {
		link *Link
		err  syscall.Errno
		want string
	}{
		{bond, unix.EACCES, "mode"},
		{bond, unix.EPERM, "CAP_NET_ADMIN"},
		{&Link{}, unix.EACCES, "CAP_NET_ADMIN"},
	} {
		if got := Reason("set", c.link, c.err); !strings.Contains(got, c.want) {
			t.Errorf("%v: %q, want %s", c.err, got, c.want)
		}
	}
}
