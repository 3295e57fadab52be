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
func (e *OldEntries) rules(table string, ipv6 bool) *Ruleset {
	r := &oldReader{OldEntries: e, rs: &Ruleset{Old: true}, family: nft.IPv4, table: table, addrLen: 4, head: 112, chains: map[uint32]string{}}
	r.fields = 4*4 + 64
	r.offsets = r.fields + 8
	if ipv6 {
		r.family, r.addrLen, r.head = nft.IPv6, 16, 168
		if runtime.GOARCH == "386" {
			r.head = 164
		}
		r.fields = 4*16 + 64
		r.offsets = r.fields + 12
	}
	for at, n := uint32(0), uint32(1); n > 0; at += n {
		n = r.entry(at)
	}
	for _, jump := range r.jumps {
		v := &jump.Data.Verdict.V
		v.Chain, v.ChainID = r.chains[v.ChainID], 0
	}
	return r.rs
}

// An oldReader makes rules of entries: struct ipt_entry, or struct ip6t_entry.
type oldReader struct {
	*OldEntries
	rs     *Ruleset
	family nft.Family
	table  string

	// In bytes: of an address, of an entry's head, and in that: where the protocol is,
	// behind the addresses and the names of devices and their masks, and target_offset.
	addrLen, head, fields, offsets int

	chain  string
	number uint64
	policy *nl.Opt[nft.VerdictCode] // of the chain
	chains map[uint32]string        // those of the user, by where they begin
	jumps  []*nft.Immediate         // to there; the chains have no names yet
}

// entry reads one, and returns how long it is, or 0 at the end.
func (r *oldReader) entry(at uint32) uint32 {
	if int(at)+r.head > len(r.Bytes) {
		return 0
	}
	b := r.Bytes[at:]
	target, next := int(binary.NativeEndian.Uint16(b[r.offsets:])), int(binary.NativeEndian.Uint16(b[r.offsets+2:]))
	if target < r.head || next < target+36 || next > len(b) {
		return 0 // not as the kernel has it
	}
	b = b[:next]
	for hook := range r.Entry {
		if r.Valid>>hook&1 != 0 && r.Entry[hook] == at {
			r.begin(nft.HookNum(hook))
		}
	}
	r.number++
	policy := slices.Contains(r.Underflow[:], at)
	verdict := r.verdict(at+uint32(next), b[target:])
	switch {
	case verdict == nil:
	case policy:
		if i, ok := verdict.(*nft.Immediate); ok {
			*r.policy = nl.Some(i.Data.Verdict.V.Code)
		}
	default:
		r.add(b[:target], verdict)
	}
	return uint32(next)
}

// begin is where packets enter at a hook.
func (r *oldReader) begin(hook nft.HookNum) {
	r.rs.Chains = append(r.rs.Chains, nft.Chain{})
	ch := &r.rs.Chains[len(r.rs.Chains)-1]
	r.chain, r.number, r.policy = oldChainNames[hook], 0, &ch.Policy
	ch.Family, ch.Table, ch.Name, ch.Type = r.family, r.table, r.chain, r.table
	ch.Hook.Ok, ch.Hook.V.Num = true, hook
	if r.table == "raw" {
		ch.Hook.V.Priority = -300 // NF_IP_PRI_RAW
	}
}

// verdict is what a target does; nil is the beginning of a chain of the user's, or the
// end. next is where the next entry is.
func (r *oldReader) verdict(next uint32, b []byte) nft.Expr {
	kind := text0(b[2:31])
	switch verdict := int32(binary.NativeEndian.Uint32(b[nameLen:])); {
	case kind == "ERROR":
		r.chain, r.number = text0(b[nameLen:]), 0
		r.chains[next] = r.chain
		return nil
	case kind != "":
		return &nft.Target{Info: oldInfo(xt.TargetKind, b)}
	case verdict == -1:
		return nft.Drop()
	case verdict == -2:
		return nft.Accept()
	case verdict == -5:
		return nft.Return()
	case uint32(verdict) == next:
		return &nft.Counter{} // it goes on
	default:
		jump := nft.Jump("")
		jump.Data.Verdict.V.ChainID = uint32(verdict)
		r.jumps = append(r.jumps, jump)
		return jump
	}
}

// add makes a rule of an entry up to its target.
func (r *oldReader) add(b []byte, verdict nft.Expr) {
	exprs := oldHeader(b, r.addrLen, r.fields)
	for b = b[r.head:]; len(b) >= nameLen; {
		size := int(binary.NativeEndian.Uint16(b))
		if size < nameLen || size > len(b) {
			break
		}
		exprs = append(exprs, &nft.Match{Info: oldInfo(xt.MatchKind, b[:size])})
		b = b[size:]
	}
	r.rs.Rules = append(r.rs.Rules, nft.Rule{})
	rule := &r.rs.Rules[len(r.rs.Rules)-1]
	rule.Family, rule.Table, rule.Chain, rule.Handle, rule.Exprs = r.family, r.table, r.chain, r.number, append(exprs, verdict)
}

// text0 is a text that ends at the first zero.
func text0(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}

// oldHeader compares addresses, devices and the protocol.
func oldHeader(b []byte, addrLen, fields int) (exprs []nft.Expr) {
	ipv6 := addrLen == 16
	proto, flags, inv := byte(binary.NativeEndian.Uint16(b[fields:])), b[fields+2], b[fields+3]
	if ipv6 {
		flags, inv = b[fields+3], b[fields+4]
	}
	compare := func(load nft.Expr, value, mask []byte, not bool) {
		n := len(bytes.TrimRight(mask, "\x00"))
		if n == 0 {
			return
		}
		exprs = append(exprs, load)
		if bytes.Count(mask, []byte{0xff}) < n { // not whole bytes
			n = len(mask)
			exprs = append(exprs, &nft.Bitwise{Sreg: nft.Reg1, Dreg: nft.Reg1, Len: uint32(n), Mask: mask, Xor: make([]byte, n)})
		}
		if p, ok := load.(*nft.Payload); ok {
			p.Len = uint32(n)
		}
		op := nft.Eq
		if not {
			op = nft.Neq
		}
		exprs = append(exprs, &nft.Cmp{Sreg: nft.Reg1, Op: op, Data: value[:n]})
	}
	offset := uint32(12) // of struct iphdr's saddr
	if ipv6 {
		offset = 8
	}
	names := 4 * addrLen
	for i := range 2 {
		at, mask := i*addrLen, (2+i)*addrLen
		compare(&nft.Payload{Dreg: nft.Reg1, Base: nft.NetworkHeader, Offset: offset + uint32(at)},
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
