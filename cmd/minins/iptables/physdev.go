//go:build linux

package iptables

import "bytes"

// Match physdev: the ports of a bridge that a packet comes and goes by. (struct
// xt_physdev_info of linux/netfilter/xt_physdev.h: two names, each with a mask, of 16
// bytes, what is inverted, what is compared.)

var physdevOptions = []option{
	{long: "physdev-is-in", invert: true}, {long: "physdev-in", arg: required, invert: true},
	{long: "physdev-is-out", invert: true}, {long: "physdev-out", arg: required, invert: true},
	{long: "physdev-is-bridged", invert: true},
}

// physdevBits are XT_PHYSDEV_OP_* of physdevOptions.
var physdevBits = [...]byte{8, 1, 16, 2, 4}

const (
	physdevInvert = 64
	physdevOps    = 65
)

func setPhysdev(p *plain, s *setting) error {
	for i := range physdevOptions {
		if physdevOptions[i].long != s.option {
			continue
		}
		p.data[physdevOps] |= physdevBits[i]
		if s.inv {
			p.data[physdevInvert] |= physdevBits[i]
		}
		if physdevOptions[i].arg == required {
			if len(s.arg) > 15 {
				return wrong("interface name `" + s.arg + "' must be shorter than IFNAMSIZ (15)")
			}
			at := 16 * (i - 1) // of the name; its mask follows
			copy(p.data[at:], s.arg)
			n := len(s.arg) + 1
			if n > 1 && s.arg[n-2] == '+' {
				n -= 2
			}
			copy(p.data[at+16:at+32], bytes.Repeat([]byte{0xff}, n))
		}
	}
	return nil
}

func physdevText(p *plain, list bool) string {
	text := ""
	if list {
		text = " PHYSDEV match"
	}
	for i := range physdevOptions {
		if bit := physdevBits[i]; p.data[physdevOps]&bit != 0 {
			text += not(p.data[physdevInvert]&bit != 0) + " --" + physdevOptions[i].long
			if physdevOptions[i].arg == required {
				name, _, _ := bytes.Cut(p.data[16*(i-1):][:16], []byte{0})
				text += " " + string(name)
			}
		}
	}
	return text
}
