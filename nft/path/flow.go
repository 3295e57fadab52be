//go:build linux

package path

import (
	"encoding/hex"
	"math"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/ntop"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/lang"
	"github.com/minins/minins/nl"
)

// A Flow is a packet and what answers it, as rules tell them from all others.
//
// Of a packet that is sent to be traced, it is what NAT leaves as it is: the beginning
// of the data of ICMP and UDP, and the sequence number of a TCP SYN, which the answer
// acknowledges. An ICMP error has them, too, behind the header of the packet that it is
// about. What answers UDP is up to who does, so that is known by its port: the kernel
// puts the source port of the packet into a set as it goes by, here as NAT has made it.
//
// Of packets of others nothing is known but addresses (Foreign).
type Flow struct {
	Family nft.Family  // nft.IPv4 or nft.IPv6
	Proto  nft.IPProto // IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_TCP or IPPROTO_UDP
	Cookie [8]byte     // ICMP and UDP: what the data begins with
	Seq    uint32      // TCP: the sequence number of the SYN

	// Foreign is a flow of others: protocol Proto from or to one of Addrs, whatever else
	// is in it. Where NAT has changed both ends, its packets are not known any more. Of
	// those that are traced, the path is that of Follow, as it was first seen.
	Foreign bool
	Addrs   []netip.Addr
	Follow  *Packet
}

// ICMP is the protocol of ICMP in the family.
func (f *Flow) ICMP() nft.IPProto {
	if f.Family == nft.IPv6 {
		return unix.IPPROTO_ICMPV6
	}
	return unix.IPPROTO_ICMP
}

// The rules of flows, in the words of nft: of a packet, of what answers it, and of ICMP
// errors, which have a header of 8 bytes and then that of IP of the packet that they are
// about, 20 or 40 bytes. Capitals stand for values.
const (
	icmp4 = "meta l4proto 1 @th,64,64 COOKIE MARK;" +
		"meta l4proto 1 @th,288,64 COOKIE MARK"
	icmp6 = "meta l4proto 58 @th,64,64 COOKIE MARK;" +
		"meta l4proto 58 @th,448,64 COOKIE MARK"
	tcp = "tcp sequence SEQ MARK;" +
		"tcp ackseq ACK MARK;"
	tcp4 = tcp + "meta l4proto 1 @th,256,32 SEQ MARK"
	tcp6 = tcp + "meta l4proto 58 @th,416,32 SEQ MARK"
	// What answers comes first, as it may have the cookie as well, and the verdict tells
	// that it was that rule.
	udp = "udp dport @" + learnt + " MARK accept;" +
		"meta l4proto udp @th,64,64 COOKIE MARK " + learns + ";"
	udp4 = udp + "meta l4proto 1 @th,224,16 @" + learnt + " MARK"
	udp6 = udp + "meta l4proto 58 @th,384,16 @" + learnt + " MARK"

	foreign4 = "meta l4proto PROTO ip saddr ADDR MARK;meta l4proto PROTO ip daddr ADDR MARK"
	foreign6 = "meta l4proto PROTO ip6 saddr ADDR MARK;meta l4proto PROTO ip6 daddr ADDR MARK"

	// Questions for neighbours, and answers, which the packet waits for.
	arp = "meta protocol arp MARK"
	nd  = "icmpv6 type 135-136 MARK"

	learnt = "ports"
	learns = "add @" + learnt + " { udp sport }"
)

// rules are those of the flow, and of neighbours, in a table of a family.
func (f *Flow) rules(family nft.Family) []string {
	texts := [...]string{icmp4, icmp6, tcp4, tcp6, udp4, udp6, foreign4, foreign6}
	i := 0
	switch {
	case f.Foreign:
		i = 6
	case f.Proto == unix.IPPROTO_TCP:
		i = 2
	case f.Proto == unix.IPPROTO_UDP:
		i = 4
	}
	if f.Family == nft.IPv6 {
		i++
	}
	text := texts[i]
	if f.Foreign {
		text = ""
		for _, a := range f.Addrs {
			each := strings.ReplaceAll(texts[i], "ADDR", ntop.Text(a))
			text += ";" + strings.ReplaceAll(each, "PROTO", decimal(uint32(f.Proto)))
			if f.Proto != f.ICMP() {
				text += ";" + strings.ReplaceAll(each, "PROTO", decimal(uint32(f.ICMP())))
			}
		}
		text = strings.TrimPrefix(text, ";")
	}
	protocol := ""
	if family == nft.Bridge { // other frames have no such headers
		protocol = "meta protocol " + f.Family.Keyword() + " "
	}
	text = protocol + strings.ReplaceAll(text, ";", ";"+protocol)
	switch {
	case f.Family == nft.IPv6:
		text += ";" + protocol + nd
	case family == nft.ARP:
		text = arp
	case family == nft.Bridge:
		text += ";" + arp
	}
	for _, value := range [...][2]string{
		{"COOKIE", "0x" + hex.EncodeToString(f.Cookie[:])}, {"SEQ", decimal(f.Seq)}, {"ACK", decimal(f.Seq + 1)}, {"MARK", "meta nftrace set 1"},
	} {
		text = strings.ReplaceAll(text, value[0], value[1])
	}
	return strings.Split(text, ";")
}

func decimal(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

// A station is a chain of the table, named for its hook.
type station struct {
	name string
	hook nft.HookNum
	last bool // it is behind all other chains of the hook
	arp  bool // ARP passes it as well
}

var stations = [...]station{
	{"prerouting", nft.Prerouting, false, false},
	{"input", nft.Input, false, true},
	{"input-end", nft.Input, true, true},
	{"forward", nft.Forward, false, false},
	{"output", nft.Output, false, true},
	{"postrouting", nft.Postrouting, false, false},
	{"postrouting-end", nft.Postrouting, true, false},
}

// AddTable adds requests to a transaction that make a table of a family, which marks the
// packets of the flow: the flow's own family, [nft.Bridge], for frames that a bridge
// forwards, or, of IPv4, [nft.ARP], for questions for neighbours ([Neighbours]). The table goes with the socket of the batch (NFT_TABLE_F_OWNER, Linux 5.12).
// Its chains accept everything, and keep no connection tracked that would not be.
//
// Equivalent to: nft add table ip $name '{ flags owner; chain prerouting { type filter
// hook prerouting priority -2147483648; icmp … meta nftrace set 1; }; … }'
func (f *Flow) AddTable(b *nft.Batch, family nft.Family, name string) error {
	b.CreateTable(&nft.Table{Family: family, Name: name, Flags: nl.Some(nft.TableOwner)})
	if f.Proto == unix.IPPROTO_UDP && !f.Foreign && family != nft.ARP {
		b.AddSet(&nft.Set{Family: family, Table: name, Name: learnt, KeyType: typeService, KeyLen: 2, ID: 1, Flags: nl.Some(nft.SetEval)})
	}
	rules := f.rules(family)
	ch := nft.Chain{Family: family, Table: name, Type: "filter", Policy: nl.Some(nft.VerdictAccept)}
	r := nft.Rule{Family: family, Table: name}
	for _, s := range stations {
		if family == nft.ARP {
			if !s.arp {
				continue
			}
			s.hook = arpHooks[s.hook]
		}
		ch.Name = s.name
		ch.Hook = nl.Some(nft.Hook{Num: s.hook, Priority: math.MinInt32}) // NF_IP_PRI_FIRST; raw is -300
		if s.last {
			ch.Hook.V.Priority = math.MaxInt32
		}
		b.AddChain(&ch)
		for _, rule := range rules {
			if s.last && !strings.HasSuffix(rule, learns) {
				continue // the packet is marked, so that the end of the chain is an event
			}
			cmds, err := lang.Parse("", "add rule "+family.Keyword()+" x x "+rule, &names{})
			if err != nil {
				return err
			}
			made, err := cmds[0].Make(s.hook, &names{}, new(uint32))
			if err != nil {
				return err
			}
			r.Chain, r.Exprs = s.name, made.Exprs
			b.AddRule(&r)
		}
	}
	return nil
}

// arpHooks are the hooks of ARP, which linux/netfilter_arp.h counts for itself.
var arpHooks = [...]nft.HookNum{nft.Input: 0, nft.Output: 1}

// typeService is nft's number for inet_service.
const typeService = 13

// names is what rules of a flow refer to: the set, and nothing else.
type names struct{}

func (*names) SetTypes(nft.Family, string, string) (key, data []*lang.Datatype, flags nft.SetFlags, ok bool) {
	return lang.TypesOf(typeService), nil, nft.SetEval, true
}

func (*names) Device(string) (index uint32, ok bool)         { return 0, false }
func (*names) Service(string, string) (port uint16, ok bool) { return 0, false }
func (*names) Host(string, bool) (addrs [][]byte)            { return nil }
func (*names) Account(string, bool) (id uint32, ok bool)     { return 0, false }
func (*names) Include(string) (files []lang.File, err error) { return nil, nil }
