//go:build linux

package iptables

import (
	"strconv"
	"strings"

	"github.com/minins/minins/nft/xt"
)

// Target CONNMARK: the mark of a packet's connection. (struct xt_connmark_tginfo2 of
// linux/netfilter/xt_connmark.h: ctmark, ctmask and nfmask of 32 bits, two bytes for a
// shift, the mode)

const (
	connmarkMode    = 14
	connmarkSave    = 1
	connmarkRestore = 2
)

var connmarkTargetOptions = []option{
	{long: "set-xmark", arg: required, excludes: "set-mark and-mark or-mark xor-mark save-mark restore-mark"},
	{long: "set-mark", arg: required, excludes: "set-xmark and-mark or-mark xor-mark save-mark restore-mark"},
	{long: "and-mark", arg: required, excludes: "set-xmark set-mark or-mark xor-mark save-mark restore-mark"},
	{long: "or-mark", arg: required, excludes: "set-xmark set-mark and-mark xor-mark save-mark restore-mark"},
	{long: "xor-mark", arg: required, excludes: "set-xmark set-mark and-mark or-mark save-mark restore-mark"},
	{long: "save-mark", excludes: "set-xmark set-mark and-mark or-mark xor-mark restore-mark"},
	{long: "restore-mark", excludes: "set-xmark set-mark and-mark or-mark xor-mark save-mark"},
	{long: "ctmask", arg: required, excludes: "mask"}, {long: "nfmask", arg: required, excludes: "mask"},
	{long: "mask", arg: required, excludes: "ctmask nfmask"},
}

func setConnmark(p *plain, s *setting) error {
	switch s.option {
	case "save-mark", "restore-mark":
		p.data[connmarkMode] = connmarkSave
		if s.option == "restore-mark" {
			p.data[connmarkMode] = connmarkRestore
		}
		p.put32(4, 0xffffffff)
		p.put32(8, 0xffffffff)
		return nil
	case "ctmask", "nfmask", "mask":
		n, err := number(s.arg, 32)
		if err != nil {
			return wrong("CONNMARK: bad value for option \"--" + s.option + "\", or out of range (0-4294967295).\n")
		}
		if s.option != "nfmask" {
			p.put32(4, uint32(n))
		}
		if s.option != "ctmask" {
			p.put32(8, uint32(n))
		}
		return nil
	}
	m := setMark{}
	err := m.setFor("CONNMARK", s)
	p.put32(0, m.Mark)
	p.put32(4, m.Mask)
	return err
}

func connmarkText(p *plain, list bool) string {
	ctmark, ctmask, nfmask := p.u32(0), p.u32(4), p.u32(8)
	word, verb := "", "save"
	if p.data[connmarkMode] == connmarkRestore {
		verb = "restore"
	}
	switch {
	case p.data[connmarkMode] == 0 && list:
		m := setMark{xt.SetMark{Mark: ctmark, Mask: ctmask}}
		return m.words("CONNMARK")
	case p.data[connmarkMode] == 0:
		return " --set-xmark " + hexText(ctmark) + "/" + hexText(ctmask)
	case !list:
		return " --" + verb + "-mark --nfmask " + hexText(nfmask) + " --ctmask " + hexText(ctmask)
	case ctmask == 0xffffffff && nfmask == ctmask:
	case ctmask == nfmask:
		word = " mask " + hexText(ctmask)
	case verb == "save":
		word = " nfmask " + hexText(nfmask) + " ctmask ~" + hexText(ctmask)
	default:
		word = " ctmask " + hexText(ctmask) + " nfmask ~" + hexText(nfmask)
	}
	return " CONNMARK " + verb + word
}

// Target CT, and NOTRACK, which is its --notrack alone: how connections are tracked.
// (struct xt_ct_target_info_v1 of linux/netfilter/xt_CT.h: flags and zone of 16 bits)

// XT_CT_*.
const (
	ctNotrack   = 1 << 0
	ctAlias     = 1 << 1
	ctZoneOrig  = 1 << 2
	ctZoneReply = 1 << 3
	ctZoneMark  = 1 << 4
)

var ctTargetOptions = []option{
	{long: "notrack"}, {long: "zone", arg: required}, {long: "zone-orig", arg: required}, {long: "zone-reply", arg: required},
}

func setCT(p *plain, s *setting) error {
	switch s.option {
	case "notrack":
		p.put16(0, p.u16(0)|ctNotrack)
		return nil
	case "zone-orig":
		p.put16(0, p.u16(0)|ctZoneOrig)
	case "zone-reply":
		p.put16(0, p.u16(0)|ctZoneReply)
	}
	if s.arg == "mark" {
		p.put16(0, p.u16(0)|ctZoneMark)
		return nil
	}
	n, err := number(s.arg, 16)
	p.put16(2, uint16(n))
	if err != nil {
		return wrong("Cannot parse " + s.arg + " as a zone ID").hinted("a zone is a number up to 65535, or mark")
	}
	return nil
}

// ctKnown reports whether there is nothing of events, helpers and timeouts.
func ctKnown(p *plain) bool {
	return strings.Trim(string(p.data[4:60]), "\x00") == "" && p.u16(0) < 1<<5
}

func ctText(p *plain, list bool) string {
	text, dashes, flags := "", " --", p.u16(0)
	if list {
		text, dashes = " CT", " "
	}
	switch {
	case flags&ctAlias != 0 && list:
		return " NOTRACK"
	case flags&ctAlias != 0:
		return ""
	case flags&ctNotrack != 0:
		text += dashes + "notrack"
	}
	option := "zone"
	switch {
	case flags&ctZoneOrig != 0:
		option = "zone-orig"
	case flags&ctZoneReply != 0:
		option = "zone-reply"
	}
	switch {
	case flags&ctZoneMark != 0:
		text += dashes + option + " mark"
	case p.u16(2) != 0:
		text += dashes + option + " " + strconv.Itoa(int(p.u16(2)))
	}
	return text
}
