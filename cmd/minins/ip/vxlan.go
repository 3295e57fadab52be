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
local* ADDRESS  where packets come from
dev* DEV  that packets leave by
ttl*|hoplimit* { NUMBER | inherit | auto }  1 to 255
tos*|dsfield* { NUMBER | inherit }  in hex
df* { unset | set | inherit }  "do not fragment" of IPv4
flowlabel*|label* NUMBER  of IPv6, 0 to 1048575
ageing* { SECONDS | none }  when an address is forgotten
maxaddress* { NUMBER | unlimited }  of addresses that are known
srcport*|port* MIN MAX  UDP ports that packets come from
dstport* NUMBER  UDP port of the other ends; 4789 is the standard's
nolearning*
learning*  learn addresses from packets (nolearning: do not; and so below)
noproxy*
proxy*  answer ARP
norsc*
rsc*  switch routes to MAC addresses short
nol2miss*
l2miss*  report unknown MAC addresses
nol3miss*
l3miss*  report unknown IP addresses
udpcsum*  UDP checksums over IPv4
noudpcsum*
udp6zerocsumtx*  no UDP checksums over IPv6
noudp6zerocsumtx*
udp6zerocsumrx*  none needed over IPv6
noudp6zerocsumrx*
remcsumtx*  leave checksums to the other end
noremcsumtx*
remcsumrx*  complete checksums
noremcsumrx*
external*  routes say where packets go, and there is no id
noexternal*
gbp*  group policy
gpe*  generic protocol extension
vnifilter*  only networks added by "bridge vni"; needs external
novnifilter*
help*`

const vxlanPortNote = `vxlan: destination port not specified
Will use Linux kernel default (non-standard value)
Use 'dstport 4789' to get the IANA assigned value
Use 'dstport 0' to get default and quiet this message`

// parseVXLAN reads the words after "type vxlan".
func (r *linkRequest) parseVXLAN(w *words) {
	v := new(rtnl.VXLAN)
	r.link.Info.VXLAN = v
	seen := given{}
	var f rtnl.Family
	for w.next() {
		typed := w.cur
		key := vxlanWords.find(typed)
		name := strings.TrimPrefix(key, "no")
		attr := name
		switch key {
		case "help", "":
			w.fail(unknownOption("vxlan: unknown command", "vxlan", w, vxlanWords.words()))
			return
		case "group", "remote":
			if attr = "remote"; v.Remote.IsValid() && v.Remote.IsMulticast() != (key == "group") {
				w.fail(fail(exitFailed, "vxlan: both group and remote cannot be specified", ""))
			}
		}
		told := key // how a second one is called
		if takesArg := !vxlanFlag(name); takesArg {
			w.arg()
		} else {
			told = typed
		}
		if seen[attr] {
			w.fail(garbage(told, w.cur, say("%q is there twice", attr), nil))
		}
		seen[attr] = true
		r.takeVXLAN(w, v, key, name, &f)
	}
	if w.err == nil {
		r.finishVXLAN(w, v, seen)
	}
}

// vxlanFlag reports whether a word is without an argument.
func vxlanFlag(name string) bool {
	const flags keywords = "learning proxy rsc l2miss l3miss udpcsum udp6zerocsumtx udp6zerocsumrx remcsumtx remcsumrx external gbp gpe vnifilter"
	return flags.find(name) != ""
}

// takeVXLAN takes the word that was read for what key says.
func (r *linkRequest) takeVXLAN(w *words, v *rtnl.VXLAN, key, name string, f *rtnl.Family) {
	if w.err != nil {
		return
	}
	why := "invalid " + key
	switch key {
	case "group", "remote":
		takeEnd(w, &v.Remote, f, key)
	case "local":
		takeEnd(w, &v.Local, f, key)
	case "dev":
		r.physical = w.cur
	case "ttl":
		switch w.cur {
		case "inherit":
			v.TTLInherit = true
			return
		case "auto":
			v.TTL.Ok = true
			return
		}
		n := w.asUint(32, "invalid TTL")
		if v.TTL = nl.Some(uint8(n)); n > 255 {
			w.wrong(w.cur, "TTL must be <= 255", "")
		}
	case "tos":
		v.TOS = nl.Some(uint8(1))
		if w.cur != "inherit" {
			n, ok := w.tables.get(dsfields).id(w.cur, 8)
			if v.TOS.V = uint8(n); !ok {
				w.wrong(w.cur, "bad TOS value", "")
			}
		}
	case "df":
		n, ok := numberIn(vxlanDF, w.cur)
		if v.DF = nl.Some(uint8(n)); !ok {
			w.wrong(w.cur, "DF must be 'unset', 'set' or 'inherit'", "")
		}
	case "ageing":
		if v.Ageing.Ok = true; w.cur != "none" {
			v.Ageing.V = uint32(w.asUint(32, "ageing timer"))
		}
	case "maxaddress":
		if v.Limit.Ok = true; w.cur != "unlimited" {
			v.Limit.V = uint32(w.asUint(32, "max addresses"))
		}
	case "srcport":
		low := uint16(w.asUint(16, "min port"))
		high := uint16(w.uint(16, "max port"))
		if low|high != 0 {
			v.PortRange = nl.Some(rtnl.VXLANPorts{Low: low, High: high})
		}
	case "dstport":
		v.Port = nl.Some(uint16(w.asUint(16, "dst port")))
	case "id", "flowlabel":
		p, bits := &v.ID, 24
		if key == "flowlabel" {
			p, bits = &v.Label, 20
		}
		*p = nl.Some(uint32(w.asUint(bits, why)))
	default:
		set := visitor{set: w, word: name, why: key}
		set.vxlan(v)
	}
}

var vxlanDF = []numbered{{0, "unset"}, {1, "set"}, {2, "inherit"}}

// takeEnd takes the word for an address that is a group, or is not.
func takeEnd(w *words, to *netip.Addr, f *rtnl.Family, key string) {
	if w.asAddr(to, f); !to.IsValid() || to.IsMulticast() != (key == "group") {
		w.wrong(w.cur, "invalid "+key+" address", "")
	}
}

// finishVXLAN settles what the words mean together.
func (r *linkRequest) finishVXLAN(w *words, v *rtnl.VXLAN, seen given) {
	external := v.CollectMetadata.V != 0
	text := ""
	switch {
	case v.VNIFilter.V != 0 && !external:
		text = "vnifilter is valid only when 'external' is set"
	case external && seen["id"]:
		text = "both 'external' and vni cannot be specified"
	case !external && !seen["id"] && r.create:
		text = "missing virtual network identifier"
	case v.Remote.IsMulticast() && !seen["dev"]:
		text = "'group' requires 'dev' to be specified"
	}
	if text != "" {
		w.fail(fail(exitFailed, "vxlan: "+text, ""))
		return
	}
	switch {
	case v.Port.Ok:
		v.Port.Ok = v.Port.V != 0
	case v.GPE:
		v.Port = nl.Some(uint16(4790))
	case r.create:
		r.note = vxlanPortNote
	}
	if external {
		v.Learning = nl.Some(uint8(0))
	} else if r.create && !v.Learning.Ok {
		v.Learning = nl.Some(uint8(1))
	}
}

// resolveVXLAN finds the device that packets leave by.
func (s *session) resolveVXLAN(r *linkRequest) error {
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

// vxlan visits the options of a VXLAN, in the order in which they are shown.
func (x *visitor) vxlan(v *rtnl.VXLAN) {
	x.visit([]option{
		{"external", "", (*flag)(&v.CollectMetadata)},
		{"vnifilter", "", (*flag)(&v.VNIFilter)},
		{"id", "", &v.ID},
		{"remote", "", &v.Remote},
		{"local", "", &v.Local},
		{"dev", "link", (*index)(&v.Link)},
		{"", "", &v.PortRange},
		{"dstport", "port", &v.Port},
		{"learning", "", (*notFlag)(&v.Learning)},
		{"proxy", "", (*flag)(&v.Proxy)},
		{"rsc", "", (*flag)(&v.RSC)},
		{"l2miss", "", (*flag)(&v.L2Miss)},
		{"l3miss", "", (*flag)(&v.L3Miss)},
		{"", "", v},
		{"ageing", "", &v.Ageing},
		{"maxaddr", "limit", (*nonzero)(&v.Limit)},
		{"udpcsum", "udp_csum", (*notFlag)(&v.UDPCsum)},
		{"udp6zerocsumtx", "udp_zero_csum6_tx", (*notFlag)(&v.UDPZeroCsum6Tx)},
		{"udp6zerocsumrx", "udp_zero_csum6_rx", (*notFlag)(&v.UDPZeroCsum6Rx)},
		{"remcsumtx", "remcsum_tx", (*flag)(&v.RemCsumTx)},
		{"remcsumrx", "remcsum_rx", (*flag)(&v.RemCsumRx)},
		{"gbp", "", &v.GBP},
		{"gpe", "", &v.GPE},
	})
}

// showVXLANHeader renders what of the header of packets can be set.
func (v *view) showVXLANHeader(l *rtnl.VXLAN) {
	if l.TOS.V == 1 && v.json == nil {
		v.text("tos inherit ")
	} else if l.TOS.V != 0 {
		v.hex("tos", "tos %#x ", uint64(l.TOS.V))
	}
	switch {
	case l.TTLInherit:
		v.text("ttl inherit ")
	case l.TTL.V == 0 && v.json == nil:
		v.text("ttl auto ")
	default:
		v.uint("ttl", "ttl %d ", uint64(l.TTL.V))
	}
	if l.DF.Ok && (l.DF.V != 0 || v.json != nil) {
		v.str("df", "df %s ", nameIn(vxlanDF, uint32(l.DF.V), "unknown"))
	}
	if l.Label.V != 0 {
		v.hex("label", "flowlabel %#x ", uint64(l.Label.V))
	}
}

// showEnd renders an end of a VXLAN: the key tells its family, and whether it
// is a group.
func (v *view) showEnd(word string, a netip.Addr) {
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
