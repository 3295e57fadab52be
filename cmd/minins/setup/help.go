//go:build linux

// Package setup holds the commands about minins itself: help, version,
// install and uninstall.
package setup

import (
	"runtime"

	"github.com/minins/minins/cmd/minins/applet"
)

// Help lists all commands, or says what one is.
func Help(c *applet.Cmd, applets []applet.Applet) int {
	if len(c.Args) > 0 {
		name := c.Args[0]
		for _, a := range applets {
			if a.Name == name && a.Summary != "" {
				c.Printf("minins %s: %s\n\"minins %s -h\" has its words\n", name, a.Summary, name)
				return 0
			}
		}
		c.Errorf("minins: there is no command %q; \"minins help\" lists all", name)
		return 1
	}
	c.Printf(`minins: Linux network namespaces in one binary

Usage: minins COMMAND [ARGUMENTS]
       COMMAND [ARGUMENTS]           by a link; see "minins install"

Commands:
`)
	rootless := ""
	for _, a := range applets {
		if a.Summary != "" { // minins calls the others itself
			c.Printf("  %-19s %s\n", a.Name, a.Summary)
		}
		if a.Name == "--rootless" { // not of each build
			rootless = "\"minins --rootless COMMAND\" has a network of its own, and needs no root.\n"
		}
	}
	c.Printf(`
"minins COMMAND -h" has the words of each ("minins ip help", "minins ip link
help"). "ip netns exec NAME COMMAND" finds these commands too, after PATH.
%s"minins --trace COMMAND", or "COMMAND --trace ARGUMENTS", shows what it says to the kernel and
what that answers (--trace=bytes, --trace=json; --pcap FILE for Wireshark).

Environment:
  MININS_HINTS=1   explain errors below the text of the original tool, also
                   where standard error is not a terminal
`, rootless)
	return 0
}

// version is what "go build -ldflags '-X …/setup.version=v1.2.3'" says, as the
// Makefile does. The build information that Go keeps in the binary says it too,
// but takes 12 KB of code to read.
var version = "(devel)"

// Version prints the version that the binary was built as, Go's, and the architecture.
func Version(c *applet.Cmd) int {
	c.Printf("minins %s %s "+runtime.GOARCH+"\n", version, runtime.Version())
	return 0
}
