//go:build linux

package iptables

import (
	"encoding/binary"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
)

// nativeExpr reads what encode writes where there is no nft_compat: see
// [nft.Native], of which this is the reverse.
func (d *decoder) nativeExpr(x nft.Expr) error {
	switch x := x.(type) {
	case *nft.Ct:
		if x.Key != nft.CtState || x.Sreg != 0 {
			break
		}
		d.regs[x.Dreg] = &loadedValue{ct: x}
		return nil
	case *nft.Masq:
		return d.nat("MASQUERADE", x.Flags, 0, 0, x.PortMin, x.PortMax)
	case *nft.Redir:
		return d.nat("REDIRECT", x.Flags, 0, 0, x.PortMin, x.PortMax)
	case *nft.NAT:
		kind := "SNAT"
		if x.Type == nft.DNAT {
			kind = "DNAT"
		}
		return d.nat(kind, x.Flags, x.AddrMin, x.AddrMax, x.PortMin, x.PortMax)
	case *nft.Reject:
		return d.reject(x)
	}
	return unsayable(x.Name())
}

func (d *decoder) nat(kind string, flags xt.NATFlags, addrMin, addrMax, portMin, portMax nft.Register) error {
	n := &xt.NAT{Target: kind, Flags: flags &^ (xt.NATMapIPs | xt.NATProto)}
	if addrMin != 0 {
		n.Flags |= xt.NATMapIPs
		copy(n.MinAddr[:], d.data(addrMin))
		n.MaxAddr = n.MinAddr
		if addrMax != 0 {
			copy(n.MaxAddr[:], d.data(addrMax))
		}
	}
	if portMin != 0 {
		n.Flags |= xt.NATProto
		var ok1, ok2 bool
		n.MinPort, ok1 = d.port(portMin)
		n.MaxPort, ok2 = n.MinPort, true
		if portMax != 0 {
			n.MaxPort, ok2 = d.port(portMax)
		}
		if !ok1 || !ok2 {
			return unsayable(kind + " with a port that is no constant")
		}
	}
	return d.xtTarget(n)
}

// data is the constant in a register, if there is one.
func (d *decoder) data(r nft.Register) []byte {
	if v := d.regs[r]; v != nil {
		return v.data
	}
	return nil
}

func (d *decoder) port(r nft.Register) (uint16, bool) {
	b := d.data(r)
	if len(b) != 2 {
		return 0, false
	}
	return binary.BigEndian.Uint16(b), true
}

// reject finds the target whose native form this is.
func (d *decoder) reject(x *nft.Reject) error {
	for with := range xt.RejectWith(9) {
		exprs, ok := nft.Native(d.family, &xt.Reject{With: with})
		if !ok {
			continue
		}
		if y := exprs[0].(*nft.Reject); *y == *x {
			return d.xtTarget(&xt.Reject{With: with})
		}
	}
	return unsayable("reject " + x.Type.String())
}

// compareStates reads "ct state & mask != 0".
func (d *decoder) compareStates(v *loadedValue, data []byte, neq bool) error {
	if len(v.mask) != 4 || len(data) != 4 || binary.NativeEndian.Uint32(data) != 0 {
		return unsayable("ct state")
	}
	mask := nft.CtStates(binary.NativeEndian.Uint32(v.mask))
	m := newConntrack(d.family, false)
	for _, s := range []struct {
		xt     xt.CtStates
		native nft.CtStates
	}{
		{xt.CtInvalid, nft.StateInvalid}, {xt.CtEstablished, nft.StateEstablished}, {xt.CtRelated, nft.StateRelated},
		{xt.CtNew, nft.StateNew}, {xt.CtUntracked, nft.StateUntracked},
	} {
		if mask&s.native != 0 {
			m.StateMask |= s.xt
		}
	}
	m.note(xt.CtMatchState, !neq)
	d.match(m)
	return nil
}
