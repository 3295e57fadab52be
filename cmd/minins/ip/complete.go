//go:build linux

package ip

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// CompleteBridge is [Complete] for "bridge".
func CompleteBridge(c *applet.Cmd) int { return completeFor(c, true) }

// Complete prints what the last of the words may become, one candidate a line,
// for the shell: names of links and namespaces are those that there are. What
// cannot be found out has no candidates; that is no failure.
func Complete(c *applet.Cmd) int { return completeFor(c, false) }

func completeFor(c *applet.Cmd, bridge bool) int {
	s := &session{opt: options{bridge: bridge}, c: c, ctx: context.Background(), tables: &tables{dir: "/etc/iproute2"}}
	if n := len(c.Args); n > 0 {
		last, seen := c.Args[n-1], map[string]bool{}
		for _, word := range s.candidates(c.Args[:n-1], last) {
			if strings.HasPrefix(word, last) && !seen[word] {
				c.Printf("%s\n", word)
				seen[word] = true
			}
		}
	}
	_ = s.close() // nothing was changed
	return 0
}

// candidates are what may follow the words, of which next is the beginning.
func (s *session) candidates(words []string, next string) []string {
	for len(words) > 0 && strings.HasPrefix(words[0], "-") {
		option := words[0]
		if strings.HasPrefix(option, "--") {
			option = option[1:]
		}
		arg := optionWords.arg(option)
		if arg == "" {
			words = words[1:]
			continue
		}
		if len(words) == 1 {
			return s.values(arg)
		}
		if optionWords.find(option) == "-netns" {
			s.opt.netns = words[1]
		}
		words = words[2:]
	}
	if len(words) == 0 {
		switch {
		case strings.HasPrefix(next, "-") && s.opt.bridge:
			return bridgeOptionWords.words()
		case strings.HasPrefix(next, "-"):
			return optionWords.words()
		case s.opt.bridge:
			return keywords("link fdb vlan help").words()
		}
		return objectsThere()
	}
	object := objects.find(words[0])
	switch {
	case s.opt.bridge:
		object = "bridge " + bridgeObjects.find(words[0])
	case object == "neighbor":
		object = "neigh"
	}
	words = words[1:]
	for i := range forms {
		if f := &forms[i]; f.object == object && f.command == "" {
			return s.inForm(f, words)
		}
	}
	if len(words) == 0 {
		return commands(object)
	}
	if object == "netns" && len(words) > 2 && command(object, words[0]) == "exec" && filepath.Base(words[2]) == "ip" {
		s.opt.netns = words[1]
		return s.candidates(words[3:], next)
	}
	for _, f := range forms {
		if f.object == object && f.command.find(words[0]) != "" {
			return s.inForm(&f, words[1:])
		}
	}
	return nil
}

// inForm is candidates for the words behind a command.
func (s *session) inForm(f *form, words []string) []string {
	g := f.words
	if g == "" { // what follows is in the outline alone
		outline := strings.Fields(f.takes)
		if len(words) < len(outline) {
			return s.values(outline[len(words)])
		}
		return nil
	}
	for i, word := range words {
		if g.find(word) == "type" && g == linkWords && i+1 < len(words) {
			kind := words[i+1]
			for _, f := range forms {
				if f.object == kind && f.command == "" {
					g = f.words
				}
			}
		} else if word == "peer" && i > 1 {
			g = linkWords
		}
	}
	if len(words) > 0 {
		if arg := g.arg(words[len(words)-1]); arg != "" {
			return s.values(arg)
		}
	}
	all := g.words()
	if strings.Contains(string(g), "[dev] DEV") {
		all = append(all, s.values("DEV")...)
	}
	return all
}

// arg is the argument of a word: "DEV", "{ on | off }", or "".
func (g grammar) arg(word string) string {
	name := g.find(word)
	for line := range strings.SplitSeq(string(g), "\n") {
		group, _ := firstGroup(line, "\n")
		if name != "" && keywords(group).find(name) == name {
			line, _, _ = strings.Cut(strings.TrimLeft(line, "\t"), "  ")
			_, arg, _ := strings.Cut(line, " ")
			return arg
		}
	}
	return ""
}

// values are those that a word in capitals in a grammar stands for, if they can be listed.
func (s *session) values(arg string) []string {
	switch arg {
	case "DEV":
		return s.linkNames()
	case "NETNS":
		names, err := nsfs.List()
		if err != nil {
			return nil
		}
		return names
	case "KIND":
		return keywords("veth bridge bridge_slave macvlan vxlan vlan dummy ifb vrf bond bond_slave ipvlan geneve nlmon").words()
	case "BOOL":
		return []string{"0", "1"}
	case "SWITCH":
		return []string{"on", "off"}
	case "STATE":
		return nudWords.words()
	case "TYPE":
		return typeWords.words()
	case "GROUP":
		return s.tables.get(groups).names
	case "TABLE":
		return append(s.tables.get(routeTables).names, "all")
	case "SCOPE":
		return s.tables.get(scopes).names
	case "PROTOCOL":
		return s.tables.get(protocols).names
	}
	if list, ok := strings.CutPrefix(arg, "{ "); ok {
		choices := strings.Split(strings.TrimSuffix(list, " }"), " | ")
		return slices.DeleteFunc(choices, func(c string) bool { return strings.ToUpper(c) == c })
	}
	return nil
}

func (s *session) linkNames() (names []string) {
	conn, err := s.dial()
	if err != nil {
		return nil
	}
	for l, err := range nl.Stream[rtnl.Link](s.ctx, conn, unix.RTM_GETLINK, &rtnl.Link{ExtMask: rtnl.ExtSkipStats}) {
		if err != nil {
			break
		}
		names = append(append(names, l.Name), l.AltNames...)
	}
	return names
}

// objectsThere are the objects that minins has.
func objectsThere() (all []string) {
	last := ""
	for _, f := range forms {
		if f.object != last && strings.HasPrefix(f.tool(), "ip ") {
			all = append(all, f.object)
			last = f.object
		}
	}
	return append(all, "help")
}

// CompletionScript prints what has a shell ask [Complete].
func CompletionScript(c *applet.Cmd) int {
	if len(c.Args) == 1 {
		switch c.Args[0] {
		case "bash":
			c.Printf("%s", completeBash)
			return 0
		case "zsh":
			c.Printf("%s", completeZsh)
			return 0
		case "fish":
			c.Printf("%s", completeFish)
			return 0
		}
	}
	c.Errorf("Usage: minins completion { bash | zsh | fish }")
	return 2
}

// CompleteName is the command that the scripts call.
const CompleteName = "__complete"

const completeBash = `# eval "$(minins completion bash)"
_minins() {
	local IFS=$'\n'
	COMPREPLY=($(minins __complete "${COMP_WORDS[@]:0:COMP_CWORD+1}" 2>/dev/null))
}
complete -F _minins ip bridge minins
`

const completeZsh = `#compdef ip bridge minins
# eval "$(minins completion zsh)"
_minins() {
	local -a found
	found=("${(@f)$(minins __complete "${(@)words[1,CURRENT]}" 2>/dev/null)}")
	compadd -a found
}
compdef _minins ip bridge minins
`

const completeFish = `# minins completion fish | source
for name in ip bridge minins
	complete -c $name -f -a '(minins __complete (commandline -opc) (commandline -ct) 2>/dev/null)'
end
`
