//go:build linux

package iptables

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// restoreOptions is the command line of iptables-restore.
type restoreOptions struct {
	counters, noflush, test, verbose, help, version bool
	table, file                                     string
}

var restoreBase = []option{
	{long: "counters", short: 'c'}, {long: "verbose", short: 'v'}, {long: "version", short: 'V'}, {long: "test", short: 't'},
	{long: "help", short: 'h'}, {long: "noflush", short: 'n'}, {long: "table", short: 'T', arg: required},
	{long: "modprobe", short: 'M', arg: required}, {long: "ipv4", short: '4'}, {long: "ipv6", short: '6'},
	{long: "wait", short: 'w', arg: optional}, {long: "wait-interval", short: 'W', arg: optional},
}

// Restore is iptables-restore, or ip6tables-restore if c has that name. Each table, up to
// its COMMIT, is one transaction.
func Restore(c *applet.Cmd) int {
	var o restoreOptions
	if complaint := o.parse(c.Name, c.Args); complaint != "" {
		c.Errorf("%s", complaint)
		return 1
	}
	switch {
	case o.version:
		c.Printf("%s %s\n", c.Name, version)
		return 0
	case o.help:
		c.Printf("Usage: %s [-c] [-v] [-V] [-t] [-h] [-n] [-T table] [-M command] [-4] [-6] [file]\n", c.Name)
		for _, opt := range restoreBase {
			c.Printf("\t   [ --%s ]\n", opt.long)
		}
		return 1
	}
	in := c.Stdin
	if o.file != "" {
		f, err := os.Open(o.file)
		if err != nil {
			c.Errorf("Can't open %s: %s", o.file, applet.Strerror(err))
			return 1
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(in)
	if err != nil {
		c.Errorf("%s: %v", c.Name, err)
		return 1
	}
	r := &restorer{c: c, o: o, family: family(c.Name)}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if r.k, err = dial(ctx, c, r.family); err != nil {
		return report(c, byTheKernel(&command{family: r.family}, err))
	}
	defer r.k.conn.Close()
	return r.run(ctx, string(text))
}

func (o *restoreOptions) parse(name string, args []string) (complaint string) {
	s := scanner{own: restoreBase, args: args}
	for s.scan(nil) {
		if s.fault == literal {
			if o.file != "" {
				return "Unknown arguments found on commandline"
			}
			o.file = s.text
			continue
		}
		if what := s.mistake(); what != "" {
			return name + ": " + what + "\nTry `" + name + " -h' for more information."
		}
		switch s.opt.short {
		case 'c':
			o.counters = true
		case 'v':
			o.verbose = true
		case 'V':
			o.version = true
		case 't':
			o.test = true
		case 'h':
			o.help = true
		case 'n':
			o.noflush = true
		case 'T':
			o.table = s.arg
		}
	}
	if s.next < len(args) && o.file == "" {
		o.file = args[s.next]
	}
	return ""
}

// A restorer reads a text and makes of each table a transaction.
type restorer struct {
	c      *applet.Cmd
	o      restoreOptions
	family nft.Family
	k      *kernel
	line   int
	again  bool // the table is read another time, since another program has changed the rules

	t     *table // that is being read
	s     *state // what it will be
	steps []step
	lines []int // of the steps
	ids   uint32
}

// newRule marks, in the state, the handle of a rule of the same transaction, which
// has none yet: the rest of it is the rule's ID.
const newRule = 1 << 63

// run restores the tables of a text and returns the exit status.
func (r *restorer) run(ctx context.Context, text string) int {
	begin, beginLine := "", 0 // of the table: the text from there on, and the line before it
	for text != "" {
		here := text
		var line string
		line, text, _ = strings.Cut(text, "\n")
		r.line++
		line = strings.TrimRight(line, "\r")
		if line == "" || line[0] == '#' {
			if line != "" && r.tells() {
				r.c.Printf("%s\n", line)
			}
			continue
		}
		var err error
		switch {
		case line == "COMMIT" && r.t != nil:
			err = r.commit(ctx)
			r.t, r.s, r.steps, r.lines, r.again = nil, nil, nil, nil, false
			switch {
			case errors.Is(err, nft.ErrStale) && ctx.Err() == nil:
				text, r.line, r.again = begin, beginLine, true
			case err != nil:
				return r.failed(err)
			}
		case line[0] == '*' && r.t == nil:
			begin, beginLine = here, r.line-1
			if status, err := r.begin(ctx, line[1:]); status != 0 || err != nil {
				if err != nil {
					return r.failed(err)
				}
				return status
			}
		case r.t == nil:
			r.c.Errorf("%s: line %d failed", r.c.Name, r.line)
			return 1
		case r.skipped():
		case line[0] == ':':
			if status := r.chain(line[1:]); status != 0 {
				return status
			}
		default:
			if err := r.command(line); err != nil {
				return r.failed(err)
			}
		}
	}
	if r.t != nil {
		r.c.Errorf("%s: COMMIT expected at line %d", r.c.Name, r.line+1)
		return 1
	}
	return 0
}

// tells says whether to say what is done, which is said once.
func (r *restorer) tells() bool { return r.o.verbose && !r.again }

// skipped says whether -T asks for another table.
func (r *restorer) skipped() bool { return r.o.table != "" && r.t.name != r.o.table }

// failed reports a failure of a line.
func (r *restorer) failed(err error) int {
	var f *failure
	if !errors.As(err, &f) {
		return report(r.c, err)
	}
	switch statuses[f.kind] {
	case 1:
		text, _, _ := strings.Cut(f.text, ". Run `dmesg'")
		r.c.Errorf("%s: line %d failed: %s.", r.c.Name, r.line, text)
	case 2:
		text := r.c.Name + " " + version + ": " + f.text
		if f.kind == badArgument {
			text = "Bad argument `" + f.text + "'"
		}
		r.c.Errorf("%s\nError occurred at line: %d\nTry `%s -h' or '%s --help' for more information.", text, r.line, r.c.Name, r.c.Name)
	default:
		return report(r.c, err)
	}
	r.c.Hint(f.hint)
	return statuses[f.kind]
}

func (r *restorer) add(steps ...step) {
	for _, s := range steps {
		r.steps = append(r.steps, s)
		r.lines = append(r.lines, r.line)
	}
}

// begin reads the table as it is, and flushes it.
func (r *restorer) begin(ctx context.Context, name string) (status int, err error) {
	name = strings.TrimSpace(name)
	if r.t = findTable(name); r.t == nil {
		r.c.Errorf("%s %s: %s: line %d table name '%s' invalid\nError occurred at line: %d\nTry `%s -h' or '%s --help' for more information.",
			r.c.Name, version, r.c.Name, r.line, name, r.line, r.c.Name, r.c.Name)
		return 2, nil
	}
	if r.skipped() {
		return 0, nil
	}
	if r.s, err = r.k.read(ctx, r.t, true); err != nil {
		return 0, byTheKernel(&command{family: r.family, table: name}, err)
	}
	if r.o.noflush {
		return 0, nil
	}
	if r.tells() {
		for _, c := range r.s.chains {
			r.c.Printf("Flushing chain `%s'\n", c.name)
		}
		for _, c := range r.s.chains {
			if c.place == nil {
				r.c.Printf("Deleting chain `%s'\n", c.name)
			}
		}
	}
	gen := r.s.gen
	if r.s.exists && !r.k.native {
		r.add(step{msg: unix.NFT_MSG_DELTABLE, about: &nft.Table{Family: r.family, Name: name}})
	} else if r.s.exists {
		r.flushOwn()
	}
	r.s = r.k.empty(r.t)
	r.s.gen = gen
	return 0, nil
}

// flushOwn removes the chains of a table that share one of ours with others.
func (r *restorer) flushOwn() {
	del := func(msg uint16, about nl.Message) { r.add(step{msg: msg, about: about}) }
	for _, c := range r.s.chains {
		if c.made != nil {
			del(unix.NFT_MSG_DELRULE, &nft.Rule{Family: r.family, Table: r.k.where(r.t.name), Chain: c.made.Name})
		}
	}
	for _, c := range r.s.chains {
		if c.made != nil {
			del(unix.NFT_MSG_DELCHAIN, &nft.Chain{Family: r.family, Table: r.k.where(r.t.name), Name: c.made.Name})
		}
	}
}

// chain is a line ":NAME POLICY [packets:bytes]".
func (r *restorer) chain(line string) int {
	words := strings.Fields(line)
	if len(words) < 2 {
		r.c.Errorf("%s %s: %s: line %d policy invalid\nError occurred at line: %d\nTry `%s -h' or '%s --help' for more information.",
			r.c.Name, version, r.c.Name, r.line, r.line, r.c.Name, r.c.Name)
		return 2
	}
	p := &planner{kernel: r.k, cmd: &command{family: r.family, table: r.t.name}, s: r.s, c: r.s.find(words[0])}
	place := r.t.place(words[0])
	switch {
	case place == nil && p.c == nil:
		p.makeTable()
		made := p.named(words[0])
		p.add(unix.NFT_MSG_NEWCHAIN, unix.NLM_F_CREATE, made)
		r.k.place(r.s, &nft.Chain{Name: made.Name})
	case place == nil: // of before: it is emptied
		if len(p.c.rules) > 0 {
			p.delRule(p.c, 0)
		}
		p.c.rules = nil
	case words[1] != "ACCEPT" && words[1] != "DROP" && words[1] != "-":
		r.c.Errorf("%s: line %d failed: Bad policy name.", r.c.Name, r.line)
		return 1
	case words[1] != "-":
		policy := nft.VerdictAccept
		if words[1] == "DROP" {
			policy = nft.VerdictDrop
		}
		ch := p.baseChain(p.c, policy)
		if r.o.counters && len(words) > 2 {
			ch.Counters.V, ch.Counters.Ok = parseCounters(words[2])
		}
		p.makeTable()
		p.add(unix.NFT_MSG_NEWCHAIN, unix.NLM_F_CREATE, ch)
		p.c.made = ch
	}
	r.s.exists = true
	r.add(p.steps...)
	return 0
}

// parseCounters reads [packets:bytes].
func parseCounters(s string) (n nft.Counters, ok bool) {
	s, ok1 := strings.CutPrefix(s, "[")
	s, ok2 := strings.CutSuffix(s, "]")
	a, b, ok3 := strings.Cut(s, ":")
	packets, err1 := strconv.ParseUint(a, 10, 64)
	bytes, err2 := strconv.ParseUint(b, 10, 64)
	return nft.Counters{Packets: packets, Bytes: bytes}, ok1 && ok2 && ok3 && err1 == nil && err2 == nil
}

// command is a line as behind "iptables", perhaps with counters before it.
func (r *restorer) command(line string) error {
	var counters nft.Counters
	if line[0] == '[' {
		end := strings.IndexByte(line, ']') + 1
		if end == 0 {
			return fail(usage, "Bad line "+strconv.Itoa(r.line)+": need ]")
		}
		n, ok := parseCounters(line[:end])
		if !ok {
			return fail(usage, "Need to specify counters as [packets:bytes]")
		}
		if r.o.counters {
			counters = n
		}
		line = line[end:]
	}
	words, ok := restoreWords(line)
	if !ok {
		return fail(usage, "Unterminated quoted string")
	}
	cmd, err := parseLine(r.family, r.c.Name, words)
	if f, ok := err.(*failure); ok && f.kind == otherFamily {
		return nil // a line for the other one
	}
	if err != nil {
		return err
	}
	cmd.table = r.t.name
	if cmd.do == 'L' || cmd.do == 'S' || cmd.do == 'C' || cmd.do == 0 {
		return fail(usage, "Command not supported in a file: "+line)
	}
	if r.tells() && cmd.isRule() {
		r.k.brief(r.c, cmd)
	}
	if c := r.s.find(cmd.chain); cmd.do == 'E' && c != nil && c.made != nil && c.made.Handle == 0 {
		return fail(byKernel, "CHAIN_RENAME failed (No such file or directory): chain "+cmd.newName)
	}
	steps, err := r.k.plan(cmd, r.s)
	if err != nil {
		return err
	}
	for _, s := range steps {
		r.note(s, counters)
		r.add(byID(s)...)
	}
	return nil
}

// byID names a rule of the same transaction by its ID.
func byID(s step) []step {
	m, ok := s.about.(*nft.Rule)
	if !ok {
		return []step{s}
	}
	if m.Position&newRule != 0 {
		m.PositionID, m.Position = uint32(m.Position), 0
	}
	if m.Handle&newRule == 0 {
		return []step{s}
	}
	id := uint32(m.Handle)
	gone := step{msg: unix.NFT_MSG_DELRULE, about: &nft.Rule{Family: m.Family, Table: m.Table, Chain: m.Chain, ID: id}}
	if s.msg == unix.NFT_MSG_DELRULE {
		return []step{gone}
	}
	m.Handle, m.PositionID = 0, id // in its place: before it, and it goes
	return []step{{msg: s.msg, flags: unix.NLM_F_CREATE, about: m}, gone}
}

// note does to the state what a step will do to the table.
func (r *restorer) note(s step, counters nft.Counters) {
	switch m := s.about.(type) {
	case *nft.Table:
		r.s.exists = true
	case *nft.Chain:
		name := r.k.ours(r.t, m.Name)
		switch s.msg {
		case unix.NFT_MSG_NEWCHAIN:
			if c := r.s.find(name); c != nil {
				c.made = m
			} else {
				r.k.place(r.s, m)
			}
		case unix.NFT_MSG_DELCHAIN:
			r.s.chains = slices.DeleteFunc(r.s.chains, func(c *chain) bool { return c.name == name && c.place == nil })
		}
	case *nft.Rule:
		if s.msg == unix.NFT_MSG_NEWRULE {
			for i, e := range m.Exprs {
				if _, ok := e.(*nft.Counter); ok {
					m.Exprs[i] = newCounter(counters)
				}
			}
			r.ids++
			m.ID = r.ids
		}
		r.noteRule(s, m)
	}
}

func (r *restorer) noteRule(s step, m *nft.Rule) {
	noted := *m
	noted.Handle = newRule | uint64(m.ID)
	for _, c := range r.s.chains {
		if m.Chain != "" && c.name != r.k.ours(r.t, m.Chain) {
			continue
		}
		at := -1
		if m.Handle != 0 || m.Position != 0 { // to look for each that is appended would take the square of the time
			at = slices.IndexFunc(c.rules, func(x *nft.Rule) bool { return x.Handle != 0 && (x.Handle == m.Handle || x.Handle == m.Position) })
		}
		switch {
		case s.msg == unix.NFT_MSG_DELRULE && m.Handle == 0:
			c.rules = nil
		case s.msg == unix.NFT_MSG_DELRULE && at >= 0:
			c.rules = slices.Delete(c.rules, at, at+1)
		case s.msg != unix.NFT_MSG_NEWRULE:
		case s.flags&unix.NLM_F_REPLACE != 0 && at >= 0:
			c.rules[at] = &noted
		case s.flags&unix.NLM_F_APPEND != 0:
			c.rules = append(c.rules, &noted)
		default:
			c.rules = slices.Insert(c.rules, max(at, 0), &noted)
		}
	}
}

// restoreWords makes words of a line as iptables-restore does: quoted or not, with backslashes
// in quotes.
func restoreWords(line string) (words []string, ok bool) {
	line, _, _ = strings.Cut(line, "\x00") // where a string of C ends
	var word []byte
	in, quoted := false, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case quoted && c == '\\' && i+1 < len(line):
			i++
			word = append(word, line[i])
		case c == '"':
			quoted, in = !quoted, true
		case !quoted && (c == ' ' || c == '\t'):
			if in {
				words, word, in = append(words, string(word)), nil, false
			}
		default:
			word, in = append(word, c), true
		}
	}
	if in {
		words = append(words, string(word))
	}
	return words, !quoted
}

// commit sends the table as one transaction.
func (r *restorer) commit(ctx context.Context) error {
	if r.skipped() || len(r.steps) == 0 {
		return nil
	}
	b := r.k.conn.BeginAt(ctx, r.s.gen)
	for _, s := range r.steps {
		b.Add(s.msg, s.flags, s.about)
	}
	var err error
	if r.o.test {
		err = b.Check(ctx)
	} else {
		err = b.Commit(ctx)
	}
	if err == nil || errors.Is(err, nft.ErrStale) {
		return err
	}
	var e *nl.Error
	if errors.As(err, &e) && e.Index >= 1 && e.Index <= len(r.lines) {
		r.line = r.lines[e.Index-1]
	}
	return byTheKernel(&command{family: r.family, table: r.t.name}, err)
}
