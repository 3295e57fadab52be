//go:build linux && !tiny

package main

import (
	"path/filepath"
	"strings"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/arping"
	"github.com/minins/minins/cmd/minins/bench"
	"github.com/minins/minins/cmd/minins/capture"
	"github.com/minins/minins/cmd/minins/decode"
	"github.com/minins/minins/cmd/minins/doctor"
	"github.com/minins/minins/cmd/minins/explain"
	"github.com/minins/minins/cmd/minins/gc"
	"github.com/minins/minins/cmd/minins/graph"
	"github.com/minins/minins/cmd/minins/ip"
	"github.com/minins/minins/cmd/minins/iptables"
	"github.com/minins/minins/cmd/minins/lesson"
	"github.com/minins/minins/cmd/minins/nettools"
	"github.com/minins/minins/cmd/minins/nft"
	"github.com/minins/minins/cmd/minins/ns"
	"github.com/minins/minins/cmd/minins/nsapplets"
	"github.com/minins/minins/cmd/minins/ping"
	"github.com/minins/minins/cmd/minins/ps"
	"github.com/minins/minins/cmd/minins/rootless"
	"github.com/minins/minins/cmd/minins/setup"
	"github.com/minins/minins/cmd/minins/sysctl"
	"github.com/minins/minins/cmd/minins/tracepacket"
)

// applets is the one table of all commands, in the order of "minins help".
func applets() []applet.Applet {
	return []applet.Applet{
		{Name: "ip", Summary: "network namespaces, links, addresses, routes, neighbours", Run: ip.Run},
		{Name: "bridge", Summary: "ports and forwarding databases of bridges", Run: ip.RunBridge},
		{Name: "iptables", Summary: "rules for IPv4: NAT and filter", Run: iptables.Run},
		{Name: "ip6tables", Summary: "rules for IPv6", Run: iptables.Run},
		{Name: "iptables-save", Summary: "print the rules for IPv4", Run: iptables.Save},
		{Name: "ip6tables-save", Summary: "print the rules for IPv6", Run: iptables.Save},
		{Name: "iptables-restore", Summary: "set the rules for IPv4 from a file", Run: iptables.Restore},
		{Name: "ip6tables-restore", Summary: "set the rules for IPv6 from a file", Run: iptables.Restore},
		{Name: "iptables-translate", Summary: "print what nft would say to a command of iptables", Run: iptables.Translate},
		{Name: "ip6tables-translate", Summary: "the same for IPv6", Run: iptables.Translate},
		{Name: "nft", Summary: "tables, chains, rules and sets of nf_tables", Run: nft.Run},
		{Name: "route", Summary: "the routing table", Run: nettools.Route},
		{Name: "arp", Summary: "the ARP table", Run: nettools.Arp},
		{Name: "ping", Summary: "ask a host for an answer by ICMP", Run: ping.Run},
		{Name: "arping", Summary: "ask who has an address by ARP", Run: arping.Run},
		{Name: "ps", Summary: "list processes", Run: ps.Run},
		{Name: "sysctl", Summary: "read and write settings of the kernel", Run: sysctl.Run},
		{Name: "unshare", Summary: "run a program in new namespaces", Run: nsapplets.Unshare},
		{Name: "nsenter", Summary: "run a program in the namespaces of another process", Run: nsapplets.Nsenter},
		{Name: "init", Summary: "process 1 of a machine that has nothing else", Run: initialize},
		{Name: nsapplets.ChildName, Run: nsapplets.UnshareChild},
		{Name: rootless.Name, Summary: "run a command as root of a network of its own; nobody has to be root", Run: rootless.Run},
		{Name: rootless.LabName, Summary: "list and end the networks that --rootless=LAB has made", Run: rootless.Lab},
		{Name: rootless.ChildName, Run: rootlessChild},
		{Name: rootless.HolderName, Run: rootlessHolder},
		{Name: "gc", Summary: "remove what killed runs left behind", Run: gc.Run},
		{Name: "ns", Summary: "what is behind the names of network namespaces, and who holds them; repair", Run: ns.Run},
		{Name: "graph", Summary: "draw namespaces, cables, bridges, addresses, routes and NAT: as text, DOT, Mermaid, SVG, HTML or JSON", Run: graph.Run},
		{Name: "capture", Summary: "packets of many namespaces and links, in one file or as text", Run: capture.Run},
		{Name: "trace-packet", Summary: "show the way of a packet through namespaces, links, rules and NAT, and the answer's", Run: tracePacket},
		{Name: "doctor", Summary: "why one namespace cannot reach another, and what mends it", Run: doctorCommand},
		{Name: "explain", Summary: "show what a command would send to the kernel, byte by byte; nothing is sent", Run: explainCommand},
		{Name: "decode", Summary: "show recorded netlink with the kernel's names: hex, strace, pcap", Run: decode.Run},
		{Name: "lesson", Summary: "the tutorial as a course: read, guess, type, see what the kernel is told", Run: lesson.Run},
		{Name: "bench", Summary: "measure what namespaces, links, routes, containers and rules cost on this host", Run: bench.Run},
		{Name: bench.ChildName, Run: bench.Child},
		{Name: "completion", Summary: "print what makes bash, zsh or fish complete words of ip", Run: ip.CompletionScript},
		{Name: ip.CompleteName, Run: complete},
		{Name: "install", Summary: "make links, so that each command can be called by its name", Run: install},
		{Name: "uninstall", Summary: "remove those links", Run: uninstall},
		{Name: "help", Summary: "list all commands", Run: help},
		{Name: "version", Summary: "print the version", Run: setup.Version},
	}
}

// own are the commands that are only called as "minins NAME", or by minins
// itself: no tool of that name is stood in for, so that no link is made.
func own(name string) bool {
	switch name {
	case "ns", "gc", "doctor", "graph", "capture", "trace-packet", "explain", "decode", "lesson", "bench", "init",
		"install", "uninstall", "help", "version", "completion", ip.CompleteName, nsapplets.ChildName, bench.ChildName,
		rootless.Name, rootless.LabName, rootless.ChildName, rootless.HolderName:
		return true
	}
	return false
}

func explainCommand(c *applet.Cmd) int { return explain.Run(c, find) }

func doctorCommand(c *applet.Cmd) int { return doctor.Run(c, iptables.Words) }

func tracePacket(c *applet.Cmd) int { return tracepacket.Run(c, iptables.Words) }

// complete prints what the last word of a command line may become.
func complete(c *applet.Cmd) int {
	if len(c.Args) > 1 && filepath.Base(c.Args[0]) == "minins" {
		c.Args = c.Args[1:]
		if len(c.Args) > 1 && strings.HasPrefix(c.Args[0], rootless.Name) {
			c.Args = c.Args[1:]
		}
	}
	switch {
	case len(c.Args) > 1 && filepath.Base(c.Args[0]) == "ip":
		c.Args = c.Args[1:]
		return ip.Complete(c)
	case len(c.Args) > 1 && filepath.Base(c.Args[0]) == "bridge":
		c.Args = c.Args[1:]
		return ip.CompleteBridge(c)
	case len(c.Args) == 1:
		for _, a := range applets() {
			if a.Summary != "" && strings.HasPrefix(a.Name, c.Args[0]) {
				c.Printf("%s\n", a.Name)
			}
		}
	}
	return 0
}
