//go:build linux

// Package survey takes a picture of the network namespaces of a host: which there are,
// what links, addresses, routes and neighbours each has, and which ends belong to one
// cable.
//
//	s, err := survey.Take(ctx, survey.Options{})
//	defer s.Close()
//	for _, ns := range s.Namespaces {
//		for i := range ns.Links {
//			l := &ns.Links[i]
//			if l.Peer != nil {
//				fmt.Println(ns.Label(), l.Name, "is cabled to", l.Peer.Namespace.Label(), l.Peer.Name)
//			}
//		}
//	}
//
// It is a picture of things that move: each list is whole, but one may be taken a
// millisecond after another.
package survey

import (
	"context"
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// Options say which namespaces a [Survey] is of.
type Options struct {
	// Names are those of the namespaces to look at, beside that of the calling thread.
	// Nil is all that have names.
	Names []string

	// Processes is to look also at namespaces without a name that a process is in, as
	// far as /proc shows them.
	Processes bool
}

// A Survey is a picture of namespaces.
type Survey struct {
	_ [0]func() // not to be compared: that would take code

	Namespaces []*Namespace // the caller's; those with names, in their order; those of processes
	Stale      []nsfs.Entry // names with no namespace behind them
}

// A Namespace is one of a [Survey].
type Namespace struct {
	_ [0]func() // not to be compared: that would take code

	Names []string // in [nsfs.Dir]: most have one, some none
	Home  bool     // it is that of the thread that called [Take]
	PID   int      // of a process in it, if that is how it was found, or 0
	ID    nsfs.Identity

	Links  []*Link // by index
	Addrs  []rtnl.Addr
	Routes []rtnl.Route // of all tables, of IPv4 and IPv6
	Rules  []rtnl.Rule  // which table is asked, of IPv4 and IPv6, by priority
	Neighs []rtnl.Neigh // the neighbours of IPv4 and IPv6

	// Err is why there is nothing in the lists above, or not all: without
	// CAP_SYS_ADMIN, only the namespace of the caller can be looked at.
	Err error

	ns *nsfs.NS
}

// A Link is one of a [Namespace].
type Link struct {
	rtnl.Link
	Namespace *Namespace

	// Peer is the other end of a veth. It is nil if it is not to be seen, as it is in a
	// namespace that is not in the survey: Link.Parent.Ok says that there is one.
	Peer *Link

	// Lower is the device that a vlan, a macvlan or such stands on, as Peer.
	Lower *Link
}

// Take looks at namespaces. What cannot be looked at is in Err of each; the error is
// that of names that there are not (Options.Names: [io/fs.ErrNotExist]), or of the
// caller's own namespace.
//
// Equivalent to: `ip -all netns exec` of "ip link", "ip addr", "ip route show table all",
// "ip rule" and "ip neigh"
func Take(ctx context.Context, o Options) (*Survey, error) {
	s := &Survey{}
	err := s.find(o)
	if err == nil {
		for _, n := range s.Namespaces {
			n.Err = n.look(ctx)
		}
		err = errors.Join(s.Namespaces[0].Err, s.connect(ctx))
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close closes all namespaces.
func (s *Survey) Close() error {
	var errs []error
	for _, n := range s.Namespaces {
		errs = append(errs, n.ns.Close())
	}
	return errors.Join(errs...)
}

// Namespace is the one with a name, "" being the caller's; or nil.
func (s *Survey) Namespace(name string) *Namespace {
	for _, n := range s.Namespaces {
		if name == "" && n.Home || slices.Contains(n.Names, name) {
			return n
		}
	}
	return nil
}

// HomeLabel is what the caller's namespace is called if it has no name.
const HomeLabel = "host"

// Label is what to call the namespace: its first name, or "host" if it is the caller's,
// or "pid 123" for the process that it was found by. A name that reads like one of these
// is written with its path.
func (n *Namespace) Label() string {
	switch {
	case len(n.Names) > 0 && (n.Names[0] == HomeLabel || strings.HasPrefix(n.Names[0], "pid ")):
		return nsfs.Path(n.Names[0])
	case len(n.Names) > 0:
		return n.Names[0]
	case n.Home:
		return HomeLabel
	}
	return "pid " + strconv.Itoa(n.PID)
}

// NS is the open namespace. It is the survey's to close.
func (n *Namespace) NS() *nsfs.NS { return n.ns }

// Link is the link with an index, or nil.
func (n *Namespace) Link(index uint32) *Link {
	i, ok := slices.BinarySearchFunc(n.Links, index, func(l *Link, index uint32) int { return int(l.Index) - int(index) })
	if !ok {
		return nil
	}
	return n.Links[i]
}

// LinkNamed is the link of a name, or nil.
func (n *Namespace) LinkNamed(name string) *Link {
	for _, l := range n.Links {
		if l.Name == name {
			return l
		}
	}
	return nil
}

// Master is the bridge, or the like, that the link is a port of, or nil.
func (l *Link) Master() *Link {
	if !l.Link.Master.Ok || l.Link.Master.V == 0 {
		return nil
	}
	return l.Namespace.Link(l.Link.Master.V)
}

// Addrs are the addresses of the link.
func (l *Link) Addrs() []*rtnl.Addr {
	var all []*rtnl.Addr
	for i := range l.Namespace.Addrs {
		if a := &l.Namespace.Addrs[i]; a.Index == l.Index {
			all = append(all, a)
		}
	}
	return all
}

// Dial opens a socket in the namespace, for what is not in the picture.
func (n *Namespace) Dial(ctx context.Context) (*rtnl.Conn, error) {
	return rtnl.Dial(n.config().Traced(ctx, rtnl.Protocol))
}

// DialNFT opens a socket in the namespace to ask for its rules.
func (n *Namespace) DialNFT(ctx context.Context) (*nft.Conn, error) {
	return nft.Dial(n.config().Traced(ctx, nft.Protocol))
}

// config opens sockets at home without entering it, which takes no right.
func (n *Namespace) config() nl.Config {
	if n.Home {
		return nl.Config{}
	}
	return nl.Config{NetNS: n.ns.Fd()}
}

// Sysctl reads a setting of the namespace by its path, such as "net/ipv4/ip_forward".
//
// Equivalent to: `ip netns exec NAME cat /proc/sys/$path`
func (n *Namespace) Sysctl(path string) (value string, err error) {
	if n.Home { // no right is needed
		b, err := os.ReadFile("/proc/sys/" + path)
		return strings.TrimSuffix(string(b), "\n"), err
	}
	s, err := n.ns.Sysctl(path)
	if err != nil {
		return "", err
	}
	value, err = s.Get()
	return value, errors.Join(err, s.Close())
}
