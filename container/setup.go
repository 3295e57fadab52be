//go:build linux

package container

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// A setUp holds what setting up one container has in common with the next: the
// messages are filled in and encoded again and again.
type setUp struct {
	host    *rtnl.Conn
	inside  *rtnl.Conn // through door
	door    *door
	batch   *rtnl.Batch
	bridges map[string]uint32

	link, peer rtnl.Link
	made       ends
	up         rtnl.Link
	addr       rtnl.Addr
	route      rtnl.Route
}

func newSetUp(host *rtnl.Conn) *setUp {
	s := &setUp{host: host}
	s.door, s.inside = newDoor()
	s.peer = rtnl.Link{Name: Inside, NumTxQueues: 1, NumRxQueues: 1}
	s.link = rtnl.Link{
		Flags: unix.IFF_UP, Change: unix.IFF_UP,
		Group:       nl.Some[uint32](Group),
		NumTxQueues: 1, NumRxQueues: 1,
		Info: rtnl.LinkInfo{Kind: "veth", Peer: &s.peer},
	}
	s.up = rtnl.Link{Flags: unix.IFF_UP, Change: unix.IFF_UP}
	s.route = rtnl.Route{
		Table: unix.RT_TABLE_MAIN, Protocol: unix.RTPROT_BOOT,
		Scope: unix.RT_SCOPE_UNIVERSE, Type: unix.RTN_UNICAST,
	}
	return s
}

// begin finds the bridges, before anything is made.
func (s *setUp) begin(ctx context.Context, specs []Spec) error {
	s.batch = s.inside.Batch(ctx)
	s.bridges = map[string]uint32{}
	for i := range specs {
		name := specs[i].Bridge
		if _, ok := s.bridges[name]; ok || name == "" {
			continue
		}
		l, err := s.host.GetLink(ctx, name)
		if err == nil && l.Info.Kind != "bridge" {
			err = fmt.Errorf("%s is no bridge: %w", name, unix.EINVAL)
		}
		if err != nil {
			return failed(specs[i].Name, StepLink, err)
		}
		s.bridges[name] = l.Index
	}
	return nil
}

// one sets up a container from the thread that is in its namespace, and
// returns the index of the host end. Of what failed, no cable is left.
func (s *setUp) one(ctx context.Context, ns *nsfs.NS, spec *Spec) (uint32, error) {
	if err := s.cable(ctx, ns, spec); err != nil {
		return 0, failed(spec.Name, StepLink, err)
	}
	err := s.furnish(spec)
	if err == nil {
		return s.made.host, nil
	}
	undo := s.host.DelLink(context.WithoutCancel(ctx), &rtnl.Link{Index: s.made.host})
	return 0, errors.Join(failed(spec.Name, StepInside, err), failed(spec.Name, StepUnlink, undo))
}

// cable creates both ends, each in its place, in one request.
func (s *setUp) cable(ctx context.Context, ns *nsfs.NS, spec *Spec) error {
	s.link.Name, s.link.MTU, s.link.Master = spec.HostEnd, spec.MTU, nl.Opt[uint32]{}
	if spec.Bridge != "" {
		s.link.Master = nl.Some(s.bridges[spec.Bridge])
	}
	s.peer.MTU, s.peer.Addr = spec.MTU, spec.MAC
	s.peer.NetNSFD = nl.Some(uint32(ns.Fd()))
	s.made = ends{}
	const flags = unix.NLM_F_CREATE | unix.NLM_F_EXCL | unix.NLM_F_ECHO
	if err := s.host.Do(ctx, unix.RTM_NEWLINK, flags, &s.link, &s.made); err != nil {
		return &rtnl.OpError{
			Op: "add", Object: "link " + spec.HostEnd,
			Reason: rtnl.Reason("add", &s.link, err), Err: err,
		}
	}
	if s.made.host != 0 {
		return nil
	}
	// Before Linux 6.2 there is no echo.
	l, err := s.host.GetLink(ctx, spec.HostEnd)
	if err != nil {
		return errors.Join(err, s.host.DelLink(ctx, rtnl.LinkNamed(spec.HostEnd)))
	}
	s.made = ends{host: l.Index, inside: l.Parent}
	return nil
}

// ends is what there is to know of a new cable: a [rtnl.Link] less the rest,
// of which an echo has a kilobyte.
type ends struct {
	host   uint32         // ifi_index
	inside nl.Opt[uint32] // IFLA_LINK: the other end's index, in its namespace
}

func (e *ends) Fields(c *nl.Coder) {
	if c.Decoding() {
		*e = ends{}
	}
	c.Skip("(ifi_family, ifi_type)", 4)
	nl.M32(c, "ifi_index", &e.host)
	c.Skip("(ifi_flags, ifi_change)", 8)
	nl.OptU32(c, unix.IFLA_LINK, "IFLA_LINK", &e.inside)
}

// loIndex is the index of lo, the first link of every namespace.
const loIndex = 1

// furnish does what is to be done inside, by one datagram.
func (s *setUp) furnish(spec *Spec) error {
	b := s.batch
	s.up.Index = loIndex
	b.SetLink(&s.up)
	s.up.Index = s.made.inside.V
	b.SetLink(&s.up)
	for _, p := range spec.Addrs {
		s.addr = rtnl.Addr{
			Family: family(p.Addr()), PrefixLen: uint8(p.Bits()), Index: s.made.inside.V,
			Address: p.Addr(), Local: p.Addr(),
		}
		if p.Addr().Is6() {
			s.addr.Flags = unix.IFA_F_NODAD
		}
		b.AddAddr(&s.addr)
	}
	for _, g := range spec.Gateways {
		s.route.Family, s.route.Gateway, s.route.OIF = family(g), g, s.made.inside.V
		b.AddRoute(&s.route)
	}
	err := b.Flush()
	return errors.Join(s.door.err, err)
}

func family(a netip.Addr) rtnl.Family {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}
