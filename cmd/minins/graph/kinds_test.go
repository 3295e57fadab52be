//go:build linux

package graph

import (
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
)

// TestLiveKinds draws links of kinds that kernels may lack.
func TestLiveKinds(t *testing.T) {
	testns.NeedsKind(t, "dummy", "vlan", "bond", "vrf", "ipvlan", "geneve")
	if err := nsfs.Create("red"); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := nsfs.Delete("red"); err != nil {
			t.Error(err)
		}
	}()
	lines := `link add d0 up type dummy
link add d1 type dummy
link add link d0 name d0.5 up type vlan id 5
link add link d0 name i0 up type ipvlan mode l2
link add bond0 type bond
link set d1 master bond0
link set bond0 up
link add blue up type vrf table 10
link set d0.5 master blue
addr add 10.5.0.1/24 dev d0.5
link add g0 up type geneve id 42 remote 10.5.0.2
`
	testns.Cmd{Args: []string{"ip", "-n", "red", "-b", "-"}, Stdin: lines}.Run(t).Must(t)
	for _, format := range []string{"text", "dot", "mermaid", "svg", "html", "json"} {
		status, out, stderr := run("--"+format, "red")
		if status != 0 || stderr != "" {
			t.Fatalf("%s: status %d, %s", format, status, stderr)
		}
		for _, want := range []string{"vlan 5", "ipvlan", "bond", "vrf 10", "geneve 42", "10.5.0.1/24"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in\n%s", format, want, out)
			}
		}
	}
}
