//go:build linux

package rtnl

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

func (i *LinkInfo) fields(c *nl.Coder) {
	if !c.NestIf(unix.IFLA_LINKINFO, "IFLA_LINKINFO", i.Kind != "" || i.SlaveKind != "" || i.XStats != nil) {
		return
	}
	nl.Str(c, unix.IFLA_INFO_KIND, "IFLA_INFO_KIND", &i.Kind)
	if c.Union(unix.IFLA_INFO_DATA, "IFLA_INFO_DATA", i.Kind) {
		if c.Case("veth") {
			i.peer(c)
		}
		if c.Case("bridge") && (i.Bridge != nil || !c.Encoding()) {
			make1(&i.Bridge).fields(c)
		}
		i.others(c)
		c.Rest(&i.Data)
		c.End()
	}
	nl.Bytes(c, unix.IFLA_INFO_XSTATS, "IFLA_INFO_XSTATS", &i.XStats)
	nl.Str(c, unix.IFLA_INFO_SLAVE_KIND, "IFLA_INFO_SLAVE_KIND", &i.SlaveKind)
	if c.Union(unix.IFLA_INFO_SLAVE_DATA, "IFLA_INFO_SLAVE_DATA", i.SlaveKind) {
		i.slave(c)
		c.Rest(&i.SlaveData)
		c.End()
	}
	c.End()
}

// others codes what is of kinds that are fewer than veths and bridges.
func (i *LinkInfo) others(c *nl.Coder) {
	missing := !c.Encoding() // then what is not there is made
	for n, kind := range [...]string{"macvlan", "macvtap", "vxlan", "vlan", "tun", "vrf", "ipvlan", "ipvtap", "bond", "geneve"} {
		if !c.Case(kind) {
			continue
		}
		switch n {
		case 0, 1:
			if missing && i.MACVLAN == nil {
				i.MACVLAN = new(MACVLAN)
			}
			i.MACVLAN.fields(c)
		case 2:
			if missing && i.VXLAN == nil {
				i.VXLAN = new(VXLAN)
			}
			i.VXLAN.fields(c)
		case 3:
			if missing && i.VLAN == nil {
				i.VLAN = new(VLAN)
			}
			i.VLAN.fields(c)
		case 4:
			if missing && i.Tun == nil {
				i.Tun = new(Tun)
			}
			i.Tun.fields(c)
		case 5:
			if missing && i.VRF == nil {
				i.VRF = new(VRF)
			}
			i.VRF.fields(c)
		case 6, 7:
			if missing && i.IPVLAN == nil {
				i.IPVLAN = new(IPVLAN)
			}
			i.IPVLAN.fields(c)
		case 8:
			if missing && i.Bond == nil {
				i.Bond = new(Bond)
			}
			i.Bond.fields(c)
		case 9:
			if missing && i.Geneve == nil {
				i.Geneve = new(Geneve)
			}
			i.Geneve.fields(c)
		}
	}
}

// slave codes what is of a kind of master alone.
func (i *LinkInfo) slave(c *nl.Coder) {
	missing := !c.Encoding()
	for n, kind := range [...]string{"bridge", "bond", "vrf"} {
		if !c.Case(kind) {
			continue
		}
		switch n {
		case 0:
			if missing && i.Port == nil {
				i.Port = new(BridgePort)
			}
			if i.Port != nil {
				i.Port.fields(c)
			}
		case 1:
			if missing && i.BondPort == nil {
				i.BondPort = new(BondPort)
			}
			i.BondPort.fields(c)
		case 2:
			nl.U32(c, unix.IFLA_VRF_PORT_TABLE, "IFLA_VRF_PORT_TABLE", &i.PortTable)
		}
	}
}

// peer codes the other end of a veth, a link of its own.
func (i *LinkInfo) peer(c *nl.Coder) {
	if !c.NestIf(vethInfoPeer, "VETH_INFO_PEER", i.Peer != nil) {
		return
	}
	make1(&i.Peer).Fields(c)
	c.End()
}

// make1 returns *p, made if it is nil.
func make1[T any](p **T) *T {
	if *p == nil {
		*p = new(T)
	}
	return *p
}
