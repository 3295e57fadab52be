//go:build linux

package lang

// A Datatype is what kind of value something has. ID is nft's number for it, which
// the kernel keeps with a set (NFTA_SET_KEY_TYPE).
type Datatype struct {
	ID    uint32
	Name  string // "ipv4_addr"
	Len   uint32 // in bits; 0 if it is that of what has it
	Order Order
	Form  Form
	Syms  []Symbol
}

// An Order is the order of the bytes of a value in a register.
type Order uint8

// Orders.
const (
	Network Order = iota
	Host
)

// A Form is how a value is written.
type Form uint8

// Forms.
const (
	Decimal Form = iota
	Hex          // 0x00000001
	Text         // "eth0"
	IPv4
	IPv6
	Ether
	Device // by its index: "eth0"
	Bits   // names of bits, joined by commas
	Octal  // 0x0800, of Ethernet types without a name
	Millis // 1d2h3m4s5ms
	Hour
	Date
	Label  // a bit, by its number
	Class  // of traffic control: 1:2
	Quoted // names, in quotes
	User   // by name or number
	Group
)

// A Symbol is a name of a value.
type Symbol struct {
	Name  string
	Value uint64
}

// Types. Their numbers are those of enum datatypes of nft's datatype.h.
var (
	dtInteger   = Datatype{ID: 4, Name: "integer"}
	dtHost      = Datatype{ID: 4, Name: "integer", Order: Host}
	dtHexInt    = Datatype{ID: 4, Name: "integer", Form: Hex}
	dtString    = Datatype{ID: 5, Name: "string", Form: Text, Order: Host}
	dtVerdict   = Datatype{ID: 1, Name: "verdict"}
	dtNFProto   = Datatype{ID: 2, Name: "nf_proto", Len: 8, Syms: []Symbol{{"ipv4", 2}, {"ipv6", 10}}}
	dtIPv4      = Datatype{ID: 7, Name: "ipv4_addr", Len: 32, Form: IPv4}
	dtIPv6      = Datatype{ID: 8, Name: "ipv6_addr", Len: 128, Form: IPv6}
	dtEther     = Datatype{ID: 9, Name: "ether_addr", Len: 48, Form: Ether}
	dtEtherType = Datatype{ID: 10, Name: "ether_type", Len: 16, Form: Octal, Syms: []Symbol{
		{"ip", 0x0800}, {"arp", 0x0806}, {"ip6", 0x86dd}, {"8021q", 0x8100}, {"8021ad", 0x88a8}, {"vlan", 0x8100},
	}}
	dtARPOp = Datatype{ID: 11, Name: "arp_op", Len: 16, Syms: []Symbol{
		{"request", 1}, {"reply", 2}, {"rrequest", 3}, {"rreply", 4}, {"inrequest", 8}, {"inreply", 9}, {"nak", 10},
	}}
	// The first name of a number is that of /etc/protocols.
	dtProto = Datatype{ID: 12, Name: "inet_proto", Len: 8, Syms: []Symbol{
		{"tcp", 6}, {"udp", 17}, {"icmp", 1}, {"ipv6-icmp", 58}, {"icmpv6", 58}, {"igmp", 2}, {"sctp", 132}, {"dccp", 33},
		{"esp", 50}, {"ah", 51}, {"ipcomp", 108}, {"comp", 108}, {"udplite", 136}, {"gre", 47}, {"ipv6", 41}, {"ip", 0},
		{"ospf", 89}, {"ipencap", 4}, {"vrrp", 112}, {"l2tp", 115}, {"ggp", 3}, {"st", 5}, {"egp", 8}, {"igp", 9}, {"pup", 12},
		{"hmp", 20}, {"xns-idp", 22}, {"rdp", 27}, {"iso-tp4", 29}, {"xtp", 36}, {"ddp", 37}, {"idpr-cmtp", 38}, {"ipv6-route", 43},
		{"ipv6-frag", 44}, {"idrp", 45}, {"rsvp", 46}, {"skip", 57}, {"ipv6-nonxt", 59}, {"ipv6-opts", 60}, {"rspf", 73},
		{"vmtp", 81}, {"eigrp", 88}, {"ax.25", 93}, {"ipip", 94}, {"etherip", 97}, {"encap", 98}, {"pim", 103}, {"isis", 124},
		{"fc", 133}, {"mobility-header", 135}, {"mpls-in-ip", 137}, {"manet", 138}, {"hip", 139}, {"shim6", 140}, {"wesp", 141}, {"rohc", 142},
	}}
	dtService  = Datatype{ID: 13, Name: "inet_service", Len: 16}
	dtICMPType = Datatype{ID: 14, Name: "icmp_type", Len: 8, Syms: []Symbol{
		{"echo-reply", 0}, {"destination-unreachable", 3}, {"source-quench", 4}, {"redirect", 5}, {"echo-request", 8},
		{"router-advertisement", 9}, {"router-solicitation", 10}, {"time-exceeded", 11}, {"parameter-problem", 12},
		{"timestamp-request", 13}, {"timestamp-reply", 14}, {"info-request", 15}, {"info-reply", 16},
		{"address-mask-request", 17}, {"address-mask-reply", 18},
	}}
	dtTCPFlag = Datatype{ID: 15, Name: "tcp_flag", Len: 8, Form: Bits, Syms: []Symbol{
		{"fin", 1}, {"syn", 2}, {"rst", 4}, {"psh", 8}, {"ack", 16}, {"urg", 32}, {"ecn", 64}, {"cwr", 128},
	}}
	dtMHType = Datatype{ID: 17, Name: "mh_type", Len: 8, Syms: []Symbol{
		{"binding-refresh-request", 0}, {"home-test-init", 1}, {"careof-test-init", 2}, {"home-test", 3}, {"careof-test", 4},
		{"binding-update", 5}, {"binding-acknowledgement", 6}, {"binding-error", 7}, {"fast-binding-update", 8},
		{"fast-binding-acknowledgement", 9}, {"fast-binding-advertisement", 10}, {"experimental-mobility-header", 11},
		{"home-agent-switch-message", 12},
	}}
	dtTime    = Datatype{ID: 18, Name: "time", Len: 32, Order: Host, Form: Millis}
	dtMark    = Datatype{ID: 19, Name: "mark", Len: 32, Order: Host, Form: Hex}
	dtIfindex = Datatype{ID: 20, Name: "iface_index", Len: 32, Order: Host, Form: Device}
	dtARPHrd  = Datatype{ID: 21, Name: "iface_type", Len: 16, Order: Host, Syms: []Symbol{
		{"ether", 1}, {"ppp", 512}, {"ipip", 768}, {"ipip6", 769}, {"loopback", 772}, {"sit", 776}, {"ipgre", 778},
	}}
	dtRealm   = Datatype{ID: 22, Name: "realm", Len: 32, Order: Host}
	dtUID     = Datatype{ID: 24, Name: "uid", Len: 32, Order: Host, Form: User}
	dtGID     = Datatype{ID: 25, Name: "gid", Len: 32, Order: Host, Form: Group}
	dtCtState = Datatype{ID: 26, Name: "ct_state", Len: 32, Order: Host, Form: Bits, Syms: []Symbol{
		{"invalid", 1}, {"established", 2}, {"related", 4}, {"new", 8}, {"untracked", 64},
	}}
	dtCtDir    = Datatype{ID: 27, Name: "ct_dir", Len: 8, Syms: []Symbol{{"original", 0}, {"reply", 1}}}
	dtCtStatus = Datatype{ID: 28, Name: "ct_status", Len: 32, Order: Host, Form: Bits, Syms: []Symbol{
		{"expected", 1}, {"seen-reply", 2}, {"assured", 4}, {"confirmed", 8}, {"snat", 16}, {"dnat", 32}, {"dying", 512},
	}}
	dtICMPv6Type = Datatype{ID: 29, Name: "icmpv6_type", Len: 8, Syms: []Symbol{
		{"destination-unreachable", 1}, {"packet-too-big", 2}, {"time-exceeded", 3}, {"parameter-problem", 4},
		{"echo-request", 128}, {"echo-reply", 129}, {"mld-listener-query", 130}, {"mld-listener-report", 131},
		{"mld-listener-done", 132}, {"mld-listener-reduction", 132}, {"nd-router-solicit", 133}, {"nd-router-advert", 134},
		{"nd-neighbor-solicit", 135}, {"nd-neighbor-advert", 136}, {"nd-redirect", 137}, {"router-renumbering", 138},
		{"ind-neighbor-solicit", 141}, {"ind-neighbor-advert", 142}, {"mld2-listener-report", 143},
	}}
	dtCtLabel = Datatype{ID: 30, Name: "ct_label", Len: 128, Order: Host, Form: Label}
	dtPktType = Datatype{ID: 31, Name: "pkt_type", Len: 8, Order: Host, Syms: []Symbol{
		{"host", 0}, {"unicast", 0}, {"broadcast", 1}, {"multicast", 2}, {"other", 3},
	}}
	dtICMPCode = Datatype{ID: 32, Name: "icmp_code", Len: 8, Syms: []Symbol{
		{"net-unreachable", 0}, {"host-unreachable", 1}, {"prot-unreachable", 2}, {"port-unreachable", 3}, {"frag-needed", 4},
		{"net-prohibited", 9}, {"host-prohibited", 10}, {"admin-prohibited", 13},
	}}
	dtICMPv6Code = Datatype{ID: 33, Name: "icmpv6_code", Len: 8, Syms: []Symbol{
		{"no-route", 0}, {"admin-prohibited", 1}, {"addr-unreachable", 3}, {"port-unreachable", 4}, {"policy-fail", 5}, {"reject-route", 6},
	}}
	dtICMPXCode = Datatype{ID: 34, Name: "icmpx_code", Len: 8, Syms: []Symbol{
		{"no-route", 0}, {"port-unreachable", 1}, {"host-unreachable", 2}, {"admin-prohibited", 3},
	}}
	dtDevGroup = Datatype{ID: 35, Name: "devgroup", Len: 32, Order: Host, Form: Quoted, Syms: []Symbol{{"default", 0}}}
	dtDSCP     = Datatype{ID: 36, Name: "dscp", Len: 6, Form: Hex, Syms: []Symbol{
		{"cs0", 0x00}, {"cs1", 0x08}, {"cs2", 0x10}, {"cs3", 0x18}, {"cs4", 0x20}, {"cs5", 0x28}, {"cs6", 0x30}, {"cs7", 0x38},
		{"df", 0x00}, {"be", 0x00}, {"lephb", 0x01},
		{"af11", 0x0a}, {"af12", 0x0c}, {"af13", 0x0e}, {"af21", 0x12}, {"af22", 0x14}, {"af23", 0x16},
		{"af31", 0x1a}, {"af32", 0x1c}, {"af33", 0x1e}, {"af41", 0x22}, {"af42", 0x24}, {"af43", 0x26},
		{"va", 0x2c}, {"ef", 0x2e},
	}}
	dtECN     = Datatype{ID: 37, Name: "ecn", Len: 2, Syms: []Symbol{{"not-ect", 0}, {"ect1", 1}, {"ect0", 2}, {"ce", 3}}}
	dtFibAddr = Datatype{ID: 38, Name: "fib_addrtype", Len: 32, Order: Host, Syms: []Symbol{
		{"unspec", 0}, {"unicast", 1}, {"local", 2}, {"broadcast", 3}, {"anycast", 4}, {"multicast", 5},
		{"blackhole", 6}, {"unreachable", 7}, {"prohibit", 8},
	}}
	dtBool     = Datatype{ID: 39, Name: "boolean", Len: 1, Syms: []Symbol{{"exists", 1}, {"missing", 0}}}
	dtIfname   = Datatype{ID: 41, Name: "ifname", Len: 128, Order: Host, Form: Text}
	dtIGMPType = Datatype{ID: 42, Name: "igmp_type", Len: 8, Syms: []Symbol{
		{"membership-query", 0x11}, {"membership-report-v1", 0x12}, {"membership-report-v2", 0x16},
		{"leave-group", 0x17}, {"membership-report-v3", 0x22},
	}}
	dtDate   = Datatype{ID: 43, Name: "time", Len: 64, Order: Host, Form: Date}
	dtHour   = Datatype{ID: 44, Name: "hour", Len: 32, Order: Host, Form: Hour}
	dtCgroup = Datatype{ID: 46, Name: "cgroupsv2", Len: 64, Order: Host}
	dtDay    = Datatype{ID: 45, Name: "day", Len: 8, Order: Host, Form: Quoted, Syms: []Symbol{
		{"Sunday", 0}, {"Monday", 1}, {"Tuesday", 2}, {"Wednesday", 3}, {"Thursday", 4}, {"Friday", 5}, {"Saturday", 6},
	}}
)

// settable are the types that a set may have by "type", by number.
func settable() []*Datatype {
	return []*Datatype{
		&dtNFProto, &dtIPv4, &dtIPv6, &dtEther, &dtEtherType, &dtARPOp, &dtProto, &dtService, &dtICMPType, &dtTCPFlag, &dtMHType, &dtTime, &dtMark, &dtIfindex, &dtARPHrd,
		&dtRealm, &dtClass, &dtUID, &dtGID, &dtCtState, &dtCtDir, &dtCtStatus, &dtICMPv6Type, &dtCtLabel, &dtPktType, &dtICMPCode, &dtICMPv6Code,
		&dtICMPXCode, &dtDevGroup, &dtDSCP, &dtECN, &dtFibAddr, &dtBool, &dtIfname, &dtIGMPType, &dtDate, &dtHour, &dtDay, &dtCgroup, &dtString, &dtInteger, &dtVerdict,
	}
}

// typeBits is how many bits of the number of a concatenated type each part has.
const typeBits = 6

// TypesOf splits the number of a type into those of its parts: nil if one is unknown.
func TypesOf(id uint32) []*Datatype {
	var parts []*Datatype
	for shift := 24; shift >= 0; shift -= typeBits {
		n := id >> shift & (1<<typeBits - 1)
		if n == 0 && parts == nil {
			continue
		}
		t := typeByID(n)
		if t == nil {
			return nil
		}
		parts = append(parts, t)
	}
	return parts
}

func typeByID(id uint32) *Datatype {
	for _, t := range settable() {
		if t.ID == id {
			return t
		}
	}
	return nil
}

func typeByName(name string) *Datatype {
	if name == "inet_proto" || name == "inet_protocol" {
		return &dtProto
	}
	for _, t := range settable() {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// typeID is the number of a concatenation of types.
func typeID(parts []*Datatype) (id uint32) {
	for _, t := range parts {
		id = id<<typeBits | t.ID
	}
	return id
}
