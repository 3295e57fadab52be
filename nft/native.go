//go:build linux

package nft

import (
	"encoding/binary"

	"github.com/minins/minins/nft/xt"
	"github.com/minins/minins/nl"
)

// Native returns native expressions that do what an xtables target or match
// does, for kernels without nft_compat. Put them where the [Target] or [Match]
// would stand, and into a table of your own: iptables refuses to list, check
// or change a table named filter, nat, mangle, raw or security with one of
// them in it. The registers 1 to 4 are overwritten.
//
// It knows MASQUERADE, SNAT, DNAT, REDIRECT, REJECT, the types of icmp and the
// states of conntrack; ok is false for all else. A comment has no expression: it becomes
// the rule's [Rule.Userdata].
func Native(f Family, i xt.Info) (exprs []Expr, ok bool) {
	switch i := i.(type) {
	case *xt.NAT:
		return nativeNAT(f, i)
	case *xt.Reject:
		return nativeReject(f, i)
	case *xt.Conntrack:
		return nativeStates(i)
	case *xt.ICMP:
		return nativeICMP(i)
	}
	return nil, false
}

func nativeNAT(f Family, n *xt.NAT) (exprs []Expr, ok bool) {
	load := func(r Register, value []byte) Register {
		exprs = append(exprs, Load(r, value))
		return r
	}
	var addrMin, addrMax, portMin, portMax Register
	if n.Flags&NATMapIPs != 0 {
		size := 4
		if f == IPv6 {
			size = 16
		}
		addrMin = load(Reg1, n.MinAddr[:size:size])
		if n.MaxAddr != n.MinAddr {
			addrMax = load(Reg2, n.MaxAddr[:size:size])
		}
	}
	if n.Flags&NATProto != 0 {
		portMin = load(Reg3, binary.BigEndian.AppendUint16(nil, n.MinPort))
		if n.MaxPort != n.MinPort {
			portMax = load(Reg4, binary.BigEndian.AppendUint16(nil, n.MaxPort))
		}
	}
	flags := n.Flags &^ (NATMapIPs | NATProto) // the kernel sets these by the registers
	switch n.Target {
	case "MASQUERADE":
		return append(exprs, &Masq{Flags: flags, PortMin: portMin, PortMax: portMax}), true
	case "REDIRECT":
		return append(exprs, &Redir{Flags: flags, PortMin: portMin, PortMax: portMax}), true
	case "SNAT", "DNAT":
		t := SNAT
		if n.Target == "DNAT" {
			t = DNAT
		}
		return append(exprs, &NAT{
			Type: t, Family: NATFamily(f), Flags: flags,
			AddrMin: addrMin, AddrMax: addrMax, PortMin: portMin, PortMax: portMax,
		}), true
	}
	return nil, false
}

// The codes of ICMP's and ICMPv6's destination unreachable for each of
// xt.RejectWith; 255 is none.
var (
	icmpCodes  = [...]uint8{0, 1, 2, 3, 255, 9, 10, 255, 13}
	icmp6Codes = [...]uint8{0, 1, 2, 3, 4, 255, 255, 5, 6}
)

func nativeReject(f Family, r *xt.Reject) ([]Expr, bool) {
	codes, reset := icmpCodes, xt.TCPReset
	if f == IPv6 {
		codes, reset = icmp6Codes, xt.TCPReset6
	}
	switch {
	case r.With == reset:
		return []Expr{&Reject{Type: RejectTCPReset}}, true
	case int64(r.With) < int64(len(codes)) && codes[r.With] != 255:
		return []Expr{&Reject{Type: RejectICMP, Code: nl.Some(codes[r.With])}}, true
	}
	return nil, false
}

func nativeStates(m *xt.Conntrack) ([]Expr, bool) {
	var states CtStates
	for _, s := range [...]struct {
		xt     xt.CtStates
		native CtStates
	}{
		{xt.CtInvalid, StateInvalid}, {xt.CtEstablished, StateEstablished}, {xt.CtRelated, StateRelated},
		{xt.CtNew, StateNew}, {xt.CtUntracked, StateUntracked},
	} {
		if m.StateMask&s.xt != 0 {
			states |= s.native
		}
	}
	known := xt.CtInvalid | xt.CtEstablished | xt.CtRelated | xt.CtNew | xt.CtUntracked
	if m.MatchFlags&^xt.CtStateAlias != xt.CtMatchState || m.StateMask&^known != 0 {
		return nil, false
	}
	op := Neq // some of the bits
	if m.InvertFlags&xt.CtMatchState != 0 {
		op = Eq // none of them
	}
	zero := make([]byte, 4)
	return []Expr{
		&Ct{Key: CtState, Dreg: Reg1},
		&Bitwise{Sreg: Reg1, Dreg: Reg1, Len: 4, Mask: binary.NativeEndian.AppendUint32(nil, uint32(states)), Xor: zero},
		&Cmp{Sreg: Reg1, Op: op, Data: zero},
	}, true
}

func nativeICMP(m *xt.ICMP) ([]Expr, bool) {
	value, op := []byte{m.Type, m.Code[0]}, Eq
	switch {
	case m.Type == 255 && !m.IPv6:
		return nil, true // any type
	case m.Code == [2]uint8{0, 255}:
		value = value[:1]
	case m.Code[0] != m.Code[1]:
		return nil, false
	}
	if m.Inv != 0 {
		op = Neq
	}
	return []Expr{
		&Payload{Dreg: Reg1, Base: TransportHeader, Len: uint32(len(value))},
		&Cmp{Sreg: Reg1, Op: op, Data: value},
	}, true
}
