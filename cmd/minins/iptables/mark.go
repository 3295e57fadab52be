//go:build linux

package iptables

import (
	"strconv"
	"strings"

	"github.com/minins/minins/nft/xt"
)

// mark is the match mark, or connmark.
type mark struct {
	connection  bool // connmark: that of the packet's connection
	value, mask uint32
	inv         bool
}

var markOptions = []option{{long: "mark", arg: required, must: true, invert: true}}

// parseMark reads VALUE[/MASK] of an option of extension ext.
func parseMark(ext, option, s string) (value, mask uint32, err error) {
	v, m, hasMask := strings.Cut(s, "/")
	if strings.Contains(m, "/") {
		return 0, 0, wrong(ext + ": trailing garbage after value for option \"--" + option + "\".\n")
	}
	n, err := number(v, 32)
	k := uint64(0xffffffff)
	if err == nil && hasMask {
		k, err = number(m, 32)
	}
	if err != nil {
		return 0, 0, wrong(ext + ": bad integer value for option \"--" + option + "\", or out of range.\n")
	}
	return uint32(n), uint32(k), nil
}

// hexText is a number as iptables prints marks.
func hexText(n uint32) string { return "0x" + strconv.FormatUint(uint64(n), 16) }

// value is a mark with its mask, if it has one.
func markText(value, mask uint32) string {
	if mask == 0xffffffff {
		return hexText(value)
	}
	return hexText(value) + "/" + hexText(mask)
}

func (m *mark) name() string {
	if m.connection {
		return "connmark"
	}
	return "mark"
}

func (m *mark) set(s *setting) (err error) {
	m.inv = s.inv
	m.value, m.mask, err = parseMark(m.name(), s.option, s.arg)
	return err
}

func (m *mark) save() string { return not(m.inv) + " --mark " + markText(m.value, m.mask) }

func (m *mark) list(*naming) string {
	if m.connection && !m.inv {
		return " connmark match  " + markText(m.value, m.mask) // with two blanks
	}
	return " " + m.name() + " match" + not(m.inv) + " " + markText(m.value, m.mask)
}

// setMark is the target MARK.
type setMark struct{ xt.SetMark }

var setMarkOptions = []option{
	{long: "set-xmark", arg: required, excludes: "set-mark and-mark or-mark xor-mark"},
	{long: "set-mark", arg: required, excludes: "set-xmark and-mark or-mark xor-mark"},
	{long: "and-mark", arg: required, excludes: "set-xmark set-mark or-mark xor-mark"},
	{long: "or-mark", arg: required, excludes: "set-xmark set-mark and-mark xor-mark"},
	{long: "xor-mark", arg: required, excludes: "set-xmark set-mark and-mark or-mark"},
}

func (*setMark) name() string { return "MARK" }

func (t *setMark) set(s *setting) error { return t.setFor("MARK", s) }

func (t *setMark) setFor(target string, s *setting) error {
	value, mask, err := parseMark(target, s.option, s.arg)
	if err != nil {
		return err
	}
	switch s.option {
	case "set-xmark":
		t.Mark, t.Mask = value, mask
	case "set-mark":
		t.Mark, t.Mask = value, mask|value
	case "and-mark":
		t.Mark, t.Mask = 0, ^value
	case "or-mark":
		t.Mark, t.Mask = value, value
	case "xor-mark":
		t.Mark, t.Mask = value, 0
	}
	return nil
}

func (t *setMark) save() string { return " --set-xmark " + hexText(t.Mark) + "/" + hexText(t.Mask) }

func (t *setMark) list(*naming) string { return t.words("MARK") }

func (t *setMark) words(target string) string {
	switch {
	case t.Mark == 0:
		return " " + target + " and " + hexText(^t.Mask)
	case t.Mark == t.Mask:
		return " " + target + " or " + hexText(t.Mark)
	case t.Mask == 0:
		return " " + target + " xor " + hexText(t.Mark)
	case t.Mask == 0xffffffff:
		return " " + target + " set " + hexText(t.Mark)
	}
	return " " + target + " xset " + hexText(t.Mark) + "/" + hexText(t.Mask)
}
