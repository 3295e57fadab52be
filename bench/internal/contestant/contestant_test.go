//go:build linux

package contestant

import (
	"slices"
	"testing"
	"time"
)

func TestPercentiles(t *testing.T) {
	var took []time.Duration
	for i := range 200 {
		took = append(took, time.Duration(200-i))
	}
	for _, test := range []struct {
		took []time.Duration
		want []string
	}{
		{took, []string{"p50_ns=100", "p99_ns=198"}},
		{took[:1], []string{"p50_ns=1", "p99_ns=1"}},
		{took[:2], []string{"p50_ns=1", "p99_ns=2"}},
	} {
		if got := Percentiles(test.took); !slices.Equal(got, test.want) {
			t.Errorf("of %d: %q, want %q", len(test.took), got, test.want)
		}
	}
}

func TestStatus(t *testing.T) {
	workloads := map[string]Workload{"known": func(r *Run, n int) error {
		return CheckCount("objects", n, 5, 5)
	}}
	for _, test := range []struct {
		args []string
		want int
	}{
		{[]string{"p"}, 1},
		{[]string{"p", "known"}, 1},
		{[]string{"p", "unknown", "5"}, 3},
		{[]string{"p", "known", "0"}, 1},
		{[]string{"p", "known", "many"}, 1},
		{[]string{"p", "known", "4"}, 1},
		{[]string{"p", "known", "5"}, 0},
	} {
		if got := run(test.args, workloads); got != test.want {
			t.Errorf("%q: status %d, want %d", test.args, got, test.want)
		}
	}
}

func TestAddresses(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{Route4(0).String(), "172.16.0.0"},
		{Route4(1<<20 - 1).String(), "172.31.255.255"},
		{Route6(0x12345).String(), "fd01::1:2345"},
		{Container(0).String(), "10.1.0.2"},
		{Container(300).String(), "10.1.1.46"},
		{Target(0).String(), "10.1.0.1"},
		{Target(499).String(), "10.1.1.250"},
	} {
		if test.got != test.want {
			t.Errorf("%s, want %s", test.got, test.want)
		}
	}
	if Port(0) != 1 || Port(65534) != 65535 || Port(65535) != 1 {
		t.Error("ports", Port(0), Port(65534), Port(65535))
	}
}
