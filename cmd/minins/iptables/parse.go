//go:build linux

package iptables

import (
	"slices"
	"strconv"
	"strings"

	"github.com/minins/minins/nft"
)

// A loaded extension is one that the command line named, or that an option
// made it look for, and its options so far.
type loaded struct {
	*module
	ext  extension
	seen []string // the main names of its options so far
}

func (l *loaded) has(option string) bool { return slices.Contains(l.seen, option) }

// A parser reads one command line.
type parser struct {
	scanner
	command
	restore        string    // the tool that reads a file with this line
	invert         bool      // the last word was a !
	exts           []*loaded // matches, and last the target
	wait, interval bool
	src, dst       string // what -s and -d said
	srcInv, dstInv bool
}

// parse reads the words of a command line. The error is a *failure; the
// command is there even then, for its notices.
func parse(family nft.Family, args []string) (*command, error) {
	return parseLine(family, "", args)
}

// parseLine is parse for a line of a file that tool restore reads, if it has a name.
func parseLine(family nft.Family, restore string, args []string) (*command, error) {
	p := &parser{scanner: scanner{own: base, args: args}, command: command{family: family, table: "filter"}, restore: restore}
	return &p.command, p.run()
}

func (p *parser) run() error {
	for p.scan(p.exts) {
		if p.fault == literal {
			if err := p.literal(); err != nil {
				return err
			}
			continue
		}
		if err := p.option(); err != nil {
			return err
		}
		if p.help || p.vers {
			p.inverse = p.invert
			return nil
		}
		p.invert = false
	}
	return p.finish()
}

func (p *parser) literal() error {
	if p.text != "!" {
		return fail(badArgument, p.text)
	}
	if p.invert {
		return wrong("multiple consecutive ! not allowed")
	}
	p.invert = true
	return nil
}

func (p *parser) option() error {
	if p.fault == unknown && strings.HasPrefix(p.text, "--") && p.loadProtocol() {
		p.long(p.text, p.exts) // it is the protocol's, perhaps
	}
	switch {
	case p.fault == lacking:
		return wrong(`option "` + p.text + `" requires an argument`)
	case p.opt == nil:
		return wrong(`unknown option "` + p.text + `"`)
	case p.by != nil:
		return p.extensionOption()
	}
	switch p.opt.short {
	case 'A', 'C', 'D', 'I', 'R', 'L', 'S', 'F', 'Z', 'N', 'X', 'E', 'P':
		return p.operation()
	case 's', 'd', 'p', 'i', 'o', 'f', 'j', 'g', 'c':
		if err := p.once(p.opt.short); err != nil {
			return err
		}
		return p.ruleOption()
	case 'n', 'x', '0':
		if err := p.once(p.opt.short); err != nil {
			return err
		}
		p.numeric = p.numeric || p.opt.short == 'n'
		p.exact = p.exact || p.opt.short == 'x'
		p.lines = p.lines || p.opt.short == '0'
	case 'v':
		if !p.verbose {
			if err := p.once('v'); err != nil {
				return err
			}
		}
		p.verbose = true
	case 't':
		if p.invert {
			return wrong("unexpected ! flag before --table")
		}
		if p.restore != "" {
			return wrong("The -t option cannot be used in " + p.restore + ".\n")
		}
		p.table = p.arg
	case 'm':
		if p.invert {
			return wrong("unexpected ! flag before --match")
		}
		return p.loadMatch(p.arg)
	case 'w', 'W':
		return p.waitOption()
	case 'h':
		p.help = true
	case 'V':
		p.vers = true
	case '4':
		if p.family != nft.IPv4 {
			return fail(otherFamily, "")
		}
	case '6':
		if p.family != nft.IPv6 {
			return fail(otherFamily, "")
		}
	}
	return nil // -M is for kernels that iptables had to load modules into
}

// once notes an option that may be given once, and with a ! only if that
// means something.
func (p *parser) once(short byte) error {
	if strings.IndexByte(p.given, short) >= 0 || short == 'g' && strings.Contains(p.given, "j") || short == 'j' && strings.Contains(p.given, "g") {
		if short == 'g' {
			short = 'j'
		}
		return wrong("multiple -" + string(rune(short)) + " flags not allowed")
	}
	p.given += string(short)
	if p.invert && strings.IndexByte("sdpiof", short) < 0 {
		if short == 'g' {
			short = 'j'
		}
		return wrong("cannot have ! before -" + string(rune(short)))
	}
	return nil
}

func (p *parser) waitOption() error {
	if p.restore != "" {
		return wrong("You cannot use `-" + string(rune(p.opt.short)) + "' from iptables-restore")
	}
	if p.opt.short == 'W' {
		p.interval = true
		p.notices = append(p.notices, "Ignoring deprecated --wait-interval option.")
		if p.arg == "" && p.more() {
			p.take()
		}
		return nil
	}
	p.wait = true
	seconds := p.arg
	if seconds == "" && p.more() {
		seconds = p.take()
	}
	if _, err := strconv.ParseUint(seconds, 10, 31); seconds != "" && err != nil {
		return wrong("wait seconds not numeric")
	}
	return nil
}

// operation reads one of the options that say what to do.
func (p *parser) operation() error {
	do := p.opt.short
	if do == 'N' {
		if err := validChain(p.arg); err != nil {
			return err
		}
	}
	if p.invert {
		return wrong("unexpected '!' flag")
	}
	switch listing := strings.IndexByte("LS", p.do) >= 0; {
	case p.do == 0:
		p.do = do
	case do == 'Z' && listing:
		p.zero = true
	case (do == 'L' || do == 'S') && (p.do == 'Z' || p.do == 'z'):
		p.do, p.zero = do, true
	default:
		return wrong("Cannot use -" + string(rune(do)) + " with -" + string(rune(upper(p.do))))
	}
	switch {
	case p.opt.arg == required || p.arg != "":
		p.chain, p.named = p.arg, true
	case p.more():
		p.chain, p.named = p.take(), true
	}
	switch do {
	case 'D':
		if p.more() {
			p.do = 'd'
			return p.ruleNumber(p.take())
		}
	case 'I':
		p.number = 1
		if p.more() {
			return p.ruleNumber(p.take())
		}
	case 'R':
		if !p.more() {
			return wrong("-R requires a rule number")
		}
		return p.ruleNumber(p.take())
	case 'L', 'S', 'Z':
		if p.more() {
			if do == 'Z' && p.do == 'Z' {
				p.do = 'z'
			}
			return p.ruleNumber(p.take())
		}
	case 'E':
		if !p.more() {
			return wrong("-E requires old-chain-name and new-chain-name")
		}
		p.newName = p.take()
		return validChain(p.newName)
	case 'P':
		if !p.more() {
			return wrong("-P requires a chain and a policy")
		}
		p.policy = p.take()
	}
	return nil
}

func upper(b byte) byte { return b &^ 0x20 }

func (p *parser) ruleNumber(s string) error {
	n, err := number(s, 31)
	if err != nil || n == 0 {
		return wrong("Invalid rule number `" + s + "'")
	}
	p.number = int(n)
	return nil
}
