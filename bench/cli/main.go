//go:build linux

// Command cli is the contestants that are command line tools. Which one it is
// says the name that it is called by, or else its first argument:
//
//	ip        one process of iproute2 for each command
//	ip-batch  "ip -batch" with all commands
//	sh        a shell script with all commands of ip
//	busybox   one process of busybox ip for each command
//	nft       "nft -f" and "nft list"
//	iptables  iptables-nft-restore and iptables-nft-save
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/minins/minins/bench/internal/contestant"
)

func main() {
	if filepath.Base(os.Args[0]) == "cli" {
		os.Args = os.Args[1:]
	}
	if len(os.Args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: cli TOOL WORKLOAD N")
		os.Exit(1)
	}
	name := filepath.Base(os.Args[0])
	workloads := tools()[name]
	if workloads == nil {
		fmt.Fprintf(os.Stderr, "cli: no such tool: %s\n", name)
		os.Exit(1)
	}
	contestant.Main(workloads)
}

func tools() map[string]map[string]contestant.Workload {
	return map[string]map[string]contestant.Workload{
		"ip":       with(changes(processes{"ip"}), dumps("ip")),
		"ip-batch": changes(batch{}),
		"sh":       changes(script{}),
		"busybox":  with(routing(processes{"busybox", "ip"}), dumps("busybox", "ip")),
		"nft":      {"nftrules": nftRules, "nftmap": nftMap, "nftset": nftSet},
		"iptables": {"nftrules": iptablesRules},
	}
}

// with adds the workloads of b to a, and returns a.
func with(a, b map[string]contestant.Workload) map[string]contestant.Workload {
	for name, w := range b {
		a[name] = w
	}
	return a
}
