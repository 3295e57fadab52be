//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"

	"github.com/minins/minins/bench/internal/contestant"
)

func nftRules(r *contestant.Run, n int) error {
	var b bytes.Buffer
	b.WriteString("table ip t {\n chain pre {\n  type nat hook prerouting priority dstnat;\n")
	for i := range n {
		fmt.Fprintf(&b, "  ip protocol tcp tcp dport %d counter dnat to %s:80\n", contestant.Port(i), contestant.Target(i))
	}
	b.WriteString(" }\n}\n")
	err := r.Phase("load", n, func() error { return runText(b.Bytes(), "nft", "-f", "-") })
	if err != nil {
		return err
	}
	return list(r, n, "dnat to", "nft", "list", "chain", "ip", "t", "pre")
}

func nftMap(r *contestant.Run, n int) error {
	if n > 65535 {
		return fmt.Errorf("there are 65535 ports, not %d", n)
	}
	var b bytes.Buffer
	b.WriteString("table ip t {\n map m {\n  type inet_service : ipv4_addr . inet_service\n  elements = {\n")
	for i := range n {
		fmt.Fprintf(&b, "   %d : %s . 80,\n", contestant.Port(i), contestant.Target(i))
	}
	b.WriteString("  }\n }\n}\n")
	err := r.Phase("load", n, func() error { return runText(b.Bytes(), "nft", "-f", "-") })
	if err != nil {
		return err
	}
	var found int
	_, err = countLines(func(line []byte) bool {
		found += bytes.Count(line, []byte(" . 80"))
		return false
	}, "nft", "list", "map", "ip", "t", "m")
	if err != nil {
		return err
	}
	return contestant.CheckCount("elements", found, n, n)
}

func nftSet(r *contestant.Run, n int) error {
	var b bytes.Buffer
	b.WriteString("table ip t {\n set s {\n  type ipv4_addr\n  flags interval\n  elements = {\n")
	addr := func(v uint32) netip.Addr { return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, v))) }
	for i := range n {
		from, to := contestant.Interval(i)
		fmt.Fprintf(&b, "   %s-%s,\n", addr(from), addr(to))
	}
	b.WriteString("  }\n }\n}\n")
	err := r.Phase("load", n, func() error { return runText(b.Bytes(), "nft", "-f", "-") })
	if err != nil || n > contestant.Listed {
		return err
	}
	return toNull(func(out *os.File) error {
		return r.Phase("list", n, func() error { return run(out, out, "nft", "list", "set", "ip", "t", "s") })
	})
}

func iptablesRules(r *contestant.Run, n int) error {
	var b bytes.Buffer
	b.WriteString("*nat\n")
	for i := range n {
		fmt.Fprintf(&b, "-A PREROUTING -p tcp -m tcp --dport %d -j DNAT --to-destination %s:80\n", contestant.Port(i), contestant.Target(i))
	}
	b.WriteString("COMMIT\n")
	err := r.Phase("load", n, func() error { return runText(b.Bytes(), "iptables-nft-restore") })
	if err != nil {
		return err
	}
	return list(r, n, "-j DNAT", "iptables-nft-save", "-c", "-t", "nat")
}

// list measures a command that shows the n rules, and then sees whether it
// shows them: lines with the mark.
func list(r *contestant.Run, n int, mark string, argv ...string) error {
	if n > contestant.Listed {
		return nil
	}
	err := toNull(func(out *os.File) error {
		return r.Phase("list", n, func() error { return run(out, out, argv...) })
	})
	if err != nil {
		return err
	}
	found, err := countLines(func(line []byte) bool { return bytes.Contains(line, []byte(mark)) }, argv...)
	if err != nil {
		return err
	}
	return contestant.CheckCount("rules", found, n, n)
}
