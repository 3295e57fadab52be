//go:build linux

package doctor

import (
	"context"
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/rtnl"
	"github.com/minins/minins/survey"
)

// A Host tells what is not in a picture of namespaces.
type Host interface {
	// Route asks for the way of a packet, as [rtnl.Conn.GetRoute].
	Route(n *survey.Namespace, q *rtnl.Route) (*rtnl.Route, error)
	// Sysctl reads a setting, as [survey.Namespace.Sysctl].
	Sysctl(n *survey.Namespace, path string) (string, error)
	// Ruleset reads the rules of nf_tables.
	Ruleset(n *survey.Namespace) (*Ruleset, error)
	// Net reads /proc/net/FILE of the namespace; one that is not there is empty.
	Net(n *survey.Namespace, file string) (string, error)
	// Legacy reads a table of iptables-legacy as IPT_SO_GET_ENTRIES has it.
	Legacy(n *survey.Namespace, table string, ipv6 bool) (*OldEntries, error)
}

// A Ruleset is the rules of a namespace.
type Ruleset struct {
	Chains []nft.Chain
	Rules  []nft.Rule
	Sets   []nft.Set
	Elems  map[*nft.Set]*nft.ElemList
	Old    bool // they are of iptables-legacy

	base []*nft.Chain // those with hooks, by priority
}

// Set finds the set that a rule refers to.
func (in inTable) Set(name string) (*nft.Set, *nft.ElemList) {
	for i := range in.Sets {
		if s := &in.Sets[i]; s.Family == in.family && s.Table == in.table && s.Name == name {
			return s, in.Elems[s]
		}
	}
	return nil, nil
}

// Binding finds the rules of a chain that goes with a rule.
func (in inTable) Binding(chain string) (rules []*nft.Rule, ok bool) {
	return in.chain(chain), strings.HasPrefix(chain, "__chain")
}

// inTable is a table of a ruleset, where rules look up sets and chains.
type inTable struct {
	*Ruleset
	family nft.Family
	table  string
}

// chain is the rules of a chain.
func (in inTable) chain(name string) (rules []*nft.Rule) {
	for i := range in.Rules {
		if r := &in.Rules[i]; r.Chain == name && r.Table == in.table && r.Family == in.family {
			rules = append(rules, r)
		}
	}
	return rules
}

// Kernel is the [Host] that this program runs on. Close ends it.
type Kernel struct {
	Context context.Context
	conns   map[*survey.Namespace]*rtnl.Conn
}

// Close closes the sockets.
func (k *Kernel) Close() error {
	var errs []error
	for _, c := range k.conns {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// Route asks by RTM_GETROUTE.
func (k *Kernel) Route(n *survey.Namespace, q *rtnl.Route) (*rtnl.Route, error) {
	c := k.conns[n]
	if c == nil {
		var err error
		if c, err = n.Dial(k.Context); err != nil {
			return nil, err
		}
		if k.conns == nil {
			k.conns = map[*survey.Namespace]*rtnl.Conn{}
		}
		k.conns[n] = c
	}
	return c.GetRoute(k.Context, q)
}

// Sysctl reads /proc/sys.
func (k *Kernel) Sysctl(n *survey.Namespace, path string) (string, error) { return n.Sysctl(path) }

// Ruleset dumps what there is. A kernel without nf_tables has no rules.
func (k *Kernel) Ruleset(n *survey.Namespace) (*Ruleset, error) {
	rs := &Ruleset{}
	c, err := n.DialNFT(k.Context)
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return rs, nil
	}
	if err != nil {
		return nil, err
	}
	defer c.Close()
	_, err = c.Snapshot(k.Context, func() (err error) {
		*rs = Ruleset{Elems: map[*nft.Set]*nft.ElemList{}}
		if rs.Chains, err = c.Chains(k.Context, nft.Unspec, ""); err != nil {
			return err
		}
		if rs.Rules, err = c.Rules(k.Context, nft.Unspec, "", ""); err != nil {
			return err
		}
		if rs.Sets, err = c.Sets(k.Context, nft.Unspec, ""); err != nil {
			return err
		}
		for i := range rs.Sets {
			s := &rs.Sets[i]
			if rs.Elems[s], err = c.ElemList(k.Context, s.Family, s.Table, s.Name); err != nil {
				return err
			}
		}
		return nil
	})
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		err = nil
	}
	return rs, err
}

// Net reads a file of /proc/net, which is that of the thread's namespace.
func (k *Kernel) Net(n *survey.Namespace, file string) (text string, err error) {
	err = inside(n, func() error {
		b, err := os.ReadFile("/proc/thread-self/net/" + file)
		text = string(b)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return err
	})
	return text, err
}

// inside calls f on a thread in the namespace. At home that takes no right.
func inside(n *survey.Namespace, f func() error) error {
	if n.Home {
		return f()
	}
	return n.NS().Do(f)
}
