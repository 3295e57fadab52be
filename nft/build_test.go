//go:build linux

package nft_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
	"github.com/minins/minins/nl"
)

var update = flag.Bool("update", false, "rewrite the .golden files")

// builds makes the batches that the tools sent in captures of the same name.
var builds = []struct {
	capture, command string
	build            func(b *nft.Batch)
}{
	{"ipt-nat-masq-saddr", "iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -j MASQUERADE", func(b *nft.Batch) {
		b.AddTable(&nft.Table{Family: nft.IPv4, Name: "nat"})
		b.AddChain(chain(nft.IPv4, "nat", "POSTROUTING", "nat", nft.Postrouting, nft.PrioritySrcNAT))
		b.AddRule(rule(nft.IPv4, "nat", "POSTROUTING", 0, source(nft.Eq, "192.168.15.0/24"), counter(), target(xt.Masquerade(false))))
	}},
	{"ipt-nat-masq-noto", "iptables -t nat -A POSTROUTING -s 192.168.15.0/24 ! -o v-net-0 -j MASQUERADE", func(b *nft.Batch) {
		b.AddRule(rule(nft.IPv4, "nat", "POSTROUTING", 0, iface(nft.MetaOIFName, nft.Neq, "v-net-0"),
			source(nft.Eq, "192.168.15.0/24"), counter(), target(xt.Masquerade(false))))
	}},
	{"ipt-nat-dnat-dport", "iptables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination 192.168.15.2:80", func(b *nft.Batch) {
		b.AddChain(chain(nft.IPv4, "nat", "PREROUTING", "nat", nft.Prerouting, nft.PriorityDstNAT))
		b.AddRule(rule(nft.IPv4, "nat", "PREROUTING", 6, proto(6), dport(80), counter(), target(xt.DNAT(red, red).Ports(80, 80))))
	}},
	{"ipt-nat-snat", "iptables -t nat -A POSTROUTING -s 192.168.15.0/24 -o eth0 -j SNAT --to-source 10.0.0.1", func(b *nft.Batch) {
		b.AddRule(rule(nft.IPv4, "nat", "POSTROUTING", 0, iface(nft.MetaOIFName, nft.Eq, "eth0"),
			source(nft.Eq, "192.168.15.0/24"), counter(), target(xt.SNAT(host, host))))
	}},
	{"ipt-nat-redirect", "iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080", func(b *nft.Batch) {
		b.AddRule(rule(nft.IPv4, "nat", "PREROUTING", 6, proto(6), dport(80), counter(), target(xt.Redirect(false).Ports(8080, 8080))))
	}},
	{"ipt-filter-fwd-ctstate", "iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", func(b *nft.Batch) {
		b.AddRule(rule(nft.IPv4, "filter", "FORWARD", 0, match(xt.CtState(xt.CtRelated|xt.CtEstablished)), counter(), []nft.Expr{nft.Accept()}))
	}},
	{"ipt-filter-reject", "iptables -A FORWARD -s 10.1.0.0/16 -j REJECT --reject-with icmp-port-unreachable", func(b *nft.Batch) {
		b.AddRule(rule(nft.IPv4, "filter", "FORWARD", 0, source(nft.Eq, "10.1.0.0/16"), counter(), target(&xt.Reject{With: xt.ICMPPortUnreachable})))
	}},
	{"ipt-filter-policy", "iptables -P FORWARD DROP", func(b *nft.Batch) {
		ch := chain(nft.IPv4, "filter", "FORWARD", "filter", nft.Forward, nft.PriorityFilter)
		ch.Policy, ch.Counters = nl.Some(nft.VerdictDrop), nl.Some(nft.Counters{})
		b.SetChain(ch)
	}},
	{"ipt-jump", "iptables -t nat -A POSTROUTING -j MININS", func(b *nft.Batch) {
		b.AddRule(rule(nft.IPv4, "nat", "POSTROUTING", 0, counter(), []nft.Expr{nft.Jump("MININS")}))
	}},
	{"ipt-flush-chain", "iptables -t nat -F PREROUTING", func(b *nft.Batch) { b.FlushChain(nft.IPv4, "nat", "PREROUTING") }},
	{"ip6t-nat-masq", "ip6tables -t nat -A POSTROUTING -s fd00:15::/64 -j MASQUERADE", func(b *nft.Batch) {
		b.AddTable(&nft.Table{Family: nft.IPv6, Name: "nat"})
		b.AddChain(chain(nft.IPv6, "nat", "POSTROUTING", "nat", nft.Postrouting, nft.PrioritySrcNAT))
		b.AddRule(rule(nft.IPv6, "nat", "POSTROUTING", 0, source(nft.Eq, "fd00:15::/64"), counter(), target(xt.Masquerade(true))))
	}},
	{"ip6t-nat-dnat", "ip6tables -t nat -A PREROUTING -p tcp --dport 80 -j DNAT --to-destination [fd00:15::2]:8080", func(b *nft.Batch) {
		b.AddChain(chain(nft.IPv6, "nat", "PREROUTING", "nat", nft.Prerouting, nft.PriorityDstNAT))
		b.AddRule(rule(nft.IPv6, "nat", "PREROUTING", 6, proto(6), dport(80), counter(), target(xt.DNAT(red6, red6).Ports(8080, 8080))))
	}},
	{"ip6t-nat-snat", "ip6tables -t nat -A POSTROUTING -o eth0 -j SNAT --to-source 2001:db8::1", func(b *nft.Batch) {
		b.AddRule(rule(nft.IPv6, "nat", "POSTROUTING", 0, iface(nft.MetaOIFName, nft.Eq, "eth0"), counter(), target(xt.SNAT(out6, out6))))
	}},
	{"nft-anon-set", "nft add rule ip kf c tcp dport { 80, 443 } accept", func(b *nft.Batch) {
		id := uint32(7) // a number by which nft has read more or less of what was there
		if testns.Order() == "big" {
			id = 9
		}
		b.AddSet(&nft.Set{
			Family: nft.IPv4, Table: "kf", Name: "__set%d", Flags: nl.Some(nft.SetAnonymous | nft.SetConstant),
			KeyType: 13, KeyLen: 2, ID: id, Desc: nl.Some(nft.SetDesc{Size: 2}),
			Userdata: slices.Concat([]byte{0, 4}, native(2), []byte{3, 20, 0, 4}, native(7), []byte{1, 12, 0, 4}, native(8), []byte{1, 4}, native(2)),
		})
		b.AddElems(&nft.Elems{Family: nft.IPv4, Table: "kf", Set: "__set%d", SetID: id, Elems: []nft.Elem{{Key: []byte{0, 80}}, {Key: []byte{1, 187}}}})
		b.AddRule(&nft.Rule{Family: nft.IPv4, Table: "kf", Chain: "c", Exprs: append(proto(6),
			&nft.Payload{Dreg: nft.Reg1, Base: nft.TransportHeader, Offset: 2, Len: 2},
			&nft.Lookup{Sreg: nft.Reg1, Set: "__set%d", SetID: id}, nft.Accept())})
	}},
}

// native is a number as nft notes it in the userdata of a set.
func native(n uint32) []byte { return binary.NativeEndian.AppendUint32(nil, n) }

// sentBatch is the batch that a capture holds.
func sentBatch(t *testing.T, name string) []byte {
	t.Helper()
	for _, d := range capture(t, recorded(name)+name+".hex") {
		if h, _, _, _ := nl.Next(d.data); d.sent && h.Type == unix.NFNL_MSG_BATCH_BEGIN {
			return d.data
		}
	}
	t.Fatalf("%s: no batch", name)
	return nil
}

// pretend builds a batch and returns the datagram that Commit sends.
func pretend(t *testing.T, build func(b *nft.Batch)) []byte {
	t.Helper()
	var sent []byte
	c := nft.New(nl.Pretend(nft.Protocol, func(d []byte, reply func([]byte)) {
		if h, _, _, _ := nl.Next(d); h.Type == unix.NFNL_MSG_BATCH_BEGIN {
			sent = bytes.Clone(d)
			return
		}
		reply(message(t, nftMsg(unix.NFT_MSG_NEWGEN), seq(d), &nft.Gen{ID: 1}))
	}))
	b := c.Begin(t.Context())
	build(b)
	if err := b.Commit(t.Context()); !errors.Is(err, nft.ErrUnconfirmed) { // nobody acknowledges
		t.Fatalf("err = %v", err)
	}
	return sent
}

func nftMsg(msg uint16) uint16 { return unix.NFNL_SUBSYS_NFTABLES<<8 | msg }

func seq(d []byte) uint32 { return binary.NativeEndian.Uint32(d[8:]) }

// message is a whole message, header included.
func message(t *testing.T, typ uint16, seq uint32, m nl.Message) []byte {
	t.Helper()
	body, err := new(nl.Coder).Append(make([]byte, 16), m)
	if err != nil {
		t.Fatal(err)
	}
	binary.NativeEndian.PutUint32(body, uint32(len(body)))
	binary.NativeEndian.PutUint16(body[4:], typ)
	binary.NativeEndian.PutUint32(body[8:], seq)
	return body
}

// masked explains a batch without what differs by its nature: lengths,
// offsets, sequence numbers, the generation and the request to acknowledge.
func masked(d []byte) string {
	var text, out strings.Builder
	nft.Protocol.Explain(&text, d)
	for line := range strings.Lines(text.String()) {
		what := line[min(31, len(line)):]
		switch {
		case strings.HasPrefix(what, "nlmsg_len = "), strings.HasPrefix(what, "nlmsg_seq"), strings.HasSuffix(what, "(padding)\n"),
			strings.HasPrefix(what, "NFNL_BATCH_GENID"):
			continue
		case strings.HasPrefix(what, "nlmsg_flags"):
			line = line[:6] + "  " + strings.Replace(what, "|NLM_F_ACK", "", 1)
		}
		out.WriteString(line[min(6, len(line)-1):])
	}
	return out.String()
}

// TestBuilds makes the batches of captures, byte for byte, and explains them
// in NAME.golden beside them.
func TestBuilds(t *testing.T) {
	for _, tt := range builds {
		t.Run(tt.capture, func(t *testing.T) {
			got := pretend(t, tt.build)
			var text bytes.Buffer
			text.WriteString("$ " + tt.command + "\n")
			nft.Protocol.Explain(&text, got)
			golden(t, recorded(tt.capture)+tt.capture+".golden", text.Bytes())
			if *update {
				return // the capture may be still to be recorded
			}
			if g, w := masked(got), masked(sentBatch(t, tt.capture)); g != w {
				t.Errorf("%s\ngot\n%s\nwant\n%s", tt.command, g, w)
			}
		})
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s (rewrite with -update)\ngot\n%s\nwant\n%s", file, got, want)
	}
}

// TestOldKernel: before Linux 6.10 the end of a batch is not acknowledged, and
// a new generation is the sign of success.
func TestOldKernel(t *testing.T) {
	for _, works := range []bool{true, false} {
		gen := uint32(7)
		c := nft.New(nl.Pretend(nft.Protocol, func(d []byte, reply func([]byte)) {
			switch h, _, _, _ := nl.Next(d); {
			case h.Type == nftMsg(unix.NFT_MSG_GETGEN):
				reply(message(t, nftMsg(unix.NFT_MSG_NEWGEN), h.Seq, &nft.Gen{ID: gen}))
			case works:
				gen++
			}
		}))
		b := c.Begin(context.Background())
		b.AddTable(&nft.Table{Family: nft.IPv4, Name: "t"})
		if err := b.Commit(context.Background()); works && err != nil || !works && !errors.Is(err, nft.ErrUnconfirmed) {
			t.Errorf("works %v: err = %v", works, err)
		}
	}
}
