//go:build ignore

package ld

import (
	"cmd/link/internal/loader"
	"slices"
	"strings"
)

// A sleeping group is functions that are not called, or do nothing that anybody
// sees, before another function has been called. The linker's pass for dead code
// cannot know that, and has them in every program.
type sleeping struct {
	wakers []string // what wakes them
	funcs  []string // whole names, and beginnings of names that end in a dot
	not    []string // but for these
	called bool     // they may be called all the same: nothing is what they do
}

var sleepers = []sleeping{
	// Without a trace no function gets a traceLocker that is ok.
	{
		wakers: []string{"runtime.StartTrace"},
		funcs: []string{
			"runtime.traceLocker.", "runtime.traceEventWriter.", "runtime.traceWriter.",
			"runtime.traceAdvance", "runtime.traceStack", "runtime.traceBufFlush",
		},
		not: []string{"runtime.traceLocker.ok"},
	},
	// Without a rate runtime.sigprof returns at its beginning.
	{
		wakers: []string{"runtime.SetCPUProfileRate", "runtime.StartTrace"},
		funcs:  []string{"runtime.(*cpuProfile).add", "runtime.traceCPUSample"},
	},
	// A metric that nobody reads need not be registered.
	{
		wakers: []string{"runtime/metrics.runtime_readMetrics", "runtime/metrics_test.runtime_readMetricNames"},
		funcs:  []string{"internal/godebug.registerMetric"},
		called: true,
	},
	// Only what Method returns is a method of a value (reflect.flagMethod).
	{
		wakers: []string{"reflect.Value.Method"},
		funcs:  []string{"reflect.makeMethodValue"},
	},
}

// sleepingCalls has calls of sleeping functions not followed, unless what wakes them
// is in the program. They lead to a function that throws, or to one that does nothing.
type sleepingCalls struct {
	ldr   *loader.Loader
	group map[loader.Sym]int // by function, an index of sleepers
	wakes map[loader.Sym][]int
	calls []sleepingCall
}

// A sleepingCall is a call by its place: a relocation of a function.
type sleepingCall struct {
	from, to loader.Sym
	reloc    int
}

func newSleepingCalls(ctxt *Link) *sleepingCalls {
	c := &sleepingCalls{ldr: ctxt.loader, group: make(map[loader.Sym]int), wakes: make(map[loader.Sym][]int)}
	for s, n := loader.Sym(1), loader.Sym(c.ldr.NSym()); s < n; s++ {
		name := c.ldr.SymName(s)
		for i, g := range sleepers {
			if slices.Contains(g.wakers, name) {
				c.wakes[s] = append(c.wakes[s], i)
			}
			is := func(f string) bool { return name == f || strings.HasSuffix(f, ".") && strings.HasPrefix(name, f) }
			if slices.ContainsFunc(g.funcs, is) && !slices.Contains(g.not, name) {
				c.group[s] = i
			}
		}
	}
	return c
}

// sleeps says whether a call is not followed, for now.
func (c *sleepingCalls) sleeps(from loader.Sym, reloc int, to loader.Sym) bool {
	if _, ok := c.group[to]; ok {
		c.calls = append(c.calls, sleepingCall{from, to, reloc})
		return ok
	}
	return false
}

// awake says which groups do not sleep.
func (c *sleepingCalls) awake() []bool {
	awake := make([]bool, len(sleepers))
	for s, groups := range c.wakes {
		for _, g := range groups {
			awake[g] = awake[g] || c.ldr.AttrReachable(s)
		}
	}
	return awake
}

// wake follows the calls of functions that do not sleep any more.
func (c *sleepingCalls) wake(d *deadcodePass) {
	awake := c.awake()
	for _, call := range c.calls {
		if awake[c.group[call.to]] {
			d.mark(call.to, call.from)
		}
	}
}

// redirect has the calls lead elsewhere, of functions that are not in the program.
func (c *sleepingCalls) redirect(d *deadcodePass) {
	throws := c.ldr.Lookup("runtime.unreachableMethod", abiInternalVer)
	for _, call := range c.calls {
		if c.ldr.AttrReachable(call.to) {
			continue
		}
		to := throws
		if sleepers[c.group[call.to]].called {
			to = d.mapinitnoop
		}
		c.ldr.SetAttrReachable(to, true)
		c.ldr.MakeSymbolUpdater(call.from).SetRelocSym(call.reloc, to)
	}
}
