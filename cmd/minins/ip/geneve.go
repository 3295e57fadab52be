//go:build linux

package ip

import (
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// geneveWords are some of those of a vxlan.
const geneveWords grammar = `
	id*|vni* NUMBER  of the network, 0 to 16777215
	remote* ADDRESS  the other end
	ttl*|hoplimit* { NUMBER | inherit | auto }  of the packets
	tos*|dsfield* { NUMBER | inherit }  in hex
	df* { unset | set | inherit }  whether they may be cut
	flowlabel*|label* NUMBER  0 to 1048575
	dstport* NUMBER  6081 is the standard's
	external*  routes say where packets go, and there is no id
	udpcsum*  a checksum over IPv4 (noudpcsum: none; and so below)
	udp6zerocsumtx*  none over IPv6 when sending
	udp6zerocsumrx*  none needed when receiving
	innerprotoinherit*
	help*`

// parseGeneve reads the words after "type geneve".
func parseGeneve(w *words, r *linkRequest) {
	v := new(rtnl.VXLAN)
	g := new(rtnl.Geneve)
	r.link.Info.Geneve = g
	p := &vxlanParser{kind: "geneve", known: geneveWords, r: r, v: v, w: w, seen: given{}}
	for w.next() {
		if geneveWords.find(w.cur) == "innerprotoinherit" {
			g.InheritProto = true
		} else {
			p.take()
		}
	}
	p.finish()
	*g = rtnl.Geneve{ID: nl.Some(v.ID.V), Remote: v.Remote, TTL: v.TTL, TOS: v.TOS, DF: v.DF, Label: v.Label, Port: v.Port,
		External: v.Flags&rtnl.VXLANCollectMetadata != 0, InheritProto: g.InheritProto}
	if r.create { // as iproute2, which says what the kernel takes anyway
		g.TTL.Ok, g.TOS.Ok, g.Label.Ok = true, true, true
	}
	if v.Flags&rtnl.VXLANTTLInherit != 0 {
		g.TTLInherit = nl.Some(uint8(1))
	}
	for i, to := range [...]*nl.Opt[uint8]{&g.UDPCsum, &g.ZeroCsum6Tx, &g.ZeroCsum6Rx} {
		is := rtnl.VXLANUDPCsum << i
		to.V, to.Ok = bit(v.Flags&is != 0), v.FlagMask&is != 0
	}
}

// showGeneve renders what a geneve has of its own.
func showGeneve(v *view, g *rtnl.Geneve) {
	if g.External {
		v.flag("external", "external ")
	}
	v.number(g.ID.Ok, "id", "id %d ", uint64(g.ID.V))
	showEnd(v, "remote", g.Remote)
	showTTL(v, g.TTLInherit.V != 0, g.TTL.V)
	showTOS(v, g.TOS.V)
	showDF(v, g.DF.V, g.Label.V)
	v.number(g.Port.Ok, "port", "dstport %d ", uint64(g.Port.V))
	showSwitch(v, "udp_csum", "udpcsum ", g.UDPCsum)
	showSwitch(v, "udp_zero_csum6_tx", "udp6zerocsumtx ", g.ZeroCsum6Tx)
	showSwitch(v, "udp_zero_csum6_rx", "udp6zerocsumrx ", g.ZeroCsum6Rx)
	if g.InheritProto {
		v.flag("inner_proto_inherit", "innerprotoinherit ")
	}
}

// showSwitch renders a word, with "no" before it if it is off.
func showSwitch(v *view, key, word string, on nl.Opt[uint8]) {
	switch {
	case !on.Ok:
	case on.V == 0:
		v.raw(key, "false", "no%s", word)
	default:
		v.flag(key, word)
	}
}
