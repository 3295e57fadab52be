//go:build linux

package iptables

import (
	"fmt"
	"strings"

	"github.com/minins/minins/nft/xt"
)

// mark is the match mark.
type mark struct {
	value, mask uint32
	inv         bool
}

var markOptions = []option{{long: "mark", arg: required, must: true, invert: true}}

// parseMark reads VALUE[/MASK] of an option of extension ext.
func parseMark(ext, option, s string) (value, mask uint32, err error) {
	v, m, hasMask := strings.Cut(s, "/")
	if strings.Contains(m, "/") {
		return 0, 0, wrong("%s: trailing garbage after value for option \"--%s\".\n", ext, option)
	}
	n, err := number(v, 32)
	k := uint64(0xffffffff)
	if err == nil && hasMask {
		k, err = number(m, 32)
	}
	if err != nil {
		return 0, 0, wrong("%s: bad integer value for option \"--%s\", or out of range.\n", ext, option)
	}
	return uint32(n), uint32(k), nil
}

// value is a mark with its mask, if it has one.
func markText(value, mask uint32) string {
	if mask == 0xffffffff {
		return fmt.Sprintf("0x%x", value)
	}
	return fmt.Sprintf("0x%x/0x%x", value, mask)
}

func (*mark) name() string { return "mark" }

func (m *mark) set(s setting) (err error) {
	m.inv = s.inv
	m.value, m.mask, err = parseMark("mark", s.option, s.arg)
	return err
}

func (*mark) check(use) error { return nil }

func (m *mark) save() string { return not(m.inv) + " --mark " + markText(m.value, m.mask) }

func (m *mark) list(*naming) string {
	return " mark match" + not(m.inv) + " " + markText(m.value, m.mask)
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

func (t *setMark) set(s setting) error {
	value, mask, err := parseMark("MARK", s.option, s.arg)
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

func (*setMark) check(u use) error {
	if len(u.seen) == 0 {
		return wrong("MARK: One of the --set-xmark, --{and,or,xor,set}-mark options is required")
	}
	return nil
}

func (t *setMark) save() string { return fmt.Sprintf(" --set-xmark 0x%x/0x%x", t.Mark, t.Mask) }

func (t *setMark) list(*naming) string {
	switch {
	case t.Mark == 0:
		return fmt.Sprintf(" MARK and 0x%x", ^t.Mask)
	case t.Mark == t.Mask:
		return fmt.Sprintf(" MARK or 0x%x", t.Mark)
	case t.Mask == 0:
		return fmt.Sprintf(" MARK xor 0x%x", t.Mark)
	case t.Mask == 0xffffffff:
		return fmt.Sprintf(" MARK set 0x%x", t.Mark)
	}
	return fmt.Sprintf(" MARK xset 0x%x/0x%x", t.Mark, t.Mask)
}
