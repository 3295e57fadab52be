//go:build linux

package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// List lists the published ports, by family, protocol, port and address.
// Equivalent to: nft list map ip minins-ports ports
func (p *Publisher) List(ctx context.Context) ([]Port, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all, err := p.list(ctx)
	return all, failed("", StepList, err)
}

func (p *Publisher) list(ctx context.Context) (all []Port, err error) {
	for _, s := range sides() {
		for _, set := range [...]string{setPorts, setAddrPorts} {
			elems, err := p.nft.Elems(ctx, s.family, PortTable, set)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			for i := range elems {
				port, err := portOf(s.family, &elems[i])
				if err != nil {
					return nil, err
				}
				all = append(all, port)
			}
		}
	}
	slices.SortFunc(all, func(a, b Port) int {
		return cmp.Or(cmp.Compare(a.family(), b.family()), cmp.Compare(a.Proto, b.Proto),
			cmp.Compare(a.Host.Port(), b.Host.Port()), a.Host.Addr().Compare(b.Host.Addr()))
	})
	return all, nil
}

// Unpublish takes ports back: all, in one transaction, or none. Of a Port it needs
// Proto and Host, and To or an address in Host for the family; with Container, a port
// that another one has is [ErrNotOurs], in a [*PortError]. What is not published is
// as it should be. Connections that are there go on until they end.
//
// With the last port of a family goes all that the first one brought: the table, the
// rules in tables of others, and the sysctls are as they were, unless they have been
// changed since. Hairpin mode goes with the last port of all.
//
// Equivalent to, for each: nft delete element ip minins-ports ports { tcp . 8080 }
func (p *Publisher) Unpublish(ctx context.Context, ports ...Port) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range ports {
		if err := ports[i].checkHost(); err != nil {
			return failed(ports[i].Container, StepUnpublish, &PortError{Port: ports[i], Err: err})
		}
	}
	for {
		err := p.unpublish(ctx, ports)
		if err == nil {
			err = p.tidy(ctx)
		}
		if !errors.Is(err, nft.ErrStale) || ctx.Err() != nil {
			return failed("", StepUnpublish, err)
		}
	}
}

func (p *Publisher) unpublish(ctx context.Context, ports []Port) error {
	gen, err := p.nft.Gen(ctx)
	if err != nil {
		return err
	}
	pl := &plan{p: p, gen: gen}
	for _, s := range sides() {
		if err := s.unpublish(ctx, pl, ports); err != nil {
			return err
		}
	}
	return pl.commit(ctx)
}

func (s *side) unpublish(ctx context.Context, pl *plan, ports []Port) error {
	going := map[string]bool{} // keys of ports and addr-ports
	var found []*Port
	for i := range ports {
		port := &ports[i]
		if port.family() != s.family || going[string(port.key())] {
			continue
		}
		has, err := pl.p.get(ctx, s, port)
		if err != nil {
			return err
		}
		if has == nil {
			continue
		}
		if port.Container != "" && has.Container != port.Container {
			return failed(port.Container, StepUnpublish, &PortError{*port, *has, ErrNotOurs})
		}
		going[string(port.key())] = true
		found = append(found, has)
	}
	if found == nil {
		return nil
	}
	sets := [...]*nft.Elems{{Set: setPorts}, {Set: setAddrPorts}, {Set: setLoopback}}
	loopback := map[string]bool{}
	for _, port := range found {
		in := sets[0]
		if !port.everywhere() {
			in = sets[1]
		}
		in.Elems = append(in.Elems, nft.Elem{Key: port.key()})
		key := protoPort(nil, port.Proto, port.Host.Port())
		if !port.atLoopback() || loopback[string(key)] {
			continue
		}
		stays, err := s.staysAtLoopback(ctx, pl.p, port, going)
		if err != nil {
			return err
		}
		if !stays {
			loopback[string(key)] = true
			sets[2].Elems = append(sets[2].Elems, nft.Elem{Key: key})
		}
	}
	pl.do(func(b *nft.Batch) {
		for _, e := range sets {
			e.Family, e.Table = s.family, PortTable
			b.DelElems(e)
		}
	})
	return nil
}

// staysAtLoopback says whether the port is still at the loopback address when those
// that go are gone: it may be there for itself, and as one at all addresses.
func (s *side) staysAtLoopback(ctx context.Context, p *Publisher, port *Port, going map[string]bool) (bool, error) {
	other := *port
	if port.everywhere() {
		other.Host = netip.AddrPortFrom(s.self, port.Host.Port())
	} else {
		other.Host = netip.AddrPortFrom(unspecified(s.family), port.Host.Port())
	}
	if going[string(other.key())] {
		return false, nil
	}
	has, err := p.get(ctx, s, &other)
	return has != nil, err
}

// get is the port as it is published, or nil.
func (p *Publisher) get(ctx context.Context, s *side, port *Port) (*Port, error) {
	set := setPorts
	if !port.everywhere() {
		set = setAddrPorts
	}
	req := &nft.Elems{Family: s.family, Table: PortTable, Set: set, Elems: []nft.Elem{{Key: port.key()}}}
	var reply nft.Elems
	err := p.nft.Do(ctx, unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_GETSETELEM, 0, req, &reply)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("get port %s: %w", port.where(), err)
	case len(reply.Elems) != 1:
		return nil, fmt.Errorf("get port %s: %w", port.where(), errForeign)
	}
	has, err := portOf(s.family, &reply.Elems[0])
	return &has, err
}

// tidy takes away what a family without ports has no need of.
func (p *Publisher) tidy(ctx context.Context) error {
	pl, err := p.newPlan(ctx)
	if err != nil {
		return err
	}
	var back []sysctl
	left := false
	for _, s := range sides() {
		if !pl.exists(&s) {
			continue
		}
		empty, err := p.empty(ctx, &s)
		if err != nil {
			return err
		}
		if !empty {
			left = true
			continue
		}
		undo, err := p.nft.Rules(ctx, s.family, PortTable, chainUndo)
		if err != nil {
			return err
		}
		for i := range undo {
			if c, ok := undoSysctl(undo[i].Userdata.Comment()); ok {
				back = append(back, c)
			}
		}
		if err := s.removeForward(ctx, pl); err != nil {
			return err
		}
		pl.do(func(b *nft.Batch) { b.DelTable(s.family, PortTable) })
	}
	if len(pl.todo) == 0 {
		return nil
	}
	if err := pl.commit(ctx); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	var errs []error
	for _, c := range back {
		is, err := p.read(c.name)
		if err == nil && is == "1" {
			err = p.write(c.name, c.was)
		}
		errs = append(errs, err)
	}
	if !left {
		errs = append(errs, p.noHairpins(ctx))
	}
	return errors.Join(errs...)
}

// empty says whether a side has no port.
func (p *Publisher) empty(ctx context.Context, s *side) (bool, error) {
	sets, err := p.nft.Sets(ctx, s.family, PortTable)
	if err != nil {
		return false, err
	}
	for i := range sets {
		if sets[i].Name != setLoopback && sets[i].Count > 0 {
			return false, nil
		}
	}
	any := false // before Linux 6.16 sets have no count
	for _, set := range [...]string{setPorts, setAddrPorts} {
		for _, err := range p.nft.StreamElems(ctx, s.family, PortTable, set) {
			if err != nil {
				return false, err
			}
			any = true
		}
	}
	return !any, nil
}

// noHairpins ends hairpin mode of the host ends of containers.
func (p *Publisher) noHairpins(ctx context.Context) error {
	links, err := p.links.Links(ctx, rtnl.LinkFilter{Group: nl.Some[uint32](Group)})
	if err != nil {
		return err
	}
	for i := range links {
		if port := links[i].Info.Port; port == nil || port.Hairpin.V == 0 {
			continue
		}
		if err := p.setHairpin(ctx, links[i].Index, 0); err != nil && !errors.Is(err, unix.ENODEV) {
			return err
		}
	}
	return nil
}
