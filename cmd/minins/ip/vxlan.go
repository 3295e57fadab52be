//go:build linux

package ip

import (
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

const vxlanWords grammar = `
	id*|vni* NUMBER  of the network, 0 to 16777215
	group* ADDRESS  multicast group of the other ends; needs dev
	remote* ADDRESS  the other end
	local* ADDRESS  this end
	dev* DEV  that packets leave by
	ttl*|hoplimit* { NUMBER | inherit | auto }  of the packets
	tos*|dsfield* { NUMBER | inherit }  in hex
	df* { unset | set | inherit }  whether they may be cut
	flowlabel*|label* NUMBER  0 to 1048575
	ageing* { SECONDS | none }  how long an address is remembered
	maxaddress* { NUMBER | unlimited }  how many
	srcport*|port* MIN MAX  source ports
	dstport* NUMBER  4789 is the standard's
	learning*  from packets (nolearning: not; and so below)
	proxy*  answer ARP
	rsc*  switch routes short
	l2miss*  tell of unknown link-layer addresses
	l3miss*  tell of unknown addresses
	udpcsum*  a checksum over IPv4
	udp6zerocsumtx*  none over IPv6 when sending
	udp6zerocsumrx*  none needed when receiving
	remcsumtx*  remote checksums when sending
	remcsumrx*  and receiving
	external*  routes say where packets go, and there is no id
	gbp*  with group policy
	gpe*  with other protocols than Ethernet
	vnifilter  only networks that are listed
	help*`

// vxlanFlags are the words for the bits of [rtnl.VXLANFlags], with "no" before
// them for the bit off. A key in JSON that is another is behind a colon.
const vxlanFlags = "external vnifilter learning proxy rsc l2miss l3miss udpcsum:udp_csum udp6zerocsumtx:udp_zero_csum6_tx " +
	"udp6zerocsumrx:udp_zero_csum6_rx remcsumtx:remcsum_tx remcsumrx:remcsum_rx gbp gpe"

const vxlanShownOff = rtnl.VXLANLearning | rtnl.VXLANUDPCsum | rtnl.VXLANUDPZeroCsum6Tx | rtnl.VXLANUDPZeroCsum6Rx

// A vxlanParser reads the words after "type vxlan", or "type geneve", which has some of them.
type vxlanParser struct {
	kind   string
	known  grammar
	r      *linkRequest
	v      *rtnl.VXLAN
	w      *words
	seen   given
	family rtnl.Family // of the addresses
}

func parseVXLAN(w *words, r *linkRequest) {
	r.link.Info.VXLAN = new(rtnl.VXLAN)
	p := &vxlanParser{kind: "vxlan", known: vxlanWords, r: r, v: r.link.Info.VXLAN, w: w, seen: given{}}
	for w.next() {
		p.take()
	}
	p.finish()
}

// take reads a word and its argument.
func (p *vxlanParser) take() {
	key := p.known.find(p.w.cur)
	word, off := strings.CutPrefix(p.w.cur, "no")
	if abbreviates(p.w.cur, "no") {
		word, off = "learning", true
	}
	bit := rtnl.VXLANFlags(1)
	for _, f := range strings.Fields(vxlanFlags) {
		if f, _, _ = strings.Cut(f, ":"); p.known.find(f) == f && (key == f || off && abbreviates(word, f) && bit < rtnl.VXLANGBP && (f != "vnifilter" || word == f)) {
			p.once(f, p.w.cur)
			p.v.FlagMask |= bit
			if !off {
				p.v.Flags |= bit
			}
			return
		}
		bit <<= 1
	}
	attr := key
	switch key {
	case "", "help":
		p.w.fail(unknownOption(p.kind+": unknown command", p.kind, p.w, p.known.words()))
		return
	case "group", "remote":
		if attr = "remote"; p.v.Remote.IsValid() && p.v.Remote.IsMulticast() != (key == "group") {
			p.w.refuse("vxlan: both group and remote cannot be specified", "")
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
		if p.r.physical = p.w.cur; p.w.cur == "" {
			p.w.fail(fail(exitUsage, `Cannot find device ""`, "the name of a device is empty"))
		}
	case "srcport":
		p.v.PortLow = uint16(p.w.asUint(16, "min port"))
		p.v.PortHigh = uint16(p.w.uint(16, "max port"))
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

// takeEnd takes the word for an address that is a group, or is not.
func (p *vxlanParser) takeEnd(to *netip.Addr, key string) {
	if p.w.asAddr(to, &p.family); !to.IsValid() || to.IsMulticast() != (key == "group") {
		p.w.wrong(p.w.cur, "invalid "+key+" address", "")
	}
}

// takeNumber takes the word for a number, or for one that it names.
func (p *vxlanParser) takeNumber(key string) {
	v, word := p.v, p.w.cur
	bits, ok := 32, true
	why, named := "", word // the word that stands for n
	n := uint32(0)
	var to *nl.Opt[uint32]
	to8 := &v.TTL
	switch key {
	case "id":
		bits, why, named, to = 24, "invalid id", "", &v.ID
	case "flowlabel":
		bits, why, named, to = 20, "invalid flowlabel", "", &v.Label
	case "ageing":
		named, why, to = "none", "ageing timer", &v.Ageing
	case "maxaddress":
		named, why, to = "unlimited", "max addresses", &v.Limit
	case "dstport":
		if why = "dst port"; p.kind == "geneve" {
			why = key
		}
		v.Port = nl.Some(uint16(p.w.asUint(16, why)))
		return
	case "df":
		n, ok = numberIn(vxlanDF, word)
		why, to8 = "DF must be 'unset', 'set' or 'inherit'", &v.DF
	case "tos":
		if n, to8 = 1, &v.TOS; word != "inherit" {
			n, ok = p.w.tables.get(dsfields).id(word, 8)
			why = "bad TOS value"
		}
	default:
		if word == "inherit" {
			v.Flags |= rtnl.VXLANTTLInherit
			return
		}
		named, why = "auto", "invalid TTL"
	}
	if word != named {
		n = uint32(p.w.asUint(bits, why))
	}
	if n > 255 && to == nil {
		why, ok = "TTL must be <= 255", false
	}
	switch {
	case !ok:
		p.w.wrong(word, why, "")
	case to != nil:
		*to = nl.Some(n)
	default:
		*to8 = nl.Some(uint8(n))
	}
}

var vxlanDF = []numbered{{0, "unset"}, {1, "set"}, {2, "inherit"}}

const vxlanPortNote = `vxlan: destination port not specified
Will use Linux kernel default (non-standard value)
Use 'dstport 4789' to get the IANA assigned value
Use 'dstport 0' to get default and quiet this message`

// finish settles what the words mean together, or refuses what has no meaning.
func (p *vxlanParser) finish() {
	if why := p.settle(); why != "" {
		p.w.refuse(p.kind+": "+why, "")
	}
}

func (p *vxlanParser) settle() string {
	external := p.v.Flags&rtnl.VXLANCollectMetadata != 0
	switch {
	case p.v.Flags&rtnl.VXLANVNIFilter != 0 && !external:
		return "vnifilter is valid only when 'external' is set"
	case external && p.seen["id"]:
		return "both 'external' and vni cannot be specified"
	case !external && !p.seen["id"] && (p.r.create || p.kind == "geneve"):
		return "missing virtual network identifier"
	case p.kind == "geneve":
		if p.r.create && !external && !p.v.Remote.IsValid() {
			return "remote link partner not specified"
		}
		p.v.Port.Ok = p.v.Port.V != 0
		return ""
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

// showVXLAN renders what a VXLAN has of its own.
func showVXLAN(v *view, l *rtnl.VXLAN) {
	showVXLANFlags(v, l, rtnl.VXLANLearning-1)
	v.number(l.ID.Ok, "id", "id %d ", uint64(l.ID.V))
	showEnd(v, "remote", l.Remote)
	showEnd(v, "local", l.Local)
	if l.Link.Ok {
		v.str("link", "dev %s ", v.linkName(l.Link.V))
	}
	v.object("port_range")
	v.write("srcport ")
	v.uint("low", "%d ", uint64(l.PortLow))
	v.uint("high", "%d ", uint64(l.PortHigh))
	v.end()
	v.number(l.Port.Ok, "port", "dstport %d ", uint64(l.Port.V))
	showVXLANFlags(v, l, rtnl.VXLANUDPCsum-rtnl.VXLANLearning)
	showTOS(v, l.TOS.V)
	showTTL(v, l.Flags&rtnl.VXLANTTLInherit != 0, l.TTL.V)
	showDF(v, l.DF.V, l.Label.V)
	if l.Ageing.V == 0 && v.json == nil {
		v.write("ageing none ")
	} else {
		v.uint("ageing", "ageing %d ", uint64(l.Ageing.V))
	}
	v.nonzero("limit", "maxaddr %d ", l.Limit.V)
	showVXLANFlags(v, l, ^(rtnl.VXLANUDPCsum - 1))
}

func showTOS(v *view, tos uint8) {
	if tos == 1 && v.json == nil {
		v.write("tos inherit ")
	} else if tos != 0 {
		v.hex("tos", "tos %#x ", uint64(tos))
	}
}

func showTTL(v *view, inherit bool, ttl uint8) {
	switch {
	case inherit:
		v.write("ttl inherit ")
	case ttl == 0 && v.json == nil:
		v.write("ttl auto ")
	default:
		v.uint("ttl", "ttl %d ", uint64(ttl))
	}
}

// showDF renders whether packets may be cut, and the flow label.
func showDF(v *view, df uint8, label uint32) {
	if df != 0 || v.json != nil {
		v.str("df", "df %s ", nameIn(vxlanDF, uint32(df), "unknown"))
	}
	if label != 0 {
		v.hex("label", "flowlabel %#x ", uint64(label))
	}
}

// showVXLANFlags renders those of some bits.
func showVXLANFlags(v *view, l *rtnl.VXLAN, bits rtnl.VXLANFlags) {
	bit := rtnl.VXLANFlags(1)
	for _, word := range strings.Fields(vxlanFlags) {
		word, key, _ := strings.Cut(word, ":")
		if key == "" {
			key = word
		}
		if bit != rtnl.VXLANVNIFilter { // where iproute2 forgets the blank
			word += " "
		}
		switch on := l.Flags&bit != 0; {
		case bits&bit == 0:
		case !on && l.FlagMask&vxlanShownOff&bit != 0:
			v.raw(key, "false", "no%s", word)
		case on && bit == rtnl.VXLANLearning:
			v.raw(key, "true", "", nil)
		case on:
			v.flag(key, word)
		}
		bit <<= 1
	}
}

// showEnd renders an end of a VXLAN: the key tells its family, and whether it
// is a group.
func showEnd(v *view, word string, a netip.Addr) {
	if !a.IsValid() {
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
