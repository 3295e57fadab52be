//go:build linux

// Package lesson is "minins lesson": the tutorial as a course, played in labs of its own.
package lesson

import (
	_ "embed" // the course
	"errors"
	"fmt"

	"github.com/minins/minins/cmd/minins/applet"
)

const usage = `Usage: minins lesson [list]
       minins lesson NAME|NUMBER         begin, or go on
       minins lesson check NAME|NUMBER   is it done? for graders
       minins lesson stop NAME|NUMBER    end it, and take its lab away

A lesson has a network of its own; the host's is not touched, and nobody has to be
root. It explains, asks, has commands typed in it, shows what these say to the
kernel, and sees whether they did what they should.

Exit status: 0 if it is done, 1 if not, 2 for usage`

//go:embed course.txt
var text string

// Run is the applet.
func Run(c *applet.Cmd) int {
	lessons, err := parse(text)
	if err != nil {
		c.Errorf("minins lesson: the course: %v", err)
		return 1
	}
	var verb, name string
	switch args := c.Args; {
	case len(args) == 0, len(args) == 1 && args[0] == "list":
		return list(c, lessons)
	case args[0] == "-h", args[0] == "--help":
		c.Printf("%s\n", usage)
		return 0
	case len(args) == 1 && args[0] != "check" && args[0] != "stop" && args[0] != "help":
		name = args[0]
	case len(args) == 2 && (args[0] == "check" || args[0] == "stop"):
		verb, name = args[0], args[1]
	default:
		c.Errorf("%s", usage)
		return 2
	}
	l := lessons.find(name)
	if l == nil {
		c.Errorf("minins lesson: there is no lesson %q; \"minins lesson\" lists all", name)
		return 2
	}
	lab := &lab{c, "lesson-" + l.name}
	call, why := "clone(CLONE_NEWUSER|CLONE_NEWNET|CLONE_NEWNS|SIGCHLD)", "a lab; minins explain --rootless="+lab.name+" COMMAND"
	switch verb {
	case "stop":
		call, why = "pidfd_send_signal(pidfd, SIGTERM)", "each process of its lab; minins explain lab stop "+lab.name
	case "check":
		call, why = "setns(user); setns(net); setns(mnt)", "a command in its lab, for each check; minins explain --rootless="+lab.name+" COMMAND"
	}
	if c.Explains(call, why+" has all of it") {
		return 0
	}
	p := &player{c: c, l: l, lab: lab, at: newProgress(c.Getenv, l.name)}
	switch verb {
	case "check":
		return grade(p)
	case "stop":
		err = errors.Join(p.lab.stop(), p.at.remove())
	default:
		err = p.play()
	}
	if err == errQuit {
		c.Printf("\n\"minins lesson %s\" goes on from here, \"minins lesson stop %s\" ends it.\n", l.name, l.name)
		return 1
	}
	if err != nil {
		c.Errorf("minins lesson: %v", err)
		return 1
	}
	return 0
}

func list(c *applet.Cmd, lessons course) (status int) {
	for i := range lessons {
		l := &lessons[i]
		s, begun, err := newProgress(c.Getenv, l.name).read()
		if err != nil {
			c.Errorf("minins lesson: %v", err)
			status = 1
		}
		text := ""
		if begun {
			text = fmt.Sprintf("  (%d of %d steps done)", s.done, len(l.steps))
		}
		c.Printf("%2d  %-12s %s%s\n    %s\n", i+1, l.name, l.title, text, l.about)
	}
	c.Printf("\n\"minins lesson %s\" begins the first one.\n", lessons[0].name)
	return status
}

// grade says, as TAP, whether a lesson is done and what it made is there still.
func grade(p *player) int {
	s, begun, err := p.at.read()
	holder := 0
	if err == nil && begun {
		holder, err = p.lab.holder()
	}
	if err != nil {
		p.c.Errorf("minins lesson: %v", err)
		return 1
	}
	if holder == 0 || holder != s.holder {
		p.c.Printf("not ok - the lesson is begun, and its lab is there\n")
		return 1
	}
	done := s.done
	all := done == len(p.l.steps)
	p.c.Printf("%s\n", (&check{command: fmt.Sprintf("%d of %d steps", done, len(p.l.steps))}).text(all))
	// What a later step undoes does not hold any more: the last step that has checks counts.
	for i := min(done, len(p.l.steps)-1); i >= 0; i-- {
		s := &p.l.steps[i]
		if len(s.checks) == 0 {
			continue
		}
		p.c.Printf("# %s\n", s.title)
		holds, err := p.check(s, true)
		if err != nil {
			p.c.Errorf("minins lesson: %v", err)
		}
		all = all && holds && err == nil
		break
	}
	if !all {
		return 1
	}
	return 0
}
