//go:build linux && !tiny

package main

import (
	"path/filepath"
	"strings"

	"github.com/minins/minins/cmd/minins/applet"
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
	"github.com/minins/minins/cmd/minins/nft"
	"github.com/minins/minins/cmd/minins/ns"
	"github.com/minins/minins/cmd/minins/rootless"
	"github.com/minins/minins/cmd/minins/tracepacket"
)

// moreTools are those that "make tiny" does without.
func moreTools() []applet.Applet {
	return []applet.Applet{
		{Name: "iptables-restore", Summary: "set the rules for IPv4 from a file", Run: iptables.Restore},
		{Name: "ip6tables-restore", Summary: "set the rules for IPv6 from a file", Run: iptables.Restore},
		{Name: "iptables-translate", Summary: "print what nft would say to a command of iptables", Run: iptables.Translate},
		{Name: "ip6tables-translate", Summary: "the same for IPv6", Run: iptables.Translate},
		{Name: "nft", Summary: "tables, chains, rules and sets of nf_tables", Run: nft.Run},
	}
}

// moreOwn are the commands of minins itself that "make tiny" does without.
func moreOwn() []applet.Applet {
	return []applet.Applet{
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
	}
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
