//go:build linux

// Package graph is the command "minins graph": the picture of a lab, drawn from what
// the kernel has.
//
// It is made in three steps, of which the first alone talks to the kernel: survey and
// rules.go look (for watch.go again and again), model.go makes a picture of it, and
// text.go, markup.go (DOT and Mermaid), json.go and svg.go draw that, the last one where
// layout.go has put everything.
package graph

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/getopt"
	"github.com/minins/minins/survey"
)

// Exit statuses.
const (
	exitFailed = 1 // a namespace is not there, or the kernel refused
	exitUsage  = 2 // the words are wrong
)

const usage = `Usage: minins graph [--text|--dot|--mermaid|--svg|--html|--json] [-o FILE]
                    [--watch] [NAME ...]

Draw the network namespaces of this host: links, cables, bridges, addresses, routes,
NAT and published ports; of NAMEs, these and their neighbours.

  --text, --dot, --mermaid, --svg, --html, --json
             how; of a FILE the ending tells (txt, dot, gv, mmd, svg, html, json)
  --ascii    text of ASCII alone
  --watch    draw again whenever something changes (text, JSON); ^C ends it
  -o FILE    write it there
  -n NAME    as NAME
`

var optionTable = []getopt.Option{
	{Long: "text"}, {Long: "dot"}, {Long: "mermaid"}, {Long: "svg"}, {Long: "html"}, {Long: "json"},
	{Long: "ascii"}, {Long: "watch"},
	{Short: 'o', Long: "output", Arg: getopt.Required},
	{Short: 'n', Long: "netns", Arg: getopt.Required},
	{Short: 'h', Long: "help"},
}

// endings are those of files, and their formats.
var endings = [...][2]string{
	{".txt", "text"}, {".dot", "dot"}, {".gv", "dot"}, {".mmd", "mermaid"}, {".mermaid", "mermaid"}, {".svg", "svg"}, {".html", "html"}, {".htm", "html"}, {".json", "json"},
}

// A session is one call of the command.
type session struct {
	_ [0]func()

	c           *applet.Cmd
	format      string
	file        string
	names       []string
	ascii, help bool
	watched     bool // draw again and again
}

// Run is the command. It returns 0, 1 if something is not there or was refused, and 2 if
// the words are wrong.
func Run(c *applet.Cmd) int {
	s := &session{c: c}
	words, err := getopt.Parse(optionTable, c.Args, false, s.set)
	s.names = append(s.names, words...)
	if err == nil {
		err = s.settle()
	}
	if err != nil {
		c.Errorf("minins graph: %s\nTry 'minins graph --help' for more information.", clean(err.Error()))
		return exitUsage
	}
	if s.help {
		c.Printf("%s", usage)
		return 0
	}
	if s.explained() {
		return 0
	}
	if err := s.run(c.Context()); err != nil {
		c.Errorf("minins graph: %s", clean(err.Error()))
		return exitFailed
	}
	return 0
}

func (s *session) set(o *getopt.Option, as, arg string, _ bool) error {
	switch {
	case o.Short == 'o':
		s.file = arg
	case o.Short == 'n':
		s.names = append(s.names, arg)
	case o.Short == 'h':
		s.help = true
	case o.Long == "ascii":
		s.ascii = true
	case o.Long == "watch":
		s.watched = true
	case s.format != "" && s.format != o.Long:
		return getopt.Error("--" + s.format + " and " + as + ": a picture has one format")
	default:
		s.format = o.Long
	}
	return nil
}

// settle finds the format where none is given.
func (s *session) settle() error {
	if s.watched && (s.file != "" || s.format != "" && s.format != "text" && s.format != "json") {
		return getopt.Error("--watch is for text and --json, and writes no file")
	}
	if s.format != "" {
		return nil
	}
	s.format = "text"
	if s.file == "" || s.file == "-" {
		return nil
	}
	ending := strings.ToLower(filepath.Ext(s.file))
	for _, e := range endings {
		if e[0] == ending {
			s.format = e[1]
			return nil
		}
	}
	return getopt.Error("the ending of " + s.file + " tells no format; expected .txt, .dot, .mmd, .svg, .html or .json, or an option such as --svg")
}

// explained tells what would be done, if that is all that is asked for.
func (s *session) explained() bool {
	for _, call := range [...][2]string{
		{`openat("/run/netns"), getdents64(), openat("/proc/PID/ns/net")`, "the namespaces, by name and by process"},
		{"setns(CLONE_NEWNET), socket(AF_NETLINK), setns(CLONE_NEWNET)", "a socket in each"},
		{"sendto(RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETRULE, RTM_GETNEIGH)", "what there is in each"},
		{"sendto(RTM_NEWNSID), sendto(RTM_GETLINK with IFLA_TARGET_NETNSID)", "in a namespace made for it: the other ends of cables"},
		{"sendto(NFT_MSG_GETRULE, NFT_MSG_GETSET, NFT_MSG_GETSETELEM)", "NAT and published ports"},
	} {
		s.c.Explains(call[0], call[1])
	}
	if s.watched {
		s.c.Explains("setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, RTNLGRP_LINK …)", "in each: the kernel tells of changes, after which all is looked at again")
	}
	return s.c.Explain != nil
}

// look makes a picture. The survey is for the caller to close.
func (s *session) look(ctx context.Context) (*picture, *survey.Survey, error) {
	sv, err := survey.Take(ctx, survey.Options{Processes: true})
	if err != nil {
		return nil, nil, err
	}
	p := paint(sv, readRules(ctx, sv))
	if len(s.names) > 0 {
		if missing := p.only(s.names); missing != nil {
			err = errors.New("there is no namespace " + strings.Join(missing, ", ") + "; 'minins ns' lists the names")
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, sv.Close())
	}
	return p, sv, nil
}

func (s *session) run(ctx context.Context) error {
	if s.watched {
		return s.watch(ctx)
	}
	p, sv, err := s.look(ctx)
	if err != nil {
		return err
	}
	if err := sv.Close(); err != nil {
		return err
	}
	text := s.draw(p)
	if s.file == "" || s.file == "-" {
		s.c.Stdout.WriteString(text)
	} else if err := os.WriteFile(s.file, []byte(text), 0o666); err != nil {
		return err
	}
	for _, sp := range p.spaces {
		if sp.blind != "" {
			s.c.Errorf("minins graph: not all of %s is to be seen: %s", sp.name, sp.blind)
			s.c.Hintf("to look at it takes CAP_SYS_ADMIN, and CAP_NET_ADMIN for its rules: become root, or 'minins --rootless=LAB' of the lab")
			break
		}
	}
	return nil
}

func (s *session) draw(p *picture) string {
	switch s.format {
	case "dot":
		return drawMarkup(p, &dot)
	case "mermaid":
		return drawMarkup(p, &mermaid)
	case "svg":
		return drawSVG(p)
	case "html":
		return drawHTML(p)
	case "json":
		return drawJSON(p)
	}
	return drawText(p, s.style())
}

// style is that of the terminal, if the picture goes to one.
func (s *session) style() style {
	locale := ""
	for _, name := range [...]string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale = s.c.Getenv(name); locale != "" {
			break
		}
	}
	locale = strings.ReplaceAll(strings.ToUpper(locale), "-", "")
	st := style{ascii: s.ascii || !strings.Contains(locale, "UTF8"), width: 80}
	if s.file == "" {
		if size, err := unix.IoctlGetWinsize(1, unix.TIOCGWINSZ); err == nil {
			st.color = s.c.Getenv("NO_COLOR") == "" && s.c.Getenv("TERM") != "dumb"
			if size.Col > 0 {
				st.width = int(size.Col)
			}
		}
	}
	return st
}
