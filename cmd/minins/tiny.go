//go:build linux && tiny

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

// applets is the table of "make tiny": what the tutorial types, for hosts where each 100 KB counts.
func applets() []applet.Applet {
	return []applet.Applet{
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
		{Name: "init", Summary: "process 1 of a machine that has nothing else", Run: initialize},
		{Name: "unshare", Summary: "run a program in new namespaces", Run: nsapplets.Unshare},
		{Name: "nsenter", Summary: "run a program in the namespaces of another process", Run: nsapplets.Nsenter},
		{Name: nsapplets.ChildName, Run: nsapplets.UnshareChild},
		{Name: "install", Summary: "make links, so that each command can be called by its name", Run: install},
		{Name: "uninstall", Summary: "remove those links", Run: uninstall},
		{Name: "help", Summary: "list all commands", Run: help},
		{Name: "version", Summary: "print the version", Run: setup.Version},
	}
}

// own are the commands that are only called as "minins NAME": see the other table.
func own(name string) bool {
	switch name {
	case "init", "install", "uninstall", "help", "version", nsapplets.ChildName:
		return true
	}
	return false
}
