//go:build linux

package main

import (
	"fmt"
	"net/netip"

	"github.com/minins/minins/bench/internal/contestant"
)

// changes returns the workloads of a tool that does all that ip does.
func changes(t tool) map[string]contestant.Workload {
	return with(routing(t), map[string]contestant.Workload{
		"nexthop":   func(r *contestant.Run, n int) error { return nexthop(t, r, n) },
		"veth":      func(r *contestant.Run, n int) error { return veth(t, r, n) },
		"vethns":    func(r *contestant.Run, n int) error { return vethns(t, r, n) },
		"bridge":    func(r *contestant.Run, n int) error { return bridge(t, r, n) },
		"netns":     func(r *contestant.Run, n int) error { return netns(t, r, n) },
		"container": func(r *contestant.Run, n int) error { return container(t, r, n) },
	})
}

// routing returns the workloads of a tool that knows plain routes only.
func routing(t tool) map[string]contestant.Workload {
	return map[string]contestant.Workload{
		"routes4": func(r *contestant.Run, n int) error {
			return routes(t, r, n, contestant.Route4, contestant.Gate4, contestant.Gate4b)
		},
		"routes6": func(r *contestant.Run, n int) error {
			return routes(t, r, n, contestant.Route6, contestant.Gate6, contestant.Gate6b)
		},
	}
}

func routes(t tool, r *contestant.Run, n int, dst func(int) netip.Addr, gate, other string) error {
	if err := contestant.RouteDevice(); err != nil {
		return err
	}
	verb := func(verb, gate string) error {
		return phase(t, r, verb, n, func(i int) operation {
			return operation{fmt.Sprintf("route %s %s via %s dev v0 proto static", verb, dst(i), gate)}
		})
	}
	if err := verb("add", gate); err != nil {
		return err
	}
	if err := verb("replace", other); err != nil {
		return err
	}
	return verb("delete", other)
}

func nexthop(t tool, r *contestant.Run, n int) error {
	if err := contestant.RouteDevice(); err != nil {
		return err
	}
	ops := append(
		[]operation{{"nexthop add id 1 via " + contestant.Gate4 + " dev v0 proto static"}},
		operations(n, func(i int) operation {
			return operation{fmt.Sprintf("route add %s nhid 1 proto static", contestant.Route4(i))}
		})...)
	if err := r.Phase("add", n, t.prepare(ops, nil)); err != nil {
		return err
	}
	if err := one(t, r, "regateway", n, "nexthop replace id 1 via "+contestant.Gate4b+" dev v0 proto static"); err != nil {
		return err
	}
	return one(t, r, "delete", n, "nexthop del id 1")
}
