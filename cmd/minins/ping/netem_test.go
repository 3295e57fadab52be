//go:build linux

package ping

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/minins/minins/internal/testns"
)

// TestNetem has a link delay packets: no time that is told is shorter.
func TestNetem(t *testing.T) {
	const delay = 40 // ms
	ns := testns.New(t)
	ns.Up(t, "lo")
	r := ns.Run(t, "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", strconv.Itoa(delay/2)+"ms")
	if strings.Contains(r.Stderr, "qdisc kind is unknown") {
		testns.Lacks(t, "CONFIG_NET_SCH_NETEM")
	}
	r.Must(t) // there and back take two of them
	anyGroup(t, ns)
	out := in(t, ns, "-c 3 -i 0.01 127.0.0.1").Must(t)
	var all []string
	for _, m := range regexp.MustCompile(`time=([0-9.]+) ms`).FindAllStringSubmatch(out, -1) {
		all = append(all, m[1])
	}
	if m := regexp.MustCompile(`= ([0-9.]+)/([0-9.]+)/([0-9.]+)/`).FindStringSubmatch(out); m != nil {
		all = append(all, m[1:]...)
	}
	if len(all) != 6 { // three replies; min, avg and max
		t.Fatalf("%d times in\n%s", len(all), out)
	}
	for i, text := range all {
		if ms, err := strconv.ParseFloat(text, 64); err != nil || ms < delay {
			t.Errorf("time %d is %s ms, and the link takes %d\n%s", i, text, delay, out)
		}
	}
}
