//go:build linux

package ip

import (
	"strconv"
	"strings"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

const vlanWords grammar = `
	protocol* PROTOCOL  802.1Q or 802.1ad
	id* NUMBER  0 to 4095
	reorder_hdr* { on | off }  hide the tag from sockets
	gvrp* { on | off }  tell switches by GVRP
	mvrp* { on | off }  tell switches by MVRP
	loose_binding* { on | off }  up or down whatever the device below is
	bridge_binding* { on | off }  up while a port of the bridge below has the VLAN
	ingress-qos-map* [ FROM:TO ]...  priorities in tags to those of packets
	egress-qos-map* [ FROM:TO ]...  priorities of packets to those in tags
	help*`

// vlanFlags are in iproute2's order.
var vlanFlags = []numbered{{uint32(rtnl.VLANReorderHdr), "REORDER_HDR"}, {uint32(rtnl.VLANGVRP), "GVRP"},
	{uint32(rtnl.VLANMVRP), "MVRP"}, {uint32(rtnl.VLANLooseBinding), "LOOSE_BINDING"}, {uint32(rtnl.VLANBridgeBinding), "BRIDGE_BINDING"}}

// parseVLAN reads the words after "type vlan".
func parseVLAN(w *words, r *linkRequest) {
	v := new(rtnl.VLAN)
	r.link.Info.VLAN = v
	for w.next() {
		switch key := vlanWords.find(w.cur); key {
		case "protocol":
			v.Protocol = vlanProtocolArg(w, "protocol is invalid")
		case "id":
			v.ID = nl.Some(uint16(w.uint(16, "id is invalid")))
		case "ingress-qos-map":
			v.Ingress = qosMap(w, key)
		case "egress-qos-map":
			v.Egress = qosMap(w, key)
		case "help", "":
			w.fail(unknownOption("vlan: unknown command", "vlan", w, vlanWords.words()))
		default:
			n, _ := numberIn(vlanFlags, strings.ToUpper(key))
			f := rtnl.VLANFlags(n)
			v.FlagMask |= f
			v.Flags &^= f
			if w.onOff(key) {
				v.Flags |= f
			}
		}
	}
}

// qosMap reads words FROM:TO.
func qosMap(w *words, key string) []rtnl.VLANQoS {
	all := []rtnl.VLANQoS{}
	if w.peek() == "" {
		w.arg()
	}
	for {
		from, to, ok := strings.Cut(w.peek(), ":")
		if !ok {
			return all
		}
		w.next()
		n, ok := number(from, 32)
		m, fine := number(to, 32)
		if !ok || !fine {
			w.wrong(from, "invalid "+key, "the form is FROM:TO, two numbers")
		}
		all = append(all, rtnl.VLANQoS{From: uint32(n), To: uint32(m)})
	}
}

// showVLAN renders what a VLAN has of its own.
func showVLAN(v *view, l *rtnl.VLAN) {
	protocol := vlanProtocol(l.Protocol)
	if protocol == "" {
		protocol = "802.1q"
	}
	v.str("protocol", "protocol %s ", protocol)
	v.number(l.ID.Ok, "id", "id %d ", uint64(l.ID.V))
	if l.FlagMask != 0 {
		names, rest := bitNames(vlanFlags, uint32(l.Flags))
		if rest != 0 {
			names = append(names, strconv.FormatUint(uint64(rest), 16))
		}
		v.list("flags", names)
		v.write("<" + strings.Join(names, ",") + "> ")
	}
	showQoSMap(v, "ingress", l.Ingress)
	showQoSMap(v, "egress", l.Egress)
}

func showQoSMap(v *view, way string, all []rtnl.VLANQoS) {
	if all == nil {
		return
	}
	v.array(way + "_qos")
	v.line()
	v.write("      " + way + "-qos-map { ")
	for _, m := range all {
		v.object("")
		v.uint("from", "%d:", uint64(m.From))
		v.uint("to", "%d ", uint64(m.To))
		v.end()
	}
	v.endArray()
	v.write("} ")
}
