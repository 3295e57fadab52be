//go:build linux

package graph

import (
	"context"
	"errors"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/container"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/lang"
	"github.com/minins/minins/survey"
)

// A ruleset is what is drawn of the rules of a namespace.
type ruleset struct {
	_ [0]func()

	nat []*natRule
	err error
}

// A natRule is one that rewrites addresses.
type natRule struct {
	_ [0]func()

	words string
	in    bool   // it leads inwards: dnat, redirect, or a published port
	to    string // the address where it leads, if it is one
	owner string // the namespace or the container that has this address
}

// readRules asks the kernel for the rules of each namespace.
func readRules(ctx context.Context, s *survey.Survey) []ruleset {
	all := make([]ruleset, len(s.Namespaces))
	for i, n := range s.Namespaces {
		if n.Err == nil {
			all[i].err = all[i].read(ctx, n)
		}
	}
	return all
}

func (rs *ruleset) read(ctx context.Context, n *survey.Namespace) error {
	c, err := n.DialNFT(ctx)
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return nil // no netfilter, no rules
	}
	if err != nil {
		return err
	}
	defer c.Close()
	var rules []nft.Rule
	_, err = c.Snapshot(ctx, func() error {
		rules, err = c.Rules(ctx, nft.Unspec, "", "")
		return err
	})
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return nil
	}
	published := false
	for i := range rules {
		r := &rules[i]
		switch {
		case r.Table == container.PortTable:
			published = true
		case rewrites(r):
			rs.nat = append(rs.nat, inWords(r, &asker{ctx: ctx, c: c, r: r}))
		}
	}
	if published && err == nil {
		err = rs.readPorts(ctx, n)
	}
	rs.tidy()
	return err
}

// tidy sorts rules and leaves out what is said twice, as by rules of prerouting and
// output that do the same.
func (rs *ruleset) tidy() {
	sortBy(rs.nat, func(r *natRule) string {
		if r.in {
			return "b" + r.words
		}
		return "a" + r.words
	})
	all := rs.nat
	rs.nat = nil
	for i, r := range all {
		if i == 0 || all[i-1].words != r.words {
			rs.nat = append(rs.nat, r)
		}
	}
}

// readPorts lists the published ports.
func (rs *ruleset) readPorts(ctx context.Context, n *survey.Namespace) error {
	p, err := container.NewPublisher(ctx, n.NS())
	if err != nil {
		return err
	}
	ports, err := p.List(ctx)
	for i := range ports {
		owner := clean(ports[i].Container)
		ports[i].Container = "" // which is in owner
		rs.nat = append(rs.nat, &natRule{words: "published " + ports[i].String(), in: true, to: ports[i].To.Addr().String(), owner: owner})
	}
	return errors.Join(err, p.Close())
}

// rewrites says whether a rule rewrites addresses.
func rewrites(r *nft.Rule) bool {
	for _, e := range r.Exprs {
		name := e.Name()
		if t, ok := e.(*nft.Target); ok {
			name = t.Info.Name()
		}
		if strings.Contains(" masq nat redir MASQUERADE SNAT DNAT REDIRECT NETMAP ", " "+name+" ") {
			return true
		}
	}
	return false
}

// inWords is a rule in the words of nft, without its counter and its comment.
func inWords(r *nft.Rule, src lang.Source) *natRule {
	exprs := r.Exprs
	r.Exprs, r.Userdata = nil, nil
	for _, e := range exprs {
		if e.Name() != "counter" {
			r.Exprs = append(r.Exprs, e)
		}
	}
	words := clean(strings.Join(strings.Fields(lang.Rule(r, src, lang.Options{})), " "))
	_, to, in := strings.Cut(words, "dnat ")
	_, to, _ = strings.Cut(to, "to ")
	to, _, _ = strings.Cut(to, " ")
	if strings.HasPrefix(to, "[") { // of IPv6, with a port
		to, _, _ = strings.Cut(to[1:], "]")
	} else if strings.Count(to, ":") == 1 {
		to, _, _ = strings.Cut(to, ":")
	}
	return &natRule{words: words, in: in || strings.Contains(strings.ToLower(words), "redirect"), to: to}
}

// An asker asks the kernel for the sets that a rule refers to.
type asker struct {
	_ [0]func()

	ctx context.Context // lang.Source has none
	c   *nft.Conn
	r   *nft.Rule
}

// Set finds a set of the table of the rule. Of one that is gone, the rule has the name.
func (a *asker) Set(name string) (*nft.Set, *nft.ElemList) {
	all, err := a.c.Sets(a.ctx, a.r.Family, a.r.Table)
	if err != nil {
		return nil, nil
	}
	for i := range all {
		if s := &all[i]; s.Name == name {
			if s.Flags.V&nft.SetAnonymous == 0 {
				return s, nil
			}
			elems, err := a.c.ElemList(a.ctx, s.Family, s.Table, name)
			if err != nil {
				return nil, nil
			}
			return s, elems
		}
	}
	return nil, nil
}

// Binding is for chains that have no names: what is in them is not shown.
func (*asker) Binding(string) (rules []*nft.Rule, ok bool) { return nil, false }
