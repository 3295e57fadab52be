//go:build linux

package nettools

import (
	"context"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/rtnl"
)

// valid are the states in which the hardware address is known, NUD_VALID of
// the kernel's net/neighbour.h.
const valid = unix.NUD_PERMANENT | unix.NUD_NOARP | unix.NUD_REACHABLE | unix.NUD_PROBE | unix.NUD_STALE | unix.NUD_DELAY

// A entry is a line of the table, as /proc/net/arp has it.
type entry struct {
	_ [0]func() // not to be compared: that would take code

	ip       netip.Addr
	typ      rtnl.ARPHRD
	mac      string
	complete bool // ATF_COM
	perm     bool // ATF_PERM
	public   bool // ATF_PUBL
	dev      string
}

// show lists the entries, or those of one host.
func (a *arpCall) show(ctx context.Context, words []string) error {
	var host netip.Addr
	if len(words) > 0 {
		var err error
		if host, _, err = a.names.addr(words[0]); err != nil {
			return unknownHost(statusArp, words[0], err)
		}
	}
	entries, err := a.entries(ctx)
	if err != nil {
		return err
	}
	shown := 0
	for _, e := range entries {
		if a.hwSet && e.typ != a.hwType || host.IsValid() && e.ip != host || a.device != "" && e.dev != a.device {
			continue
		}
		if a.linux && shown == 0 {
			a.c.Printf("Address                  HWtype  HWaddress           Flags Mask            Iface\n")
		}
		shown++
		name := ""
		if !a.numeric {
			name = a.names.host(e.ip)
		}
		if a.linux {
			a.row(e, name)
		} else {
			a.line(e, name)
		}
	}
	if a.verbose {
		a.c.Printf("Entries: %d\tSkipped: %d\tFound: %d\n", len(entries), len(entries)-shown, shown)
	}
	switch {
	case shown > 0:
	case host.IsValid() && !a.all:
		a.c.Printf("%s (%s) -- no entry\n", words[0], host)
	case a.hwSet || host.IsValid() || a.device != "":
		a.c.Printf("arp: in %d entries no match found.\n", len(entries))
	}
	return nil
}

// entries reads the table: neighbours, then proxies.
func (a *arpCall) entries(ctx context.Context) ([]entry, error) {
	links := make(map[uint32]entry)
	for l, err := range a.conn.StreamLinks(ctx, rtnl.LinkFilter{ExtMask: rtnl.ExtSkipStats}) {
		if err != nil {
			return nil, err
		}
		links[l.Index] = entry{dev: l.Name, typ: l.Type}
	}
	neighs, err := a.conn.Neighs(ctx, rtnl.NeighFilter{Family: unix.AF_INET, Proxies: true})
	if err != nil {
		return nil, err
	}
	var all []entry
	for _, n := range neighs {
		e, ok := links[n.Index]
		if !ok {
			e.dev = "*"
		}
		e.ip = n.Dst
		switch {
		case n.Flags&unix.NTF_PROXY != 0:
			e.public, e.perm = true, true
		case n.State&^unix.NUD_NOARP == 0:
			continue // /proc/net/arp does not have it
		default:
			e.complete = n.State&valid != 0
			e.perm = n.State&unix.NUD_PERMANENT != 0
			e.mac = n.LLAddr.String()
		}
		all = append(all, e)
	}
	return all, nil
}

// row is a line of the Linux form.
func (a *arpCall) row(e entry, name string) {
	if name == "" {
		name = e.ip.String()
	}
	typ, mac, flags := "", "(incomplete)", ""
	switch {
	case e.complete:
		typ, mac, flags = hwName(e.typ), e.mac, "C"
	case e.public:
		typ, mac = "*", "<from_interface>"
	}
	if e.perm {
		flags += "M"
	}
	if e.public {
		flags += "P"
	}
	a.c.Printf("%-23.23s  %-8.8s%-20.20s%-6.6s%-15.15s %s\n", name, typ, mac, flags, "", e.dev)
}

// line is a line of the BSD form.
func (a *arpCall) line(e entry, name string) {
	if name == "" {
		name = "?"
	}
	a.c.Printf("%s (%s) at ", name, e.ip)
	switch {
	case e.complete:
		a.c.Printf("%s [%s] ", e.mac, hwName(e.typ))
	case e.public:
		a.c.Printf("<from_interface> ")
	default:
		a.c.Printf("<incomplete> ")
	}
	if e.perm {
		a.c.Printf("PERM ")
	}
	if e.public {
		a.c.Printf("PUB ")
	}
	a.c.Printf("on %s\n", e.dev)
}
