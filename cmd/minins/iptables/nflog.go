//go:build linux

package iptables

import (
	"strconv"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// nflog is the target NFLOG: the packet goes to the programs that listen to a group. Or
// it is TRACE, which has no options: the packet's way goes to those that ask for it.
type nflog struct {
	_ [0]func() // not to be compared: that would take code

	kind string
	log  nft.Log
}

var nflogOptions = []option{
	{long: "nflog-group", arg: required}, {long: "nflog-prefix", arg: required},
	{long: "nflog-range", arg: required}, {long: "nflog-size", arg: required}, {long: "nflog-threshold", arg: required},
}

// nflogPrefixMax is NF_LOG_PREFIXLEN of linux/netfilter/nf_log.h, less its NUL.
const nflogPrefixMax = 127

func (t *nflog) name() string { return t.kind }

func (t *nflog) set(s *setting) error {
	if s.option == "nflog-prefix" {
		if s.arg == "" {
			return wrong("Argument must have a minimum length of 1 characters\n")
		}
		t.log.Prefix = s.arg[:min(len(s.arg), nflogPrefixMax)]
		return nil
	}
	maximum := uint64(0xffff)
	if s.option == "nflog-size" || s.option == "nflog-range" {
		maximum = 0xffffffff
	}
	n, err := setNumber("NFLOG", s, maximum)
	switch s.option {
	case "nflog-group":
		t.log.Group = nl.Some(uint16(n))
	case "nflog-size":
		t.log.Snaplen = uint32(n)
	case "nflog-threshold":
		t.log.QThreshold = uint16(n)
	}
	return err // a --nflog-range does nothing
}

func (t *nflog) save() string { return t.words(" --") }

func (t *nflog) list(*naming) string { return t.words(" ") }

func (t *nflog) words(dashes string) string {
	text := ""
	if t.log.Prefix != "" {
		text = dashes + "nflog-prefix " + quoted(t.log.Prefix)
	}
	for _, x := range [...]struct {
		option string
		value  uint32
	}{{"group", uint32(t.log.Group.V)}, {"size", t.log.Snaplen}, {"threshold", uint32(t.log.QThreshold)}} {
		if x.value != 0 {
			text += dashes + "nflog-" + x.option + " " + strconv.FormatUint(uint64(x.value), 10)
		}
	}
	return text
}

// traceRegister is where iptables loads the 1 that [nft.MetaNFTrace] is set to.
const traceRegister = nft.Reg32 + 1
