//go:build linux

package ip

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// TestEchoJSON has -echo print JSON, which that of iproute2 is not: [{{…}}].
func TestEchoJSON(t *testing.T) {
	ns := testns.New(t)
	ns.Up(t, "lo")
	for _, c := range []struct{ line, want string }{
		{"rule add from 10.9.0.0/16 table 99 pref 5", `[{"priority":5,`},
		{"rule del pref 5", `[{"deleted":true,"priority":5,`},
		{"nexthop add id 7 blackhole", `[{"id":7,`},
		{"route add 10.1.0.0/16 dev lo", `[{"dst":"10.1.0.0/16",`},
		{"route del 10.1.0.0/16 dev lo", `[{"deleted":true,"dst":"10.1.0.0/16",`},
		{"link add i0 index 7 type ifb", `[{"ifindex":7,"ifname":"i0",`},
		{"link del i0", `[{"deleted":true,"ifindex":7,`},
		{"link set lo alias none", "[]\n"}, // the kernel does not echo that
	} {
		r := ours(t, ns, "", false, append([]string{"-echo", "-j"}, strings.Fields(c.line)...)...)
		if r.Code != 0 || !strings.HasPrefix(r.Stdout, c.want) || !json.Valid([]byte(r.Stdout)) {
			t.Errorf("%s: got %d %q %q, want %q", c.line, r.Code, r.Stdout, r.Stderr, c.want)
		}
	}
}
