//go:build linux

package main

import (
	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/arping"
	"github.com/minins/minins/cmd/minins/ip"
	"github.com/minins/minins/cmd/minins/iptables"
	"github.com/minins/minins/cmd/minins/nettools"
	"github.com/minins/minins/cmd/minins/nsapplets"
	"github.com/minins/minins/cmd/minins/ping"
	"github.com/minins/minins/cmd/minins/ps"
	"github.com/minins/minins/cmd/minins/setup"
	"github.com/minins/minins/cmd/minins/sysctl"
)

// applets are all commands, in the order of "minins help".
func applets() []applet.Applet { return append(tools(), own()...) }

// among puts more behind the first n of a table.
func among(table []applet.Applet, n int, more []applet.Applet) []applet.Applet {
	return append(append(table[:n:n], more...), table[n:]...)
}

// tools are the commands that stand in for a tool of that name, and get a link. "make tiny" has
// those that are here: what the tutorial types. More of them are in full.go.
func tools() []applet.Applet {
	return among([]applet.Applet{
		{Name: "ip", Summary: "network namespaces, links, addresses, routes, neighbours", Run: ip.Run},
		{Name: "bridge", Summary: "ports and forwarding databases of bridges", Run: ip.RunBridge},
		{Name: "iptables", Summary: "rules for IPv4: NAT and filter", Run: iptables.Run},
		{Name: "ip6tables", Summary: "rules for IPv6", Run: iptables.Run},
		{Name: "iptables-save", Summary: "print the rules for IPv4", Run: iptables.Save},
		{Name: "ip6tables-save", Summary: "print the rules for IPv6", Run: iptables.Save},
		{Name: "route", Summary: "the routing table", Run: nettools.Route},
		{Name: "arp", Summary: "the ARP table", Run: nettools.Arp},
		{Name: "ping", Summary: "ask a host for an answer by ICMP", Run: ping.Run},
		{Name: "arping", Summary: "ask who has an address by ARP", Run: arping.Run},
		{Name: "ps", Summary: "list processes", Run: ps.Run},
		{Name: "sysctl", Summary: "read and write settings of the kernel", Run: sysctl.Run},
		{Name: "unshare", Summary: "run a program in new namespaces", Run: nsapplets.Unshare},
		{Name: "nsenter", Summary: "run a program in the namespaces of another process", Run: nsapplets.Nsenter},
	}, 6, moreTools())
}

// own are the commands that are only called as "minins NAME", or by minins itself.
func own() []applet.Applet {
	return among([]applet.Applet{
		{Name: "init", Summary: "process 1 of a machine that has nothing else", Run: initialize},
		{Name: nsapplets.ChildName, Run: nsapplets.UnshareChild},
		{Name: "install", Summary: "make links, so that each command can be called by its name", Run: install},
		{Name: "uninstall", Summary: "remove those links", Run: uninstall},
		{Name: "help", Summary: "list all commands", Run: help},
		{Name: "version", Summary: "print the version", Run: setup.Version},
	}, 2, moreOwn())
}
