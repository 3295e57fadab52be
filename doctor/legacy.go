//go:build linux

package doctor

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"runtime"
	"strconv"
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

// An oldTable is a table of iptables-legacy.
type oldTable struct {
	*OldEntries
	ns   *survey.Namespace
	name string
	ipv6 bool
}

// An oldRule is a rule of one.
type oldRule struct {
	*oldTable
	chain  string
	number int
	policy bool
}

func (r *oldRule) command() string {
	if r.ipv6 {
		return "ip6tables-legacy -t " + r.name
	}
	return "iptables-legacy -t " + r.name
}

// String is where it is.
func (r *oldRule) String() string {
	if r.policy {
		return "iptables-legacy: table " + r.name + ", chain " + r.chain + ": policy DROP"
	}
	return "iptables-legacy: table " + r.name + ", chain " + r.chain + ", rule " + strconv.Itoa(r.number) + " (" + r.command() + " -S " + r.chain + " " + strconv.Itoa(r.number) + ")"
}

func (r *oldRule) del() string { return r.command() + " -D " + r.chain + " " + strconv.Itoa(r.number) }

// oldOrder is that of the tables at each hook, and oldChainNames those of their chains.
var (
	oldOrder      = [...]string{"raw", "mangle", "nat", "filter", "security"}
	oldChainNames = [...]string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}
)

// oldTables are those of a namespace, read once.
func (w *walk) oldTables(n *survey.Namespace) []*oldTable {
	if all, ok := w.old[n]; ok {
		return all
	}
	var all []*oldTable
	for _, ipv6 := range [...]bool{false, true} {
		file := "ip_tables_names"
		if ipv6 {
			file = "ip6_tables_names"
		}
		names, err := w.host.Net(n, file)
		if err != nil {
			if !errors.Is(err, unix.EACCES) { // it is not shown to who cannot change it, and not to a user namespace
				w.unseen(n, "/proc/net/"+file, err)
			}
			continue
		}
		there := "\n" + names
		for _, name := range oldOrder {
			if !strings.Contains(there, "\n"+name+"\n") {
				continue
			}
			e, err := w.host.Legacy(n, name, ipv6)
			if err != nil {
				w.unseen(n, "table "+name+" of iptables-legacy", err)
				continue
			}
			all = append(all, &oldTable{e, n, name, ipv6})
		}
	}
	if w.old == nil {
		w.old = map[*survey.Namespace][]*oldTable{}
	}
	w.old[n] = all
	return all
}

// oldChains shows a packet to the chains of iptables-legacy.
func (w *walk) oldChains(m *machine) bool {
	for _, t := range w.oldTables(m.conn.ns) {
		if t.ipv6 == m.packet.dst.Is4() || t.Valid>>m.num&1 == 0 || t.name == "nat" && m.packet.reply {
			continue
		}
		m.unsure = false
		o := m.oldChain(t, t.Entry[m.num], oldChainNames[m.num], 0)
		if o.nat {
			if !w.translate(m.conn, m.packet, &o, m.out, m.by) {
				return false
			}
			continue
		}
		if o.code != nft.VerdictDrop {
			continue
		}
		if m.unsure {
			w.suspect(o.at, m.packet)
			continue
		}
		return w.fault("filter/legacy", &facts{n: m.conn.ns, p: m.packet, r: o.at, remedy: w.allow(m, o.at)})
	}
	return true
}

// oldChain runs entries from a place on, as [machine.chain] does rules.
func (m *machine) oldChain(t *oldTable, at uint32, name string, depth int) outcome {
	addrLen, head := 4, 112 // struct ipt_entry
	if t.ipv6 {
		addrLen, head = 16, 168
	}
	if runtime.GOARCH == "386" && t.ipv6 {
		head = 164
	}
	names := 4 * addrLen
	fields := names + 64 // behind the names of devices and their masks
	offsets := fields + 8
	if t.ipv6 {
		offsets = fields + 12
	}
	for number := 1; int(at)+head <= len(t.Bytes); number++ {
		b := t.Bytes[at:]
		target, next := int(binary.NativeEndian.Uint16(b[offsets:])), binary.NativeEndian.Uint16(b[offsets+2:])
		if target < head || int(next) < target+36 || int(next) > len(b) {
			break // not as the kernel has it
		}
		takes := m.oldHeader(b, addrLen, names, fields, t.ipv6)
		for i := head; i+nameLen <= target && takes != no; {
			size := int(binary.NativeEndian.Uint16(b[i:]))
			if size < nameLen || i+size > target {
				takes = maybe
				break
			}
			takes = both(takes, m.match(m.oldInfo(xt.MatchKind, b[i:i+size])), yes)
			i += size
		}
		here := &place{ns: t.ns, old: &oldRule{oldTable: t, chain: name, number: number, policy: at == t.Underflow[m.num]}}
		o := outcome{code: nft.VerdictContinue, at: here}
		kind, _, _ := strings.Cut(string(b[target+2:target+31]), "\x00")
		verdict := int32(binary.NativeEndian.Uint32(b[target+nameLen:]))
		here2 := at
		at += uint32(next)
		if kind == "ERROR" {
			break
		}
		if takes == no {
			continue
		}
		before := m.unsure
		m.unsure = m.unsure || takes == maybe
		switch {
		case kind != "":
			m.target(m.oldInfo(xt.TargetKind, b[target:next]), &o)
			if o.code == nft.VerdictContinue && !o.nat {
				m.unsure = before
				continue
			}
		case verdict == -1:
			o.code = nft.VerdictDrop
		case verdict == -2:
			o.code = nft.VerdictAccept
		case verdict == -5: // return
			if takes == yes {
				return outcome{code: nft.VerdictContinue}
			}
			continue
		case verdict >= 0 && uint32(verdict) == here2+uint32(next), depth > 16: // the next one
			continue
		case verdict >= 0:
			if inner := m.oldChain(t, uint32(verdict), t.oldName(uint32(verdict)), depth+1); inner.at != nil {
				return inner
			}
			continue
		}
		if takes == maybe {
			if o.code == nft.VerdictDrop {
				m.suspect(here, m.packet)
				m.unsure = before
			}
			continue
		}
		return o
	}
	return outcome{code: nft.VerdictContinue}
}

// oldName is the name of a chain of the user's: that of the ERROR entry before it.
func (t *oldTable) oldName(at uint32) string {
	head := t.Bytes[:at]
	i := strings.LastIndex(string(head), "ERROR\x00")
	if i < 0 || i+30 > len(head) {
		return "?"
	}
	name, _, _ := strings.Cut(string(head[i+30:]), "\x00")
	return name
}

// oldHeader compares addresses, devices and the protocol.
func (m *machine) oldHeader(b []byte, addrLen, names, fields int, ipv6 bool) answer {
	flags, inv := b[fields+2], b[fields+3]
	if ipv6 {
		flags, inv = b[fields+3], b[fields+4]
	}
	for i, a := range [...]netip.Addr{m.packet.src, m.packet.dst} {
		have, want, mask := a.AsSlice(), b[i*addrLen:], b[(2+i)*addrLen:]
		same := true
		for j := range have {
			same = same && have[j]&mask[j] == want[j]
		}
		if same == (inv&(8<<i) != 0) { // IPT_INV_SRCIP, IPT_INV_DSTIP
			return no
		}
	}
	for i, l := range [...]*survey.Link{m.by, m.out} {
		var have [16]byte
		if l != nil {
			copy(have[:], l.Name)
		}
		want, mask := b[names+16*i:], b[names+32+16*i:]
		same := true
		for j := range have {
			same = same && have[j]&mask[j] == want[j]
		}
		if same == (inv&(1<<i) != 0) { // IPT_INV_VIA_IN, IPT_INV_VIA_OUT
			return no
		}
	}
	proto := uint8(binary.NativeEndian.Uint16(b[fields:]))
	if flags&1 != 0 && ipv6 || !ipv6 { // IP6T_F_PROTO
		if proto != 0 && (proto == m.packet.number()) == (inv&0x40 != 0) { // XT_INV_PROTO
			return no
		}
	}
	if flags&1 != 0 && !ipv6 { // IPT_F_FRAG: no fragments here
		return when(inv&0x20 != 0)
	}
	return yes
}

// oldInfo decodes what a match or target is told.
func (m *machine) oldInfo(k xt.Kind, b []byte) xt.Info {
	name, _, _ := strings.Cut(string(b[2:31]), "\x00")
	info := xt.New(k, name, uint32(b[31]), len(b)-nameLen)
	var c nl.Coder
	if err := c.Decode(b[nameLen:], info); err != nil {
		return &xt.Raw{Extension: name}
	}
	return info
}
