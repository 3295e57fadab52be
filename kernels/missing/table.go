//go:build linux

package main

import (
	"fmt"
	"strconv"
	"strings"
)

// A part is a host that lacks something, and what is tried there.
type part struct {
	name, about string
	arrange     [][]string // how a host is made one; none for what a kernel lacks
	machine     bool       // all of the machine is made one, which is for no host
	commands    []command
}

// A command has an exit status, and words that it prints.
type command struct {
	words  []string
	status int
	says   []string
}

// nothing is what a command says that prints nothing.
const nothing = "(nothing)"

// parse reads missing.txt, which says at its beginning how it is written.
func parse(text string) (parts []part, err error) {
	for n, line := range strings.Split(text, "\n") {
		wrong := func(what string) error { return fmt.Errorf("missing.txt:%d: expected %s: %q", n+1, what, line) }
		sign, rest, _ := strings.Cut(line, " ")
		switch {
		case line == "" || sign == "#":
			continue
		case sign == "==":
			name, about, ok := strings.Cut(rest, ": ")
			if !ok {
				return nil, wrong("== NAME: WHAT IS MISSING")
			}
			parts = append(parts, part{name: name, about: about})
			continue
		}
		if len(parts) == 0 {
			return nil, wrong("==")
		}
		p := &parts[len(parts)-1]
		if sign == "!" || sign == "%" {
			p.machine = sign == "%"
			p.arrange = append(p.arrange, strings.Fields(rest))
			continue
		}
		if sign == "$" {
			p.commands = append(p.commands, command{words: strings.Fields(rest), status: -1})
			continue
		}
		if len(p.commands) == 0 {
			return nil, wrong("$ COMMAND before what it says")
		}
		c := &p.commands[len(p.commands)-1]
		if line[0] != ' ' {
			if c.status, err = strconv.Atoi(sign); err != nil {
				return nil, wrong("an exit status")
			}
		}
		if rest = strings.TrimSpace(rest); rest != "" {
			c.says = append(c.says, rest)
		}
	}
	return parts, nil
}

func find(parts []part, name string) *part {
	for i := range parts {
		if parts[i].name == name {
			return &parts[i]
		}
	}
	return nil
}

// hosts are the parts that any kernel with namespaces can play.
func hosts(parts []part) (names []string) {
	for i := range parts {
		if len(parts[i].arrange) > 0 && !parts[i].machine {
			names = append(names, parts[i].name)
		}
	}
	return names
}

// wrong is what is not as it has to be, or "".
func (c *command) wrong(out string, status int) string {
	switch {
	case status != c.status:
		return fmt.Sprintf("the exit status has to be %d", c.status)
	case strings.Contains(out, "panic:") || strings.Contains(out, "fatal error:") || strings.Contains(out, "goroutine "):
		return "it crashed"
	case status != 0 && out == "":
		return "it does not say why"
	}
	for _, word := range c.says {
		if word == nothing {
			if out != "" {
				return "it has to print nothing"
			}
		} else if !strings.Contains(out, word) {
			return fmt.Sprintf("it has to say %q", word)
		}
	}
	return ""
}
