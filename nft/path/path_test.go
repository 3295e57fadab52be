//go:build linux

package path_test

import (
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/path"
	"github.com/minins/minins/nl"
)

func TestMain(m *testing.M) { testns.Main(m) }

var update = flag.Bool("update", false, "rewrite testdata/tables.nft")

const own = path.TablePrefix + "1"

// packet is the headers of "a > b request 1 id 5", or of a reply or an error: addresses
// are the last byte of 10.0.0.0/8, the number is that in the sequence.
func packet(t *testing.T, words []string) (network, transport []byte) {
	t.Helper()
	number := func(word string) uint16 {
		n, err := strconv.Atoi(word)
		if err != nil {
			t.Fatal(err)
		}
		return uint16(n)
	}
	network = make([]byte, 20)
	network[0], network[9], network[12], network[16] = 0x45, unix.IPPROTO_ICMP, 10, 10
	network[15], network[19] = byte(number(words[0])), byte(number(words[2]))
	binary.BigEndian.PutUint16(network[4:], number(words[6]))
	transport = []byte{map[string]byte{"request": 8, "reply": 0, "error": 3}[words[3]], 0, 0, 0, 0, 7, 0, byte(number(words[4]))}
	return network, transport
}

// events are one in a line: the namespace, the id, the family, the table and chain, "own" being
// that of ours, what happened, links, and, if it is the first of the chain, a packet:
//
//	0 a ip own output rule in 0 out 2 1 > 8 request 1 id 5
//	0 a ip nat POSTROUTING accept
func events(t *testing.T, text string) (all []path.Heard) {
	t.Helper()
	for line := range strings.Lines(text) {
		w := strings.Fields(line)
		if len(w) == 0 {
			continue
		}
		where, err := strconv.Atoi(w[0])
		if err != nil {
			t.Fatal(err)
		}
		e := &nft.Trace{ID: uint32(w[1][0]), Table: w[3], Chain: w[4], Type: unix.NFT_TRACETYPE_RULE, Family: map[string]nft.Family{"ip": nft.IPv4, "arp": nft.ARP, "bridge": nft.Bridge, "inet": nft.Inet, "netdev": nft.Netdev}[w[2]]}
		e.NFProto = nft.NATFamily(e.Family)
		if e.Family == nft.Inet {
			e.NFProto = nft.NATFamily(nft.IPv4)
		}
		if e.Table == "own" {
			e.Table = own
		}
		code := map[string]nft.VerdictCode{"accept": nft.VerdictAccept, "drop": nft.VerdictDrop, "queue": nft.VerdictQueue | 5<<16, "rule": nft.VerdictContinue, "end": nft.VerdictContinue}
		switch kind, policy := strings.CutPrefix(w[5], "policy-"); {
		case policy:
			e.Type, e.Policy = unix.NFT_TRACETYPE_POLICY, nl.Some(code[kind])
		default:
			e.Verdict = nl.Some(nft.Verdict{Code: code[kind]})
			if kind != "end" {
				e.RuleHandle = 7
			}
		}
		if len(w) > 6 {
			e.IIF, e.OIF = uint32(w[7][0]-'0'), uint32(w[9][0]-'0')
			e.NetworkHeader, e.TransportHeader = packet(t, w[10:])
		}
		all = append(all, path.Heard{Where: where, Trace: e})
	}
	return all
}

// show is legs as text, without what our own table says beside links and the end.
func show(legs []path.Leg) string {
	var b strings.Builder
	for _, l := range legs {
		fmt.Fprintf(&b, "%s %s\n", [...]string{path.Request: "request", path.Reply: "reply", path.Error: "error"}[l.Kind],
			[...]string{"vanished", "delivered", "dropped", "taken", "left"}[l.Fate])
		for _, v := range l.Visits {
			fmt.Fprintf(&b, " %d in %d out %d\n", v.Where, v.In, v.Out)
			for _, s := range v.Steps {
				if !s.Own {
					nested := ""
					if v.Nested(&s) && s.Hooks != nft.Netdev {
						nested = " nested"
					}
					fmt.Fprintf(&b, "  %s %s %s %s %d%s\n", s.Hooks.Keyword(), strings.ToLower(strings.TrimPrefix(s.Hook.String(), "NF_INET_")), s.Table, s.Chain, s.Verdict().Code, nested)
				}
			}
		}
	}
	return b.String()
}

// passes are the events of a hook or more, in ip, of a packet that is made in 0, forwarded
// from link 2 to 3 by 1, and delivered in 2, and the answer. Link 2 of 0 and 3 of 1 lead to links 2.
const (
	made = `
		0 a ip own output rule in 0 out 2 1 > 8 request 1 id 5
		0 a ip own postrouting rule in 0 out 2 1 > 8 request 1 id 5
		0 a ip own postrouting-end end in 0 out 2 1 > 8 request 1 id 5
		0 a ip own postrouting-end policy-accept`
	forwarded = `
		1 b ip own prerouting rule in 2 out 0 1 > 8 request 1 id 5
		1 b ip own prerouting policy-accept
		1 b ip own forward rule in 2 out 3 1 > 8 request 1 id 5
		1 b ip filter FORWARD accept in 2 out 3 1 > 8 request 1 id 5
		1 b ip own postrouting rule in 2 out 3 1 > 8 request 1 id 5
		1 b ip nat POSTROUTING rule in 2 out 3 1 > 8 request 1 id 5
		1 b ip nat POSTROUTING policy-accept
		1 b ip own postrouting-end end in 2 out 3 9 > 8 request 1 id 5`
	delivered = `
		2 c ip own prerouting rule in 2 out 0 9 > 8 request 1 id 5
		2 c ip own input rule in 2 out 0 9 > 8 request 1 id 5
		2 c ip own input-end end in 2 out 0 9 > 8 request 1 id 5`
	answered = `
		2 c ip own output rule in 0 out 2 8 > 9 reply 1 id 6
		2 c ip own postrouting rule in 0 out 2 8 > 9 reply 1 id 6
		2 c ip own postrouting-end end in 0 out 2 8 > 9 reply 1 id 6
		1 b ip own prerouting rule in 3 out 0 8 > 9 reply 1 id 6
		1 b ip own forward rule in 3 out 2 8 > 1 reply 1 id 6
		1 b ip filter FORWARD policy-accept in 3 out 2 8 > 1 reply 1 id 6
		1 b ip own postrouting rule in 3 out 2 8 > 1 reply 1 id 6
		1 b ip own postrouting-end end in 3 out 2 8 > 1 reply 1 id 6
		0 a ip own prerouting rule in 2 out 0 8 > 1 reply 1 id 6
		0 a ip own input rule in 2 out 0 8 > 1 reply 1 id 6
		0 a ip own input-end end in 2 out 0 8 > 1 reply 1 id 6`
)

// cables are those of the constants above; with link 4 of 1 a bridge, 5 and 6 its ports,
// where link 2 of 3 and of 4 are behind.
func cables(v *path.Visit) (all []path.Arrival) {
	if _, up := v.Up(); up {
		return []path.Arrival{{Where: 1, Link: 4}}
	}
	for _, out := range v.Out {
		at, ok := map[[2]int]path.Arrival{
			{0, 2}: {Where: 1, Link: 2}, {1, 2}: {Where: 0, Link: 2}, {1, 3}: {Where: 2, Link: 2}, {2, 2}: {Where: 1, Link: 3},
			{1, 4}: {Where: 1, Link: 4}, {1, 5}: {Where: 3, Link: 2}, {1, 6}: {Where: 4, Link: 2}, {3, 2}: {Where: 1, Link: 5},
		}[[2]int{v.Where, int(out)}]
		if ok {
			all = append(all, at)
		}
	}
	return all
}

func unknown(*path.Visit) []path.Arrival { return nil }

func TestAssemble(t *testing.T) {
	there := "request delivered\n 0 in 0 out [2]\n 1 in 2 out [3]\n  ip forward filter FORWARD 1\n  ip post_routing nat POSTROUTING -1\n  ip post_routing nat POSTROUTING 1\n 2 in 2 out []\n"
	back := "reply delivered\n 2 in 0 out [2]\n 1 in 3 out [2]\n  ip forward filter FORWARD 1\n 0 in 2 out []\n"
	for _, tt := range []struct {
		name, events, want string
		next               path.Next
	}{
		{name: "nothing", next: cables},
		{name: "there and back", events: made + forwarded + delivered + answered, want: there + back, next: cables},
		{name: "namespaces are heard in another order", events: delivered + answered + forwarded + made, want: there + back, next: func(v *path.Visit) []path.Arrival { return cables(v) }},
		{name: "cables are not known", events: made + forwarded + delivered + answered, want: there + back, next: unknown},
		{name: "left", events: made + forwarded, want: strings.Replace(strings.TrimSuffix(there, " 2 in 2 out []\n"), "delivered", "left", 1), next: cables},
		{name: "sent again", events: made + made, want: "request left\n 0 in 0 out [2]\nrequest left\n 0 in 0 out [2]\n", next: cables},
		{
			name: "dropped by a policy", next: cables,
			events: made + `
				1 b ip own prerouting rule in 2 out 0 1 > 8 request 1 id 5
				1 b inet raw PREROUTING policy-drop`,
			want: "request dropped\n 0 in 0 out [2]\n 1 in 2 out []\n  ip pre_routing raw PREROUTING 0\n",
		},
		{
			name: "given to a program", next: cables,
			events: `
				0 a ip own output rule in 0 out 2 1 > 8 request 1 id 5
				0 a ip filter OUTPUT queue`,
			want: "request taken\n 0 in 0 out []\n  ip local_out filter OUTPUT 3\n",
		},
		{
			name: "no route", next: cables,
			events: made + `
				1 b ip own prerouting rule in 2 out 0 1 > 8 request 1 id 5
				1 b ip own prerouting policy-accept`,
			want: "request vanished\n 0 in 0 out [2]\n 1 in 2 out []\n",
		},
		{
			name: "an error", next: cables,
			events: made + `
				1 b ip own prerouting rule in 2 out 0 1 > 8 request 1 id 5
				1 b ip own forward rule in 2 out 3 1 > 8 request 1 id 5
				1 c ip own output rule in 0 out 2 3 > 1 error 0 id 9
				1 c ip own postrouting rule in 0 out 2 3 > 1 error 0 id 9
				1 c ip own postrouting-end end in 0 out 2 3 > 1 error 0 id 9
				1 b ip filter FORWARD drop
				0 c ip own prerouting rule in 2 out 0 3 > 1 error 0 id 9`,
			want: "request dropped\n 0 in 0 out [2]\n 1 in 2 out []\n  ip forward filter FORWARD 0\nerror vanished\n 1 in 0 out [2]\n 0 in 2 out []\n",
		},
		{
			name: "another packet gets the id", next: cables,
			events: made + `
				0 a ip own output end in 0 out 2 1 > 8 request 1 id 6
				0 a ip own output policy-accept
				0 a ip filter OUTPUT drop
				0 a ip filter OUTPUT drop in 0 out 2 1 > 8 request 2 id 7`,
			want: "request left\n 0 in 0 out [2]\n",
		},
		{
			name: "others trace as well", next: cables,
			events: `
				0 a ip own output rule in 0 out 2 1 > 8 request 1 id 5
				0 a ip trace-packet-2 output policy-accept in 0 out 2 1 > 8 request 1 id 5
				0 b ip own output end in 0 out 2 1 > 8 request 1 id 7
				0 b ip filter OUTPUT drop in 0 out 2 1 > 8 request 1 id 7
				0 a ip filter OUTPUT accept in 0 out 2 1 > 8 request 1 id 5`,
			want: "request vanished\n 0 in 0 out []\n  ip local_out filter OUTPUT 1\n",
		},
		{
			name: "two rules of ours", next: cables,
			events: `
				0 a ip own output rule in 0 out 2 1 > 8 request 1 id 5
				0 a ip own output rule
				0 a ip own output end
				0 a ip filter OUTPUT drop in 0 out 2 1 > 8 request 1 id 5`,
			want: "request dropped\n 0 in 0 out []\n  ip local_out filter OUTPUT 0\n",
		},
		{
			name: "a bridge with br_netfilter hands it up, and has it go out again", next: cables,
			events: `
				1 a bridge own prerouting rule in 5 out 0 1 > 8 request 1 id 5
				1 a bridge nat PREROUTING policy-accept
				1 a ip own prerouting rule in 4 out 0 1 > 8 request 1 id 5
				1 a ip nat PREROUTING policy-accept in 4 out 0 1 > 8 request 1 id 5
				1 a bridge own input rule in 5 out 0 1 > 8 request 1 id 5
				1 a bridge own input-end end in 5 out 0 1 > 8 request 1 id 5
				1 b ip own forward rule in 4 out 4 1 > 8 request 1 id 5
				1 b ip filter FORWARD accept in 4 out 4 1 > 8 request 1 id 5
				1 b ip own postrouting rule in 4 out 4 1 > 8 request 1 id 5
				1 b ip own postrouting-end end in 4 out 4 1 > 8 request 1 id 5
				1 b bridge own output rule in 0 out 6 1 > 8 request 1 id 5
				1 b bridge filter OUTPUT policy-accept
				1 b bridge own postrouting rule in 0 out 6 1 > 8 request 1 id 5
				1 b bridge own postrouting-end end in 0 out 6 1 > 8 request 1 id 5
				4 c ip own prerouting rule in 2 out 0 1 > 8 request 1 id 5`,
			want: "request vanished\n 1 in 5 out [4]\n  bridge pre_routing nat PREROUTING 1\n  ip pre_routing nat PREROUTING 1\n  ip forward filter FORWARD 1\n" +
				" 1 in 0 out [6]\n  bridge local_out filter OUTPUT 1\n 4 in 2 out []\n",
		},
		{
			name: "a bridge hands it up", next: cables,
			events: `
				1 a bridge own prerouting rule in 5 out 0 1 > 8 request 1 id 5
				1 a bridge own input rule in 5 out 0 1 > 8 request 1 id 5
				1 a bridge own input-end end in 5 out 0 1 > 8 request 1 id 5
				1 b ip own prerouting rule in 4 out 0 1 > 8 request 1 id 5
				1 b ip own input rule in 4 out 0 1 > 8 request 1 id 5
				1 b ip filter INPUT policy-drop in 4 out 0 1 > 8 request 1 id 5`,
			want: "request dropped\n 1 in 5 out []\n 1 in 4 out []\n  ip local_in filter INPUT 0\n",
		},
		{
			name: "a bridge sends copies", next: cables,
			events: `
				1 a bridge own prerouting rule in 3 out 0 1 > 8 request 1 id 5
				1 b bridge own forward rule in 3 out 5 1 > 8 request 1 id 5
				1 b bridge own postrouting rule in 3 out 5 1 > 8 request 1 id 5
				1 b bridge own postrouting-end end in 3 out 5 1 > 8 request 1 id 5
				1 a bridge own forward rule in 3 out 6 1 > 8 request 1 id 5
				1 a bridge own postrouting rule in 3 out 6 1 > 8 request 1 id 5
				1 a bridge own postrouting-end end in 3 out 6 1 > 8 request 1 id 5
				4 c ip own prerouting rule in 2 out 0 1 > 8 request 1 id 5
				4 c ip own input rule in 2 out 0 1 > 8 request 1 id 5
				4 c ip own input-end end in 2 out 0 1 > 8 request 1 id 5`,
			want: "request delivered\n 1 in 3 out [5 6]\n 4 in 2 out []\n",
		},
		{
			name: "a bridge with br_netfilter forwards, and nat sees it last", next: cables,
			events: `
				1 a bridge own prerouting rule in 5 out 0 1 > 8 request 1 id 5
				1 a ip own prerouting rule in 4 out 0 1 > 8 request 1 id 5
				1 a bridge own forward rule in 5 out 6 1 > 8 request 1 id 5
				1 a ip own forward rule in 4 out 4 1 > 8 request 1 id 5
				1 a ip filter FORWARD policy-accept in 4 out 4 1 > 8 request 1 id 5
				1 a bridge own postrouting rule in 5 out 6 1 > 8 request 1 id 5
				1 a bridge own postrouting-end end in 5 out 6 1 > 8 request 1 id 5
				1 a ip own postrouting rule in 4 out 4 1 > 8 request 1 id 5
				1 a ip nat POSTROUTING accept in 4 out 4 1 > 8 request 1 id 5
				1 a ip own postrouting-end end in 4 out 4 9 > 8 request 1 id 5
				4 c ip own prerouting rule in 2 out 0 9 > 8 request 1 id 5`,
			want: "request vanished\n 1 in 5 out [6]\n  ip forward filter FORWARD 1\n  ip post_routing nat POSTROUTING 1 nested\n 4 in 2 out []\n",
		},
		{
			name: "a device", next: cables,
			events: made + `
				0 a netdev x egress drop`,
			want: "request dropped\n 0 in 0 out [2]\n  netdev pre_routing x egress 0\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &path.Flow{Family: nft.IPv4, Proto: unix.IPPROTO_ICMP}
			if got := show(path.Assemble(events(t, tt.events), own, f, tt.next)); got != tt.want {
				t.Errorf("(-want +got)\n%s", testns.Diff(tt.want, got))
			}
		})
	}
}

// TestFollow keeps one packet of others.
func TestFollow(t *testing.T) {
	other := strings.NewReplacer("request 1", "request 2", "reply 1", "reply 2")
	f := &path.Flow{Family: nft.IPv4, Proto: unix.IPPROTO_ICMP, Foreign: true}
	all := events(t, made+other.Replace(made+forwarded+delivered+answered)+forwarded)
	if got := path.Assemble(all, own, f, cables); got != nil {
		t.Errorf("nothing is followed: %s", show(got))
	}
	f.Follow = path.Headers(all[0].Trace)
	want := "request left\n 0 in 0 out [2]\n 1 in 2 out [3]\n"
	if got := show(path.Assemble(all, own, f, cables)); !strings.HasPrefix(got, want) || strings.Contains(got, "reply") || strings.Contains(got, " 2 in") {
		t.Errorf("got %s", got)
	}
}

// TestHeaders reads those of a kernel, and any other bytes.
func TestHeaders(t *testing.T) {
	for _, tt := range []struct{ network, transport, want string }{
		{"450000540697400040015a19c0a80f020a4d0002", "0800f73d30cb0001a60a036b000000005bad0c00", "icmp echo-request 192.168.15.2 > 10.77.0.2 id 12491 seq 1"},
		{"45000054c2e200004001a32a0a4d00020a4d0001", "0000ff3d30cb0001a60a036b000000005bad0c00", "icmp echo-reply 10.77.0.2 > 10.77.0.1 id 12491 seq 1"},
		{"45000054c2e200004001a32a0a4d00020a4d0001", "0301ff3d30cb0001a60a036b000000005bad0c00", "icmp destination-unreachable code 1 10.77.0.2 > 10.77.0.1"},
		{"45000054c2e200004001a32a0a4d00020a4d0001", "0d01ff3d30cb0001a60a036b000000005bad0c00", "icmp type 13 code 1 10.77.0.2 > 10.77.0.1"},
		{"45000054c2e200004006a32a0a4d00020a4d0001", "0016005000000001000000025012000000000000", "tcp 10.77.0.2:22 > 10.77.0.1:80 syn ack"},
		{"45000054c2e200004011a32a0a4d00020a4d0001", "00160050000000010000", "udp 10.77.0.2:22 > 10.77.0.1:80"},
		{"6000000000083a40fd000000000000000000000000000001fd000000000000000000000000000002", "8000f73d30cb0001", "icmpv6 echo-request fd00::1 > fd00::2 id 12491 seq 1"},
		{"6000000000083a40fd000000000000000000000000000001fd000000000000000000000000000002", "0200f73d30cb0001", "icmpv6 packet-too-big code 0 fd00::1 > fd00::2"},
		{"0001080006040001aabbccddeeffc0a80f01000000000000c0a80f02", "", "arp request 192.168.15.1 > 192.168.15.2"},
		{"0001080006040002aabbccddeeffc0a80f02aabbccddee00c0a80f01", "", "arp reply 192.168.15.2 > 192.168.15.1"},
		{"6000000000203afffe800000000000000000000000000001ff0200000000000000000001ff000002", "8700f73d00000000", "icmpv6 nd-neighbor-solicit code 0 fe80::1 > ff02::1:ff00:2"},
		{"6000000000203afffe800000000000000000000000000001fd000000000000000000000000000002", "8800f73d60000000", "icmpv6 nd-neighbor-advert code 0 fe80::1 > fd00::2"},
		{"6000000000080640fd000000000000000000000000000001fd000000000000000000000000000002", "001600500000000100000002", "tcp [fd00::1]:22 > [fd00::2]:80"},
	} {
		network, err := hex.DecodeString(tt.network)
		if err != nil {
			t.Fatal(err)
		}
		transport, err := hex.DecodeString(tt.transport)
		if err != nil {
			t.Fatal(err)
		}
		if got := path.Headers(&nft.Trace{NetworkHeader: network, TransportHeader: transport}); got.String() != tt.want {
			t.Errorf("got  %v\nwant %s", got, tt.want)
		}
		for i := range network {
			if got := path.Headers(&nft.Trace{NetworkHeader: network[:i], TransportHeader: transport}); got != nil && i < 20 {
				t.Errorf("of %d bytes: %v", i, got)
			}
		}
		for i := range transport {
			_ = path.Headers(&nft.Trace{NetworkHeader: network, TransportHeader: transport[:i]}).String()
		}
	}
}

// TestRefusal tells what says that nothing listens from other errors.
func TestRefusal(t *testing.T) {
	for _, tt := range []struct {
		p    path.Packet
		want string
	}{
		{path.Packet{Proto: unix.IPPROTO_TCP, Flags: 0x14}, "RST"},
		{path.Packet{Proto: unix.IPPROTO_TCP, Flags: 0x12}, ""},
		{path.Packet{Proto: unix.IPPROTO_ICMP, Type: 3, Code: 3}, "ICMP port unreachable"},
		{path.Packet{Proto: unix.IPPROTO_ICMP, Type: 3, Code: 1}, ""},
		{path.Packet{Proto: unix.IPPROTO_ICMPV6, Type: 1, Code: 4}, "ICMP port unreachable"},
		{path.Packet{Proto: unix.IPPROTO_ICMPV6, Type: 3, Code: 3}, ""},
		{path.Packet{Proto: unix.IPPROTO_UDP}, ""},
	} {
		if got := tt.p.Refusal(); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.p.String(), got, tt.want)
		}
	}
}

// TestNeighbours has ARP beside a packet: it is in no leg, and a bridge hands it up to
// who answers.
func TestNeighbours(t *testing.T) {
	arp := func(line string, op, src, dst byte) path.Heard {
		e := events(t, line)[0]
		n := []byte{0, 1, 8, 0, 6, 4, 0, op, 27: dst}
		n[14], n[17], n[24] = 10, src, 10
		e.Trace.NetworkHeader, e.Trace.TransportHeader = n, nil
		return e
	}
	all := events(t, made)
	all = append(all, arp("0 d arp own output rule in 0 out 2 1 > 8 request 1 id 5", 1, 1, 8),
		arp("1 e bridge own prerouting rule in 5 out 0 1 > 8 request 1 id 5", 1, 1, 8),
		arp("1 e bridge own forward rule in 5 out 6 1 > 8 request 1 id 5", 1, 1, 8),
		arp("1 e bridge own input rule in 5 out 0 1 > 8 request 1 id 5", 1, 1, 8),
		arp("1 e arp own input rule in 4 out 0 1 > 8 request 1 id 5", 1, 1, 8),
		arp("1 e arp x c drop in 4 out 0 1 > 8 request 1 id 5", 1, 1, 8),
		arp("1 f arp own output rule in 0 out 4 1 > 8 request 1 id 5", 2, 8, 1))
	f := &path.Flow{Family: nft.IPv4, Proto: unix.IPPROTO_ICMP}
	if got, want := show(path.Assemble(all, own, f, cables)), "request left\n 0 in 0 out [2]\n"; got != want {
		t.Errorf("legs (-want +got)\n%s", testns.Diff(want, got))
	}
	var got strings.Builder
	for _, v := range path.Neighbours(all, own, f) {
		fmt.Fprintf(&got, "%d %d in %d:", v.Kind, v.Where, v.In)
		for i := range v.Steps {
			fmt.Fprintf(&got, " %s %s %v;", v.Steps[i].Hooks.Keyword(), v.Steps[i].Chain, v.Steps[i].Ends())
		}
		got.WriteByte('\n')
	}
	const want = "4 0 in 0: arp output false;\n4 1 in 5: bridge prerouting false; bridge forward false; bridge input false;\n" +
		"4 1 in 4: arp input false; arp c true;\n5 1 in 0: arp output false;\n"
	if got.String() != want {
		t.Errorf("(-want +got)\n%s", testns.Diff(want, got.String()))
	}
}

// TestTable has nft list what AddTable makes.
func TestTable(t *testing.T) {
	testns.Tool(t, "nft")
	testns.Needs(t, 5, 12, "tables that go with their socket")
	cookie := [8]byte{1, 2, 3, 4, 5, 6, 7, 8}
	var all strings.Builder
	for _, f := range []path.Flow{
		{Family: nft.IPv4, Proto: unix.IPPROTO_ICMP, Cookie: cookie}, {Family: nft.IPv6, Proto: unix.IPPROTO_ICMPV6, Cookie: cookie},
		{Family: nft.IPv4, Proto: unix.IPPROTO_TCP, Seq: 0xffffffff}, {Family: nft.IPv6, Proto: unix.IPPROTO_UDP, Cookie: cookie},
		{Family: nft.IPv4, Proto: unix.IPPROTO_TCP, Foreign: true, Addrs: []netip.Addr{netip.MustParseAddr("10.0.0.1")}},
		{Family: nft.IPv6, Proto: unix.IPPROTO_ICMPV6, Foreign: true, Addrs: []netip.Addr{netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")}},
	} {
		ns := testns.New(t)
		conn, err := nft.Dial(nl.Config{NetNS: ns.FD()})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for _, family := range []nft.Family{f.Family, nft.Bridge, nft.ARP} {
			if family == nft.ARP && f.Family == nft.IPv6 {
				continue
			}
			b := conn.Begin(t.Context())
			err := f.AddTable(b, family, own)
			if err == nil {
				err = b.Commit(t.Context())
			}
			if err != nil {
				t.Fatalf("%v %v: %v", f, family, err)
			}
		}
		listed := testns.Cmd{NS: ns, Args: []string{"nft", "list", "ruleset"}}.Run(t).Must(t)
		for _, chain := range []string{"input", "forward", "output", "postrouting"} { // like prerouting
			if strings.Count(listed, "hook "+chain) < 2 {
				t.Errorf("no hook %s in\n%s", chain, listed)
			}
		}
		rules := regexp.MustCompile(`(?m)^table \S+|^\t(?:set|chain) \S+|^\t\t.*$`).FindAllString(listed, -1)
		all.WriteString(strings.Join(rules, "\n") + "\n")
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		if left := (testns.Cmd{NS: ns, Args: []string{"nft", "list", "ruleset"}}).Run(t).Must(t); left != "" {
			t.Errorf("left behind: %s", left)
		}
	}
	const file = "testdata/tables.nft"
	if *update {
		if err := os.WriteFile(file, []byte(all.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if all.String() != string(want) {
		t.Errorf("(-want +got)\n%s", testns.Diff(string(want), all.String()))
	}
}
