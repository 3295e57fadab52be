//go:build linux

package doctor

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/survey"
)

// OldEntries are a table of iptables-legacy: struct ipt_getinfo and the entries of struct
// ipt_get_entries of linux/netfilter_ipv4/ip_tables.h, or those of IPv6.
type OldEntries struct {
	Entry, Underflow [5]uint32 // where chains begin, and their policies, by hook; bytes
	Valid            uint32    // bits 1 << hook
	Bytes            []byte
}

// Of getsockopt, from the same header.
const (
	soGetInfo    = 64 // IPT_SO_GET_INFO, IP6T_SO_GET_INFO
	soGetEntries = 65 // IPT_SO_GET_ENTRIES
	infoLen      = 84
	nameLen      = 32 // XT_TABLE_MAXNAMELEN
	oldMost      = 64 << 20
)

// Legacy reads a table by getsockopt. The table has to be there: to ask for one that is
// not would make it.
func (k *Kernel) Legacy(n *survey.Namespace, table string, ipv6 bool) (e *OldEntries, err error) {
	domain, level := unix.AF_INET, unix.IPPROTO_IP
	if ipv6 {
		domain, level = unix.AF_INET6, unix.IPPROTO_IPV6
	}
	err = inside(n, func() error {
		fd, err := unix.Socket(domain, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		info, err := getOld(fd, level, soGetInfo, table, 0, infoLen)
		if err != nil {
			return err
		}
		word := func(at int) uint32 { return binary.NativeEndian.Uint32(info[at:]) }
		e = &OldEntries{Valid: word(nameLen)}
		for i := range e.Entry {
			e.Entry[i], e.Underflow[i] = word(nameLen+4+4*i), word(nameLen+24+4*i)
		}
		size, head := word(nameLen+48), nameLen+8
		if runtime.GOARCH == "386" { // aligns 64 bits to 4 bytes
			head = nameLen + 4
		}
		if size > oldMost {
			return unix.E2BIG
		}
		b, err := getOld(fd, level, soGetEntries, table, size, head+int(size))
		if err == nil {
			e.Bytes = b[head:]
		}
		return err
	})
	return e, err
}

// getOld is getsockopt with a name, and the number of bytes behind it, to say what is
// wanted. The kernel reads and writes memory that Go did not make, so that its address is
// known.
func getOld(fd, level, option int, table string, size uint32, length int) ([]byte, error) {
	whole := uintptr(length + 8)
	p, err := unix.MmapPtr(-1, 0, nil, whole, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, err
	}
	memory := (*[oldMost + 2*nameLen]byte)(p)[:whole]
	copy(memory, table)
	binary.NativeEndian.PutUint32(memory[nameLen:], size)
	at := length // of socklen_t
	binary.NativeEndian.PutUint32(memory[at:], uint32(length))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(option), uintptr(p), uintptr(p)+uintptr(at), 0)
	b := append([]byte(nil), memory[:length]...)
	err = unix.MunmapPtr(p, whole)
	if errno != 0 {
		err = errno
	}
	return b, err
}

// rules is a table as rules of nf_tables, so that there is one machine for both. The
// handles are the numbers of rules, and chains are called as iptables calls them.
func (e *OldEntries) rules(name string, ipv6 bool) *Ruleset {
	f, addrLen, head := nft.IPv4, 4, 112 // struct ipt_entry
	if ipv6 {
		f, addrLen, head = nft.IPv6, 16, 168
		if runtime.GOARCH == "386" {
			head = 164
		}
	}
	rs := &Ruleset{Old: true}
	fields := 4*addrLen + 64 // behind the addresses, the names of devices and their masks
	offsets := fields + 8
	if ipv6 {
		offsets = fields + 12
	}
	chain, number := "", uint64(0)
	chains := map[uint32]string{} // by where they begin
	var policy *nl.Opt[nft.VerdictCode]
	var jumps []*nft.Immediate // whose chains have no names yet, but numbers
	for at := uint32(0); int(at)+head <= len(e.Bytes); {
		b := e.Bytes[at:]
		target, next := int(binary.NativeEndian.Uint16(b[offsets:])), int(binary.NativeEndian.Uint16(b[offsets+2:]))
		if target < head || next < target+36 || next > len(b) {
			break // not as the kernel has it
		}
		for hook, entry := range e.Entry {
			if e.Valid>>hook&1 != 0 && entry == at {
				chain, number = oldChainNames[hook], 0
				rs.Chains = append(rs.Chains, nft.Chain{})
				ch := &rs.Chains[len(rs.Chains)-1]
				ch.Family, ch.Table, ch.Name, ch.Type, ch.Hook.Ok, ch.Hook.V.Num = f, name, chain, name, true, nft.HookNum(hook)
				policy = &ch.Policy
			}
		}
		kind := text0(b[target+2 : target+31])
		verdict := int32(binary.NativeEndian.Uint32(b[target+nameLen:]))
		number++
		exprs := oldHeader(b, addrLen, fields, ipv6)
		for i := head; i+nameLen <= target; {
			size := int(binary.NativeEndian.Uint16(b[i:]))
			if size < nameLen || i+size > target {
				break
			}
			exprs = append(exprs, &nft.Match{Info: oldInfo(xt.MatchKind, b[i:i+size])})
			i += size
		}
		var x nft.Expr
		switch {
		case kind == "ERROR": // a chain of the user's begins, or the table ends
			chain, number = text0(b[target+nameLen:next]), 0
			chains[at+uint32(next)] = chain
		case kind != "":
			x = &nft.Target{Info: oldInfo(xt.TargetKind, b[target:next])}
		case verdict == -1 && slices.Contains(e.Underflow[:], at):
			*policy = nl.Some(nft.VerdictDrop)
		case verdict == -1:
			x = nft.Drop()
		case verdict == -2:
			x = nft.Accept()
		case verdict == -5:
			x = nft.Return()
		case uint32(verdict) != at+uint32(next): // that is the next one
			jump := nft.Jump("")
			jump.Data.Verdict.V.ChainID = uint32(verdict)
			jumps, x = append(jumps, jump), jump
		}
		if x != nil {
			exprs = append(exprs, x)
		}
		if kind != "ERROR" && !slices.Contains(e.Underflow[:], at) {
			rs.Rules = append(rs.Rules, nft.Rule{})
			r := &rs.Rules[len(rs.Rules)-1]
			r.Family, r.Table, r.Chain, r.Handle, r.Exprs = f, name, chain, number, exprs
		}
		at += uint32(next)
	}
	for _, jump := range jumps {
		v := &jump.Data.Verdict.V
		v.Chain, v.ChainID = chains[v.ChainID], 0
	}
	return rs
}

// text0 is a text that ends at the first zero.
func text0(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}

// oldHeader compares addresses, devices and the protocol.
func oldHeader(b []byte, addrLen, fields int, ipv6 bool) (exprs []nft.Expr) {
	proto, flags, inv := byte(binary.NativeEndian.Uint16(b[fields:])), b[fields+2], b[fields+3]
	if ipv6 {
		flags, inv = b[fields+3], b[fields+4]
	}
	compare := func(load nft.Expr, value, mask []byte, not bool) {
		if len(bytes.Trim(mask, "\x00")) == 0 {
			return
		}
		op := nft.Eq
		if not {
			op = nft.Neq
		}
		exprs = append(exprs, load, &nft.Bitwise{Sreg: nft.Reg1, Dreg: nft.Reg1, Len: uint32(len(mask)), Mask: mask, Xor: make([]byte, len(mask))}, &nft.Cmp{Sreg: nft.Reg1, Op: op, Data: value})
	}
	offset := uint32(12) // of struct iphdr's saddr
	if ipv6 {
		offset = 8
	}
	names := 4 * addrLen
	for i := range 2 {
		at, mask := i*addrLen, (2+i)*addrLen
		compare(&nft.Payload{Dreg: nft.Reg1, Base: nft.NetworkHeader, Offset: offset + uint32(at), Len: uint32(addrLen)},
			b[at:at+addrLen], b[mask:mask+addrLen], inv&(8<<i) != 0) // IPT_INV_SRCIP, IPT_INV_DSTIP
		at = names + 16*i
		compare(&nft.Meta{Key: nft.MetaIIFName + nft.MetaKey(i), Dreg: nft.Reg1}, b[at:at+16], b[at+32:at+48], inv&(1<<i) != 0) // IPT_INV_VIA_IN, IPT_INV_VIA_OUT
	}
	if proto != 0 && (!ipv6 || flags&1 != 0) { // IP6T_F_PROTO
		compare(&nft.Meta{Key: nft.MetaL4Proto, Dreg: nft.Reg1}, []byte{proto}, []byte{255}, inv&0x40 != 0) // XT_INV_PROTO
	}
	if !ipv6 && flags&1 != 0 && inv&0x20 == 0 { // IPT_F_FRAG: fragments alone, and this is none
		exprs = append(exprs, &nft.Payload{Dreg: nft.Reg1, Base: nft.NetworkHeader, Len: 1}, &nft.Cmp{Sreg: nft.Reg1, Data: []byte{0}})
	}
	return exprs
}

// oldInfo decodes what a match or target is told.
func oldInfo(k xt.Kind, b []byte) xt.Info {
	name := text0(b[2:31])
	info := xt.New(k, name, uint32(b[31]), len(b)-nameLen)
	var c nl.Coder
	if err := c.Decode(b[nameLen:], info); err != nil {
		return &xt.Raw{Extension: name}
	}
	return info
}

// oldOrder is that of the tables at each hook, and oldChainNames those of their chains.
var (
	oldOrder      = [...]string{"raw", "mangle", "nat", "filter", "security"}
	oldChainNames = [...]string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}
)

// oldTables are those of a namespace, read once.
func (w *walk) oldTables(n *survey.Namespace) []*Ruleset {
	all, ok := w.old[n]
	if ok {
		return all
	}
	for i, file := range [...]string{"ip_tables_names", "ip6_tables_names"} {
		names, err := w.host.Net(n, file)
		if err != nil {
			if !errors.Is(err, unix.EACCES) { // it is not shown to who cannot change it
				w.unseen(n, "/proc/net/"+file, err)
			}
			continue
		}
		for _, name := range oldOrder {
			if !strings.Contains("\n"+names, "\n"+name+"\n") {
				continue
			}
			e, err := w.host.Legacy(n, name, i == 1)
			if err != nil {
				w.unseen(n, "table "+name+" of iptables-legacy", err)
				continue
			}
			all = append(all, e.rules(name, i == 1))
		}
	}
	if w.old == nil {
		w.old = map[*survey.Namespace][]*Ruleset{}
	}
	w.old[n] = all
	return all
}
