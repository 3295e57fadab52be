//go:build linux

package iptables

import (
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/ntop"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
)

// nat is the target MASQUERADE, REDIRECT, SNAT, DNAT or NETMAP.
type nat struct {
	_ [0]func() // not to be compared: that would take code

	kind     string
	family   nft.Family
	from, to netip.Addr // not valid: as it is
	ports    [2]uint16
	base     uint16 // of a DNAT that shifts ports
	flags    xt.NATFlags
}

var (
	masqueradeOptions = []option{{long: "to-ports", arg: required}, {long: "random"}, {long: "random-fully"}}
	redirectOptions   = []option{{long: "to-ports", arg: required}, {long: "random"}}
	snatOptions       = []option{{long: "to-source", arg: required, must: true}, {long: "random"}, {long: "random-fully"}, {long: "persistent"}}
	netmapOptions     = []option{{long: "to", arg: required, must: true}}
	dnatOptions       = []option{{long: "to-destination", arg: required, must: true}, {long: "random"}, {long: "persistent"}}
)

func (t *nat) name() string { return t.kind }

func (t *nat) set(s *setting) error {
	switch s.option {
	case "random":
		t.flags |= xt.NATRandom
	case "random-fully":
		t.flags |= xt.NATRandomFully
	case "persistent":
		t.flags |= xt.NATPersistent
	case "to-ports":
		return t.setPorts(s.arg, s.proto)
	case "to-source", "to-destination":
		return t.setTo(s.arg, s.proto)
	case "to":
		return t.setNetwork(s.arg)
	}
	return nil
}

// setNetwork reads ADDRESS[/MASK] of NETMAP: all addresses of a network.
func (t *nat) setNetwork(s string) error {
	nets, err := parseNetwork(t.family, s)
	if err != nil {
		return err
	}
	t.from = nets[0].addr
	last, mask := t.from.AsSlice(), nets[0].mask.AsSlice()
	for i := range last {
		last[i] |= ^mask[i]
	}
	t.to, _ = netip.AddrFromSlice(last)
	t.flags |= xt.NATMapIPs
	return nil
}

// network is the network from t.from to t.to.
func (t *nat) network() string {
	bits := t.from.BitLen()
	for bits > 0 && netip.PrefixFrom(t.from, bits).Masked() != netip.PrefixFrom(t.to, bits).Masked() {
		bits--
	}
	return ntop.Text(t.from) + "/" + strconv.Itoa(bits)
}

// setTo reads [ADDRESS[-ADDRESS]][:PORTS], of IPv6 with brackets if there are
// ports. Like iptables it passes over what is beside the brackets.
func (t *nat) setTo(s string, proto protocol) error {
	addrs, ports, hasPorts := strings.Cut(s, ":")
	if strings.Contains(ports, ":") {
		addrs, hasPorts = s, false
	}
	if _, rest, ok := strings.Cut(s, "["); ok {
		if addrs, rest, ok = strings.Cut(rest, "]"); !ok || t.family == nft.IPv4 {
			return wrong("Invalid address format")
		}
		_, ports, hasPorts = strings.Cut(rest, ":")
	}
	if hasPorts {
		if err := t.setPorts(ports, proto); err != nil {
			return err
		}
	}
	if addrs == "" && hasPorts {
		return nil
	}
	first, last, isRange := strings.Cut(addrs, "-")
	if !isRange {
		last = first
	}
	var ok bool
	if t.from, ok = parseAddr(t.family, first); !ok {
		return wrong(`Bad IP address "` + first + `"`)
	}
	if t.to, ok = parseAddr(t.family, last); !ok {
		return wrong(`Bad IP address "` + last + `"`)
	}
	t.flags |= xt.NATMapIPs
	return nil
}

// setPorts reads PORT[-PORT[/BASE]].
func (t *nat) setPorts(s string, proto protocol) error {
	if !proto.is(unix.IPPROTO_TCP, unix.IPPROTO_UDP, unix.IPPROTO_SCTP, unix.IPPROTO_DCCP, unix.IPPROTO_ICMP) {
		return wrong("Need TCP, UDP, SCTP or DCCP with port specification").
			hinted("ports belong to a protocol: say -p tcp (or -p udp) before -j " + t.kind)
	}
	t.flags |= xt.NATProto
	if strings.Contains(s, ":") && t.kind != "DNAT" && t.kind != "SNAT" {
		return wrong("Invalid port:port syntax - use dash")
	}
	first, last, isRange := strings.Cut(s, "-")
	last, base, hasBase := strings.Cut(last, "/")
	if !isRange {
		last = first
	}
	var err error
	if t.ports[0], err = natPort(first); err != nil {
		return err
	}
	if t.ports[1], err = natPort(last); err != nil {
		return err
	}
	if t.ports[0] > t.ports[1] {
		return wrong("Port range `" + last + "' funky")
	}
	if hasBase {
		if t.kind != "DNAT" {
			return wrong("Garbage after port value: `/" + base + "'")
		}
		t.flags |= xt.NATOffset
		t.base, err = natPort(base)
	}
	return err
}

// natPort reads a port in digits or by name.
func natPort(s string) (uint16, error) {
	if n, ok := parsePort(s, ""); ok {
		return n, nil
	}
	digits := strings.TrimLeft(s, "0123456789")
	if _, err := strconv.ParseUint(s[:len(s)-len(digits)], 10, 16); err == nil && digits != "" {
		return 0, wrong("Garbage after port value: `" + digits + "'")
	}
	return 0, wrong("Port `" + s + "' not valid")
}

// target is the address and ports, as in --to-destination.
func (t *nat) target() string {
	addrs := ""
	if t.flags&xt.NATMapIPs != 0 {
		addrs = ntop.Text(t.from)
		if t.to != t.from {
			addrs += "-" + ntop.Text(t.to)
		}
	}
	if t.flags&xt.NATProto == 0 {
		return addrs
	}
	if t.family == nft.IPv6 && addrs != "" {
		addrs = "[" + addrs + "]"
	}
	return addrs + ":" + t.portText()
}

func (t *nat) portText() string {
	text := strconv.Itoa(int(t.ports[0]))
	if t.ports[1] != t.ports[0] || t.flags&xt.NATOffset != 0 { // which only a range has
		text += "-" + strconv.Itoa(int(t.ports[1]))
	}
	if t.flags&xt.NATOffset != 0 {
		text += "/" + strconv.Itoa(int(t.base))
	}
	return text
}

// how are the words for how a port or address is chosen.
func (t *nat) how(dashes string) string {
	text := ""
	for _, f := range []struct {
		bit  xt.NATFlags
		word string
	}{{xt.NATRandom, "random"}, {xt.NATRandomFully, "random-fully"}, {xt.NATPersistent, "persistent"}} {
		if t.flags&f.bit != 0 {
			text += " " + dashes + f.word
		}
	}
	return text
}

func (t *nat) save() string {
	text := ""
	switch {
	case t.kind == "SNAT":
		text = " --to-source " + t.target()
	case t.kind == "DNAT":
		text = " --to-destination " + t.target()
	case t.kind == "NETMAP":
		return " --to " + t.network()
	case t.flags&xt.NATProto != 0:
		text = " --to-ports " + t.portText()
	}
	return text + t.how("--")
}

func (t *nat) list(*naming) string {
	text := ""
	switch {
	case t.kind == "SNAT" || t.kind == "DNAT":
		text = " to:" + t.target()
	case t.kind == "NETMAP":
		return " to:" + t.network()
	case t.flags&xt.NATProto != 0 && t.kind == "MASQUERADE":
		text = " masq ports: " + t.portText()
	case t.flags&xt.NATProto != 0:
		text = " redir ports " + t.portText()
	}
	return text + t.how("")
}

// info is the struct that iptables writes: see [xt.NAT] for the revisions.
func (t *nat) info() xt.Info {
	v6 := t.family == nft.IPv6
	var n *xt.NAT
	switch t.kind {
	case "MASQUERADE":
		n = xt.Masquerade(v6)
	case "REDIRECT":
		n = xt.Redirect(v6)
	case "SNAT":
		n = xt.SNAT(t.from, t.to)
		if v6 {
			n.Revision = 1
		}
	case "DNAT":
		n = xt.DNAT(t.from, t.to)
	case "NETMAP":
		n = &xt.NAT{Target: "NETMAP", IPv6: v6, MinAddr: xt.InetFrom(t.from), MaxAddr: xt.InetFrom(t.to)}
	}
	n.Flags |= t.flags
	n.MinPort, n.MaxPort, n.BasePort = t.ports[0], t.ports[1], t.base
	return n
}

func natFrom(f nft.Family, n *xt.NAT) *nat {
	t := &nat{kind: n.Target, family: f, flags: n.Flags, ports: [2]uint16{n.MinPort, n.MaxPort}, base: n.BasePort}
	if n.Flags&xt.NATMapIPs != 0 {
		t.from, t.to = inet(f, n.MinAddr), inet(f, n.MaxAddr)
	}
	return t
}
