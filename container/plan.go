//go:build linux

package container

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/rule"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// A plan is a change to the ports, as it is put together while the ruleset is read.
//
// What is not of nf_tables, sysctls and hairpin mode, cannot be part of a transaction.
// So that a process that is killed leaves nothing that nobody knows of, it is written
// down first, in a transaction of its own; then it is done; then comes the transaction
// that the ports are in. Each is for the ruleset that the one before left.
type plan struct {
	p      *Publisher
	gen    uint32 // of the ruleset that was read
	chains []nft.Chain
	marks  []func(b *nft.Batch)
	beside []change
	todo   []func(b *nft.Batch)
	err    error
	says   []string // what is done, where that is of interest

	hairpins map[nft.Family][]uint32 // ports of bridges that need it, by index
}

// A change is one that no transaction makes.
type change struct {
	do, undo func(ctx context.Context) error
}

// change plans a change and makes it: again, as long as the ruleset was changed by
// somebody else meanwhile. If it fails, all is as before, but for tables without ports,
// which collect takes away; marked says that they may be there.
func (p *Publisher) change(ctx context.Context, planning func(pl *plan) error) (marked bool, err error) {
	for {
		pl := &plan{p: p, hairpins: map[nft.Family][]uint32{}}
		if pl.gen, err = p.nft.Gen(ctx); err != nil {
			return marked, err
		}
		planned := planning(pl)
		if planned == nil {
			err = pl.commit(ctx, &marked)
		} else if gen, again := p.nft.Gen(ctx); again == nil && gen != pl.gen {
			err = nft.ErrStale // what it saw may have been half of one and half of the other
		} else {
			err = planned
		}
		if !errors.Is(err, nft.ErrStale) || ctx.Err() != nil {
			return marked, err
		}
	}
}

// readChains has the plan know all chains.
func (pl *plan) readChains(ctx context.Context) (err error) {
	pl.chains, err = pl.p.nft.Chains(ctx, nft.Unspec, "")
	return err
}

func (pl *plan) fail(err error) {
	if pl.err == nil {
		pl.err = err
	}
}

func (pl *plan) say(text string)           { pl.says = append(pl.says, text) }
func (pl *plan) mark(f func(b *nft.Batch)) { pl.marks = append(pl.marks, f) }
func (pl *plan) do(f func(b *nft.Batch))   { pl.todo = append(pl.todo, f) }

// rule is what adds a rule to a chain.
func (pl *plan) rule(c *nft.Chain, parts ...rule.Part) func(b *nft.Batch) {
	r, err := rule.New(c, parts...)
	pl.fail(err)
	return func(b *nft.Batch) { b.AddRule(r) }
}

// chain is a chain that was there when the plan was begun.
func (pl *plan) chain(f nft.Family, table, name string) *nft.Chain {
	for i := range pl.chains {
		if c := &pl.chains[i]; c.Family == f && c.Table == table && c.Name == name {
			return c
		}
	}
	return nil
}

// exists says whether a side has its table.
func (pl *plan) exists(s *side) bool { return pl.chain(s.family, PortTable, chainUndo) != nil }

// commit does all of it, or undoes what it did of it. marked is set once something is
// written down. [nft.ErrStale]: the ruleset was changed meanwhile.
func (pl *plan) commit(ctx context.Context, marked *bool) error {
	if pl.err != nil {
		return pl.err
	}
	if len(pl.beside) == 0 {
		return pl.transaction(ctx, append(pl.marks, pl.todo...))
	}
	if len(pl.marks) > 0 {
		*marked = true // perhaps also where it says that it failed: the answer may be lost
		if err := pl.transaction(ctx, pl.marks); err != nil {
			return err
		}
	}
	done := 0
	var err error
	for _, c := range pl.beside {
		if err = c.do(ctx); err != nil {
			break
		}
		done++
	}
	if err == nil {
		err = pl.sure(ctx, pl.transaction(ctx, pl.todo))
	}
	if err == nil {
		return nil
	}
	errs := []error{err}
	for _, c := range slices.Backward(pl.beside[:done]) {
		errs = append(errs, c.undo(context.WithoutCancel(ctx)))
	}
	return errors.Join(errs...)
}

// sure finds out what became of the last transaction where no answer to it could be
// read: if it was done, what is beside it must stay. It is sent again if the ruleset was
// changed; what it creates or deletes cannot be created or deleted twice.
func (pl *plan) sure(ctx context.Context, err error) error {
	var refused *nl.Error
	if err == nil || errors.As(err, &refused) || errors.Is(err, nft.ErrStale) {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	gen, again := pl.p.nft.Gen(ctx)
	if again != nil || gen == pl.gen {
		return errors.Join(err, again)
	}
	pl.gen = gen
	again = pl.transaction(ctx, pl.todo)
	if again == nil || errors.Is(again, fs.ErrExist) || errors.Is(again, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, again)
}

// transaction is one, if there is anything in it, for the ruleset as it was left.
func (pl *plan) transaction(ctx context.Context, todo []func(b *nft.Batch)) error {
	if len(todo) == 0 {
		return nil
	}
	b := pl.p.nft.BeginAt(ctx, pl.gen)
	for _, f := range todo {
		f(b)
	}
	if err := b.Commit(ctx); err != nil {
		return err
	}
	if pl.gen++; pl.gen == 0 { // the kernel leaves it out
		pl.gen = 1
	}
	return nil
}

// setHairpin has a port of a bridge send frames back where they came from, or not.
func (p *Publisher) setHairpin(ctx context.Context, index uint32, on uint8) error {
	return p.links.SetLink(ctx, &rtnl.Link{Index: index, Info: rtnl.LinkInfo{
		SlaveKind: "bridge", Port: &rtnl.BridgePort{Hairpin: nl.Some(on)},
	}})
}

// hairpin is the change that switches it on, or off. Where that is taken back, a link
// that has gone is as well.
func (p *Publisher) hairpin(index uint32, on bool) change {
	is, was := uint8(0), uint8(1)
	if on {
		is, was = was, is
	}
	lenient := func(ctx context.Context, on uint8) error {
		if err := p.setHairpin(ctx, index, on); !errors.Is(err, unix.ENODEV) {
			return err
		}
		return nil
	}
	return change{
		do: func(ctx context.Context) error {
			if on {
				return p.setHairpin(ctx, index, is)
			}
			return lenient(ctx, is)
		},
		undo: func(ctx context.Context) error { return lenient(ctx, was) },
	}
}

// A sysctl is one that has to be 1.
type sysctl struct{ name, was string }

// undoComment is how it is recorded what a sysctl was.
func (s sysctl) undoComment() string { return "sysctl " + s.name + " " + s.was }

// undoSysctl reads it.
func undoSysctl(comment string) (s sysctl, ok bool) {
	f := strings.Fields(comment)
	if len(f) != 3 || f[0] != "sysctl" {
		return s, false
	}
	return sysctl{f[1], f[2]}, true
}

// need has a sysctl be 1, and what it was recorded once.
func (pl *plan) need(s *side, name string, comments map[string]uint64) {
	file, err := pl.p.sysctl(name)
	if err != nil {
		pl.fail(err)
		return
	}
	was, err := file.Get()
	if err != nil {
		pl.fail(err)
		return
	}
	if was == "1" {
		return
	}
	pl.beside = append(pl.beside, change{
		do:   func(context.Context) error { return file.Set("1") },
		undo: func(context.Context) error { return file.Set(was) },
	})
	set := sysctl{name, was}
	if _, ok := comments[chainUndo+" "+set.undoComment()]; !ok {
		pl.mark(pl.rule(s.chain(chainUndo), rule.Return(), rule.Comment(set.undoComment())))
	}
}

// putBack has a sysctl be what it was, unless it is not 1 any more.
func (pl *plan) putBack(s sysctl) {
	file, err := pl.p.sysctl(s.name)
	if err != nil {
		pl.fail(err)
		return
	}
	pl.say("set sysctl " + s.name + " back to " + s.was)
	done := false
	pl.beside = append(pl.beside, change{
		do: func(context.Context) error {
			is, err := file.Get()
			if done = err == nil && is == "1"; done {
				err = file.Set(s.was)
			}
			return err
		},
		undo: func(context.Context) error {
			if !done {
				return nil
			}
			return file.Set("1")
		},
	})
}

// sysctl is a sysctl of the host's namespace, which stays open.
func (p *Publisher) sysctl(name string) (*nsfs.Sysctl, error) {
	file, ok := p.sysctls[name]
	if !ok {
		var err error
		if file, err = p.ns.Sysctl(name); err != nil {
			return nil, err
		}
		p.sysctls[name] = file
	}
	return file, nil
}
