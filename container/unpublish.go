//go:build linux

package container

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
)

// List lists the published ports, by family, protocol, port and address.
// Equivalent to: nft list map ip minins-ports ports
func (p *Publisher) List(ctx context.Context) ([]Port, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all, err := p.list(ctx)
	keys := make([]string, len(all)) // to sort strings takes no code of its own
	for i := range all {
		p := &all[i]
		key := append(binary.BigEndian.AppendUint16([]byte{byte(p.family()), byte(p.Proto)}, p.Host.Port()), p.Host.Addr().AsSlice()...)
		keys[i] = string(binary.BigEndian.AppendUint32(key, uint32(i)))
	}
	slices.Sort(keys)
	sorted := make([]Port, len(all))
	for i, key := range keys {
		sorted[i] = all[binary.BigEndian.Uint32([]byte(key[len(key)-4:]))]
	}
	return sorted, failed("", StepList, err)
}

// list is List in no order.
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
	unlock, err := p.lock(ctx)
	if err != nil {
		return failed("", StepUnpublish, err)
	}
	defer unlock()
	_, err = p.change(ctx, func(pl *plan) error {
		for _, s := range sides() {
			if err := s.unpublish(ctx, pl, ports); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = p.collect(ctx)
	}
	return failed("", StepUnpublish, err)
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
