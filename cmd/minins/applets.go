//go:build linux

package main

import (
	"strings"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/boot"
	"github.com/minins/minins/cmd/minins/rootless"
	"github.com/minins/minins/cmd/minins/setup"
)

// find is the command of a name; iptables-nft-save is another of iptables-save, as
// where iptables is installed.
func find(name string) (applet.Applet, bool) {
	name = strings.Replace(name, "tables-nft", "tables", 1)
	as := name
	if strings.HasPrefix(name, rootless.Name+"=") { // and the name of a lab
		name = rootless.Name
	}
	for _, a := range applets() {
		if a.Name == name {
			a.Name = as
			return a, true
		}
	}
	return applet.Applet{}, false
}

func help(c *applet.Cmd) int { return setup.Help(c, applets()) }

func rootlessChild(c *applet.Cmd) int  { return rootless.Child(c, links()) }
func rootlessHolder(c *applet.Cmd) int { return rootless.Holder(c, links()) }

func initialize(c *applet.Cmd) int { return boot.Run(c, links()) }

func install(c *applet.Cmd) int   { return setup.Install(c, links()) }
func uninstall(c *applet.Cmd) int { return setup.Uninstall(c, links()) }

// links are the names that the binary can be called by.
func links() []string {
	var names []string
	for _, a := range tools() {
		names = append(names, a.Name)
	}
	return names
}
