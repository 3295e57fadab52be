//go:build linux

package lesson

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
)

// A player plays a lesson to a person, or to what is typed for one.
type player struct {
	c   *applet.Cmd
	l   *lesson
	lab *lab
	at  progress
	state

	in      *bufio.Reader
	lines   chan string // what is typed; closed at the end of the input
	asked   bool        // somebody reads a line
	told    bool        // of the words below
	signals chan os.Signal
}

var errQuit = errors.New("not at the end yet")

const words = `Type commands, as in a shell. Besides:
  hint   what could be typed here
  solve  have it typed
  show   this step again
  check  what is still to be done
  quit   stop here, and go on later
`

// play plays the steps that are not done.
func (p *player) play() error {
	if err := p.resume(); err != nil {
		return err
	}
	p.signals = make(chan os.Signal, 1)
	signal.Notify(p.signals, unix.SIGINT) // which is for the command that runs
	defer signal.Stop(p.signals)
	for p.done < len(p.l.steps) {
		if err := p.step(&p.l.steps[p.done]); err != nil {
			return err
		}
		p.done++
		if err := p.at.write(p.state); err != nil {
			return err
		}
	}
	p.c.Printf("\nThat was the lesson %q. Its lab is there until \"minins lesson stop %s\".\n", p.l.title, p.l.name)
	return nil
}

// resume makes what the steps made that are done, if their lab is gone.
func (p *player) resume() error {
	var begun bool
	var err error
	if p.state, begun, err = p.at.read(); err != nil {
		return err
	}
	holder, err := p.lab.holder()
	if err != nil {
		return err
	}
	p.done = min(p.done, len(p.l.steps))
	if begun && holder != 0 && holder == p.holder {
		return nil
	}
	if holder != 0 { // of another time
		if err := p.lab.stop(); err != nil {
			return err
		}
	}
	p.prepared, p.holder = p.done, 0
	if err := p.at.write(p.state); err != nil { // while there is nothing to be left behind
		return err
	}
	if p.done > 0 {
		p.c.Printf("(The lab is made again, as it was after step %d.)\n", p.done)
	}
	for i := range p.l.steps[:p.done] {
		s := &p.l.steps[i]
		if err := p.lab.prepare(s.run); err != nil {
			return err
		}
		for _, line := range s.types {
			if _, err := p.lab.run(line, false, true); err != nil {
				return err
			}
		}
	}
	return p.began()
}

// began notes which lab it is that all is in by now.
func (p *player) began() (err error) {
	if _, err := p.lab.run("ip link", false, true); err != nil { // at the latest, that makes it
		return err
	}
	if p.holder, err = p.lab.holder(); err != nil {
		return err
	}
	return p.at.write(p.state)
}

var errStopped = errors.New("the lab was stopped in the meantime; the same command again makes it anew")

// still is the error of a lab that somebody has stopped.
func (p *player) still() error {
	holder, err := p.lab.holder()
	if err == nil && holder != p.holder {
		return errStopped
	}
	return err
}

// step plays one, until it is done.
func (p *player) step(s *step) error {
	if p.prepared <= p.done {
		p.holder = 0 // if this is all that is done, the lab has to be made again
		if err := p.at.write(p.state); err != nil {
			return err
		}
		if err := p.lab.prepare(s.run); err != nil {
			return err
		}
		p.prepared = p.done + 1
		if err := p.began(); err != nil {
			return err
		}
	}
	p.show(s)
	if s.asks != "" {
		if err := p.ask(s); err != nil {
			return err
		}
	}
	if len(s.types) > 0 {
		if err := p.commands(s); err != nil {
			return err
		}
	}
	p.say(s.then)
	if s.asks == "" && len(s.types) == 0 { // only to be read
		_, err := p.line("[Enter] ")
		return err
	}
	return nil
}

func (p *player) show(s *step) {
	p.c.Printf("\n%s%d/%d  %s%s\n", bold(p.c), p.done+1, len(p.l.steps), s.title, plain(p.c))
	p.say(s.text)
}

// say shows a text, if there is one.
func (p *player) say(text string) {
	if text != "" {
		p.c.Printf("\n%s\n", text)
	}
}

// ask asks until the answer is right. After the third wrong one it is told. Commands may be
// tried before.
func (p *player) ask(s *step) error {
	p.c.Printf("\n%s\n", s.asks)
	for wrong := 0; ; {
		answer, err := p.line("? ")
		if err != nil {
			return err
		}
		switch answer {
		case "":
			continue
		case "help":
			p.c.Printf("%s", words)
			continue
		case "show", "check": // what is to be done is to answer
			p.show(s)
			p.say(s.asks)
			continue
		case "hint", "solve":
			wrong = 2
		default:
			if s.isRight(answer) {
				p.c.Printf("Right. %s\n", s.why)
				return nil
			}
			if p.isCommand(answer) {
				if _, err := p.lab.run(answer, false, false); err != nil {
					return err
				}
				continue
			}
		}
		if wrong++; wrong < 3 {
			p.c.Printf("No. Try again, or say \"solve\".\n")
			continue
		}
		p.c.Printf("It is: %s. %s\n", s.right[0], s.why)
		return nil
	}
}

// isCommand says whether an answer is one to be run: of several words, and the first is
// that of a command.
func (p *player) isCommand(line string) bool {
	first, rest, _ := strings.Cut(strings.TrimPrefix(line, "sudo "), " ")
	return rest != "" && (first == "minins" || p.c.IsApplet(first))
}

// commands has them typed until the checks hold.
func (p *player) commands(s *step) error {
	p.say(s.task)
	astray := 0 // lines that are not of those to be typed
	lost := !p.told
	p.told = true
	for {
		if lost {
			p.c.Printf("(\"hint\" shows what could be typed here, \"check\" what is still to be done.)\n")
		}
		lost = false  // or the third line that is none of them was typed
		var done bool // one of s.types was typed
		line, err := p.line("$ ")
		if err != nil {
			return err
		}
		switch line {
		case "":
			continue
		case "help":
			p.c.Printf("%s", words)
			continue
		case "show":
			p.show(s)
			p.say(s.task)
			continue
		case "hint":
			for _, t := range s.types {
				p.c.Printf("  %s\n", t)
			}
			continue
		case "check":
			if len(s.checks) == 0 {
				p.c.Printf("(Nothing is checked here: go on with what \"hint\" shows.)\n")
				continue
			}
			if holds, err := p.check(s, true); holds || err != nil {
				return err
			}
			continue
		case "solve":
			for _, t := range s.types {
				p.c.Printf("$ %s\n", t)
				if _, err := p.lab.run(t, s.kernel, false); err != nil {
					return err
				}
			}
			done = true
		default:
			if _, err := p.lab.run(line, s.kernel, false); err != nil {
				return err
			}
			if forgets(line) {
				p.c.Printf("(The next line knows nothing of this: each has a shell of its own. In one line: %s; ...)\n", line)
			}
			done = s.isTyped(line, len(s.checks) > 0)
			if !s.isTyped(line, false) {
				astray++
				lost = astray%3 == 0
			}
		}
		if len(s.checks) > 0 {
			typed := done
			done, err = p.check(s, false)
			for begin := time.Now(); typed && !done && err == nil && time.Since(begin) < patience; time.Sleep(100 * time.Millisecond) {
				done, err = p.check(s, false)
			}
		}
		if done || err != nil {
			return err
		}
	}
}

// patience is how long a check may take to hold after the last line was typed: a link
// that was switched on carries packets some time later.
const patience = 5 * time.Second

// check says whether a step is done, and with tell what is not.
func (p *player) check(s *step, tell bool) (all bool, err error) {
	all = true
	for _, c := range s.checks {
		holds, err := p.lab.holds(c)
		if err != nil {
			return false, err
		}
		all = all && holds
		if tell {
			p.c.Printf("%s\n", c.text(holds))
		}
	}
	return all, nil
}

// text is a line of TAP, which graders read.
func (c *check) text(holds bool) string {
	s := "ok - "
	if !holds {
		s = "not ok - "
	}
	s += c.command
	switch {
	case c.fails:
		s += " (fails)"
	case c.has != "":
		s += " (prints " + c.has + ")"
	}
	return s
}

// line reads what is typed, without blanks around it. It is errQuit at the end of the input,
// and errStopped if there is nothing any more that a line could be run in.
func (p *player) line(prompt string) (string, error) {
	if p.lines == nil {
		p.lines = make(chan string)
		p.in = bufio.NewReader(p.c.Stdin)
	}
	for {
		p.c.Printf("%s", prompt)
		if err := p.c.Stdout.Flush(); err != nil {
			return "", err
		}
		for len(p.signals) > 0 { // it was for the command before
			<-p.signals
		}
		if !p.asked {
			p.asked = true
			go p.read()
		}
		select {
		case <-p.signals:
			p.c.Printf("\n(\"quit\" stops; \"help\" lists more)\n")
			continue
		case line, ok := <-p.lines:
			p.asked = false
			if line = strings.TrimSpace(line); !ok || line == "quit" || line == "exit" {
				return "", errQuit
			}
			return line, p.still()
		}
	}
}

func (p *player) read() {
	line, err := p.in.ReadString('\n')
	if err != nil && (line == "" || !errors.Is(err, io.EOF)) {
		close(p.lines)
		return
	}
	p.lines <- line
}

func bold(c *applet.Cmd) string {
	if c.Getenv("NO_COLOR") == "" && terminal(1) {
		return "\x1b[1m"
	}
	return ""
}

func plain(c *applet.Cmd) string {
	if bold(c) == "" {
		return ""
	}
	return "\x1b[m"
}
