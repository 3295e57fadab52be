//go:build linux

package lang

import (
	"bytes"
	"slices"

	"github.com/minins/minins/nft"
)

func (c *compiler) assign(s *Assign) {
	c.require(s.To)
	c.require(s.Value)
	to := s.To
	switch to.Kind {
	case metaSel:
		c.load(s.Value, nft.Reg1, false)
		c.emit(&nft.Meta{Key: nft.MetaKey(to.Key), Sreg: nft.Reg1})
	case ctSel:
		c.load(s.Value, nft.Reg1, false)
		e := &nft.Ct{Key: nft.CtKey(to.Key), Sreg: nft.Reg1}
		if to.Dir >= 0 {
			e.Dir.V, e.Dir.Ok = nft.CtDir(to.Dir), true
		}
		c.emit(e)
	case payloadSel:
		c.write(s)
	default:
		if to.Option == nil || to.Field == nil {
			c.fail("this cannot be set")
		}
		c.load(s.Value, nft.Reg1, exprType(s.Value).Order == Host && exprBytes(s.Value) > 1)
		c.emit(&nft.Exthdr{Sreg: nft.Reg1, Type: to.Option.typ, Op: to.Option.op, Offset: to.Field.Off / 8, Len: to.Field.Len / 8})
	}
}

// write writes a field: the kernel writes an even number of bytes at an even place
// where a checksum is to be mended.
func (c *compiler) write(s *Assign) {
	f, base := s.To.Field, s.To.Proto.Base
	first, last := f.Off/8, (f.Off+f.Len+7)/8
	w := &nft.Payload{Sreg: nft.Reg1, Base: base}
	w.CsumType, w.CsumOffset, w.CsumFlags = checksum(s.To)
	whole := f.Off%8 == 0 && f.Len%8 == 0
	if w.CsumType != 0 && (first%2 != 0 || (last-first)%2 != 0) {
		first, last, whole = first&^1, (last+1)&^1, false
	}
	w.Offset, w.Len = first, last-first
	if whole {
		c.load(s.Value, nft.Reg1, false)
		c.emit(w)
		return
	}
	v, ok := s.Value.(*Value)
	if !ok {
		c.fail("this field can only be set to a constant")
	}
	c.emit(&nft.Payload{Dreg: nft.Reg1, Base: base, Offset: first, Len: last - first})
	size := int(last - first)
	full := make([]byte, size)
	for bit := f.Off - 8*first; bit < f.Off-8*first+f.Len; bit++ {
		full[bit/8] |= 0x80 >> (bit % 8)
	}
	inv := make([]byte, size)
	for i := range inv {
		inv[i] = ^full[i]
	}
	shift := 8*last - f.Off - f.Len
	c.bitwise(&nft.Bitwise{Sreg: nft.Reg1, Dreg: nft.Reg1, Len: uint32(size), Mask: inv, Xor: numberValue(&dtInteger, v.number()<<shift, uint32(size)).Data})
	c.emit(w)
}

// checksum is where the checksum of a header is, and that of the transport header.
func checksum(s *Selector) (t nft.CsumType, off, flags uint32) {
	switch s.Proto.Name {
	case "ip":
		if s.Field.Name == "saddr" || s.Field.Name == "daddr" {
			flags = 1 // NFT_PAYLOAD_L4CSUM_PSEUDOHDR
		}
		return 1, 10, flags
	case "ip6":
		if s.Field.Name == "saddr" || s.Field.Name == "daddr" {
			return 0, 0, 1
		}
	case "tcp":
		return 1, 16, 0
	case "udp", "udplite":
		return 1, 6, 0
	case "icmp", "icmpv6", "igmp":
		return 1, 2, 0
	case "sctp":
		return 2, 8, 0
	}
	return 0, 0, 0
}

func (c *compiler) reject(s *Reject) {
	r := *s.Reject
	before := len(c.exprs)
	switch {
	case r.Type == nft.RejectTCPReset:
		if c.transport == nil || c.transport.Name != "tcp" {
			c.requireProto(protocolByName("tcp"))
		}
		r.Code.V, r.Code.Ok = 0, true
	case s.Family != nft.Unspec && (c.family == nft.Inet || c.family == nft.Bridge || c.family == nft.Netdev):
		name := "ip"
		if s.Family == nft.IPv6 {
			name = "ip6"
		}
		c.requireProto(protocolByName(name))
	case !r.Code.Ok:
		r.Code.Ok = true
		switch {
		case c.family == nft.IPv4 || c.network != nil && c.network.Name == "ip":
			r.Type, r.Code.V = nft.RejectICMP, 3
		case c.family == nft.IPv6 || c.network != nil && c.network.Name == "ip6":
			r.Type, r.Code.V = nft.RejectICMP, 4
		default:
			r.Type, r.Code.V = nft.RejectICMPX, 1
		}
	}
	c.exprs = slices.Concat(c.exprs[before:], c.exprs[:before]) // what it takes comes first
	c.emit(&r)
}

func (c *compiler) nat(s *NAT) {
	family := s.Family
	if family == nft.Unspec {
		family = c.family
		if c.family == nft.Inet {
			switch {
			case c.network != nil && c.network.Name == "ip":
				family = nft.IPv4
			case c.network != nil && c.network.Name == "ip6":
				family = nft.IPv6
			case s.Addr != nil:
				c.fail("specify `dnat ip' or 'dnat ip6' in inet table to disambiguate")
			}
		}
	}
	if s.Port != nil && c.transport == nil && !c.ports {
		panic(compileError{errNeeds})
	}
	reg := nft.Reg1
	var regs [4]nft.Register
	netmap := s.Flags&nft.NATNetmap != 0
	put := func(e Expr, at int) {
		switch e := e.(type) {
		case nil:
		case *Range:
			regs[at], regs[at+1] = reg, reg+1
			c.emit(nft.Load(reg, e.Lo.Data))
			c.emit(nft.Load(reg+1, e.Hi.Data))
			reg += 2
		case *Prefix:
			lo, hi := prefixEnds(e)
			regs[at], regs[at+1] = reg, reg+1
			c.emit(nft.Load(reg, lo))
			c.emit(nft.Load(reg+1, hi))
			reg += 2
		case *MapOf:
			c.require(e.Key)
			m := *e
			m.Data = []*Datatype{&dtIPv4}
			if family == nft.IPv6 {
				m.Data[0] = &dtIPv6
			}
			if at == 2 {
				m.Data[0] = &dtService
			} else if s.Both {
				m.Data = append(m.Data, &dtService)
			}
			c.load(&m, reg, false)
			regs[at] = reg
			if netmap {
				regs[1] = nft.Reg32 + reg32(reg) + nft.Register(words(m.Data[0].Len/8))
			}
			if s.Both {
				regs[2] = nft.Reg32 + reg32(reg) + nft.Register(words(m.Data[0].Len/8))
			}
			reg++
		default:
			c.load(e, reg, false)
			regs[at] = reg
			reg++
		}
	}
	put(s.Addr, 0)
	put(s.Port, 2)
	switch s.Name {
	case "masquerade":
		if regs[2] != 0 {
			s.Flags |= nft.NATProto
		}
		c.emit(&nft.Masq{Flags: s.Flags, PortMin: regs[2], PortMax: regs[3]})
	case "tproxy":
		if s.Addr == nil && s.Family == nft.Unspec && c.family == nft.Inet {
			family = nft.Unspec
		}
		c.emit(&nft.TProxy{Family: nft.NATFamily(family), RegAddr: regs[0], RegPort: regs[2]})
	case "redirect":
		c.emit(&nft.Redir{Flags: s.Flags, PortMin: regs[2], PortMax: regs[3]})
	default:
		t := nft.SNAT
		if s.Name == "dnat" {
			t = nft.DNAT
		}
		c.emit(&nft.NAT{Type: t, Family: nft.NATFamily(family), Flags: s.Flags, AddrMin: regs[0], AddrMax: regs[1], PortMin: regs[2], PortMax: regs[3]})
	}
}

func prefixEnds(p *Prefix) (lo, hi []byte) {
	lo, hi = bytes.Clone(p.Data), bytes.Clone(p.Data)
	for i := p.Bits; i < 8*uint32(len(lo)); i++ {
		lo[i/8] &^= 0x80 >> (i % 8)
		hi[i/8] |= 0x80 >> (i % 8)
	}
	return lo, hi
}

func (c *compiler) useObject(s *UseObject) {
	if s.Key == nil {
		c.emit(&nft.Objref{Type: s.Type, Object: s.Name})
		return
	}
	c.require(s.Key)
	c.load(s.Key, nft.Reg1, c.swaps(s.Key, s.Map))
	o := &nft.Objref{Sreg: nft.Reg1}
	switch m := s.Map.(type) {
	case *SetRef:
		o.SetName = m.Name
	case *SetLit:
		set := c.anonymous(s.Key, m.Elems, nil, false)
		set.Name = "__objmap%d"
		c.new.Elems[len(c.new.Elems)-1].Set = set.Name
		set.ObjType, set.Flags.V = s.Type, set.Flags.V|nft.SetObject
		set.Userdata = userdata(set, keyTypes(s.Key), nil, nil, nil, false, false)
		o.SetName, o.SetID = set.Name, set.ID
	}
	c.emit(o)
}

func (c *compiler) setChange(s *SetChange) {
	c.require(s.Key)
	d := &nft.Dynset{SregKey: nft.Reg1, Op: s.Op, Timeout: s.Timeout, SetName: s.Set}
	_, _, _, known := c.names.SetTypes(c.family, c.table, s.Set)
	if s.Meter {
		set := c.newSet(s.Key, s.Set)
		set.Flags.V, set.Flags.Ok = nft.SetAnonymous|nft.SetEval, true
		set.Desc.Ok, set.Desc.V.Size = true, s.Size
		set.Userdata = userdata(set, keyTypes(s.Key), nil, nil, nil, false, false)
		if s.Timeout != 0 {
			set.Flags.V |= nft.SetTimeout
			d.Op = nft.DynsetUpdate
		}
		d.SetID = set.ID
	} else if !known {
		c.fail("No such file or directory")
	}
	c.load(s.Key, nft.Reg1, false)
	if s.Data != nil {
		c.require(s.Data)
		c.load(s.Data, nft.Reg2, false)
		d.SregData = nft.Reg2
	}
	var exprs []nft.Expr
	for _, st := range s.Stmts {
		if k, ok := st.(*Kernel); ok {
			exprs = append(exprs, k.Expr)
		}
	}
	switch len(exprs) {
	case 0:
	case 1:
		d.Expr = exprs[0]
	default:
		d.Exprs, d.Flags = exprs, 2 // NFT_DYNSET_F_EXPR
	}
	c.emit(d)
}

func (c *compiler) send(s *Send) {
	var addr, dev nft.Register
	reg := nft.Reg1
	put := func(e Expr, r *nft.Register) {
		if e != nil {
			c.require(e)
			c.load(e, reg, false)
			*r = reg
			reg++
		}
	}
	if s.Name == "dup" {
		put(s.Addr, &addr)
		put(s.Dev, &dev)
		c.emit(&nft.Dup{SregAddr: addr, SregDev: dev})
		return
	}
	put(s.Dev, &dev)
	put(s.Addr, &addr)
	c.emit(&nft.Fwd{SregDev: dev, SregAddr: addr, NFProto: nft.NATFamily(s.Family)})
}

// block makes a chain that goes with the rule.
func (c *compiler) block(s *Block) {
	*c.ids++
	id := *c.ids
	c.new.Chains = append(c.new.Chains, &nft.Chain{Family: c.family, Table: c.table, ID: id, Flags: nft.ChainBinding})
	for _, r := range s.Parsed {
		inner := &compiler{context: c.context, hook: c.hook, names: c.names, table: c.table, ids: c.ids}
		if err := inner.compile(r.Stmts); err != nil {
			panic(compileError{err})
		}
		c.new.Sets = append(c.new.Sets, inner.new.Sets...)
		c.new.Elems = append(c.new.Elems, inner.new.Elems...)
		c.new.Chains = append(c.new.Chains, inner.new.Chains...)
		rule := &nft.Rule{Family: c.family, Table: c.table, ChainID: id, Exprs: inner.exprs}
		if r.Comment != "" {
			rule.Userdata, _ = nft.WithComment(r.Comment) // its length is checked where it is read
		}
		c.new.Inner = append(c.new.Inner, inner.new.Inner...)
		c.new.Inner = append(c.new.Inner, rule)
	}
	c.emit(&nft.Immediate{Data: dataVerdict(nft.Verdict{Code: s.Code, ChainID: id})})
}
