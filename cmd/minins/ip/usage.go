//go:build linux

package ip

// usageText is the help on a topic: an object, or a type of link.
func usageText(topic string) string {
	switch topic {
	case "ip":
		return usageIP
	case "address":
		return usageAddress
	case "link":
		return usageLink
	case "veth":
		return "Usage: ip link <options> type veth [peer <options>]\nTo get <options> type 'ip link add help'\n"
	case "bridge":
		return usageBridge
	case "bridge_slave":
		return usagePort
	case "route":
		return usageRoute
	case "neigh":
		return usageNeigh
	case "netns":
		return usageNetns
	case "bridge tool":
		return usageBridgeTool
	case "bridge link":
		return usageBridgeLink + listed(bridgeLinkWords)
	case "bridge fdb":
		return usageFDB + listed(fdbWords) + "ENTRIES:" + listed(fdbShowWords) + "FLUSHED:" + listed(fdbFlushWords)
	case "bridge vlan":
		return usageBridgeVLAN
	}
	return "Usage: ip rule [ list ] [ from PREFIX ] [ to PREFIX ] [ iif NAME ] [ oif NAME ] [ table TABLE ] [ priority NUMBER ]\n"
}

const usageIP = `Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }
       ip [ -force ] -batch FILE
OBJECT := { address | link | neighbor | netns | route | rule | help }
OPTIONS := { -V[ersion] | -s[tatistics] | -d[etails] | -r[esolve] | -h[uman-readable] | -iec |
             -j[son] | -p[retty] | -f[amily] { inet | inet6 | link } | -4 | -6 | -0 |
             -l[oops] NUMBER | -br[ief] | -o[neline] | -n[etns] NAME | -N[umeric] | -a[ll] |
             -c[olor][=always|auto|never] | -b[atch] FILE }
Objects, commands and most words may be abbreviated: "ip a", "ip r", "ip li sh".
`

const usageAddress = `Usage: ip address { add | change | replace } ADDRESS/BITS dev NAME [ peer ADDRESS/BITS ]
                  [ broadcast { ADDRESS | + | - } ] [ anycast ADDRESS ] [ label NAME ]
                  [ scope { global | link | host | NUMBER } ] [ metric NUMBER ]
                  [ valid_lft LIFETIME ] [ preferred_lft LIFETIME ] [ FLAGS ]
       ip address delete ADDRESS/BITS dev NAME
       ip address [ show ] [ SELECTION ]
       ip address flush SELECTION
SELECTION := [ dev NAME ] [ up ] [ scope SCOPE ] [ to PREFIX ] [ label PATTERN ] [ type TYPE ]
             [ master NAME ] [ nomaster ] [ group GROUP ] [ permanent | dynamic | primary |
             secondary | temporary | [-]tentative | [-]deprecated | [-]dadfailed ]
LIFETIME := forever | SECONDS
FLAGS := [ home ] [ nodad ] [ optimistic ] [ mngtmpaddr ] [ noprefixroute ] [ autojoin ]
`

const usageLink = `Usage: ip link add [ link NAME ] [ name ] NAME [ SETTINGS ] [ index NUMBER ]
               [ numtxqueues COUNT ] [ numrxqueues COUNT ] type TYPE [ ARGUMENTS ]
       ip link delete { [ dev ] NAME | group GROUP }
       ip link set { [ dev ] NAME | group GROUP } SETTINGS [ name NAME ] [ type TYPE ARGUMENTS ]
       ip link [ show ] [ [ dev ] NAME ] [ group GROUP ] [ up ] [ master NAME ] [ nomaster ] [ type TYPE ]
       ip link property { add | delete } dev NAME [ altname NAME ]...
SETTINGS := [ up | down ] [ address LLADDR ] [ broadcast LLADDR ] [ mtu BYTES ] [ txqueuelen PACKETS ]
            [ netns { NAME | PID } ] [ link-netns NAME | link-netnsid ID ] [ master NAME | nomaster ]
            [ alias TEXT ] [ group GROUP ] [ arp { on | off } ] [ multicast { on | off } ]
            [ allmulticast { on | off } ] [ promisc { on | off } ] [ dynamic { on | off } ]
            [ trailers { on | off } ] [ carrier { on | off } ] [ protodown { on | off } ]
            [ addrgenmode { eui64 | none | stable_secret | random } ]
            [ gso_max_size BYTES ] [ gso_max_segs PACKETS ] [ gro_max_size BYTES ]
TYPE := { veth | bridge | bridge_slave | any that the kernel knows, without arguments }
        veth takes: [ peer [ name ] NAME [ SETTINGS ] ]
`

const usageBridge = `Usage: ... bridge [ fdb_flush ] [ forward_delay TIME ] [ hello_time TIME ] [ max_age TIME ]
           [ ageing_time TIME ] [ stp_state NUMBER ] [ priority NUMBER ] [ group_fwd_mask MASK ]
           [ group_address LLADDR ] [ no_linklocal_learn BOOL ] [ vlan_filtering BOOL ]
           [ vlan_protocol { 802.1Q | 802.1ad } ] [ vlan_default_pvid ID ]
           [ vlan_stats_enabled BOOL ] [ vlan_stats_per_port BOOL ] [ mcast_snooping BOOL ]
           [ mcast_vlan_snooping BOOL ] [ mcast_router NUMBER ] [ mcast_query_use_ifaddr BOOL ]
           [ mcast_querier BOOL ] [ mcast_hash_elasticity NUMBER ] [ mcast_hash_max NUMBER ]
           [ mcast_last_member_count NUMBER ] [ mcast_startup_query_count NUMBER ]
           [ mcast_last_member_interval TIME ] [ mcast_membership_interval TIME ]
           [ mcast_querier_interval TIME ] [ mcast_query_interval TIME ]
           [ mcast_query_response_interval TIME ] [ mcast_startup_query_interval TIME ]
           [ mcast_stats_enabled BOOL ] [ mcast_igmp_version NUMBER ] [ mcast_mld_version NUMBER ]
           [ nf_call_iptables BOOL ] [ nf_call_ip6tables BOOL ] [ nf_call_arptables BOOL ]
TIME := NUMBER of hundredths of a second
BOOL := 0 | 1
`

const usagePort = `Usage: ... bridge_slave [ fdb_flush ] [ state NUMBER ] [ priority NUMBER ] [ cost NUMBER ]
           [ SWITCH { on | off } ]... [ mcast_router NUMBER ] [ group_fwd_mask MASK ]
           [ backup_port NAME ] [ nobackup_port ]
SWITCH := { guard | hairpin | fastleave | root_block | learning | flood | proxy_arp | proxy_arp_wifi |
            mcast_fast_leave | mcast_flood | bcast_flood | mcast_to_unicast | neigh_suppress |
            vlan_tunnel | isolated | locked }
`

const usageRoute = `Usage: ip route [ list ] [ SELECTION ]
       ip route flush SELECTION
       ip route get ADDRESS [ from ADDRESS ] [ iif NAME ] [ oif NAME ] [ tos TOS ] [ mark NUMBER ]
                    [ uid NUMBER ] [ ipproto PROTOCOL ] [ sport NUMBER ] [ dport NUMBER ] [ fibmatch ]
       ip route { add | del | change | append | prepend | replace | test } ROUTE
SELECTION := [ root PREFIX ] [ match PREFIX ] [ exact PREFIX ] [ table { main | local | all | NUMBER } ]
             [ dev NAME ] [ via ADDRESS ] [ src ADDRESS ] [ proto PROTOCOL ] [ type TYPE ] [ scope SCOPE ]
             [ metric NUMBER ] [ tos TOS ] [ cached ]
ROUTE := [ TYPE ] { PREFIX | default } [ tos TOS ] [ table TABLE ] [ proto PROTOCOL ] [ scope SCOPE ]
         [ metric NUMBER ] { WAY | nhid ID | [ nexthop WAY ]... } [ src ADDRESS ] [ realms REALM ]
         [ pref { low | medium | high } ] [ expires SECONDS ]
         [ { mtu | advmss | window | rtt | rttvar | cwnd | initcwnd | initrwnd | ssthresh | reordering |
             hoplimit | rto_min | quickack | fastopen_no_cookie | congctl | features } VALUE ]
WAY := [ via [ inet | inet6 ] ADDRESS ] [ dev NAME ] [ weight NUMBER ] [ onlink | pervasive ]
TYPE := { unicast | local | broadcast | multicast | throw | unreachable | prohibit | blackhole | nat }
SCOPE := [ host | link | global | NUMBER ]
`

const usageNeigh = `Usage: ip neigh { add | del | change | replace } { ADDRESS | proxy ADDRESS } dev NAME
                [ lladdr LLADDR ] [ nud STATE ] [ router ] [ use ] [ extern_learn ] [ protocol PROTOCOL ]
       ip neigh [ show ] [ proxy ] [ to PREFIX ] [ dev NAME ] [ nud STATE ] [ unused ]
       ip neigh flush { [ proxy ] [ to PREFIX ] [ dev NAME ] [ nud STATE ] | all }
       ip neigh get { ADDRESS | proxy ADDRESS } dev NAME
STATE := { delay | failed | incomplete | noarp | none | permanent | probe | reachable | stale | all }
`

const usageNetns = `Usage: ip netns [ list ]
       ip netns add NAME
       ip netns set NAME { ID | auto }
       ip [ -all ] netns delete [ NAME ]
       ip netns identify [ PID ]
       ip netns pids NAME
       ip [ -all ] netns exec [ NAME ] COMMAND ...
       ip netns list-id [ target-nsid ID ] [ nsid ID ]
`
