//go:build linux

package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/minins/minins/bench/internal/contestant"
)

func veth(t tool, r *contestant.Run, n int) error {
	return pairs(t, r, n, func(i int) operation {
		return operation{fmt.Sprintf("link add a%d type veth peer name b%d", i, i)}
	})
}

func vethns(t tool, r *contestant.Run, n int) error {
	ns, err := contestant.PinNetns("far")
	if err != nil {
		return err
	}
	defer ns.Close()
	return pairs(t, r, n, func(i int) operation {
		return operation{fmt.Sprintf("link add a%d type veth peer name b%d netns far", i, i)}
	})
}

func bridge(t tool, r *contestant.Run, n int) error {
	if err := contestant.Bridge(""); err != nil {
		return err
	}
	return pairs(t, r, n, func(i int) operation {
		return operation{
			fmt.Sprintf("link add a%d type veth peer name b%d", i, i),
			fmt.Sprintf("link set a%d master br0 up", i),
			fmt.Sprintf("link set b%d up", i),
		}
	})
}

// pairs measures the making of n pairs and their deletion.
func pairs(t tool, r *contestant.Run, n int, create func(i int) operation) error {
	if err := phase(t, r, "create", n, create); err != nil {
		return err
	}
	if err := contestant.CheckLinks("a", n); err != nil {
		return err
	}
	err := phase(t, r, "delete", n, func(i int) operation {
		return operation{"link del a" + strconv.Itoa(i)}
	})
	if err != nil {
		return err
	}
	return contestant.CheckLinks("a", 0)
}

func netns(t tool, r *contestant.Run, n int) error {
	err := phase(t, r, "create", n, func(i int) operation {
		return operation{fmt.Sprintf("netns add n%d", i), fmt.Sprintf("-n n%d link set lo up", i)}
	})
	if err != nil {
		return err
	}
	witness, err := contestant.Witness("n0", "n"+strconv.Itoa(n-1))
	if err != nil {
		return err
	}
	release := t.prepare(operations(n, func(i int) operation {
		return operation{"netns del n" + strconv.Itoa(i)}
	}), nil)
	m, err := r.Start()
	if err != nil {
		return err
	}
	if err := release(); err != nil {
		return err
	}
	if err := m.End("release", n); err != nil {
		return err
	}
	if err := contestant.WaitGone(witness...); err != nil {
		return err
	}
	return m.End("gone", n)
}

func container(t tool, r *contestant.Run, n int) error {
	if err := contestant.Bridge(contestant.Gateway + "/16"); err != nil {
		return err
	}
	var took []time.Duration
	var last time.Time
	up := t.prepare(operations(n, wire), func() {
		now := time.Now()
		took = append(took, now.Sub(last))
		last = now
	})
	m, err := r.Start()
	if err != nil {
		return err
	}
	last = time.Now()
	if err := up(); err != nil {
		return err
	}
	var percentiles []string // but of tools that cannot tell when one is done
	if len(took) == n {
		percentiles = contestant.Percentiles(took)
	}
	if err := m.End("up", n, percentiles...); err != nil {
		return err
	}
	if err := contestant.CheckLinks("c", n); err != nil {
		return err
	}
	err = phase(t, r, "down", n, func(i int) operation {
		return operation{"link del c" + strconv.Itoa(i), "netns del n" + strconv.Itoa(i)}
	})
	if err != nil {
		return err
	}
	return contestant.CheckLinks("c", 0)
}

// wire returns the commands for container i.
func wire(i int) operation {
	in := fmt.Sprintf("-n n%d ", i)
	return operation{
		fmt.Sprintf("netns add n%d", i),
		fmt.Sprintf("link add c%d type veth peer name eth0 netns n%d", i, i),
		fmt.Sprintf("link set c%d master br0 up", i),
		in + "link set lo up",
		in + "link set eth0 up",
		in + fmt.Sprintf("addr add %s/16 dev eth0", contestant.Container(i)),
		in + "route add default via " + contestant.Gateway,
	}
}
