//go:build ignore

package ld

import (
	"cmd/internal/sys"
	"cmd/link/internal/loader"
	"cmp"
	"internal/abi"
	"slices"
	"strings"
)

// A sleeping group is functions that are not called, or do nothing that anybody
// sees, before another function has been called, or a value of another type is
// somewhere in an interface. The linker's pass for dead code cannot know that, and
// has them in every program.
type sleeping struct {
	wakers []string   // functions, given like funcs, and variables that wake them
	kinds  []abi.Kind // so do values of these kinds, in interfaces
	funcs  []string   // whole names, and beginnings of names that end in a dot or a bracket
	not    []string   // but for these
	from   []string   // where the references are: anywhere, if not given
	to     string     // what is called instead, if they may be called
}

// nothing is what a function does that sleeps and may be called.
const nothing = "runtime.mapinitnoop"

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
	// So it is with the other profiles: what would be counted, for nobody, is not.
	{
		wakers: []string{"runtime.memProfileInternal"}, // without it, the linker sets the rate to 0
		funcs:  []string{"runtime.profilealloc", "runtime.mProf_Free", "runtime.mProf_PostSweep", "runtime.mProf_NextCycle", "runtime.mProf_Flush"},
		to:     nothing,
	},
	{
		wakers: []string{"runtime.SetBlockProfileRate", "runtime.SetMutexProfileFraction"},
		funcs:  []string{"runtime.blockevent", "runtime.mutexevent", "runtime.(*mLockProfile).recordUnlock", "runtime.(*mLockProfile).storeSlow"},
		to:     nothing,
	},
	{
		wakers: []string{"runtime.goroutineProfileWithLabels", "runtime.goroutineProfileWithLabelsConcurrent"},
		funcs:  []string{"runtime.tryRecordGoroutineProfile", "runtime.tryRecordGoroutineProfileWB"},
		to:     nothing,
	},
	{
		wakers: []string{"runtime.goroutineLeakGC"},
		funcs:  []string{"runtime.findGoroutineLeaks", "runtime.gcRestoreSyncObjects"},
	},
	// A goroutine is stopped in calls alone, once internal/strip has been there.
	{
		from:  []string{"runtime.preemptM", "runtime.preemptone", "runtime.suspendG"},
		funcs: []string{"runtime.signalM"},
		to:    nothing,
	},
	{
		funcs: []string{"runtime.doSigPreempt"},
		to:    nothing,
	},
	// A file that is not closed stays open.
	{
		from:  []string{"os.newFile", "os.(*file).close"},
		funcs: []string{"runtime.SetFinalizer"},
		to:    nothing,
	},
	// The first sequence number of github.com/mdlayher/netlink need not be random: it is
	// all that comes of these functions alone.
	{
		wakers: []string{
			"math/rand.(*Rand).ExpFloat64", "math/rand.(*Rand).Float32", "math/rand.(*Rand).Float64", "math/rand.(*Rand).Int",
			"math/rand.(*Rand).Int31", "math/rand.(*Rand).Int31n", "math/rand.(*Rand).Int63n", "math/rand.(*Rand).Intn",
			"math/rand.(*Rand).NormFloat64", "math/rand.(*Rand).Perm", "math/rand.(*Rand).Read", "math/rand.(*Rand).Seed",
			"math/rand.(*Rand).Shuffle", "math/rand.(*Rand).Uint64",
		},
		funcs: []string{"math/rand.(*rngSource).Seed"},
		to:    nothing,
	},
	// A metric that nobody reads need not be registered.
	{
		wakers: readers,
		funcs:  []string{"internal/godebug.registerMetric"},
		to:     nothing,
	},
	// $GODEBUG is for the runtime alone, which reads it itself, where nobody asks how
	// often it made a difference to other packages. A setting is then never for some
	// callers only.
	{
		wakers: readers,
		funcs:  []string{"internal/godebug.init.0"},
		to:     nothing,
	},
	{
		wakers: []string{"internal/bisect.New"},
		funcs:  []string{"internal/bisect.(*Matcher).Stack", "internal/bisect.(*Matcher).stack"},
	},
	// No setting has a value then. Where one is compared with "1", its name will do.
	{
		wakers: slices.Concat(readers, []string{"internal/godebug.init.0"}),
		from:   []string{"time.syncTimer"},
		funcs:  []string{"internal/godebug.(*Setting).Value"},
		to:     "internal/godebug.(*Setting).Name",
	},
	// Without GODEBUG=checkfinalizers=1 or schedtrace=1, which print to stderr: they do nothing.
	{
		wakers: readers,
		funcs:  []string{"runtime.checkFinalizersAndCleanups", "runtime.setCleanupContext", "runtime.clearCleanupContext", "runtime.schedtrace"},
		to:     nothing,
	},
	// The quota of a cgroup is not looked up, so that there is none: GOMAXPROCS is the
	// number of CPUs that a program may run on.
	{
		wakers: []string{"runtime.SetDefaultGOMAXPROCS"},
		funcs:  []string{"runtime.defaultGOMAXPROCSInit"},
		to:     nothing,
	},
	{
		wakers: []string{"runtime.defaultGOMAXPROCSInit"},
		funcs:  []string{"runtime.adjustCgroupGOMAXPROCS"},
	},
	// What a debugger calls.
	{
		funcs: []string{"runtime.debugCallV2", "runtime.debugPinnerV1"},
	},
	// With one module it returns at its beginning.
	{
		wakers: []string{"plugin.open"},
		funcs:  []string{"runtime.typelinksinit"},
		to:     nothing,
	},
	// Only what Method returns is a method of a value (reflect.flagMethod).
	{
		wakers: []string{"reflect.Value.Method"},
		funcs:  []string{"reflect.makeMethodValue", "reflect.methodValueCall", "reflect.methodValueCallCodePtr"},
	},
	// What fmt does with a value of a kind is done with no other one.
	{
		kinds: []abi.Kind{abi.Map},
		funcs: []string{"internal/fmtsort.Sort"},
	},
	{
		kinds: []abi.Kind{abi.Complex64, abi.Complex128},
		funcs: []string{"fmt.(*pp).fmtComplex", "runtime.printcomplex64", "runtime.printcomplex128"},
	},
	{
		kinds: []abi.Kind{abi.Float32, abi.Float64, abi.Complex64, abi.Complex128},
		funcs: []string{"fmt.(*pp).fmtFloat", "runtime.printfloat32", "runtime.printfloat64"},
		to:    nothing, // GODEBUG=gcpacertrace=1
	},
	// As many digits as tell a number from others are what fmt prints: TestPrinted has
	// nobody else who asks for them.
	{
		kinds: []abi.Kind{abi.Float32, abi.Float64, abi.Complex64, abi.Complex128},
		from:  []string{"internal/strconv.genericFtoa"},
		funcs: []string{"internal/strconv.dboxFtoa"},
	},
	// Errorf has more than one error to wrap, by number (%[1]w): TestPrinted has none.
	{
		from:  []string{"fmt.errorf"},
		funcs: []string{"slices.Sort[", "slices.pdqsortOrdered["},
	},
	// A zone of IPv6 addresses that is not used any more is forgotten, but for its place.
	{
		funcs: []string{"runtime.AddCleanup[go.shape.struct { net/netip.isV6 bool; net/netip.zoneV6 string },go.shape.struct {}]"},
		to:    nothing,
	},
	{
		wakers: []string{"runtime.AddCleanup["},
		funcs:  []string{"runtime.(*cleanupQueue).createGs", "runtime.(*cleanupQueue).enqueue"},
	},
	// The time zone of the host is no file of an archive.
	{
		wakers: []string{"time.LoadLocation"},
		funcs:  []string{"time.loadTzinfoFromZip"},
	},
	// Protocols have no names: /etc/protocols is not read.
	{
		wakers: []string{"net.lookupProtocol"},
		from:   []string{"net.init."},
		funcs:  []string{"net.open", "net.(*file).readLine", "net.(*file).close", "net.getFields"},
	},
	// Variables of a package that nobody looks at.
	{
		wakers: []string{"hash/crc32.IEEETable", "hash/crc32.ieeeInitOnce", "hash/crc32.castagnoliInitOnce"},
		funcs:  []string{"hash/crc32.init"},
		to:     nothing,
	},
	{
		wakers: []string{"log/internal.DefaultOutput"},
		funcs:  []string{"log.init.0"},
		to:     nothing,
	},
	// Asked for by what starts or finds a process (os/pidfd_linux.go).
	{
		wakers: []string{"os.startProcess", "os.ensurePidfd", "os.pidfdFind"},
		funcs:  []string{"os.checkPidfd"},
	},
	// $NLDEBUG is not read.
	{
		funcs: []string{"github.com/mdlayher/netlink.init.0"},
		to:    nothing,
	},
	{
		wakers: []string{"github.com/mdlayher/netlink.init.0"},
		funcs:  []string{"github.com/mdlayher/netlink.newDebugger", "github.com/mdlayher/netlink.(*debugger).debugf"},
	},
}

// readers read metrics.
var readers = []string{"runtime/metrics.runtime_readMetrics", "runtime/metrics_test.runtime_readMetricNames"}

// sleepingCalls has references to sleeping functions not followed, unless what wakes
// them is in the program. They lead to a function that throws, or to one that does
// nothing.
type sleepingCalls struct {
	ldr   *loader.Loader
	arch  *sys.Arch
	group map[loader.Sym]int // by function, an index of sleepers
	wakes map[loader.Sym][]int
	kinds map[abi.Kind]bool // of values in interfaces
	calls []sleepingCall
}

// A sleepingCall is a call, or an address, by its place: a relocation.
type sleepingCall struct {
	from, to loader.Sym
	reloc    int
}

func newSleepingCalls(ctxt *Link) *sleepingCalls {
	c := &sleepingCalls{
		ldr:   ctxt.loader,
		arch:  ctxt.Arch,
		group: make(map[loader.Sym]int),
		wakes: make(map[loader.Sym][]int),
		kinds: make(map[abi.Kind]bool),
	}
	for s, n := loader.Sym(1), loader.Sym(c.ldr.NSym()); s < n; s++ {
		name := c.ldr.SymName(s)
		code := c.ldr.SymType(s).IsText() // other symbols have names that begin like those of functions
		for i, g := range sleepers {
			if code && has(g.funcs, name) && !has(g.not, name) {
				c.group[s] = i
			} else if code && has(g.wakers, name) || slices.Contains(g.wakers, name) {
				c.wakes[s] = append(c.wakes[s], i)
			}
		}
	}
	return c
}

// has says whether a name is in a list of names and of their beginnings.
func has(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool {
		return name == s || (strings.HasSuffix(s, ".") || strings.HasSuffix(s, "[")) && strings.HasPrefix(name, s)
	})
}

// sleeps says whether a reference is not followed, for now.
func (c *sleepingCalls) sleeps(from loader.Sym, reloc int, to loader.Sym) bool {
	g, ok := c.group[to]
	if !ok || len(sleepers[g].from) > 0 && !has(sleepers[g].from, c.ldr.SymName(from)) {
		return false
	}
	c.calls = append(c.calls, sleepingCall{from, to, reloc})
	return true
}

// value notes that values of a type are put into an interface, or can be had from such
// values. Types of maps are there that generic code takes the hash function of.
func (c *sleepingCalls) value(typ, from loader.Sym) {
	if !c.ldr.IsGoType(typ) {
		return
	}
	name := c.ldr.SymName(from)
	if !strings.HasPrefix(name, "internal/sync..dict.") && !strings.HasPrefix(name, "unique..dict.") {
		c.kinds[decodetypeKind(c.arch, c.ldr.Data(typ))] = true
	}
}

// awake says which groups do not sleep.
func (c *sleepingCalls) awake() []bool {
	awake := make([]bool, len(sleepers))
	for i, g := range sleepers {
		awake[i] = slices.ContainsFunc(g.kinds, func(k abi.Kind) bool { return c.kinds[k] })
	}
	for s, groups := range c.wakes {
		for _, g := range groups {
			awake[g] = awake[g] || c.ldr.AttrReachable(s)
		}
	}
	return awake
}

// wake follows the references to functions that do not sleep any more, and of others to
// what is called instead.
func (c *sleepingCalls) wake(d *deadcodePass) {
	awake := c.awake()
	for _, call := range c.calls {
		if awake[c.group[call.to]] {
			d.mark(call.to, call.from)
		} else {
			d.mark(c.instead(call.to), call.from)
		}
	}
}

// instead is what is called instead of a function that sleeps.
func (c *sleepingCalls) instead(of loader.Sym) loader.Sym {
	return c.ldr.Lookup(cmp.Or(sleepers[c.group[of]].to, "runtime.unreachableMethod"), abiInternalVer)
}

// redirect has the references to functions that are not in the program lead elsewhere.
func (c *sleepingCalls) redirect() {
	for _, call := range c.calls {
		if !c.ldr.AttrReachable(call.to) {
			c.ldr.MakeSymbolUpdater(call.from).SetRelocSym(call.reloc, c.instead(call.to))
		}
	}
}
