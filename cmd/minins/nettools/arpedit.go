//go:build linux

package nettools

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// arpWords are the words after the host and its hardware address.
type arpWords struct {
	pub, priv, temp bool
	public          bool // of pub and priv the last one
	dontpub         bool
	netmask         bool // other than 255.255.255.255, which the kernel refuses
	device          string
}

// words reads them; -v shows those of -d.
func (a *arpCall) words(words []string, show bool) (w arpWords, err error) {
	w.device = a.device
	for i := 0; i < len(words); i++ {
		if show {
			a.say("args=%s", words[i])
		}
		switch words[i] {
		case "temp":
			w.temp = true
		case "pub":
			w.pub, w.public = true, true
		case "priv":
			w.priv, w.public = true, false
		case "dontpub":
			w.dontpub = true
		case "trail", "auto": // the kernel ignores them
		case "dev", "netmask":
			key := words[i]
			if i++; i == len(words) {
				return w, arpMisuse()
			}
			if key == "dev" {
				w.device = words[i]
				continue
			}
			if _, _, err := a.names.addr(words[i]); err != nil {
				return w, unknownHost(statusArp, words[i], err)
			}
			w.netmask = w.netmask || words[i] != "255.255.255.255"
		default:
			return w, arpMisuse()
		}
	}
	return w, nil
}

func arpMisuse() error { return &failure{status: statusUsage, usage: arpUsage + arpHardware} }

func arpFailed(text string) error { return &failure{status: statusArp, text: text} }

// host reads the host that an entry is about.
func (a *arpCall) host(words []string) (netip.Addr, error) {
	if len(words) == 0 {
		return netip.Addr{}, arpFailed("arp: need host name")
	}
	ip, _, err := a.names.addr(words[0])
	if err != nil {
		return ip, unknownHost(statusArp, words[0], err)
	}
	return ip, nil
}

// set makes an entry: SIOCSARP.
func (a *arpCall) set(ctx context.Context, words []string) error {
	ip, err := a.host(words)
	if err != nil {
		return err
	}
	if len(words) < 2 {
		return arpFailed("arp: need hardware address")
	}
	typ := a.hwType
	var mac nl.HardwareAddr
	if a.useDevice {
		link, err := a.conn.GetLink(ctx, words[1])
		if err != nil {
			return &failure{status: statusArp, err: err, text: "arp: cant get HW-Address for `" + words[1] + "': " + applet.Strerror(err) + "."}
		}
		if a.hwSet && link.Type != a.hwType {
			return arpFailed("arp: protocol type mismatch.")
		}
		typ, mac = link.Type, link.Addr
		a.say("arp: device `%s' has HW address %s `%s'.", words[1], hwName(typ), mac)
	} else {
		var ok bool
		if mac, ok = parseMAC(words[1]); !ok {
			return arpFailed("arp: invalid hardware address")
		}
	}
	w, err := a.words(words[2:], false)
	if err != nil {
		return err
	}
	a.say("arp: SIOCSARP()")
	if err := a.setEntry(ctx, ip, typ, mac, w); err != nil {
		return refused(ctx, a.conn, statusArp, "SIOCSARP", err)
	}
	return nil
}

// setEntry does what the kernel's arp_req_set does.
func (a *arpCall) setEntry(ctx context.Context, ip netip.Addr, typ rtnl.ARPHRD, mac nl.HardwareAddr, w arpWords) error {
	if w.netmask || w.dontpub && !w.public {
		return unix.EINVAL
	}
	n := &rtnl.Neigh{Family: unix.AF_INET, Dst: ip}
	var link *rtnl.Link
	var err error
	switch {
	case w.device == "" && w.public:
		n.Index, err = a.linkWith(ctx, typ, mac)
	case w.device == "":
		if n.Index, err = a.linkTowards(ctx, ip); err == nil {
			link, err = a.conn.GetLinkByIndex(ctx, n.Index)
		}
	default:
		link, err = a.conn.GetLink(ctx, w.device)
	}
	if err != nil {
		return err
	}
	if link != nil {
		if link.Type != typ {
			return unix.EINVAL
		}
		n.Index = link.Index
	}
	if w.public {
		n.Flags = unix.NTF_PROXY
		return a.conn.ReplaceNeigh(ctx, n)
	}
	n.LLAddr, n.State = mac, unix.NUD_PERMANENT
	if w.temp {
		n.State = unix.NUD_STALE
	}
	return a.conn.ReplaceNeigh(ctx, n)
}

// linkWith returns the link that has the hardware address.
func (a *arpCall) linkWith(ctx context.Context, typ rtnl.ARPHRD, mac nl.HardwareAddr) (uint32, error) {
	links, err := a.conn.Links(ctx, rtnl.LinkFilter{ExtMask: rtnl.ExtSkipStats})
	if err != nil {
		return 0, err
	}
	for i := range links {
		if links[i].Type == typ && links[i].Addr == mac {
			return links[i].Index, nil
		}
	}
	return 0, unix.ENODEV
}

// linkTowards returns the link in whose subnet the address is.
func (a *arpCall) linkTowards(ctx context.Context, ip netip.Addr) (uint32, error) {
	way, err := a.conn.GetRoute(ctx, &rtnl.Route{Family: unix.AF_INET, Dst: netip.PrefixFrom(ip, 32)})
	if err != nil {
		return 0, err
	}
	if way.Gateway.IsValid() || way.Via.IsValid() {
		return 0, unix.ENETUNREACH
	}
	return way.OIF, nil
}

// delete removes an entry, or if there is none the proxy's: SIOCDARP.
func (a *arpCall) delete(ctx context.Context, words []string) error {
	ip, err := a.host(words)
	if err != nil {
		return err
	}
	w, err := a.words(words[1:], true)
	if err != nil {
		return err
	}
	if w.priv || !w.pub {
		a.say("arp: SIOCDARP(dontpub)")
		err := error(unix.EINVAL)
		if !w.dontpub && !w.netmask {
			err = a.deletePrivate(ctx, ip, w.device)
		}
		switch {
		case err == nil:
			return nil
		case !errors.Is(err, unix.ENOENT) && !errors.Is(err, unix.ENXIO):
			return refused(ctx, a.conn, statusArp, "SIOCDARP(dontpub)", err)
		case w.priv && !w.pub:
			return a.noEntry(words[0])
		}
	}
	a.say("arp: SIOCDARP(pub)")
	err = a.deletePublic(ctx, ip, w)
	switch {
	case errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENXIO):
		return a.noEntry(words[0])
	case err != nil:
		return refused(ctx, a.conn, statusArp, "SIOCDARP(pub)", err)
	}
	return nil
}

func (a *arpCall) noEntry(host string) error {
	a.c.Printf("No ARP entry for %s\n", host)
	return &failure{status: statusArp}
}

func (a *arpCall) deletePrivate(ctx context.Context, ip netip.Addr, device string) error {
	var index uint32
	var err error
	if device == "" {
		index, err = a.linkTowards(ctx, ip)
	} else {
		index, err = a.conn.LinkIndex(ctx, device)
	}
	if err != nil {
		return err
	}
	return a.conn.DelNeigh(ctx, &rtnl.Neigh{Family: unix.AF_INET, Dst: ip, Index: index})
}

// deletePublic removes the proxy of a device, or without one that of all.
func (a *arpCall) deletePublic(ctx context.Context, ip netip.Addr, w arpWords) error {
	if w.netmask {
		return unix.EINVAL
	}
	n := &rtnl.Neigh{Family: unix.AF_INET, Dst: ip, Flags: unix.NTF_PROXY}
	if w.device != "" {
		index, err := a.conn.LinkIndex(ctx, w.device)
		if err != nil {
			return err
		}
		n.Index = index
	}
	return a.conn.DelNeigh(ctx, n)
}

// file makes an entry of each line of a file: host and hardware address, or
// the other way round as in /etc/ethers.
func (a *arpCall) file(ctx context.Context, words []string) error {
	name := "/etc/ethers"
	if len(words) > 0 {
		name = words[0]
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return arpFailed("arp: cannot open etherfile " + name + " !")
	}
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		a.say(">> %s", line)
		words := strings.Fields(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if len(words) < 2 {
			a.c.Errorf("arp: format error on line %d of etherfile %s !", i+1, name)
			continue
		}
		if strings.Contains(words[0], ":") {
			words[0], words[1] = words[1], words[0]
		}
		if err := a.set(ctx, words); err != nil {
			if f, ok := err.(*failure); ok && f.usage != "" {
				return err // wrong words end it all
			}
			report(a.c, err)
			a.c.Errorf("arp: cannot set entry on line %d of etherfile %s !", i+1, name)
		}
	}
	return nil
}

// say writes to standard error what -v is for.
func (a *arpCall) say(format string, args ...any) {
	if a.verbose {
		a.c.Errorf(format, args...)
	}
}
