//go:build linux

package iptables

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/minins/minins/cmd/minins/internal/resolve"
	"github.com/minins/minins/nft"
	"golang.org/x/sys/unix"
)

// ruleOption reads one of the options that say what a rule is like.
func (p *parser) ruleOption() error {
	switch r := &p.rule; p.opt.short {
	case 's':
		p.src, p.srcInv = p.arg, p.invert
	case 'd':
		p.dst, p.dstInv = p.arg, p.invert
	case 'p':
		num, ok := parseProtocol(strings.ToLower(p.arg))
		if !ok {
			return wrong(`unknown protocol "` + strings.ToLower(p.arg) + `" specified`).
				hinted("a protocol is tcp, udp, icmp, icmpv6, sctp, another name of /etc/protocols, a number up to 255, or all")
		}
		if num == 0 && p.invert {
			return wrong("rule would never match protocol")
		}
		r.proto = protocol{num, p.invert}
		if p.family == nft.IPv6 && r.proto.is(unix.IPPROTO_ROUTING, unix.IPPROTO_FRAGMENT, unix.IPPROTO_AH, unix.IPPROTO_DSTOPTS) {
			p.notices = append(p.notices, "Warning: never matched protocol: "+p.arg+". use extension match instead.")
		}
	case 'i':
		return p.device(&r.in, p.arg)
	case 'o':
		return p.device(&r.out, p.arg)
	case 'f':
		if p.family == nft.IPv6 {
			return wrong("`-f' is not supported in IPv6, use -m frag instead")
		}
		r.frag = laterFragment
		if p.invert {
			r.frag = notLaterFragment
		}
	case 'j', 'g':
		return p.jump(p.arg, p.opt.short == 'g')
	case 'c':
		return p.counters(p.arg)
	}
	return nil
}

func (p *parser) device(d *device, name string) error {
	switch {
	case name == "":
		return wrong("Empty interface is likely to be undesired")
	case len(name) >= unix.IFNAMSIZ:
		return wrong("interface name `" + name + "' must be shorter than IFNAMSIZ (" + strconv.Itoa(unix.IFNAMSIZ-1) + ")")
	case strings.ContainsAny(name, "/ "):
		p.notices = append(p.notices, "Warning: weird character in interface `"+name+"' ('/' and ' ' are not allowed by the kernel).")
	}
	*d = device{name, p.invert}
	return nil
}

func (p *parser) jump(name string, final bool) error {
	switch {
	case name == "":
		return wrong("Invalid target name (too short)")
	case len(name) >= nameMax:
		return wrong("Invalid target name `" + name + "' (" + strconv.Itoa(nameMax-1) + " chars max)")
	case strings.ContainsFunc(name, isSpace):
		return wrong("Invalid target name `" + name + "'")
	}
	p.rule.jump = jump{name: name, final: final}
	if m := findModule(name, true, p.family); m != nil && !final {
		p.rule.jump.target = p.load(m)
	}
	return nil
}

// counters reads -c PACKETS BYTES or -c PACKETS,BYTES.
func (p *parser) counters(arg string) error {
	packets, bytes, ok := strings.Cut(arg, ",")
	if !ok {
		if !p.more() {
			return wrong("-c requires packet and byte counter")
		}
		bytes = p.take()
	}
	var err error
	if p.rule.counters.Packets, err = strconv.ParseUint(packets, 10, 64); err != nil {
		return wrong("-c packet counter not numeric")
	}
	if p.rule.counters.Bytes, err = strconv.ParseUint(bytes, 10, 64); err != nil {
		return wrong("-c byte counter not numeric")
	}
	return nil
}

// load adds an extension. Matches stay in order before the target.
func (p *parser) load(m *module) extension {
	l := &loaded{module: m, ext: m.make(p.family)}
	p.exts = append(p.exts, l)
	if !m.target {
		p.rule.matches = append(p.rule.matches, l.ext)
		if n := len(p.exts); n > 1 && p.exts[n-2].target {
			p.exts[n-1], p.exts[n-2] = p.exts[n-2], p.exts[n-1]
		}
	}
	return l.ext
}

func (p *parser) loadMatch(name string) error {
	if name == "ipv6-icmp" || name == "icmpv6" {
		name = "icmp6"
	}
	m := findModule(name, false, p.family)
	if m == nil {
		return wrong("Couldn't load match `" + name + "':No such file or directory\n").
			hinted("match " + name + " is not one that minins knows")
	}
	p.load(m)
	return nil
}

// loadProtocol loads the match of the protocol that -p named before, once.
func (p *parser) loadProtocol() bool {
	m := protocolModule(p.rule.proto, p.family)
	if m == nil {
		return false
	}
	for _, l := range p.exts {
		if l.module == m {
			return false
		}
	}
	p.load(m)
	return true
}

// extensionOption hands an option to its extension.
func (p *parser) extensionOption() error {
	l, key := p.by, p.opt.key()
	switch {
	case l.own:
	case l.has(key):
		return badOption(l.name, key, "can only be used once.")
	case p.invert && !p.opt.invert:
		return badOption(l.name, key, "cannot be inverted.")
	}
	s := &setting{option: key, arg: p.arg, inv: p.invert, proto: p.rule.proto}
	if p.opt.pair {
		if !p.more() {
			return wrong("--" + key + " requires two args.")
		}
		s.arg += " " + p.take()
	}
	if key == "nflog-range" {
		p.notices = append(p.notices, "warn: --nflog-range has never worked and is no longer supported, please use --nflog-size instead")
	}
	l.seen = append(l.seen, key)
	return l.ext.set(s)
}

// checkExtension checks which options were given together.
func checkExtension(l *loaded) error {
	enough := l.bare == ""
	for i := range l.options {
		o := &l.options[i]
		modifies := strings.HasPrefix(o.long, "limit-iface-") || strings.HasSuffix(o.long, "mask")
		enough = enough || l.has(o.key()) && !modifies
	}
	if !enough {
		return wrong(l.bare)
	}
	for i := range l.options {
		o := &l.options[i]
		if o.main != "" {
			continue
		}
		has := l.has(o.long)
		if o.must && !has {
			return badOption(l.name, o.long, "must be specified")
		}
		if o.needs != "" && has && !l.has(o.needs) {
			return badOption(l.name, o.long, `also requires "--`+o.needs+`".`)
		}
		for other := range strings.FieldsSeq(o.excludes) {
			if has && l.has(other) {
				return badOption(l.name, o.long, `cannot be used together with "--`+other+`".`)
			}
		}
	}
	return nil
}

// addresses reads what -s and -d said.
func (p *parser) addresses() (err error) {
	if p.srcs, err = p.networks('s', p.src, p.srcInv); err != nil {
		return err
	}
	if p.dsts, err = p.networks('d', p.dst, p.dstInv); err != nil {
		return err
	}
	if (len(p.srcs) > 1 || len(p.dsts) > 1) && (p.srcInv || p.dstInv) {
		return wrong("! not allowed with multiple source or destination IP addresses")
	}
	return nil
}

func (p *parser) networks(short byte, arg string, inv bool) ([]network, error) {
	if strings.IndexByte(p.given, short) < 0 {
		return []network{{}}, nil
	}
	var list []network
	for one := range strings.SplitSeq(arg, ",") {
		more, err := parseNetwork(p.family, one)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	for i := range list {
		list[i].inv = inv
	}
	return list, nil
}

// parseNetwork reads ADDRESS[/MASK]; a host's name may stand for several.
func parseNetwork(f nft.Family, s string) (list []network, err error) {
	name, maskText, hasMask := strings.Cut(s, "/")
	var mask netip.Addr
	if hasMask {
		zero := unspecified(f)
		if bits, err := strconv.ParseUint(maskText, 10, 8); err == nil && int(bits) <= zero.BitLen() {
			mask = prefixMask(zero, int(bits))
		} else if a, ok := parseAddr(f, maskText); ok {
			mask = a
		} else {
			return nil, wrong("invalid mask `" + maskText + "' specified")
		}
	}
	addrs := lookup(f, name)
	if len(addrs) == 0 {
		return nil, wrong("host/network `" + name + "' not found").
			hinted("`" + name + "' is neither an address of this family nor a name in /etc/hosts")
	}
	for _, a := range addrs {
		m := mask
		if !hasMask {
			m = prefixMask(a, a.BitLen())
		}
		list = append(list, network{addr: masked(a, m), mask: m})
	}
	return list, nil
}

func unspecified(f nft.Family) netip.Addr {
	if f == nft.IPv6 {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

// parseAddr reads an address in digits.
func parseAddr(f nft.Family, s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a, err == nil && a.Zone() == "" && a.Is4() == (f == nft.IPv4)
}

// lookup reads an address, in IPv4 also the beginning of one ("10.1" is
// 10.1.0.0), or a name in /etc/hosts.
func lookup(f nft.Family, s string) []netip.Addr {
	full := s
	if f == nft.IPv4 && s != "" {
		full += strings.Repeat(".0", max(0, 3-strings.Count(s, ".")))
	}
	if a, ok := parseAddr(f, full); ok {
		return []netip.Addr{a}
	}
	family := resolve.IPv4
	if f == nft.IPv6 {
		family = resolve.IPv6
	}
	host, err := resolve.Resolver{Hosts: "/etc/hosts"}.LookupHost(s, family)
	if err != nil {
		return nil
	}
	return host.Addrs
}
