//go:build linux

// Package ip is the applet "ip": what iproute2's command of that name does
// with network namespaces, links, addresses, routes and neighbours, in the
// same words, with the same output and the same exit status.
//
// A command goes through three layers. Parsing turns words into a request and
// rendering turns the kernel's answers into text or JSON; both are pure. What
// is between them is a method of the session, and short.
package ip

import (
	"context"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/lacks"
)

// version is the release of iproute2 whose words and formats these are.
const version = "ip utility, iproute2-6.1.0, libbpf 1.1.2"

// objects are in iproute2's order, in which the first that a word abbreviates
// is meant: r is route, n is neighbor, l is link, m is maddress. Those that are
// not there still take part in that.
const objects keywords = "address* addrlabel* maddress* route* rule* neighbor*|neighbour* ntable* ntbl* link* l2tp* fou* ila* macsec* " +
	"tunnel* tunl* tuntap* tap* token* tcpmetrics* tcp_metrics* monitor* xfrm* mroute* mrule* netns* netconf* vrf* sr* nexthop* " +
	"mptcp* ioam* help* stats*"

// Run runs the command "ip" and returns its exit status.
func Run(c *applet.Cmd) int { return start(c, false) }

// RunBridge is [Run] of the command "bridge".
func RunBridge(c *applet.Cmd) int { return start(c, true) }

func start(c *applet.Cmd, bridge bool) int {
	s := &session{c: c, ctx: context.Background(), tables: &tables{dir: "/etc/iproute2", c: c}}
	opt, rest, err := parseOptionsOf(bridge, c.Args)
	s.opt, s.tables.numeric = opt, opt.numeric
	if err != nil {
		return s.report(err)
	}
	if opt.version {
		text := version
		if bridge {
			text = "bridge utility, 6.1.0"
		}
		c.Printf("%s\n", text)
		return 0
	}
	if opt.netns != "" {
		if _, err := s.dial(); err != nil { // a wrong name is the first thing to say
			return s.report(err)
		}
	}
	var status int
	if opt.batch != "" {
		status = s.batch(opt.batch)
	} else {
		status = s.run(rest)
	}
	if err := s.close(); err != nil {
		return s.report(fmt.Errorf("close: %w", err))
	}
	return status
}

// run runs what follows the options.
func (s *session) run(args []string) int {
	err := s.command(args)
	if err == nil {
		if s.opt.family == unix.AF_INET6 { // of which iproute2 lists nothing
			s.c.Hint(lacks.IPv6())
		}
		return 0
	}
	code := s.report(err)
	f := asFailure(err)
	if s.opt.bridge && (code == exitKernel || code == exitFailed && (f == nil || !f.exits)) {
		return exitUsage // it returns -1 for all mistakes but few
	}
	return code
}

func (s *session) command(args []string) error {
	w := &s.words
	w.rest, w.cur, w.tables, w.s, w.err = args, "", s.tables, s, nil
	if s.opt.bridge {
		return s.bridgeCommand(w)
	}
	if !w.next() {
		return usage("ip")
	}
	object := w.find(string(objects), findWord)
	switch object {
	case "address":
		return s.address(w)
	case "route":
		return s.route(w)
	case "rule":
		return s.rule(w)
	case "nexthop":
		return s.nexthop(w)
	case "neighbor":
		return s.neigh(w)
	case "link":
		err := s.link(w)
		s.forget()
		return err
	case "netns":
		err := s.flush()
		if err == nil {
			err = s.netns(w)
		}
		s.forget()
		return err
	case "tuntap", "tap":
		err := s.flush()
		if err == nil {
			err = s.tuntap(w)
		}
		s.forget()
		return err
	case "monitor":
		if err := s.flush(); err != nil {
			return err
		}
		return s.monitor(w)
	case "help":
		return usage("ip")
	}
	hint := ""
	if object != "" {
		hint = say(notHere, object)
	} else if near := nearest(w.cur, append(objectsThere(), "neighbor", "neighbour")); near != "" {
		hint = say("did you mean \"ip %s\"?", near)
	}
	return fail(exitFailed, say("Object \"%s\" is unknown, try \"ip help\".", w.cur), hint)
}

// notOurs are commands of iproute2 that minins does not have.
const notOurs keywords = "link-xstats* link-afstats* address-showdump* address-save* address-restore* route-save* route-restore* " +
	"route-showdump* rule-save* rule-restore* vlan-tunnelshow* vlan-global"

const notHere = "\"ip %s\" is one of iproute2's that minins does not have"
