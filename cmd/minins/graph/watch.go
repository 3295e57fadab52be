//go:build linux

package graph

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/survey"
)

const (
	tick    = 100 * time.Millisecond // between looks at what the kernel has said
	another = 10                     // ticks until all is looked at, whatever it has said
)

// groups are those of rtnetlink that tell of what is drawn.
var groups = [...]uint32{
	unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV6_ROUTE,
	unix.RTNLGRP_IPV4_RULE, unix.RTNLGRP_IPV6_RULE,
}

// ears hear what changes in the namespaces of a survey.
type ears []*nl.Listener

// listen begins to hear. Where that is not allowed nothing is heard.
func listen(ctx context.Context, sv *survey.Survey) (all ears) {
	for _, n := range sv.Namespaces {
		c, err := n.Dial(ctx)
		if err != nil {
			continue
		}
		l, err := c.Listen(nl.ListenConfig{Groups: groups[:], Buffer: 1 << 16})
		if err != nil {
			_ = c.Close() // nothing is lost: it is looked at anyway
			continue
		}
		all = append(all, l)
	}
	return all
}

// heard says whether something was, and forgets it.
func (e ears) heard() (something bool) {
	for _, l := range e {
		for range 1000 { // what goes on for ever is heard the next time
			if b, _, err := l.Poll(); b == nil && err != nl.ErrLost {
				break
			}
			something = true
		}
	}
	return something
}

func (e ears) close() {
	for _, l := range e {
		_ = l.Close() // of a socket that only hears
	}
}

// watch draws whenever something has changed, until a signal ends it: on a terminal in a
// screen of its own, elsewhere one picture after another.
func (s *session) watch(ctx context.Context) (err error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP)
	defer signal.Stop(signals)
	_, notTerminal := unix.IoctlGetWinsize(1, unix.TIOCGWINSZ)
	screen := notTerminal == nil && s.format == "text"
	var heard ears
	was := ""
	defer func() {
		heard.close()
		if screen && was != "" {
			s.c.Stdout.WriteString("\x1b[?1049l")
		}
	}()
	for {
		p, sv, err := s.look(ctx)
		if err != nil && was == "" {
			return err
		}
		var text string
		if err != nil { // it may come back
			text = clean(err.Error()) + "\n"
		} else {
			text = s.draw(p)
		}
		if screen {
			size, err := unix.IoctlGetWinsize(1, unix.TIOCGWINSZ)
			if err != nil {
				return err
			}
			text = fit(text, int(size.Row)-2)
		}
		if text != was {
			if screen && was == "" {
				s.c.Stdout.WriteString("\x1b[?1049h")
			}
			was = text
			heard.close()
			heard = nil
			if sv != nil {
				heard = listen(ctx, sv)
			}
			if err != nil && s.format != "text" { // which is for programs
				s.c.Errorf("minins graph: %s", strings.TrimSuffix(text, "\n"))
			} else {
				s.show(text, screen)
			}
			if err := s.c.Stdout.Flush(); err != nil {
				return err
			}
		}
		if sv != nil {
			if err := sv.Close(); err != nil {
				return err
			}
		}
		for n := 0; n < another; n++ {
			select {
			case <-signals:
				return nil
			case <-time.After(tick):
			}
			if heard.heard() && n < another-1 {
				n = another - 2 // one more: seldom does one thing change alone
			}
		}
	}
}

// show writes a picture with the time before it, unless it is for programs.
func (s *session) show(text string, screen bool) {
	if s.format == "text" {
		text = "# " + time.Now().Format(time.TimeOnly) + "\n" + text
	}
	if screen { // over the one before, without a moment in which there is none
		text = "\x1b[H" + strings.ReplaceAll(text, "\n", "\x1b[K\n") + "\x1b[J"
	}
	s.c.Stdout.WriteString(text)
}

// fit is as much of text as there is room for.
func fit(text string, rows int) string {
	lines := list(strings.SplitAfter(text, "\n"))
	if len(lines)-1 > rows && rows > 1 {
		lines = append(lines[:rows-1:rows-1], "… "+number(len(lines)-rows)+" more lines\n")
	}
	return strings.Join(lines, "")
}
