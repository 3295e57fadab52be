//go:build linux

package nft

import (
	"context"

	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// BatchMark is the message that begins or ends a batch: NFNL_MSG_BATCH_BEGIN
// and _END of linux/netfilter/nfnetlink.h. ResID is the subsystem.
type BatchMark struct {
	Family Family
	ResID  uint16
	GenID  nl.Opt[uint32] // at the beginning: the generation to begin from
	Rest   []byte         // attributes that this package does not know
}

// Fields is the layout of NFNL_MSG_BATCH_BEGIN.
func (m *BatchMark) Fields(c *nl.Coder) {
	if c.Decoding() {
		*m = BatchMark{}
	}
	header(c, &m.Family, &m.ResID)
	nl.OptBE32(c, unix.NFNL_BATCH_GENID, "NFNL_BATCH_GENID", &m.GenID)
	c.Rest(&m.Rest)
}

// A Batch is a transaction: the kernel does all of it or nothing. From
// [Conn.Begin] to [Batch.Commit] the Conn can be used for nothing else.
//
// The requests are encoded when they are added, so that a message may be
// changed and added again. An error in one is returned by Commit.
type Batch struct {
	c       *Conn
	b       *nl.Batch
	at      nl.Opt[uint32] // generation to begin from
	before  uint32         // generation before the batch, if the end is not acknowledged
	err     error
	echoes  []echo
	list    elemList
	answers []answer // of the kernel, for refused rules

	// OnEvent, if set before requests are added, gets what the kernel tells of those with
	// NLM_F_ECHO, and of elements that are added, when the batch was done: their events,
	// also those of what a rule took with it.
	OnEvent func(*Event) error
}

// An echo is a rule whose handle is to be filled in.
type echo struct {
	index int
	rule  *Rule
}

// Begin begins a batch on whatever the ruleset is.
func (c *Conn) Begin(ctx context.Context) *Batch { return c.begin(ctx, nl.Opt[uint32]{}) }

// BeginAt begins a batch that the kernel takes only if the ruleset is still of
// generation gen, as [Conn.Ruleset] or [Conn.Snapshot] read it; if not, Commit
// returns [ErrStale].
func (c *Conn) BeginAt(ctx context.Context, gen uint32) *Batch { return c.begin(ctx, nl.Some(gen)) }

func (c *Conn) begin(ctx context.Context, at nl.Opt[uint32]) *Batch {
	b := &Batch{c: c, at: at}
	if !c.acks {
		b.before, b.err = c.Gen(ctx)
	}
	b.b = c.Batch()
	b.b.Add(unix.NFNL_MSG_BATCH_BEGIN, 0, &BatchMark{ResID: unix.NFNL_SUBSYS_NFTABLES, GenID: at})
	return b
}

// Add adds a request of type NFT_MSG_msg, for what the methods below lack.
func (b *Batch) Add(msg, flags uint16, m nl.Message) { b.b.Add(typ(msg), flags, m) }

// fail keeps the first error for Commit.
func (b *Batch) fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// Len is the number of requests, without the begin and the end.
func (b *Batch) Len() int { return b.b.Len() - 1 }

const (
	create = unix.NLM_F_CREATE
	excl   = unix.NLM_F_CREATE | unix.NLM_F_EXCL
)

// AddTable makes a table, unless it is there. Equivalent to: nft add table ip t
func (b *Batch) AddTable(t *Table) { b.Add(unix.NFT_MSG_NEWTABLE, create, t) }

// CreateTable makes a table that must not exist. Equivalent to: nft create table ip t
func (b *Batch) CreateTable(t *Table) { b.Add(unix.NFT_MSG_NEWTABLE, excl, t) }

// DelTable removes a table with all that is in it. Equivalent to: nft delete table ip t
func (b *Batch) DelTable(f Family, name string) {
	b.Add(unix.NFT_MSG_DELTABLE, 0, &Table{Family: f, Name: name})
}

// AddChain makes a chain, unless it is there. Equivalent to: nft add chain ip t c
func (b *Batch) AddChain(ch *Chain) { b.Add(unix.NFT_MSG_NEWCHAIN, create, ch) }

// CreateChain makes a chain that must not exist.
// Equivalent to: nft create chain ip t c, iptables -N c
func (b *Batch) CreateChain(ch *Chain) { b.Add(unix.NFT_MSG_NEWCHAIN, excl, ch) }

// SetChain changes what ch says of a chain that exists: its policy, its
// counters, or, if ch has a handle, its name.
func (b *Batch) SetChain(ch *Chain) { b.Add(unix.NFT_MSG_NEWCHAIN, 0, ch) }

// SetPolicy sets a base chain's policy, Accept or Drop, and its counters to 0.
// Equivalent to: iptables -P INPUT DROP
func (b *Batch) SetPolicy(f Family, table, chain string, policy VerdictCode) {
	b.SetChain(&Chain{Family: f, Table: table, Name: chain, Policy: nl.Some(policy), Counters: nl.Some(Counters{})})
}

// DelChain removes a chain that no rule jumps to.
// Equivalent to: nft delete chain ip t c, iptables -X c
func (b *Batch) DelChain(f Family, table, name string) {
	b.Add(unix.NFT_MSG_DELCHAIN, 0, &Chain{Family: f, Table: table, Name: name})
}

// AddRule adds a rule at the end of its chain, or behind the rule whose handle
// is r.Position. Equivalent to: nft add rule, iptables -A
func (b *Batch) AddRule(r *Rule) { b.Add(unix.NFT_MSG_NEWRULE, create|unix.NLM_F_APPEND, r) }

// InsertRule adds a rule at the beginning of its chain, or before the rule
// whose handle is r.Position. Equivalent to: nft insert rule, iptables -I
func (b *Batch) InsertRule(r *Rule) { b.Add(unix.NFT_MSG_NEWRULE, create, r) }

// ReplaceRule puts r in the place of the rule whose handle is r.Handle.
// Equivalent to: nft replace rule, iptables -R
func (b *Batch) ReplaceRule(r *Rule) { b.Add(unix.NFT_MSG_NEWRULE, unix.NLM_F_REPLACE, r) }

// EchoRule is AddRule; after a Commit that succeeds, r.Handle is the rule's.
// Equivalent to: nft -ea add rule
func (b *Batch) EchoRule(r *Rule) {
	b.echoes = append(b.echoes, echo{b.b.Len(), r})
	b.Add(unix.NFT_MSG_NEWRULE, create|unix.NLM_F_APPEND|unix.NLM_F_ECHO, r)
}

// DelRule removes one rule. Equivalent to: nft delete rule ip t c handle n
func (b *Batch) DelRule(f Family, table, chain string, handle uint64) {
	b.Add(unix.NFT_MSG_DELRULE, 0, &Rule{Family: f, Table: table, Chain: chain, Handle: handle})
}

// FlushChain removes all rules of a chain. Equivalent to: nft flush chain ip t c
func (b *Batch) FlushChain(f Family, table, chain string) { b.DelRule(f, table, chain, 0) }

// FlushTable removes all rules of a table. Equivalent to: nft flush table ip t
func (b *Batch) FlushTable(f Family, table string) { b.DelRule(f, table, "", 0) }

// AddSet makes a set or map, unless it is there. Equivalent to: nft add set
func (b *Batch) AddSet(s *Set) { b.Add(unix.NFT_MSG_NEWSET, create, s) }

// DelSet removes a set that no rule uses. Equivalent to: nft delete set ip t s
func (b *Batch) DelSet(f Family, table, name string) {
	b.Add(unix.NFT_MSG_DELSET, 0, &Set{Family: f, Table: table, Name: name})
}

// AddElems adds elements to a set, any number: 64 KiB of them to a request,
// which is what one holds. Equivalent to: nft add element ip t s { … }
func (b *Batch) AddElems(e *Elems) { b.addElems(unix.NFT_MSG_NEWSETELEM, create, e) }

// CreateElems is AddElems, but refuses elements that are there.
// Equivalent to: nft create element ip t s { … }
func (b *Batch) CreateElems(e *Elems) { b.addElems(unix.NFT_MSG_NEWSETELEM, excl, e) }

// DelElems removes elements, any number; of none it does nothing.
// Equivalent to: nft delete element ip t s { … }
func (b *Batch) DelElems(e *Elems) { b.addElems(unix.NFT_MSG_DELSETELEM, 0, e) }

// FlushSet removes all elements of a set. Equivalent to: nft flush set ip t s
func (b *Batch) FlushSet(f Family, table, set string) {
	b.Add(unix.NFT_MSG_DELSETELEM, 0, &Elems{Family: f, Table: table, Set: set})
}

// AddObj makes an object, unless it is there. Equivalent to: nft add counter ip t o
func (b *Batch) AddObj(o *Obj) { b.Add(unix.NFT_MSG_NEWOBJ, create, o) }

// DelObj removes an object that no rule uses. Equivalent to: nft delete counter ip t o
func (b *Batch) DelObj(f Family, table, name string, t ObjType) {
	b.Add(unix.NFT_MSG_DELOBJ, 0, &Obj{Family: f, Table: table, Name: name, Type: t})
}
