//go:build linux

package ip

import (
	"fmt"

	"github.com/minins/minins/rtnl"
)

// showDetails renders what -d adds.
func (v *view) showDetails(l *rtnl.Link, x extent) {
	v.number(l.Promiscuity.Ok, "promiscuity", " promiscuity %d ", uint64(l.Promiscuity.V))
	v.number(l.AllMulti.Ok, "allmulti", " allmulti %d ", uint64(l.AllMulti.V))
	v.number(l.MinMTU.Ok, "min_mtu", "minmtu %d ", uint64(l.MinMTU.V))
	v.number(l.MaxMTU.Ok, "max_mtu", "maxmtu %d ", uint64(l.MaxMTU.V))
	v.showKind(l)
	if x == ofLink && l.Inet6 != nil && l.Inet6.AddrGenMode.Ok {
		v.str("inet6_addr_gen_mode", "addrgenmode %s ", addrGenMode(l.Inet6.AddrGenMode.V))
	}
	v.nonzero("num_tx_queues", "numtxqueues %d ", l.NumTxQueues)
	v.nonzero("num_rx_queues", "numrxqueues %d ", l.NumRxQueues)
	v.nonzero("gso_max_size", "gso_max_size %d ", l.GSOMaxSize)
	v.nonzero("gso_max_segs", "gso_max_segs %d ", l.GSOMaxSegs)
	v.nonzero("tso_max_size", "tso_max_size %d ", l.TSOMaxSize)
	v.nonzero("tso_max_segs", "tso_max_segs %d ", l.TSOMaxSegs)
	v.nonzero("gro_max_size", "gro_max_size %d ", l.GROMaxSize)
	v.word("phys_port_name", "portname %s ", l.PhysPortName)
	if l.PhysPortID != nil {
		v.str("phys_port_id", "portid %s ", hexBytes(l.PhysPortID))
	}
	if l.PhysSwitchID != nil {
		v.str("phys_switch_id", "switchid %s ", hexBytes(l.PhysSwitchID))
	}
	v.word("parentbus", "parentbus %s ", l.ParentBus)
	v.word("parentdev", "parentdev %s ", l.ParentDev)
}

func addrGenMode(m rtnl.AddrGenMode) string {
	if int(m) < len(addrGenModes) {
		return addrGenModes[m]
	}
	return fmt.Sprintf("%#.2x", uint8(m))
}

var addrGenModes = []string{"eui64", "none", "stable_secret", "random"}

// showKind renders IFLA_LINKINFO: the kind, and the master's kind.
func (v *view) showKind(l *rtnl.Link) {
	i := &l.Info
	if i.Kind == "" && i.SlaveKind == "" {
		return
	}
	v.object("linkinfo")
	if i.Kind != "" {
		v.line()
		v.str("info_kind", "    %s ", i.Kind)
		if i.Bridge != nil || i.MACVLAN != nil || i.VXLAN != nil || i.VLAN != nil || i.Tun != nil || i.VRF != nil || i.IPVLAN != nil ||
			i.Geneve != nil || i.Bond != nil {
			v.showData(i)
		}
	}
	if i.SlaveKind != "" {
		v.line()
		v.str("info_slave_kind", "    %s_slave ", i.SlaveKind)
		if i.Port != nil || i.BondPort != nil || i.PortTable != 0 {
			v.object("info_slave_data")
			show := &visitor{show: v}
			switch {
			case i.Port != nil:
				show.port(i.Port)
			case i.BondPort != nil:
				show.bondPort(i.BondPort)
			default:
				v.uint("table", "table %d ", uint64(i.PortTable))
			}
			v.end()
		}
	}
	v.end()
}

// showData renders what is of a kind alone.
func (v *view) showData(i *rtnl.LinkInfo) {
	show := &visitor{show: v}
	v.object("info_data")
	switch {
	case i.Bridge != nil:
		show.bridge(i.Bridge)
	case i.VRF != nil:
		v.uint("table", "table %d ", uint64(i.VRF.Table.V))
	case i.IPVLAN != nil:
		showIPVLAN(v, i.IPVLAN)
	case i.Geneve != nil:
		showGeneve(v, i.Geneve)
	case i.Bond != nil:
		show.bond(i.Bond)
	case i.MACVLAN != nil:
		showMACVLAN(v, i.MACVLAN)
	case i.VXLAN != nil:
		showVXLAN(v, i.VXLAN)
	case i.VLAN != nil:
		showVLAN(v, i.VLAN)
	default:
		showTun(v, i.Tun)
	}
	v.end()
}

// showXDP renders the eBPF program that is attached: in short in the first
// line, in full after the alias.
func (v *view) showXDP(l *rtnl.Link, x extent, full bool) {
	if l.XDP.Attached == 0 || v.json != nil {
		return
	}
	word := xdpModes[min(l.XDP.Attached, 4)]
	switch {
	case !full && x == ofLink:
		v.write(word + " ")
	case !full:
		v.write(word + "/id:" + decimal(l.XDP.ProgID) + " ")
	default:
		v.line()
		v.write("    prog/" + word + " id " + decimal(l.XDP.ProgID) + " ")
	}
}

var xdpModes = [...]string{"xdp", "xdp", "xdpgeneric", "xdpoffload", "xdpmulti"}
