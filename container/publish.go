//go:build linux

package container

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/rule"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// A Publisher publishes ports of containers in one network namespace, the host's.
// It may be used from many goroutines; one call waits for another. What it has done
// is all in the kernel: any number of Publishers, in any number of processes, work
// on the same ports, and they stay published when a Publisher is closed.
type Publisher struct {
	ns    *nsfs.NS
	nft   *nft.Conn
	links *rtnl.Conn
	locks int    // the namespace, opened once more: see lock
	begun string // name of the chain that says what a call has begun: no two Publishers have the same

	mu      sync.Mutex
	sysctls map[string]*nsfs.Sysctl // by name
}

// NewPublisher opens a Publisher in the host's namespace, "/proc/thread-self/ns/net"
// for [nsfs.Open] if it is that of the process. ns stays the caller's; do not close
// it before the Publisher. ctx has no meaning beyond [nl.WithTracer].
func NewPublisher(ctx context.Context, ns *nsfs.NS) (*Publisher, error) {
	p := &Publisher{
		ns: ns, sysctls: map[string]*nsfs.Sysctl{},
		begun: prefixBegun + strconv.FormatInt(time.Now().UnixNano(), 36),
	}
	var err error
	if p.nft, err = nft.Dial(nl.Config{NetNS: ns.Fd()}.Traced(ctx, nft.Protocol)); err != nil {
		return nil, failed("", StepPublish, err)
	}
	if p.links, err = rtnl.Dial(nl.Config{NetNS: ns.Fd()}.Traced(ctx, rtnl.Protocol)); err != nil {
		return nil, failed("", StepPublish, errors.Join(err, p.nft.Close()))
	}
	if p.locks, err = newLock(ns); err != nil {
		return nil, failed("", StepPublish, errors.Join(err, p.nft.Close(), p.links.Close()))
	}
	return p, nil
}

// Close closes what NewPublisher and later calls opened. Ports stay published.
func (p *Publisher) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := errors.Join(p.nft.Close(), p.links.Close(), unix.Close(p.locks))
	for _, s := range p.sysctls {
		err = errors.Join(err, s.Close())
	}
	clear(p.sysctls)
	return err
}

// Publish publishes ports: all, in one transaction, or none. It costs the same for
// each, however many there are already.
//
// An error is an [*Error]. A port that is taken is a [*PortError] in it, and
// [io/fs.ErrExist]; the port keeps who has it. Others are EINVAL (see [Port]), ENODEV
// (no such host end), EADDRNOTAVAIL (its bridge has no address of the family),
// [ErrNotOurs] (the host end is not of [Host.Up]), EPERM. ctx is obeyed until the
// transaction is sent, also while another process changes ports and holds the lock.
//
// Equivalent to, for each, where it is the first: the table that "nft list table
// ip minins-ports" shows, and for all others:
//
//	nft create element ip minins-ports ports { tcp . 8080 : 10.1.0.2 . 80 }
//	nft add element ip minins-ports loopback { tcp . 8080 }
func (p *Publisher) Publish(ctx context.Context, ports ...Port) error {
	if len(ports) == 0 {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := make(map[string]*Port, len(ports))
	for i := range ports {
		port := &ports[i]
		err := port.check()
		if err == nil {
			at := string(port.key()) + port.family().Keyword()
			if by := seen[at]; by != nil {
				err = &PortError{*port, *by, unix.EEXIST}
			}
			seen[at] = port
		} else {
			err = &PortError{Port: *port, Err: err}
		}
		if err != nil {
			return failed(port.Container, StepPublish, err)
		}
	}
	unlock, err := p.lock(ctx)
	if err != nil {
		return failed("", StepPublish, err)
	}
	defer unlock()
	marked, err := p.change(ctx, func(pl *plan) error { return p.publish(ctx, pl, ports) })
	if err == nil {
		return nil
	}
	if errors.Is(err, unix.EEXIST) {
		err = p.taken(context.WithoutCancel(ctx), ports, err)
	}
	if marked {
		err = errors.Join(err, p.collect(context.WithoutCancel(ctx)))
	}
	return failed("", StepPublish, err)
}

func (p *Publisher) publish(ctx context.Context, pl *plan, ports []Port) error {
	if err := pl.readChains(ctx); err != nil {
		return err
	}
	bridges, err := p.bridges(ctx, pl, ports)
	if err != nil {
		return err
	}
	for _, s := range sides() {
		elems, err := s.elements(ports)
		if err != nil {
			return err
		}
		if len(elems) == 0 {
			continue
		}
		if err := s.prepare(ctx, pl, bridges[s.family]); err != nil {
			return err
		}
		s.beginHairpins(pl)
		pl.do(func(b *nft.Batch) {
			for _, e := range elems {
				if e.Set == setLoopback { // several ports may need the same
					b.AddElems(e)
				} else {
					b.CreateElems(e)
				}
			}
		})
	}
	return nil
}

// A bridge is one that ports lead to.
type bridge struct {
	name  string
	addrs []netip.Prefix // of the family
}

// bridges finds the bridges of the host ends, and their addresses, by the family of
// the ports that lead there. It also finds which host ends need hairpin mode.
func (p *Publisher) bridges(ctx context.Context, pl *plan, ports []Port) (map[nft.Family][]bridge, error) {
	type use struct {
		family nft.Family
		master uint32
	}
	masters := map[string]uint32{} // by host end
	seen := map[use]bool{}
	all := map[nft.Family][]bridge{}
	for i := range ports {
		port := &ports[i]
		master, ok := masters[port.HostEnd]
		if !ok {
			l, err := p.links.GetLink(ctx, port.HostEnd)
			switch {
			case err != nil:
				return nil, failed(port.Container, StepPublish, err)
			case l.Info.Kind != "veth" || l.Group.V != Group:
				return nil, failed(port.Container, StepPublish, &rtnl.OpError{Op: "publish a port by", Object: "link " + l.Name, Err: ErrNotOurs})
			case l.Info.SlaveKind != "bridge":
				err := fmt.Errorf("link %s is not a port of a bridge: %w", l.Name, unix.EINVAL)
				return nil, failed(port.Container, StepPublish, err)
			}
			master = l.Master.V
			masters[port.HostEnd] = master
			if l.Info.Port == nil || l.Info.Port.Hairpin.V == 0 {
				f := port.family()
				pl.hairpins[f] = append(pl.hairpins[f], l.Index)
			}
		}
		u := use{port.family(), master}
		if seen[u] {
			continue
		}
		seen[u] = true
		b, err := p.bridge(ctx, u.family, master)
		if err != nil {
			return nil, failed(port.Container, StepPublish, err)
		}
		all[u.family] = append(all[u.family], b)
	}
	return all, nil
}

func (p *Publisher) bridge(ctx context.Context, f nft.Family, index uint32) (b bridge, err error) {
	l, err := p.links.GetLinkByIndex(ctx, index)
	if err != nil {
		return b, err
	}
	b.name = l.Name
	filter := rtnl.AddrFilter{Family: unix.AF_INET, Index: index}
	if f == nft.IPv6 {
		filter.Family = unix.AF_INET6
	}
	addrs, err := p.links.Addrs(ctx, filter)
	if err != nil {
		return b, err
	}
	for i := range addrs {
		if addrs[i].Scope != unix.RT_SCOPE_LINK {
			b.addrs = append(b.addrs, addrs[i].Prefix())
		}
	}
	if len(b.addrs) == 0 {
		err = fmt.Errorf("bridge %s has no address of family %s, so that the host has no way to the container: %w", b.name, f.Keyword(), unix.EADDRNOTAVAIL)
	}
	return b, err
}

// prepare makes what the ports need, as far as it is not there.
func (s *side) prepare(ctx context.Context, pl *plan, bridges []bridge) error {
	comments := map[string]uint64{} // of the rules of our table: handles, by chain and comment
	var source *nft.Rule            // of loopback-out
	if pl.exists(s) {
		rules, err := pl.p.nft.Rules(ctx, s.family, PortTable, "")
		if err != nil {
			return err
		}
		for i := range rules {
			r := &rules[i]
			comments[r.Chain+" "+r.Userdata.Comment()] = r.Handle
			if r.Chain == chainLoopbackOut {
				source = r
			}
		}
	} else {
		s.base(pl)
	}
	pl.need(s, s.forwarding, comments)
	for _, b := range bridges {
		for _, a := range b.addrs {
			if _, ok := comments[chainPost+" "+hairpinComment(b.name, a)]; !ok {
				s.hairpin(pl, b.name, a)
			}
		}
	}
	if source != nil && !pl.p.isLocal(ctx, s, source.Userdata.Comment()) {
		handle := source.Handle
		pl.do(func(b *nft.Batch) { b.DelRule(s.family, PortTable, chainLoopbackOut, handle) })
		source = nil
	}
	if source == nil {
		s.fromLoopback(pl, bridges[0].addrs[0].Addr())
	}
	return s.forward(ctx, pl, bridges)
}

// isLocal says whether an address is one of the host.
func (p *Publisher) isLocal(ctx context.Context, s *side, addr string) bool {
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return false
	}
	r, err := p.links.GetRoute(ctx, &rtnl.Route{Family: s.af, Dst: netip.PrefixFrom(a, a.BitLen())})
	return err == nil && r.Type == unix.RTN_LOCAL
}

// elements are the ports of a side as elements of its sets.
func (s *side) elements(ports []Port) (all []*nft.Elems, err error) {
	sets := [...]*nft.Elems{{Set: setPorts}, {Set: setAddrPorts}, {Set: setLoopback}}
	for i := range ports {
		p := &ports[i]
		if p.family() != s.family {
			continue
		}
		e, err := p.elem()
		if err != nil {
			return nil, err
		}
		in := sets[0]
		if !p.everywhere() {
			in = sets[1]
		}
		in.Elems = append(in.Elems, e)
		if p.atLoopback() {
			sets[2].Elems = append(sets[2].Elems, nft.Elem{Key: protoPort(nil, p.Proto, p.Host.Port())})
		}
	}
	for _, e := range sets {
		if e.Family, e.Table = s.family, PortTable; len(e.Elems) > 0 {
			all = append(all, e)
		}
	}
	return all, nil
}

// atLoopback says whether the port is at the loopback address.
func (p *Port) atLoopback() bool { return p.everywhere() || p.Host.Addr().IsLoopback() }

// beginHairpins has host ends get hairpin mode, which is written down while it is there
// and the ports are not.
func (s *side) beginHairpins(pl *plan) {
	if len(pl.hairpins[s.family]) == 0 {
		return
	}
	begun := s.chain(pl.p.begun)
	pl.mark(func(b *nft.Batch) { b.AddChain(begun) })
	for _, index := range pl.hairpins[s.family] {
		pl.mark(pl.rule(begun, rule.Return(), rule.Comment(hairpinBegun(index))))
		pl.beside = append(pl.beside, pl.p.hairpin(index, true))
	}
	pl.do(func(b *nft.Batch) { delChain(b, begun) })
}

// taken says which of the ports are published already.
func (p *Publisher) taken(ctx context.Context, ports []Port, err error) error {
	all, listed := p.list(ctx)
	if listed != nil {
		return errors.Join(err, listed)
	}
	by := make(map[string]*Port, len(all))
	for i := range all {
		by[string(all[i].key())+all[i].family().Keyword()] = &all[i]
	}
	var errs []error
	for i := range ports {
		if b := by[string(ports[i].key())+ports[i].family().Keyword()]; b != nil {
			errs = append(errs, &PortError{ports[i], *b, unix.EEXIST})
		}
	}
	if errs == nil { // it was, and is not any more
		return err
	}
	return errors.Join(errs...)
}
