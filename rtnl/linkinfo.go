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
		if c.Case("bridge") && (i.Port != nil || !c.Encoding()) {
			make1(&i.Port).fields(c)
		}
		c.Rest(&i.SlaveData)
		c.End()
	}
	c.End()
}

// others codes what is of kinds that are fewer than veths and bridges.
func (i *LinkInfo) others(c *nl.Coder) {
	for _, kind := range [...]string{"macvlan", "macvtap"} {
		if c.Case(kind) {
			if i.MACVLAN == nil && !c.Encoding() {
				i.MACVLAN = new(MACVLAN)
			}
			i.MACVLAN.fields(c)
		}
	}
	if c.Case("vxlan") {
		if i.VXLAN == nil && !c.Encoding() {
			i.VXLAN = new(VXLAN)
		}
		i.VXLAN.fields(c)
	}
	if c.Case("vlan") {
		if i.VLAN == nil && !c.Encoding() {
			i.VLAN = new(VLAN)
		}
		i.VLAN.fields(c)
	}
	if c.Case("tun") {
		if i.Tun == nil && !c.Encoding() {
			i.Tun = new(Tun)
		}
		i.Tun.fields(c)
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
