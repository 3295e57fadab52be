//go:build linux

// Command google is the contestant of github.com/google/nftables, used as its
// documentation and tests do. It has larger socket buffers than the package
// gives itself, for without them a transaction of 1,000 rules fails.
package main

import (
	"encoding/binary"
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
)

// bufferSize is enough for the largest transactions and all their answers.
const bufferSize = 256 << 20

// perMessage is how many elements of a map surely are less than 64 KiB, all
// that an attribute can hold.
const perMessage = 1800

func main() {
	contestant.Main(map[string]contestant.Workload{
		"nftrules": rules,
		"nftmap":   elements,
	})
}

func open() (*nftables.Conn, error) {
	return nftables.New(nftables.WithSockOptions(func(c *netlink.Conn) error {
		if err := c.SetWriteBuffer(bufferSize); err != nil {
			return err
		}
		return c.SetReadBuffer(bufferSize)
	}))
}

func rules(r *contestant.Run, n int) error {
	c, err := open()
	if err != nil {
		return err
	}
	table := &nftables.Table{Family: nftables.TableFamilyIPv4, Name: "t"}
	chain := &nftables.Chain{
		Name:     "pre",
		Table:    table,
		Type:     nftables.ChainTypeNAT,
		Hooknum:  nftables.ChainHookPrerouting,
		Priority: nftables.ChainPriorityNATDest,
	}
	err = r.Phase("load", n, func() error {
		c.AddTable(table)
		c.AddChain(chain)
		for i := range n {
			c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: dnat(i)})
		}
		return c.Flush()
	})
	if err != nil {
		return err
	}
	return r.Phase("list", n, func() error {
		list, err := c.GetRules(table, chain)
		if err != nil {
			return err
		}
		return contestant.CheckCount("rules", len(list), n, n)
	})
}

// dnat is: ip protocol tcp tcp dport PORT counter dnat to TARGET:80
func dnat(i int) []expr.Any {
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.IPPROTO_TCP}},
		&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
		&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: binaryutil.BigEndian.PutUint16(contestant.Port(i))},
		&expr.Counter{},
		&expr.Immediate{Register: 1, Data: contestant.Target(i).AsSlice()},
		&expr.Immediate{Register: 2, Data: binaryutil.BigEndian.PutUint16(80)},
		&expr.NAT{Type: expr.NATTypeDestNAT, Family: unix.NFPROTO_IPV4, RegAddrMin: 1, RegProtoMin: 2},
	}
}

func elements(r *contestant.Run, n int) error {
	if n > 65535 {
		return fmt.Errorf("there are 65535 ports, not %d", n)
	}
	c, err := open()
	if err != nil {
		return err
	}
	target, err := nftables.ConcatSetType(nftables.TypeIPAddr, nftables.TypeInetService)
	if err != nil {
		return err
	}
	table := &nftables.Table{Family: nftables.TableFamilyIPv4, Name: "t"}
	set := &nftables.Set{
		Table:    table,
		Name:     "m",
		IsMap:    true,
		KeyType:  nftables.TypeInetService,
		DataType: target,
	}
	err = r.Phase("load", n, func() error {
		c.AddTable(table)
		if err := c.AddSet(set, nil); err != nil {
			return err
		}
		for from := 0; from < n; from += perMessage {
			var elems []nftables.SetElement
			for i := from; i < min(from+perMessage, n); i++ {
				elems = append(elems, element(i))
			}
			if err := c.SetAddElements(set, elems); err != nil {
				return err
			}
		}
		return c.Flush()
	})
	if err != nil {
		return err
	}
	list, err := c.GetSetElements(set)
	if err != nil {
		return err
	}
	return contestant.CheckCount("elements", len(list), n, n)
}

// element is: PORT : TARGET . 80
func element(i int) nftables.SetElement {
	val := binary.BigEndian.AppendUint16(contestant.Target(i).AsSlice(), 80)
	return nftables.SetElement{
		Key: binaryutil.BigEndian.PutUint16(contestant.Port(i)),
		Val: append(val, 0, 0), // each part of a concatenation takes whole words
	}
}
