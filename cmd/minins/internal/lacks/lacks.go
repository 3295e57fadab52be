//go:build linux

// Package lacks says what a kernel was built without, or which module of it is not loaded.
package lacks

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

// IPv6 is why there is no IPv6, or "" if there is.
func IPv6() string {
	if unix.Access("/proc/self", unix.F_OK) != nil || unix.Access("/proc/net/if_inet6", unix.F_OK) == nil {
		return ""
	}
	return `this kernel has no IPv6: it takes CONFIG_IPV6 (modprobe ipv6), and no "ipv6.disable=1" on its command line`
}

// Packet is why a packet socket was refused, or "" if it was for another reason.
func Packet(err error) string {
	if !errors.Is(err, unix.EAFNOSUPPORT) {
		return ""
	}
	return "this kernel has no packet sockets: CONFIG_PACKET (modprobe af_packet)"
}

// kinds are those of links whose option or module is called otherwise: kind, option, module.
const kinds = ` vlan VLAN_8021Q 8021q bond BONDING bonding team NET_TEAM team vrf NET_VRF vrf gre NET_IPGRE ip_gre` +
	` gretap NET_IPGRE ip_gre erspan NET_IPGRE ip_gre ip6gre IPV6_GRE ip6_gre ip6gretap IPV6_GRE ip6_gre ipip NET_IPIP ipip` +
	` sit IPV6_SIT sit ip6tnl IPV6_TUNNEL ip6_tunnel xfrm XFRM_INTERFACE xfrm_interface vcan CAN_VCAN vcan `

// Kind is what the kernel needs for links of a kind: "CONFIG_VLAN_8021Q (modprobe 8021q)".
func Kind(kind string) string {
	config, module := strings.ToUpper(kind), kind
	if _, rest, ok := strings.Cut(kinds, " "+kind+" "); ok {
		config, rest, _ = strings.Cut(rest, " ")
		module, _, _ = strings.Cut(rest, " ")
	}
	return "CONFIG_" + config + " (modprobe " + module + ")"
}

// Sysctl is what a setting below /proc/sys comes with, or "" if that is not known.
func Sysctl(path string) string {
	var why string
	switch {
	case unix.Access("/proc/self", unix.F_OK) != nil:
		return "/proc is not mounted: mount -t proc proc /proc"
	case strings.HasPrefix(path, "net/ipv6/"):
		return IPv6()
	case strings.HasPrefix(path, "net/bridge/"):
		why = "CONFIG_BRIDGE_NETFILTER (modprobe br_netfilter)"
	case strings.HasPrefix(path, "net/netfilter/nf_conntrack"):
		why = "CONFIG_NF_CONNTRACK (modprobe nf_conntrack)"
	default:
		return ""
	}
	return "it comes with " + why
}
