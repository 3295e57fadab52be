//go:build ignore

package ssa

import (
	"internal/buildcfg"
	"slices"
	"strings"
)

// CallsBarriers says whether a function calls, for each write of a pointer, what asks
// whether the collector wants to know of it (folder runtime): it asks nothing itself,
// and tells it to a place that nobody reads, if the answer is no.
func CallsBarriers() bool {
	switch buildcfg.GOARCH {
	case "arm", "mips", "mipsle", "mips64", "mips64le", "s390x":
		return true
	}
	return false
}

// unbranched marks, in AuxInt, the end of a write barrier in front of which there is no branch.
const unbranched = 1

// Unbranched is what is between the beginning of such a write barrier and its end. It is
// false if end is that of another one.
func Unbranched(end *Value) ([]*Value, bool) {
	if end.AuxInt != unbranched {
		return nil, false
	}
	values := end.Block.Values // in the order of the code
	last := slices.Index(values, end)
	first := last
	for i := last - 1; i >= 0 && values[i].Op != OpWBend; i-- {
		v := values[i]
		if strings.HasSuffix(v.Op.String(), "LoweredWB") {
			first = i
		} else if call, ok := v.Aux.(*AuxCall); ok {
			if call.Fn == nil || call.Fn.Name != "runtime.wbZero" && call.Fn.Name != "runtime.wbMove" {
				break
			}
			first = i
		}
	}
	return values[first:last], true
}
