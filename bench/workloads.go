//go:build linux

package main

import (
	"slices"
	"strconv"
	"time"
)

// The programs that are measured. The first is what the others are compared with.
const (
	limit   = "c"
	subject = "minins"
)

// An entrant is a contestant.
type entrant struct {
	name  string
	argv  []string // what is run, before WORKLOAD and N: "./" is the directory of the binaries
	is    string   // for people
	forks bool     // starts a process for each operation, which takes milliseconds
}

// contestants are all of them in the order of tables and plots.
var contestants = []entrant{
	{name: limit, argv: []string{"./c"}, is: "C, messages encoded beforehand: the limit"},
	{name: subject, argv: []string{"./minins"}, is: "the library minins"},
	{name: "minins-rtnl", argv: []string{"./minins-rtnl"}, is: "minins, with all that the kernel says decoded, not only what C reads"},
	{name: "vishvananda", argv: []string{"./vishvananda"}, is: "vishvananda/netlink"},
	{name: "vishvananda-tuned", argv: []string{"./vishvananda-tuned"}, is: "vishvananda/netlink, the peer made in its namespace"},
	{name: "jsimonetti", argv: []string{"./jsimonetti"}, is: "jsimonetti/rtnetlink"},
	{name: "google", argv: []string{"./google"}, is: "google/nftables"},
	{name: "execute", argv: []string{"./execute"}, is: "mdlayher/netlink, Execute with messages made by hand"},
	{name: "ip-batch", argv: []string{"./cli", "ip-batch"}, is: "ip -batch -"},
	{name: "ip", argv: []string{"./cli", "ip"}, is: "ip, a process for each operation", forks: true},
	{name: "busybox", argv: []string{"./cli", "busybox"}, is: "busybox ip, a process for each operation", forks: true},
	{name: "nft", argv: []string{"./cli", "nft"}, is: "nft -f, nft list"},
	{name: "iptables", argv: []string{"./cli", "iptables"}, is: "iptables-nft-restore, iptables-nft-save"},
	{name: "sh", argv: []string{"./cli", "sh"}, is: "a shell script of ip commands", forks: true},
}

// A size is a number of objects and how often it is measured.
type size struct{ n, rounds int }

// A workload is the same work done by all its contestants.
type workload struct {
	name, title string
	detail      string // what belongs to it, for people
	sizes       []size
	quick       []size
	// may has the contestants beside C and minins, each with the largest
	// number of objects that it is given: more would take minutes.
	may map[string]int
	// prepare is a workload of C that sets up a namespace for all to share.
	prepare string
	// programs replaces what contestants run before N.
	programs map[string][]string
	// starts means that programs are started N times and print nothing of use.
	starts bool
}

const unbounded = 1 << 30 // the contestant may do all sizes

func workloads() []workload {
	routes := map[string]int{"vishvananda": 100000, "jsimonetti": 100000, "execute": 100000, "ip-batch": 100000,
		"ip": 1000, "busybox": 1000, "sh": 1000}
	links := map[string]int{"vishvananda": unbounded, "jsimonetti": unbounded, "execute": unbounded, "ip-batch": unbounded, "ip": 100, "busybox": 100, "sh": 100}
	dumps := map[string]int{"minins-rtnl": unbounded, "vishvananda": unbounded, "jsimonetti": unbounded, "execute": unbounded, "ip": unbounded, "busybox": unbounded}
	routeSizes := []size{{1000, 9}, {10000, 9}, {100000, 7}, {500000, 3}}
	return []workload{
		{name: "getlink", title: "questions for one interface", detail: "a round trip each, eight fields read", sizes: []size{{20000, 9}}, quick: []size{{5000, 5}},
			programs: map[string][]string{limit: {"./getlink-c"}}},
		{name: "getlinkall", title: "questions for all of one interface", detail: "a round trip each, all 300 numbers read", sizes: []size{{20000, 9}}, quick: []size{{5000, 5}},
			programs: map[string][]string{limit: {"./getlink-c", "all"}}},
		{name: "routes4", title: "IPv4 routes", sizes: routeSizes, quick: []size{{1000, 3}, {10000, 3}}, may: routes},
		{name: "routes6", title: "IPv6 routes", sizes: routeSizes, quick: []size{{1000, 3}, {10000, 3}}, may: routes},
		{name: "nexthop", title: "IPv4 routes by a nexthop object", sizes: []size{{100000, 5}}, quick: []size{{10000, 3}}, may: routes},
		{name: "veth", title: "veth pairs", sizes: []size{{10, 7}, {100, 7}, {1000, 5}}, quick: []size{{10, 3}, {100, 3}}, may: links},
		{name: "vethns", title: "veth pairs with one end in another namespace", sizes: []size{{100, 7}}, quick: []size{{20, 3}}, may: links},
		{name: "bridge", title: "veth pairs on a bridge, both ends up", sizes: []size{{100, 7}}, quick: []size{{20, 3}}, may: links},
		{name: "netns", title: "network namespaces", sizes: []size{{500, 7}}, quick: []size{{50, 3}}, may: links},
		{name: "container", title: "containers",
			detail: "a namespace, a veth, a bridge port, an address and a default route each",
			sizes:  []size{{1, 9}, {50, 7}, {200, 5}}, quick: []size{{1, 3}, {20, 3}},
			may: map[string]int{"vishvananda": unbounded, "vishvananda-tuned": unbounded, "jsimonetti": unbounded, "ip-batch": unbounded, "sh": unbounded}},
		{name: "dumproutes", title: "IPv4 routes, listed", sizes: []size{{100000, 7}}, quick: []size{{10000, 3}}, may: dumps, prepare: "prepare-routes"},
		{name: "dumplinks", title: "links, listed", sizes: []size{{2000, 7}}, quick: []size{{200, 3}}, may: dumps, prepare: "prepare-links"},
		{name: "dumpneighs", title: "neighbours, listed", sizes: []size{{10000, 7}}, quick: []size{{1000, 3}}, may: dumps, prepare: "prepare-neighs"},
		{name: "nftrules", title: "nftables rules that translate an address", sizes: []size{{1000, 7}, {10000, 7}, {100000, 3}, {655350, 2}}, quick: []size{{1000, 3}, {10000, 3}},
			may: map[string]int{"google": 100000, "nft": unbounded, "iptables": unbounded}},
		{name: "nftmap", title: "elements of an nftables map", sizes: []size{{65000, 7}}, quick: []size{{6500, 3}},
			may: map[string]int{"google": unbounded, "nft": unbounded}},
		{name: "nftset", title: "intervals of an nftables set", sizes: []size{{1000, 7}, {10000, 7}, {100000, 3}, {1000000, 2}}, quick: []size{{1000, 3}, {10000, 3}},
			may: map[string]int{"nft": unbounded}},
		{name: "start", title: "processes that list links", detail: "C: one that does nothing", sizes: []size{{50, 5}}, quick: []size{{20, 3}},
			may:    map[string]int{"ip": unbounded, "busybox": unbounded},
			starts: true, programs: map[string][]string{
				limit:     {"./empty"},
				subject:   {"./minins-cli", "ip", "link"},
				"ip":      {"ip", "link"},
				"busybox": {"busybox", "ip", "link"},
			}},
	}
}

// leastTime is what every size may take, be the machine ever so slow.
const leastTime = 5 * time.Second

// budget is how long all of it should take: what is measured last gets fewer
// rounds where it would take longer.
func budget(quick bool) time.Duration {
	if quick {
		return 2 * time.Minute
	}
	return 20 * time.Minute
}

// patience is how long a contestant that is neither C nor minins may take for
// all rounds of a size: then it is left out of those that are left.
func patience(quick bool) time.Duration {
	if quick {
		return 1500 * time.Millisecond
	}
	return 12 * time.Second
}

// what says what a workload of n objects is: "1,000 veth pairs".
func (w workload) what(n int) string {
	s := thousands(n) + " " + w.title
	if w.detail != "" {
		s += " (" + w.detail + ")"
	}
	return s
}

// sizesOf returns the sizes to be measured.
func (w workload) sizesOf(quick bool) []size {
	if quick {
		return w.quick
	}
	return w.sizes
}

// entrants returns the names of those who do a workload of n objects.
func (w workload) entrants(n int, quick bool) []string {
	var names []string
	for _, c := range contestants {
		most := w.may[c.name]
		if quick && c.forks && !w.starts {
			most = min(most, 50)
		}
		if c.name == limit || c.name == subject || n <= most {
			names = append(names, c.name)
		}
	}
	return names
}

// command returns what a contestant runs, with its arguments.
func (w workload) command(contestant string, n int) []string {
	argv, replaced := w.programs[contestant]
	if !replaced {
		argv = append(slices.Clone(entrantNamed(contestant).argv), w.name)
	}
	if w.starts {
		return argv
	}
	return append(slices.Clone(argv), strconv.Itoa(n))
}

// entrantNamed finds one of the contestants.
func entrantNamed(name string) entrant {
	return contestants[slices.IndexFunc(contestants, func(c entrant) bool { return c.name == name })]
}

// tool reports that the contestant's work is done by other processes, of
// whose allocations nothing is known.
func (e entrant) tool() bool { return e.argv[0] == "./cli" }
