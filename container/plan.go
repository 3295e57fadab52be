//go:build linux

package container

import (
	"context"
	"errors"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/rule"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// A plan is one transaction, as it is put together while the ruleset is read, and
// what is to be done beside it.
type plan struct {
	p      *Publisher
	gen    uint32 // of the ruleset that was read
	chains []nft.Chain
	todo   []func(b *nft.Batch)
	err    error

	sysctls  []sysctl // to be set
	hairpins []uint32 // ports of bridges to get it, by index
}

// newPlan reads what every change begins from.
func (p *Publisher) newPlan(ctx context.Context) (*plan, error) {
	gen, err := p.nft.Gen(ctx)
	if err != nil {
		return nil, err
	}
	chains, err := p.nft.Chains(ctx, nft.Unspec, "")
	return &plan{p: p, gen: gen, chains: chains}, err
}

func (pl *plan) fail(err error) {
	if pl.err == nil {
		pl.err = err
	}
}

func (pl *plan) do(f func(b *nft.Batch)) { pl.todo = append(pl.todo, f) }

// rule adds a rule to a chain.
func (pl *plan) rule(c *nft.Chain, parts ...rule.Part) {
	r, err := rule.New(c, parts...)
	pl.fail(err)
	pl.do(func(b *nft.Batch) { b.AddRule(r) })
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

// commit does all of it, or nothing. [nft.ErrStale]: the ruleset was changed
// meanwhile.
func (pl *plan) commit(ctx context.Context) error {
	if pl.err != nil || len(pl.todo) == 0 {
		return pl.err
	}
	undo, err := pl.beside(ctx)
	if err == nil {
		b := pl.p.nft.BeginAt(ctx, pl.gen)
		for _, f := range pl.todo {
			f(b)
		}
		err = b.Commit(ctx)
	}
	if err != nil {
		return errors.Join(err, undo())
	}
	return nil
}

// beside does what is not of nf_tables. undo takes back as much as was done.
func (pl *plan) beside(ctx context.Context) (undo func() error, err error) {
	sysctls, hairpins := 0, 0
	undo = func() error {
		ctx := context.WithoutCancel(ctx)
		var errs []error
		for _, i := range pl.hairpins[:hairpins] {
			errs = append(errs, pl.p.setHairpin(ctx, i, 0))
		}
		for _, s := range pl.sysctls[:sysctls] {
			errs = append(errs, pl.p.write(s.name, s.was))
		}
		return errors.Join(errs...)
	}
	for _, s := range pl.sysctls {
		if err := pl.p.write(s.name, "1"); err != nil {
			return undo, err
		}
		sysctls++
	}
	for _, i := range pl.hairpins {
		if err := pl.p.setHairpin(ctx, i, 1); err != nil {
			return undo, err
		}
		hairpins++
	}
	return undo, nil
}

// setHairpin has a port of a bridge send frames back where they came from, or not.
func (p *Publisher) setHairpin(ctx context.Context, index uint32, on uint8) error {
	return p.links.SetLink(ctx, &rtnl.Link{Index: index, Info: rtnl.LinkInfo{
		SlaveKind: "bridge", Port: &rtnl.BridgePort{Hairpin: nl.Some(on)},
	}})
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
	was, err := pl.p.read(name)
	if err != nil {
		pl.fail(err)
		return
	}
	if was == "1" {
		return
	}
	set := sysctl{name, was}
	pl.sysctls = append(pl.sysctls, set)
	if _, ok := comments[chainUndo+" "+set.undoComment()]; !ok {
		pl.rule(s.chain(chainUndo), rule.Return(), rule.Comment(set.undoComment()))
	}
}

// read reads a sysctl of the host's namespace. The file is kept open: to go there
// takes a thread, and a file that was opened there belongs to it for good.
func (p *Publisher) read(name string) (string, error) {
	fd, ok := p.sysctls[name]
	if !ok {
		err := p.ns.Do(func() (err error) {
			fd, err = unix.Open("/proc/sys/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
			return err
		})
		if err != nil {
			return "", &sysctlError{"read", name, err}
		}
		p.sysctls[name] = fd
	}
	var buf [32]byte
	n, err := unix.Pread(fd, buf[:], 0)
	if err != nil {
		return "", &sysctlError{"read", name, err}
	}
	return strings.TrimSpace(string(buf[:n])), nil
}

func (p *Publisher) write(name, value string) error {
	return p.ns.Do(func() error {
		fd, err := unix.Open("/proc/sys/"+name, unix.O_WRONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return &sysctlError{"set", name, err}
		}
		defer unix.Close(fd)
		if _, err := unix.Write(fd, []byte(value)); err != nil {
			return &sysctlError{"set", name, err}
		}
		return nil
	})
}

type sysctlError struct {
	op, name string
	err      error
}

func (e *sysctlError) Error() string {
	return e.op + " sysctl " + strings.ReplaceAll(e.name, "/", ".") + ": " + e.err.Error()
}

func (e *sysctlError) Unwrap() error { return e.err }
