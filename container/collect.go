//go:build linux

package container

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// Collect takes away what no port needs, and what processes left that were killed while
// they published or unpublished: it may be called at any time. Publish, where it fails,
// and Unpublish do the same. It returns what it did, in words; with dry it does nothing,
// and returns what it would do.
//
// Equivalent to: minins gc
func (p *Publisher) Collect(ctx context.Context, dry bool) (done []string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	unlock, err := p.lock(ctx)
	if err != nil {
		return nil, failed("", StepCollect, err)
	}
	defer unlock()
	_, err = p.change(ctx, func(pl *plan) error {
		err := p.planCollection(ctx, pl)
		done = pl.says
		if dry {
			pl.beside, pl.todo = nil, nil
		}
		return err
	})
	if err != nil {
		return nil, failed("", StepCollect, err)
	}
	return done, nil
}

// collect is Collect with the lock held.
func (p *Publisher) collect(ctx context.Context) error {
	_, err := p.change(ctx, func(pl *plan) error { return p.planCollection(ctx, pl) })
	return err
}

// planCollection puts back what was before the first port, and last takes away the table
// in which that is written: if it is killed, the next one finds it still.
func (p *Publisher) planCollection(ctx context.Context, pl *plan) error {
	if err := pl.readChains(ctx); err != nil {
		return err
	}
	left := false
	var begun []uint32 // links whose hairpin mode belongs to no port yet
	for _, s := range sides() {
		if !pl.exists(&s) {
			continue
		}
		links, chains, err := s.begun(ctx, pl)
		if err != nil {
			return err
		}
		begun = append(begun, links...)
		empty, err := p.empty(ctx, &s)
		if err != nil {
			return err
		}
		if empty {
			err = s.remove(ctx, pl)
		} else {
			left = true
			for _, c := range chains {
				pl.say("delete chain " + s.family.Keyword() + " " + PortTable + " " + c.Name)
				pl.do(func(b *nft.Batch) { delChain(b, c) })
			}
		}
		if err != nil {
			return err
		}
	}
	if !left || len(begun) > 0 {
		if err := p.noHairpins(ctx, pl, begun, left); err != nil {
			return err
		}
	}
	return nil
}

// remove takes away a side that has no ports.
func (s *side) remove(ctx context.Context, pl *plan) error {
	undo, err := pl.p.nft.Rules(ctx, s.family, PortTable, chainUndo)
	if err != nil {
		return err
	}
	for i := range undo {
		if c, ok := undoSysctl(undo[i].Userdata.Comment()); ok {
			pl.putBack(c)
		}
	}
	if err := s.removeForward(ctx, pl); err != nil {
		return err
	}
	pl.say("delete table " + s.family.Keyword() + " " + PortTable)
	pl.do(func(b *nft.Batch) { b.DelTable(s.family, PortTable) })
	return nil
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

// begun is what calls have begun and not ended: chains, and links that they say got
// hairpin mode.
func (s *side) begun(ctx context.Context, pl *plan) (links []uint32, chains []*nft.Chain, err error) {
	for i := range pl.chains {
		c := &pl.chains[i]
		if c.Family != s.family || c.Table != PortTable || !strings.HasPrefix(c.Name, prefixBegun) {
			continue
		}
		chains = append(chains, c)
		rules, err := pl.p.nft.Rules(ctx, s.family, PortTable, c.Name)
		if err != nil {
			return nil, nil, err
		}
		for i := range rules {
			if n, ok := strings.CutPrefix(rules[i].Userdata.Comment(), "hairpin "); ok {
				index, err := strconv.ParseUint(n, 10, 32)
				if err != nil {
					return nil, nil, errForeign
				}
				links = append(links, uint32(index))
			}
		}
	}
	return links, chains, nil
}

// hairpinBegun is the comment that begun reads.
func hairpinBegun(index uint32) string { return "hairpin " + strconv.FormatUint(uint64(index), 10) }

// noHairpins ends hairpin mode of the host ends of containers: of all, or, if ports are
// left, of those where it was begun and to which no port leads.
func (p *Publisher) noHairpins(ctx context.Context, pl *plan, begun []uint32, left bool) error {
	links, err := p.links.Links(ctx, rtnl.LinkFilter{Group: nl.Some[uint32](Group)})
	if err != nil {
		return err
	}
	needed := map[string]bool{}
	if left {
		ports, err := p.list(ctx)
		if err != nil {
			return err
		}
		for i := range ports {
			needed[ports[i].HostEnd] = true
		}
	}
	for i := range links {
		l := &links[i]
		on := l.Info.Port != nil && l.Info.Port.Hairpin.V != 0
		if on && !needed[l.Name] && (!left || slices.Contains(begun, l.Index)) {
			pl.say("end hairpin mode of link " + l.Name)
			pl.beside = append(pl.beside, p.hairpin(l.Index, false))
		}
	}
	return nil
}

// delChain takes away a chain and its rules.
func delChain(b *nft.Batch, c *nft.Chain) {
	b.FlushChain(c.Family, c.Table, c.Name)
	b.DelChain(c.Family, c.Table, c.Name)
}
