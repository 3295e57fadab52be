//go:build linux

package nft

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Tables lists the tables of a family; [Unspec] is all.
// Equivalent to: nft list tables
func (c *Conn) Tables(ctx context.Context, f Family) ([]Table, error) {
	all, err := nl.List(ctx, c.Conn, typ(unix.NFT_MSG_GETTABLE), &Table{Family: f}, func(t *Table) bool {
		return f == Unspec || t.Family == f
	})
	return all, failed(err, "list tables")
}

// Chains lists the chains of a table, in the order of their making; the empty
// name is all tables. A table that is not there has none.
// Equivalent to: nft list chains ip
func (c *Conn) Chains(ctx context.Context, f Family, table string) ([]Chain, error) {
	all, err := nl.List(ctx, c.Conn, typ(unix.NFT_MSG_GETCHAIN), &Chain{Family: f}, func(ch *Chain) bool {
		return (f == Unspec || ch.Family == f) && (table == "" || ch.Table == table)
	})
	return all, failed(err, "list chains of table "+f.Keyword()+" "+table)
}

// Rules lists the rules of a chain, in their order; an empty name is all
// tables or all chains. The kernel filters, but not every one that there is
// filters all, so that what comes is filtered again.
// Equivalent to: nft -a list chain ip t c
func (c *Conn) Rules(ctx context.Context, f Family, table, chain string) ([]Rule, error) {
	filter := &Rule{Family: f, Table: table, Chain: chain}
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		var order ruleOrder
		whole := true
		all, err := nl.List(ctx, c.Conn, typ(unix.NFT_MSG_GETRULE), filter, func(r *Rule) bool {
			keep := filter.covers(r)
			whole = whole && !(keep && order.broken(r))
			return keep
		})
		if err == nil && !whole {
			if err = wait(ctx, pause); err == nil {
				continue
			}
		}
		return all, failed(err, "list rules of chain "+within(f, table, chain))
	}
}

// A ruleOrder is where in a list of rules the last one was. The kernel finds the place
// where it stopped by the number of rules before it, those of a transaction that is not
// yet done included: when one begins, some rules come twice, when one fails, some do not
// come at all. Nothing has changed then, and it does not call that an interruption. But
// each rule says which one it comes behind.
type ruleOrder struct {
	family       nl.Opt[Family]
	table, chain string
	last         uint64 // handle
	known        bool   // the kernel says which, and is not one that a test pretends
}

// broken reports whether the rule is not the one behind the last.
func (o *ruleOrder) broken(r *Rule) bool {
	want := uint64(0)
	if o.family == nl.Some(r.Family) && o.table == r.Table && o.chain == r.Chain {
		want = o.last
	}
	o.known = o.known || r.Position != 0
	o.family, o.table, o.chain, o.last = nl.Some(r.Family), r.Table, r.Chain, r.Handle
	return o.known && r.Position != want
}

// StreamRules is [Conn.Rules] in constant memory: it yields the same *Rule each
// time, valid until the next step, which decodes into its expressions and their
// bytes. What is to be kept must be copied, those included. It ends with an
// error if the dump fails, or, [nl.ErrInterrupted], was not whole because the
// ruleset changed. The Conn is in use until the loop ends.
func (c *Conn) StreamRules(ctx context.Context, f Family, table, chain string) iter.Seq2[*Rule, error] {
	filter := &Rule{Family: f, Table: table, Chain: chain}
	return func(yield func(*Rule, error) bool) {
		var order ruleOrder
		for r, err := range nl.Stream[Rule](ctx, c.Conn, typ(unix.NFT_MSG_GETRULE), filter) {
			if err != nil {
				yield(nil, failed(err, "list rules of chain "+within(f, table, chain)))
				return
			}
			if !filter.covers(r) {
				continue
			}
			if order.broken(r) {
				yield(nil, failed(nl.ErrInterrupted, "list rules of chain "+within(f, table, chain)))
				return
			}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// covers reports whether the other rule is of the family, table and chain that
// r names.
func (r *Rule) covers(other *Rule) bool {
	return (r.Family == Unspec || r.Family == other.Family) &&
		(r.Table == "" || r.Table == other.Table) &&
		(r.Chain == "" || r.Chain == other.Chain)
}

// Sets lists the sets and maps of a table, the anonymous ones too.
// Equivalent to: nft list sets
func (c *Conn) Sets(ctx context.Context, f Family, table string) ([]Set, error) {
	all, err := nl.List(ctx, c.Conn, typ(unix.NFT_MSG_GETSET), &Set{Family: f, Table: table}, func(s *Set) bool {
		return (f == Unspec || s.Family == f) && (table == "" || s.Table == table)
	})
	return all, failed(err, "list sets of table "+f.Keyword()+" "+table)
}

// Elems lists the elements of a set. Equivalent to: nft list set ip t s
func (c *Conn) Elems(ctx context.Context, f Family, table, set string) ([]Elem, error) {
	list, err := c.ElemList(ctx, f, table, set)
	if list.Len() == 0 {
		return nil, err
	}
	all := make([]Elem, list.Len())
	for i := range all {
		list.At(i, &all[i])
	}
	return all, err
}

// StreamElems is [Conn.Elems] in constant memory: it yields elements that are
// valid until the next step, as [Conn.StreamRules] yields rules. Of a long list
// some may come twice, if another program's transaction begins meanwhile.
func (c *Conn) StreamElems(ctx context.Context, f Family, table, set string) iter.Seq2[*Elem, error] {
	return func(yield func(*Elem, error) bool) {
		filter := &Elems{Family: f, Table: table, Set: set}
		for part, err := range nl.Stream[Elems](ctx, c.Conn, typ(unix.NFT_MSG_GETSETELEM), filter) {
			if err != nil {
				yield(nil, failed(err, "list set "+within(f, table, set)))
				return
			}
			for i := range part.Elems {
				if !yield(&part.Elems[i], nil) {
					return
				}
			}
		}
	}
}

// A Ruleset is what a table holds at one moment.
type Ruleset struct {
	Gen    uint32 // the generation, for [Conn.BeginAt]
	Tables []Table
	Chains []Chain
	Rules  []Rule
}

// Ruleset reads the tables, chains and rules of one table, or of all tables of
// a family if the name is empty, as they are at one moment. A table that is not
// there is not an error. Equivalent to: nft list ruleset
func (c *Conn) Ruleset(ctx context.Context, f Family, table string) (rs Ruleset, err error) {
	rs.Gen, err = c.Snapshot(ctx, func() (err error) {
		rs = Ruleset{}
		all, err := c.Tables(ctx, f)
		if err != nil {
			return err
		}
		for _, t := range all {
			if table == "" || t.Name == table {
				rs.Tables = append(rs.Tables, t)
			}
		}
		if rs.Chains, err = c.Chains(ctx, f, table); err != nil {
			return err
		}
		rs.Rules, err = c.Rules(ctx, f, table, "")
		return err
	})
	return rs, err
}

// Snapshot calls read, again and again if need be, until the ruleset did not
// change meanwhile, and returns its generation.
func (c *Conn) Snapshot(ctx context.Context, read func() error) (gen uint32, err error) {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		if gen, err = c.Gen(ctx); err != nil {
			return 0, err
		}
		if err = c.settled(ctx, gen); errors.Is(err, unix.ERESTART) {
			if err = wait(ctx, pause); err != nil {
				return 0, err
			}
			continue
		}
		if err != nil {
			return 0, failed(err, "wait for a transaction to end")
		}
		if err = read(); err != nil {
			return 0, err
		}
		after, err := c.Gen(ctx)
		if err != nil || after == gen {
			return gen, err
		}
		if err := wait(ctx, pause); err != nil {
			return 0, err
		}
	}
}

// settled waits until the kernel has done all of the transaction that made generation
// gen, or returns ERESTART if there is a later one. It counts the generation before it
// takes out what is gone; what it lists meanwhile has gaps. To begin a transaction, if an
// empty one, is to wait for that.
func (c *Conn) settled(ctx context.Context, gen uint32) error {
	b := c.Batch()
	b.Add(unix.NFNL_MSG_BATCH_BEGIN, 0, &BatchMark{ResID: unix.NFNL_SUBSYS_NFTABLES, GenID: nl.Some(gen)})
	b.Add(unix.NFNL_MSG_BATCH_END, 0, &BatchMark{ResID: unix.NFNL_SUBSYS_NFTABLES})
	_, err := b.Send(ctx)
	return err
}

// How long to wait before what has changed is read again. Where others change it all the
// time, it is read whole only by trying often.
const (
	firstPause = time.Millisecond
	lastPause  = 8 * time.Millisecond
)

func wait(ctx context.Context, pause time.Duration) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("nft: the ruleset changed each time it was read: %w", ctx.Err())
	case <-time.After(pause):
		return nil
	}
}

// failed says what an error was met in.
func failed(err error, what string) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("nft: %s: %w", what, err)
}

// Chain asks for one chain. Its absence is [io/fs.ErrNotExist].
// Equivalent to: nft list chain ip t c
func (c *Conn) Chain(ctx context.Context, f Family, table, name string) (*Chain, error) {
	var ch Chain
	err := c.Do(ctx, typ(unix.NFT_MSG_GETCHAIN), 0, &Chain{Family: f, Table: table, Name: name}, &ch)
	if e := (*nl.Error)(nil); errors.As(err, &e) {
		return nil, inWords(e, "", err)
	}
	if err != nil {
		return nil, failed(err, "get chain "+f.Keyword()+" "+table+" "+name)
	}
	return &ch, nil
}

// Objs lists the named objects of a table; the empty name is all tables.
// Equivalent to: nft list counters, nft list quotas …
func (c *Conn) Objs(ctx context.Context, f Family, table string) ([]Obj, error) {
	all, err := nl.List(ctx, c.Conn, typ(unix.NFT_MSG_GETOBJ), &Obj{Family: f, Table: table}, func(o *Obj) bool {
		return (f == Unspec || o.Family == f) && (table == "" || o.Table == table)
	})
	return all, failed(err, "list objects of table "+f.Keyword()+" "+table)
}

// ResetObjs lists named objects of a type, all or one, as they are, and sets their
// numbers to zero. Equivalent to: nft reset counters
func (c *Conn) ResetObjs(ctx context.Context, f Family, table, name string, t ObjType) ([]Obj, error) {
	about := &Obj{Family: f, Table: table, Name: name, Type: t}
	if name != "" {
		var o Obj
		err := c.Do(ctx, typ(unix.NFT_MSG_GETOBJ_RESET), 0, about, &o)
		return []Obj{o}, failed(err, "reset object "+within(f, table, name))
	}
	all, err := nl.List(ctx, c.Conn, typ(unix.NFT_MSG_GETOBJ_RESET), about, func(o *Obj) bool {
		return (f == Unspec || o.Family == f) && (table == "" || o.Table == table) && o.Type == t
	})
	return all, failed(err, "reset objects of table "+f.Keyword()+" "+table)
}

// Flowtables lists the flowtables of a table. Equivalent to: nft list flowtables
func (c *Conn) Flowtables(ctx context.Context, f Family, table string) ([]Flowtable, error) {
	all, err := nl.List(ctx, c.Conn, typ(unix.NFT_MSG_GETFLOWTABLE), &Flowtable{Family: f, Table: table}, func(t *Flowtable) bool {
		return (f == Unspec || t.Family == f) && (table == "" || t.Table == table)
	})
	return all, failed(err, "list flowtables of table "+f.Keyword()+" "+table)
}
