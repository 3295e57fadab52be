//go:build linux

package nft

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/lang"
	"github.com/minins/minins/nl"
)

// A source is a text of commands, and the file that it is from, "" for the command
// line.
type source struct{ name, text string }

// A runner runs the commands of a text.
type runner struct {
	c      *applet.Cmd
	o      options
	source source
	texts  map[string]string // of files, by name
	conn   *nft.Conn
	names  *names
	failed int // the exit status of what was reported
}

func (r *runner) close() {
	if r.conn != nil {
		_ = r.conn.Close() // all is answered
	}
}

func (r *runner) dial() (*nft.Conn, error) {
	if r.conn == nil {
		conn, err := r.c.Dial(nft.Protocol, "")
		if err != nil {
			return nil, err
		}
		r.conn = nft.New(conn)
	}
	return r.conn, nil
}

// run returns the exit status.
func (r *runner) run(ctx context.Context) int {
	r.failed = 1
	r.names = &names{r: r}
	r.o.list.Device = r.names.deviceName
	r.texts = map[string]string{r.source.name: r.source.text}
	cmds, err := lang.Parse(r.source.name, r.source.text, r.names)
	if err != nil {
		r.report(err)
		return r.failed
	}
	if len(cmds) == 0 {
		return 0
	}
	for _, cmd := range cmds {
		if cmd.Op == "describe" || cmd.Op == "export" || cmd.Op == "import" {
			r.report(&wrong{cmd.At, cmd.Op + " is not carried out by minins"})
			return r.failed
		}
	}
	// Lists come in between: what was said before them is done by then.
	var batch []*lang.Cmd
	for _, cmd := range cmds {
		if cmd.Op != "list" && cmd.Op != "reset" && cmd.Op != "monitor" {
			batch = append(batch, cmd)
			continue
		}
		if !r.commit(ctx, batch) {
			return r.failed
		}
		batch = nil
		if cmd.Op == "monitor" {
			err = r.monitor(cmd)
		} else {
			err = r.list(ctx, cmd)
		}
		if err != nil {
			r.report(err)
			return r.failed
		}
	}
	if !r.commit(ctx, batch) {
		return r.failed
	}
	return 0
}

// wrong is an error at a place of the text.
type wrong struct {
	at   lang.Place
	text string
}

func (w *wrong) Error() string { return w.text }

// report says what is wrong, and shows where.
func (r *runner) report(err error) {
	var at lang.Place
	var syntax *lang.SyntaxError
	var w *wrong
	text := err.Error()
	switch {
	case r.conn == nil && errors.Is(err, unix.EPROTONOSUPPORT): // no socket
		r.c.Errorf("mnl.c:60: Unable to initialize Netlink socket: Protocol not supported") // nft's own words
		r.c.Hintf("%v", err)
		r.failed = 3 // NFT_EXIT_NONL
		return
	case errors.As(err, &syntax):
		at, text = syntax.Place, syntax.Text
	case errors.As(err, &w):
		at, text = w.at, w.text
	}
	prefix := ""
	if at.File != "" && at.Line > 0 {
		prefix = at.File + ":" + strconv.Itoa(at.Line) + ":" + strconv.Itoa(at.From) + "-" + strconv.Itoa(at.To) + ": "
	}
	r.c.Errorf("%sError: %s", prefix, text)
	if at.Line == 0 {
		return
	}
	lines := strings.Split(r.texts[at.File], "\n")
	line := ""
	if at.Line <= len(lines) {
		line = lines[at.Line-1]
	}
	var under strings.Builder
	for i := range at.From - 1 {
		if i < len(line) && line[i] == '\t' {
			under.WriteByte('\t')
		} else {
			under.WriteByte(' ')
		}
	}
	r.c.Errorf("%s\n%s%s", line, under.String(), strings.Repeat("^", max(at.To-at.From+1, 1)))
}

// commit sends commands as one transaction, and reports what was refused.
func (r *runner) commit(ctx context.Context, cmds []*lang.Cmd) bool {
	if len(cmds) == 0 {
		return true
	}
	conn, err := r.dial()
	if err != nil {
		r.report(err)
		return false
	}
	for {
		// Some commands look at what there is: if that has changed, they look again.
		gen, err := conn.Gen(ctx)
		if err != nil {
			r.report(err)
			return false
		}
		b := &building{r: r, ctx: ctx, conn: conn, hooks: make(map[string]nft.HookNum)}
		if err := b.build(cmds); err != nil {
			r.report(err)
			return false
		}
		echo := func() {}
		if r.o.echo && !r.o.check {
			if echo, err = r.echo(ctx, b); err != nil {
				r.report(err)
				return false
			}
		}
		b.begin(gen)
		b.send()
		if r.o.check {
			err = b.batch.Check(ctx)
		} else {
			err = b.batch.Commit(ctx)
		}
		if errors.Is(err, nft.ErrStale) && ctx.Err() == nil {
			r.names.sets = nil
			continue
		}
		if err != nil {
			r.refused(err, b)
			return false
		}
		echo()
		return true
	}
}

// refused reports the refusals of a transaction: each at what it is about.
func (r *runner) refused(err error, b *building) {
	all := []error{err}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		all = many.Unwrap()
	}
	for _, err := range all {
		var e *nl.Error
		if !errors.As(err, &e) || e.Index < 1 || e.Index > len(b.steps) {
			r.report(err)
			continue
		}
		cmd := b.steps[e.Index-1].cmd
		at := cmd.NameAt
		if at.Line == 0 || len(e.Path) > 0 && strings.HasSuffix(e.Path[0], "_TABLE") {
			at = cmd.TableAt
		}
		if at.Line == 0 {
			at = cmd.At
		}
		if cmd.Obj == "element" && cmd.ElemsAt.Line != 0 {
			at = cmd.ElemsAt
		}
		if cmd.Rule != nil && len(e.Path) > 0 && strings.Contains(e.Path[0], "EXPRESSIONS") {
			at = cmd.At
		}
		var errno unix.Errno
		text := e.Error()
		if errors.As(e, &errno) {
			text = "Could not process rule: " + applet.Strerror(errno)
		}
		r.report(&wrong{at, text})
		r.c.Hintf("%v", err)
	}
}

// A step is one request, and the command that it is of.
type step struct {
	msg, flags uint16
	m          nl.Message
	cmd        *lang.Cmd
}

// A building is the requests of a transaction.
type building struct {
	r     *runner
	ctx   context.Context
	conn  *nft.Conn
	batch *nft.Batch
	steps []step
	ids   uint32
	hooks map[string]nft.HookNum // of chains in the text

	onEvent func(*nft.Event) error
}

func (b *building) begin(gen uint32) {
	b.batch = b.conn.BeginAt(b.ctx, gen)
	b.batch.OnEvent = b.onEvent
}

func (b *building) add(cmd *lang.Cmd, msg, flags uint16, m nl.Message) {
	if b.r.o.echo && flags != 0 { // nft asks for none of what goes
		flags |= unix.NLM_F_ECHO
	}
	b.steps = append(b.steps, step{msg, flags, m, cmd})
}

// send adds the requests to the batch, as many elements to a request as it holds.
func (b *building) send() {
	var steps []step
	for _, s := range b.steps {
		before := b.batch.Len()
		switch e, ok := s.m.(*nft.Elems); {
		case ok && e.Each != nil && s.msg == unix.NFT_MSG_NEWSETELEM && s.flags&unix.NLM_F_EXCL != 0:
			b.batch.CreateElems(e)
		case ok && e.Each != nil && s.msg == unix.NFT_MSG_NEWSETELEM:
			b.batch.AddElems(e)
		case ok && e.Each != nil:
			b.batch.DelElems(e)
		default:
			b.batch.Add(s.msg, s.flags, s.m)
		}
		for range b.batch.Len() - before {
			steps = append(steps, s)
		}
	}
	b.steps = steps
}

const (
	createFlags = unix.NLM_F_CREATE
	exclFlags   = unix.NLM_F_CREATE | unix.NLM_F_EXCL
)

func (b *building) build(cmds []*lang.Cmd) error {
	for _, c := range cmds {
		if err := b.command(c); err != nil {
			return err
		}
	}
	return nil
}

func (b *building) command(c *lang.Cmd) error {
	flags := uint16(createFlags)
	if c.Op == "create" {
		flags = exclFlags
	}
	switch c.Op + " " + c.Obj {
	case "add table", "create table":
		t := &nft.Table{Family: c.Family, Name: c.Table}
		t.Flags.Ok, t.Flags.V = true, c.Flags
		u, err := comment(c)
		if err != nil {
			return err
		}
		t.Userdata = u
		b.add(c, unix.NFT_MSG_NEWTABLE, flags, t)
	case "add chain", "create chain":
		u, err := comment(c)
		if err != nil {
			return err
		}
		c.Chain.Userdata = u
		if c.Chain.Hook.Ok {
			b.hooks[hookKey(c)] = c.Chain.Hook.V.Num
		}
		b.add(c, unix.NFT_MSG_NEWCHAIN, flags, c.Chain)
	case "add set", "create set", "add map", "create map":
		b.ids++
		c.Set.ID = b.ids
		if c.Set.Desc.V.Size == 0 && len(c.Elems) > 0 && c.Set.Flags.V&nft.SetConstant != 0 {
			c.Set.Desc.Ok, c.Set.Desc.V.Size = true, uint32(len(c.Elems))
		}
		b.add(c, unix.NFT_MSG_NEWSET, flags, c.Set.Set)
		if len(c.Elems) > 0 {
			return b.elems(c, unix.NFT_MSG_NEWSETELEM, flags, c.Set.ID)
		}
	case "add element", "create element":
		return b.elems(c, unix.NFT_MSG_NEWSETELEM, flags, 0)
	case "delete element", "destroy element":
		return b.elems(c, unix.NFT_MSG_DELSETELEM, 0, 0)
	case "add counter", "create counter", "add quota", "create quota", "add limit", "create limit":
		u, err := comment(c)
		if err != nil {
			return err
		}
		c.Object.Userdata = u
		b.add(c, unix.NFT_MSG_NEWOBJ, flags, c.Object)
	case "add flowtable", "create flowtable":
		b.add(c, unix.NFT_MSG_NEWFLOWTABLE, flags, c.Flow)
	case "add rule", "create rule", "insert rule", "replace rule":
		return b.rule(c)
	default:
		return b.remove(c)
	}
	return nil
}

func hookKey(c *lang.Cmd) string { return c.Family.Keyword() + " " + c.Table + " " + c.Name }

func comment(c *lang.Cmd) (nft.Userdata, error) {
	if c.Comment == "" {
		return nil, nil
	}
	if len(c.Comment) > 128 {
		return nil, &wrong{c.At, "comment too long, 128 characters maximum allowed"}
	}
	return nft.WithComment(c.Comment)
}

func (b *building) elems(c *lang.Cmd, msg, flags uint16, id uint32) error {
	each, _, err := lang.CompileElems(c.Set.Set, c.Elems, nil)
	if err != nil {
		return &wrong{c.At, err.Error()}
	}
	b.add(c, msg, flags, &nft.Elems{Family: c.Family, Table: c.Table, Set: c.Name, SetID: id, Each: each})
	return nil
}

func (b *building) rule(c *lang.Cmd) error {
	made, err := c.Make(b.hook(c), b.r.names, &b.ids)
	if err != nil {
		return err
	}
	for i, s := range made.Sets {
		b.add(c, unix.NFT_MSG_NEWSET, createFlags, s)
		if made.Elems[i] != nil {
			b.add(c, unix.NFT_MSG_NEWSETELEM, createFlags, made.Elems[i])
		}
	}
	for _, ch := range made.Chains {
		b.add(c, unix.NFT_MSG_NEWCHAIN, createFlags, ch)
	}
	for _, r := range made.Inner {
		b.add(c, unix.NFT_MSG_NEWRULE, createFlags|unix.NLM_F_APPEND, r)
	}
	r := &nft.Rule{Family: c.Family, Table: c.Table, Chain: c.Name, Exprs: made.Exprs, Position: c.Position}
	if text := c.Rule.Comment; text != "" {
		if len(text) > 128 {
			return &wrong{c.At, "comment too long, 128 characters maximum allowed"}
		}
		if r.Userdata, err = nft.WithComment(text); err != nil {
			return err
		}
	}
	if c.Index {
		if r.Position, err = b.handleAt(c); err != nil {
			return err
		}
	}
	flags := uint16(createFlags | unix.NLM_F_APPEND)
	switch c.Op {
	case "insert":
		flags = createFlags
	case "replace":
		flags = unix.NLM_F_REPLACE
		r.Handle, r.Position = c.Handle, 0
	}
	b.add(c, unix.NFT_MSG_NEWRULE, flags, r)
	return nil
}

// hook is that of the chain of a rule, where it matters.
func (b *building) hook(c *lang.Cmd) nft.HookNum {
	if h, ok := b.hooks[hookKey(c)]; ok {
		return h
	}
	if !c.NeedsHook() {
		return 0
	}
	if ch, err := b.conn.Chain(b.ctx, c.Family, c.Table, c.Name); err == nil {
		return ch.Hook.V.Num
	}
	return 0 // the kernel says that there is none
}

// handleAt is the handle of a rule by its number in the chain.
func (b *building) handleAt(c *lang.Cmd) (uint64, error) {
	rules, err := b.conn.Rules(b.ctx, c.Family, c.Table, c.Name)
	if err != nil {
		return 0, err
	}
	if c.Position >= uint64(len(rules)) {
		return 0, &wrong{c.NameAt, "Could not process rule: No such file or directory"}
	}
	return rules[c.Position].Handle, nil
}

// remove is delete, destroy, flush and rename.
func (b *building) remove(c *lang.Cmd) error {
	gone := uint16(0)
	if c.Op == "destroy" {
		gone = destroyed
	}
	del := func(msg uint16, m nl.Message) { b.add(c, destroy(msg, gone), 0, m) }
	set := &nft.Set{Family: c.Family, Table: c.Table, Name: c.Name, Handle: c.Handle}
	switch {
	case c.Op == "flush":
		return b.flush(c)
	case c.Op == "rename" && c.Obj == "chain":
		ch, err := b.conn.Chain(b.ctx, c.Family, c.Table, c.Name)
		if err != nil {
			return &wrong{c.NameAt, "Could not process rule: No such file or directory"}
		}
		b.add(c, unix.NFT_MSG_NEWCHAIN, 0, &nft.Chain{Family: c.Family, Table: c.Table, Name: c.To, Handle: ch.Handle})
	case c.Obj == "table":
		del(unix.NFT_MSG_DELTABLE, &nft.Table{Family: c.Family, Name: c.Table, Handle: c.Handle})
	case c.Obj == "chain":
		del(unix.NFT_MSG_DELCHAIN, &nft.Chain{Family: c.Family, Table: c.Table, Name: c.Name, Handle: c.Handle})
	case c.Obj == "rule":
		del(unix.NFT_MSG_DELRULE, &nft.Rule{Family: c.Family, Table: c.Table, Chain: c.Name, Handle: c.Handle})
	case c.Obj == "set" || c.Obj == "map" || c.Obj == "meter":
		del(unix.NFT_MSG_DELSET, set)
	case c.Obj == "flowtable":
		del(unix.NFT_MSG_DELFLOWTABLE, &nft.Flowtable{Family: c.Family, Table: c.Table, Name: c.Name, Handle: c.Handle})
	case c.Obj == "counter" || c.Obj == "quota" || c.Obj == "limit":
		types := map[string]nft.ObjType{"counter": nft.ObjCounter, "quota": nft.ObjQuota, "limit": nft.ObjLimit}
		del(unix.NFT_MSG_DELOBJ, &nft.Obj{Family: c.Family, Table: c.Table, Name: c.Name, Type: types[c.Obj], Handle: c.Handle})
	default:
		return &wrong{c.At, fmt.Sprintf("%s %s is not carried out by minins", c.Op, c.Obj)}
	}
	return nil
}

const destroyed = 1

// destroy is the request that removes an object only if it is there. (Linux 6.3)
func destroy(msg, gone uint16) uint16 {
	if gone == 0 {
		return msg
	}
	all := map[uint16]uint16{
		unix.NFT_MSG_DELTABLE: nft.MsgDestroyTable, unix.NFT_MSG_DELCHAIN: nft.MsgDestroyChain, unix.NFT_MSG_DELRULE: nft.MsgDestroyRule,
		unix.NFT_MSG_DELSET: nft.MsgDestroySet, unix.NFT_MSG_DELOBJ: nft.MsgDestroyObj, unix.NFT_MSG_DELFLOWTABLE: nft.MsgDestroyFlowtable,
	}
	return all[msg]
}

func (b *building) flush(c *lang.Cmd) error {
	switch c.Obj {
	case "ruleset":
		tables, err := b.conn.Tables(b.ctx, c.Family)
		if err != nil {
			return err
		}
		for _, t := range tables {
			if t.Flags.V&nft.TableOwner == 0 || t.Owner == 0 { // those of others stay
				b.add(c, unix.NFT_MSG_DELTABLE, 0, &nft.Table{Family: t.Family, Name: t.Name})
			}
		}
	case "table":
		b.add(c, unix.NFT_MSG_DELRULE, 0, &nft.Rule{Family: c.Family, Table: c.Table})
	case "chain":
		b.add(c, unix.NFT_MSG_DELRULE, 0, &nft.Rule{Family: c.Family, Table: c.Table, Chain: c.Name})
	case "set", "map", "meter":
		b.add(c, unix.NFT_MSG_DELSETELEM, 0, &nft.Elems{Family: c.Family, Table: c.Table, Set: c.Name})
	default:
		return &wrong{c.At, "flush " + c.Obj + " is not carried out by minins"}
	}
	return nil
}
