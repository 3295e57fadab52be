//go:build linux

package nft

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// HasExpr asks whether the kernel has an expression, by its name ("fib", "queue"),
// for rules of a family. It does so by a batch that is never committed: nothing is
// changed, though a kernel that can load modules loads the expression's.
//
// The error is of the question, not the answer: EPERM without CAP_NET_ADMIN.
func (c *Conn) HasExpr(ctx context.Context, f Family, name string) (bool, error) {
	const table, chain = "minins-probe", "probe"
	b := c.Begin(ctx)
	if b.err != nil {
		return false, b.err
	}
	b.AddTable(&Table{Family: f, Name: table})
	b.AddChain(&Chain{Family: f, Table: table, Name: chain})
	b.AddRule(&Rule{Family: f, Table: table, Chain: chain, Exprs: []Expr{&Raw{Kind: name}}})
	has := true
	var wrong error
	_, err := b.b.SendEach(ctx, func(i int, refusal error) {
		switch {
		case i == b.Len(): // the rule, which lacks all that the expression needs
			has = has && !errors.Is(refusal, unix.ENOENT)
		case errors.Is(refusal, unix.EOPNOTSUPP): // the family
			has = false
		case has:
			wrong = refusal
		}
	})
	if err = errors.Join(err, wrong); err != nil {
		return false, fmt.Errorf("nft: ask for expression %s: %w", name, err)
	}
	return has, nil
}

// An answer is whether the kernel has an expression, and why if it has not.
type answer struct {
	family    Family
	expr, why string
}

// lacks says what a request was refused for since the kernel was built without it,
// or what it refers to that is not there: "the kernel has no expression queue for
// family ip: CONFIG_NFT_QUEUE". It is "" where the refusal has another reason.
func (b *Batch) lacks(ctx context.Context, e *nl.Error) string {
	h, body, _, ok := nl.Next(e.Request())
	_, m := Protocol.Type(h.Type)
	if !ok || m == nil || b.c.coder.Decode(body, m) != nil {
		return ""
	}
	at := ""
	if len(e.Path) > 0 {
		at = e.Path[len(e.Path)-1]
	}
	switch m := m.(type) {
	case *BatchMark:
		if e.Errno == unix.EOPNOTSUPP || e.Errno == unix.EINVAL {
			return "the kernel has no nf_tables: CONFIG_NF_TABLES"
		}
	case *Table:
		if e.Errno == unix.EOPNOTSUPP {
			return without(m.Family, "tables", "NF_TABLES_"+m.Family.config())
		}
	case *Chain:
		// Linux 5.10 does not say at what; the type filter is in each kernel.
		if e.Errno == unix.ENOENT && (at == "NFTA_CHAIN_TYPE" || at == "" && m.Type != "" && m.Type != "filter") {
			return without(m.Family, "chains of type "+m.Type, chainConfig(m.Family, m.Type))
		}
	case *Rule:
		if (e.Errno == unix.ENOENT || e.Errno == unix.EPERM) && at == "NFTA_LIST_ELEM" {
			return b.lacksExpr(ctx, m.Family, e)
		}
	}
	return ""
}

// lacksExpr is of the expression of a rule that there is something not there of.
func (b *Batch) lacksExpr(ctx context.Context, f Family, e *nl.Error) string {
	var x refusedExpr
	start := e.Offset() + unix.SizeofNlAttr
	if start > len(e.Request()) || b.c.coder.Decode(e.Request()[start:], &x) != nil {
		return ""
	}
	name := x.expr.Name()
	if e.Errno == unix.EPERM {
		if name == "payload" {
			return "since Linux 7 only the initial user namespace may write into packets"
		}
		return ""
	}
	i := slices.IndexFunc(b.answers, func(a answer) bool { return a.family == f && a.expr == name })
	if i < 0 { // a batch may have many such rules
		has, err := b.c.HasExpr(ctx, f, name)
		if err != nil {
			return ""
		}
		why := ""
		if !has {
			why = b.withoutExpr(ctx, f, name)
		}
		i = len(b.answers)
		b.answers = append(b.answers, answer{f, name, why})
	}
	if why := b.answers[i].why; why != "" {
		return why
	}
	switch x := x.expr.(type) {
	case *Lookup:
		return "there is no set " + x.Set
	case *Dynset:
		return "there is no set " + x.SetName
	case *Match:
		return "the kernel has no match " + x.Info.Name() + " of xtables in this revision"
	case *Target:
		return "the kernel has no target " + x.Info.Name() + " of xtables in this revision"
	}
	return "what expression " + name + " refers to is not there"
}

// A refusedExpr is the expression that a refusal points to, and what is behind it in
// the rule.
type refusedExpr struct {
	expr Expr
	rest []byte
}

// Fields is the layout of NFTA_LIST_ELEM.
func (x *refusedExpr) Fields(c *nl.Coder) {
	exprFields(c, &x.expr)
	c.Rest(&x.rest)
}

// withoutExpr says that the kernel has no such expression, or only in other families.
func (b *Batch) withoutExpr(ctx context.Context, f Family, name string) string {
	config := exprConfig(f, name)
	if config == "" {
		return "the kernel has no expression " + name + ": it is too old, or there is none"
	}
	if f != IPv4 && !perFamily(name) {
		if has, err := b.c.HasExpr(ctx, IPv4, name); err == nil && has {
			return "the kernel has expression " + name + ", but not for family " + f.Keyword()
		}
	}
	return without(f, "expression "+name, config)
}

func without(f Family, what, config string) string {
	text := "the kernel has no " + what + " for family "
	if int(f) >= len(families) || families[f].keyword == "" {
		return text + f.String()
	}
	return text + f.Keyword() + ": CONFIG_" + config
}

// config is what the kernel's build options call the family.
func (f Family) config() string {
	switch f {
	case IPv4:
		return "IPV4"
	case IPv6:
		return "IPV6"
	}
	return strings.ToUpper(f.Keyword())
}

// chainConfig is the build option that a type of chains comes with.
func chainConfig(f Family, typ string) string {
	if typ == "nat" {
		return "NFT_NAT"
	}
	return "NF_TABLES_" + f.config()
}

// perFamily reports whether an expression has a build option for each family.
func perFamily(name string) bool { return name == "fib" || name == "dup" || name == "reject" }

// exprConfig is the build option that an expression comes with (net/netfilter/Kconfig
// and those of the families), or "" if that is nf_tables itself or not known.
func exprConfig(f Family, name string) string {
	switch name {
	case "fwd":
		return "NFT_FWD_NETDEV"
	case "notrack":
		return "NFT_CT"
	case "match", "target":
		if f == ARP {
			return "NFT_COMPAT_ARP"
		}
		return "NFT_COMPAT"
	}
	upper := "NFT_" + strings.ToUpper(name)
	switch {
	case name == "reject" && f == Bridge:
		return "NFT_BRIDGE_REJECT"
	case perFamily(name):
		return upper + "_" + f.config()
	case strings.Contains(" ct connlimit log limit masq redir nat tunnel queue quota hash xfrm socket osf tproxy synproxy flow_offload numgen ", " "+name+" "):
		return upper
	}
	return ""
}
