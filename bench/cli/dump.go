//go:build linux

package main

import (
	"os"

	"github.com/minins/minins/bench/internal/contestant"
)

// dumps returns the workloads of showing all there is. The output goes to
// /dev/null while it is measured; how many lines it has is seen before.
func dumps(argv ...string) map[string]contestant.Workload {
	show := func(object string) contestant.Workload {
		return func(r *contestant.Run, n int) error { return dump(r, n, argv, object) }
	}
	return map[string]contestant.Workload{
		"dumproutes": show("route"),
		"dumplinks":  show("link"),
		"dumpneighs": show("neigh"),
	}
}

func dump(r *contestant.Run, n int, argv []string, object string) error {
	argv = argv[:len(argv):len(argv)]
	each := func([]byte) bool { return true } // -o shows each on one line
	found, err := countLines(each, append(argv, "-o", object, "show")...)
	if err != nil {
		return err
	}
	return toNull(func(out *os.File) error {
		return r.Dump(n, func() (int, error) {
			return found, run(out, out, append(argv, object, "show")...)
		})
	})
}

// toNull calls f with /dev/null.
func toNull(f func(out *os.File) error) error {
	out, err := null()
	if err != nil {
		return err
	}
	defer out.Close()
	return f(out)
}
