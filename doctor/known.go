//go:build linux

package doctor

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
)

// meta is what is known of the packet beside its bytes.
func (m *machine) meta(k nft.MetaKey) (data []byte, known bool) {
	link := m.by
	switch k {
	case nft.MetaOIF, nft.MetaOIFName, unix.NFT_META_OIFTYPE, unix.NFT_META_BRI_OIFNAME:
		link = m.out
	}
	if k == nft.MetaMark {
		return m.packet.mark.bytes()
	}
	u32 := func(v uint32) ([]byte, bool) { return binary.NativeEndian.AppendUint32(nil, v), true }
	u16 := func(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }
	switch k {
	case nft.MetaIIFName, nft.MetaOIFName:
		name := make([]byte, 16)
		if link != nil {
			copy(name, link.Name)
		}
		return name, true
	case unix.NFT_META_BRI_IIFNAME, unix.NFT_META_BRI_OIFNAME:
		name := make([]byte, 16)
		if link != nil && link.Master() != nil {
			copy(name, link.Master().Name)
		}
		return name, true
	case nft.MetaIIF, nft.MetaOIF:
		if link == nil {
			return u32(0)
		}
		return u32(link.Index)
	case nft.MetaL4Proto:
		return []byte{m.packet.number()}, true
	case nft.MetaNFProto:
		if m.packet.dst.Is4() {
			return []byte{unix.NFPROTO_IPV4}, true
		}
		return []byte{unix.NFPROTO_IPV6}, true
	case nft.MetaProtocol:
		if m.packet.arp() {
			return u16(unix.ETH_P_ARP), true
		}
		if m.packet.dst.Is4() {
			return u16(unix.ETH_P_IP), true
		}
		return u16(unix.ETH_P_IPV6), true
	case unix.NFT_META_IIFTYPE, unix.NFT_META_OIFTYPE:
		if link != nil {
			return binary.NativeEndian.AppendUint16(nil, uint16(link.Type)), true
		}
	}
	return make([]byte, 16), false
}

func (m *machine) payload(x *nft.Payload) {
	var header []byte
	var known func(i int) bool
	switch x.Base {
	case nft.NetworkHeader:
		header, known = m.packet.network()
	case nft.TransportHeader:
		header, known = m.packet.transport()
	case nft.LLHeader: // the type of the frame alone
		header = make([]byte, 14)
		header[12], header[13] = 0x08, 0
		if m.packet.arp() {
			header[13] = 0x06
		}
		if !m.packet.dst.Is4() {
			header[12], header[13] = 0x86, 0xdd
		}
		known = func(i int) bool { return i >= 12 }
	}
	at := register(x.Dreg)
	for i := range (int(x.Len) + 3) / 4 * 4 {
		from := int(x.Offset) + i
		if at+i >= len(m.regs) {
			return
		}
		switch {
		case i >= int(x.Len):
			m.regs[at+i], m.known[at+i] = 0, true
		case from < len(header):
			m.regs[at+i], m.known[at+i] = header[from], known(from)
		default:
			m.known[at+i] = false
		}
	}
}

// state is what connection tracking says of the packet.
func (m *machine) state() nft.CtStates {
	switch {
	case m.packet.arp():
		return nft.StateInvalid
	case m.untracked():
		return nft.StateUntracked
	case !m.packet.reply:
		return nft.StateNew
	case slices.Contains(m.conns, m.conn):
		return nft.StateEstablished
	case m.packet.proto == unix.IPPROTO_UDP:
		return nft.StateNew
	}
	return nft.StateInvalid
}

func (m *machine) ct(k nft.CtKey) (data []byte, known bool) {
	var v uint32
	switch k {
	case nft.CtState:
		v = uint32(m.state())
	case nft.CtStatus:
		if m.conn.snat != nil {
			v |= 0x10 // IPS_SRC_NAT
		}
		if m.conn.dnat != nil {
			v |= 0x20 // IPS_DST_NAT
		}
	case nft.CtMark:
		return m.conn.mark.bytes()
	case unix.NFT_CT_DIRECTION:
		if m.packet.reply {
			return []byte{1}, true
		}
		return []byte{0}, true
	default:
		return make([]byte, 16), false
	}
	return binary.NativeEndian.AppendUint32(nil, v), true
}

// fib knows which addresses are the namespace's own.
func (m *machine) fib(x *nft.Fib) {
	a := m.packet.dst
	if x.Flags&nft.FibSaddr != 0 {
		a = m.packet.src
	}
	kind := uint32(unix.RTN_UNICAST)
	if m.isLocal(m.conn.ns, a) {
		kind = unix.RTN_LOCAL
	}
	m.load(x.Dreg, binary.NativeEndian.AppendUint32(nil, kind), x.Result == nft.FibAddrType)
}

func (k *mark) bytes() (data []byte, known bool) {
	return binary.NativeEndian.AppendUint32(nil, k.value), !k.doubt
}

// write has a rule set a mark to what is in a register.
func (m *machine) write(to *mark, from nft.Register) {
	data, known := m.get(from, 4)
	v := mark{doubt: true}
	if known {
		v = mark{value: binary.NativeEndian.Uint32(data)}
	}
	m.set(to, v)
}

// set has a rule set a mark, which is not known any more if the rule may not take the packet.
func (m *machine) set(to *mark, v mark) {
	if *to == v {
		return
	}
	v.doubt = v.doubt || m.unsure || m.takes == maybe
	*to = v
}
