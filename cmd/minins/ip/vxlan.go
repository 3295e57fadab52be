//go:build linux

package ip

import (
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

const vxlanWords grammar = `id*|vni* NUMBER  of the network, 0 to 16777215
group* ADDRESS  multicast group of the other ends; needs dev
remote* ADDRESS  the other end
local* ADDRESS
dev* DEV  that packets leave by
ttl*|hoplimit* { NUMBER | inherit | auto }
tos*|dsfield* { NUMBER | inherit }  in hex
df* { unset | set | inherit }
flowlabel*|label* NUMBER  0 to 1048575
ageing* { SECONDS | none }
maxaddress* { NUMBER | unlimited }
srcport*|port* MIN MAX
dstport* NUMBER  4789 is the standard's
learning*  from packets (nolearning: not; and so below)
proxy*  answer ARP
rsc*  switch routes short
l2miss*
l3miss*
udpcsum*
udp6zerocsumtx*
udp6zerocsumrx*
remcsumtx*
remcsumrx*
external*  routes say where packets go, and there is no id
gbp*
gpe*
vnifilter*
help*`

// A vxlanFlag is a word for a flag of package rtnl, or with "no" before it for
// the flag off.
type vxlanFlag struct {
	bit       rtnl.VXLANFlags
	word, key string
}

// vxlanFlags are in the order in which they are shown: those before the
// addresses, those behind, and those at the end, of which some are shown when
// they are off.
var vxlanFlags = [...]vxlanFlag{
	{rtnl.VXLANCollectMetadata, "external", "external"},
	{rtnl.VXLANVNIFilter, "vnifilter", "vnifilter"},
	{rtnl.VXLANLearning, "learning", "learning"},
	{rtnl.VXLANProxy, "proxy", "proxy"},
	{rtnl.VXLANRSC, "rsc", "rsc"},
	{rtnl.VXLANL2Miss, "l2miss", "l2miss"},
	{rtnl.VXLANL3Miss, "l3miss", "l3miss"},
	{rtnl.VXLANUDPCsum, "udpcsum", "udp_csum"},
	{rtnl.VXLANUDPZeroCsum6Tx, "udp6zerocsumtx", "udp_zero_csum6_tx"},
	{rtnl.VXLANUDPZeroCsum6Rx, "udp6zerocsumrx", "udp_zero_csum6_rx"},
	{rtnl.VXLANRemCsumTx, "remcsumtx", "remcsum_tx"},
	{rtnl.VXLANRemCsumRx, "remcsumrx", "remcsum_rx"},
	{rtnl.VXLANGBP, "gbp", "gbp"},
	{rtnl.VXLANGPE, "gpe", "gpe"},
}

const vxlanShownOff = rtnl.VXLANLearning | rtnl.VXLANUDPCsum | rtnl.VXLANUDPZeroCsum6Tx | rtnl.VXLANUDPZeroCsum6Rx

// A vxlanParser reads the words after "type vxlan".
type vxlanParser struct {
	r      *linkRequest
	v      *rtnl.VXLAN
	w      *words
	seen   given
	family rtnl.Family // of the addresses
}

func parseVXLAN(w *words, r *linkRequest) {
	r.link.Info.VXLAN = new(rtnl.VXLAN)
	p := &vxlanParser{r: r, v: r.link.Info.VXLAN, w: w, seen: given{}}
	for w.next() {
		p.take()
	}
	if why := p.finish(); why != "" {
		w.fail(fail(exitFailed, "vxlan: "+why, ""))
	}
}

// take reads a word and its argument.
func (p *vxlanParser) take() {
	if p.takeFlag() {
		return
	}
	key := vxlanWords.find(p.w.cur)
	attr := key
	switch key {
	case "", "help":
		p.w.fail(unknownOption("vxlan: unknown command", "vxlan", p.w, vxlanWords.words()))
		return
	case "group", "remote":
		if attr = "remote"; p.v.Remote.IsValid() && p.v.Remote.IsMulticast() != (key == "group") {
			p.w.fail(fail(exitFailed, "vxlan: both group and remote cannot be specified", ""))
		}
	}
	p.w.arg()
	p.once(attr, key)
	if p.w.err != nil {
		return
	}
	switch key {
	case "group", "remote":
		p.takeEnd(&p.v.Remote, key)
	case "local":
		p.takeEnd(&p.v.Local, key)
	case "dev":
		p.r.physical = p.w.cur
	case "srcport":
		low := uint16(p.w.asUint(16, "min port"))
		high := uint16(p.w.uint(16, "max port"))
		p.v.PortRange = nl.Opt[rtnl.VXLANPorts]{V: rtnl.VXLANPorts{Low: low, High: high}, Ok: low|high != 0}
	default:
		p.takeNumber(key)
	}
}

// once fails for the second of what is one attribute.
func (p *vxlanParser) once(attr, key string) {
	if p.seen[attr] {
		p.w.fail(garbage(key, p.w.cur, say("%q is there twice", attr), nil))
	}
	p.seen[attr] = true
}

// takeFlag reads a word for a flag, unless it is another word or short for one.
func (p *vxlanParser) takeFlag() bool {
	found := vxlanWords.find(p.w.cur)
	word, off := strings.CutPrefix(p.w.cur, "no")
	for i := range vxlanFlags {
		f := &vxlanFlags[i]
		if found != f.word && (!off || !abbreviates(word, f.word) || f.bit >= rtnl.VXLANGBP) {
			continue
		}
		p.once(f.word, p.w.cur)
		p.v.FlagMask |= f.bit
		if !off {
			p.v.Flags |= f.bit
		}
		return true
	}
	return false
}

// takeEnd takes the word for an address that is a group, or is not.
func (p *vxlanParser) takeEnd(to *netip.Addr, key string) {
	if p.w.asAddr(to, &p.family); !to.IsValid() || to.IsMulticast() != (key == "group") {
		p.w.wrong(p.w.cur, "invalid "+key+" address", "")
	}
}

// takeNumber takes the word for a number, or for one that it names.
func (p *vxlanParser) takeNumber(key string) {
	bits, why, named := 32, "", ""
	var n nl.Opt[uint32]
	n.Ok = true
	switch key {
	case "id":
		bits, why = 24, "invalid id"
	case "flowlabel":
		bits, why = 20, "invalid flowlabel"
	case "ageing":
		named, why = "none", "ageing timer"
	case "maxaddress":
		named, why = "unlimited", "max addresses"
	case "dstport":
		bits, why = 16, "dst port"
	case "ttl":
		named, why = "auto", "invalid TTL"
		if p.w.cur == "inherit" {
			p.v.Flags |= rtnl.VXLANTTLInherit
			return
		}
	case "df":
		var ok bool
		if n.V, ok = numberIn(vxlanDF, p.w.cur); !ok {
			p.w.wrong(p.w.cur, "DF must be 'unset', 'set' or 'inherit'", "")
		}
		named = p.w.cur
	case "tos":
		if named = "inherit"; p.w.cur == named {
			n.V = 1
		} else {
			var ok bool
			if n.V, ok = p.w.tables.get(dsfields).id(p.w.cur, 8); !ok {
				p.w.wrong(p.w.cur, "bad TOS value", "")
			}
			named = p.w.cur
		}
	}
	if p.w.cur != named {
		n.V = uint32(p.w.asUint(bits, why))
	}
	byte := nl.Some(uint8(n.V))
	switch key {
	case "id":
		p.v.ID = n
	case "flowlabel":
		p.v.Label = n
	case "ageing":
		p.v.Ageing = n
	case "maxaddress":
		p.v.Limit = n
	case "dstport":
		p.v.Port = nl.Some(uint16(n.V))
	case "df":
		p.v.DF = byte
	case "tos":
		p.v.TOS = byte
	case "ttl":
		if p.v.TTL = byte; n.V > 255 {
			p.w.wrong(p.w.cur, "TTL must be <= 255", "")
		}
	}
}

var vxlanDF = []numbered{{0, "unset"}, {1, "set"}, {2, "inherit"}}

const vxlanPortNote = `vxlan: destination port not specified
Will use Linux kernel default (non-standard value)
Use 'dstport 4789' to get the IANA assigned value
Use 'dstport 0' to get default and quiet this message`

// finish settles what the words mean together, or says why they have no meaning.
func (p *vxlanParser) finish() string {
	external := p.v.Flags&rtnl.VXLANCollectMetadata != 0
	switch {
	case p.v.Flags&rtnl.VXLANVNIFilter != 0 && !external:
		return "vnifilter is valid only when 'external' is set"
	case external && p.seen["id"]:
		return "both 'external' and vni cannot be specified"
	case !external && !p.seen["id"] && p.r.create:
		return "missing virtual network identifier"
	case p.v.Remote.IsMulticast() && !p.seen["dev"]:
		return "'group' requires 'dev' to be specified"
	case p.v.Port.Ok:
		p.v.Port.Ok = p.v.Port.V != 0
	case p.v.Flags&rtnl.VXLANGPE != 0:
		p.v.Port = nl.Some(uint16(4790))
	case p.r.create:
		p.r.note = vxlanPortNote
	}
	switch {
	case external:
		p.v.FlagMask |= rtnl.VXLANLearning
		p.v.Flags &^= rtnl.VXLANLearning
	case p.r.create && p.v.FlagMask&rtnl.VXLANLearning == 0:
		p.v.FlagMask |= rtnl.VXLANLearning
		p.v.Flags |= rtnl.VXLANLearning
	}
	return ""
}

// resolveVXLAN finds the device that packets leave by.
func resolveVXLAN(s *session, r *linkRequest) error {
	if r.physical == "" {
		return nil
	}
	p := &r.link.Info.VXLAN.Link
	p.Ok = true
	err := s.index(r.physical, &p.V)
	if f := asFailure(err); f != nil {
		f.code = exitUsage
	}
	return err
}

// showVXLAN renders what a VXLAN has of its own.
func showVXLAN(v *view, l *rtnl.VXLAN) {
	showVXLANFlags(v, l, vxlanFlags[:2])
	v.number(l.ID.Ok, "id", "id %d ", uint64(l.ID.V))
	showEnd(v, "remote", l.Remote)
	showEnd(v, "local", l.Local)
	if l.Link.Ok {
		v.str("link", "dev %s ", v.linkName(l.Link.V))
	}
	if r := l.PortRange; r.Ok {
		v.object("port_range")
		v.text("srcport ")
		v.uint("low", "%d ", uint64(r.V.Low))
		v.uint("high", "%d ", uint64(r.V.High))
		v.end()
	}
	v.number(l.Port.Ok, "port", "dstport %d ", uint64(l.Port.V))
	showVXLANFlags(v, l, vxlanFlags[2:7])
	showVXLANHeader(v, l)
	if l.Ageing.V == 0 && v.json == nil {
		v.text("ageing none ")
	} else {
		v.uint("ageing", "ageing %d ", uint64(l.Ageing.V))
	}
	v.nonzero("limit", "maxaddr %d ", l.Limit.V)
	showVXLANFlags(v, l, vxlanFlags[7:])
}

func showVXLANFlags(v *view, l *rtnl.VXLAN, flags []vxlanFlag) {
	for i := range flags {
		f := &flags[i]
		text := f.word + " "
		if f.bit == rtnl.VXLANVNIFilter { // iproute2 forgets the blank
			text = f.word
		}
		switch {
		case l.Flags&f.bit == 0 && l.FlagMask&vxlanShownOff&f.bit != 0:
			v.raw(f.key, "false", "no%s", text)
		case l.Flags&f.bit == 0:
		case f.bit == rtnl.VXLANLearning:
			v.raw(f.key, "true", "", nil)
		default:
			v.flag(f.key, text)
		}
	}
}

// showVXLANHeader renders what of the header of packets can be set.
func showVXLANHeader(v *view, l *rtnl.VXLAN) {
	if l.TOS.V == 1 && v.json == nil {
		v.text("tos inherit ")
	} else if l.TOS.V != 0 {
		v.hex("tos", "tos %#x ", uint64(l.TOS.V))
	}
	switch {
	case l.Flags&rtnl.VXLANTTLInherit != 0:
		v.text("ttl inherit ")
	case l.TTL.V == 0 && v.json == nil:
		v.text("ttl auto ")
	default:
		v.uint("ttl", "ttl %d ", uint64(l.TTL.V))
	}
	if l.DF.V != 0 || v.json != nil {
		v.str("df", "df %s ", nameIn(vxlanDF, uint32(l.DF.V), "unknown"))
	}
	if l.Label.V != 0 {
		v.hex("label", "flowlabel %#x ", uint64(l.Label.V))
	}
}

// showEnd renders an end of a VXLAN: the key tells its family, and whether it
// is a group.
func showEnd(v *view, word string, a netip.Addr) {
	if !a.IsValid() || a.IsUnspecified() {
		return
	}
	if a.IsMulticast() {
		word = "group"
	}
	key := word
	if familyOf(a) == unix.AF_INET6 {
		key += "6"
	}
	v.str(key, word+" %s ", v.address(a))
}
