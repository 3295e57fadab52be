//go:build linux

package rule

import (
	"errors"
	"fmt"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// Counter counts packets and bytes.
// nft: counter
func Counter() Part { return Part{name: "counter", add: (*Builder).counter} }

func (b *Builder) counter(*Part) error {
	// nft sends that both are 0.
	b.emit(b.counters.next(nft.Counter{Bytes: nl.Some[uint64](0), Packets: nl.Some[uint64](0)}))
	return nil
}

// SetMark sets the packet's mark.
// nft: meta mark set 0x1
func SetMark(v uint32) Part {
	return Part{name: "meta mark set", add: (*Builder).setMark, numbers: [2]uint64{uint64(v)}}
}

func (b *Builder) setMark(p *Part) error {
	b.load(nft.Reg1, b.host(p.numbers[0]))
	b.emit(b.metas.next(nft.Meta{Key: nft.MetaMark, Sreg: nft.Reg1}))
	return nil
}

// SetCtMark sets the connection's mark.
// nft: ct mark set 0x1
func SetCtMark(v uint32) Part {
	return Part{name: "ct mark set", add: (*Builder).setCtMark, numbers: [2]uint64{uint64(v)}}
}

func (b *Builder) setCtMark(p *Part) error {
	b.load(nft.Reg1, b.host(p.numbers[0]))
	b.emit(b.cts.next(nft.Ct{Key: nft.CtMark, Sreg: nft.Reg1}))
	return nil
}

// A Per is the time that a [Rate] is of, in seconds.
type Per uint64

// Times of a rate.
const (
	Second Per = 1
	Minute Per = 60
	Hour   Per = 60 * 60
	Day    Per = 24 * 60 * 60
	Week   Per = 7 * 24 * 60 * 60
)

// A Rate is how many packets may come in a time.
type Rate struct {
	Packets uint64
	Per     Per
	Burst   uint32 // packets beyond the rate that are let through at first; 0 is nft's 5
}

// Limit goes on with the rule as long as packets come no faster; [Not] of it, once
// they do.
// nft: limit rate 10/second burst 5 packets, limit rate over 10/second
func Limit(r Rate) Part {
	if r.Burst == 0 {
		r.Burst = 5
	}
	return Part{name: "limit rate", add: (*Builder).limit, match: true, numbers: [2]uint64{r.Packets, uint64(r.Per)}, burst: r.Burst}
}

func (b *Builder) limit(p *Part) error {
	if p.numbers[0] == 0 {
		return errors.New("a rate of 0 packets: drop has no need of a limit")
	}
	switch Per(p.numbers[1]) {
	case Second, Minute, Hour, Day, Week:
	default:
		return fmt.Errorf("nft has no name for a time of %d seconds: use Second, Minute, Hour, Day or Week", p.numbers[1])
	}
	l := nft.Limit{Rate: p.numbers[0], Unit: p.numbers[1], Burst: p.burst}
	if p.not {
		l.Flags = nft.LimitInverse
	}
	b.emit(b.limits.next(l))
	return nil
}

// Log writes the packet to the kernel's log, with a prefix of at most 127 bytes, or
// without one.
// nft: log prefix "text"
func Log(prefix string) Part { return Part{name: "log", add: (*Builder).log, text: prefix} }

// LogGroup sends the packet to the programs that listen to a group.
// nft: log prefix "text" group 1
func LogGroup(prefix string, group uint16) Part {
	return Part{name: "log group", add: (*Builder).log, text: prefix, numbers: [2]uint64{uint64(group), 1}}
}

func (b *Builder) log(p *Part) error {
	if len(p.text) > 127 { // NF_LOG_PREFIXLEN
		return fmt.Errorf("the prefix has %d bytes, and the kernel takes 127", len(p.text))
	}
	l := nft.Log{Prefix: p.text}
	if p.numbers[1] != 0 {
		l.Group = nl.Some(uint16(p.numbers[0]))
	}
	b.emit(b.logs.next(l))
	return nil
}

// Accept lets the packet pass this base chain. Chains of other tables at the same
// hook still see it, and may drop it.
// nft: accept
func Accept() Part { return verdict("accept", nft.VerdictAccept, "") }

// Drop ends the packet.
// nft: drop
func Drop() Part { return verdict("drop", nft.VerdictDrop, "") }

// Return goes back to the chain that jumped here, or to the policy.
// nft: return
func Return() Part { return verdict("return", nft.VerdictReturn, "") }

// Jump runs a chain of the same table, and comes back.
// nft: jump name
func Jump(chain string) Part { return verdict("jump", nft.VerdictJump, chain) }

// Goto runs a chain of the same table, and does not come back.
// nft: goto name
func Goto(chain string) Part { return verdict("goto", nft.VerdictGoto, chain) }

func verdict(name string, code nft.VerdictCode, chain string) Part {
	return Part{name: name, add: (*Builder).verdict, ends: true, text: chain, verdict: code}
}

func (b *Builder) verdict(p *Part) error {
	jumps := p.verdict == nft.VerdictJump || p.verdict == nft.VerdictGoto
	switch {
	case jumps && p.text == "":
		return errors.New("to no chain: name one of table " + b.chain.Table)
	case jumps && p.text == b.chain.Name:
		return errors.New("to the chain that the rule is in: a loop")
	}
	b.emit(b.immediates.next(nft.Immediate{Data: nft.Data{Verdict: nl.Some(nft.Verdict{Code: p.verdict, Chain: p.text})}}))
	return nil
}

// Reject drops the packet and tells its sender that the port cannot be reached.
// nft: reject
func Reject() Part { return Part{name: "reject", add: (*Builder).reject, ends: true} }

// TCPReset drops the packet and ends its connection. It compares the protocol with
// TCP, unless the rule has done it.
// nft: reject with tcp reset
func TCPReset() Part {
	return Part{name: "reject with tcp reset", add: (*Builder).reject, ends: true, proto: TCP}
}

func (b *Builder) reject(p *Part) error {
	if b.chain.Hook.Ok && b.chain.Hook.V.Num == nft.Postrouting {
		return errors.New("at hook postrouting the kernel answers nobody: reject at prerouting, input, forward or output")
	}
	r := nft.Reject{Type: nft.RejectTCPReset, Code: nl.Some[uint8](0)}
	switch {
	case p.proto == TCP:
		if err := b.transport(TCP); err != nil {
			return err
		}
	case b.network == nft.IPv4:
		r = nft.Reject{Type: nft.RejectICMP, Code: nl.Some[uint8](3)} // ICMP_PORT_UNREACH
	case b.network == nft.IPv6:
		r = nft.Reject{Type: nft.RejectICMP, Code: nl.Some[uint8](4)} // ICMPV6_PORT_UNREACH
	default:
		r = nft.Reject{Type: nft.RejectICMPX, Code: nl.Some[uint8](1)} // NFT_REJECT_ICMPX_PORT_UNREACH
	}
	b.emit(b.rejects.next(r))
	return nil
}
