//go:build linux

package iptables

import (
	"encoding/binary"
	"strconv"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
)

// tcpmss is the target TCPMSS: the largest segment that the other end may send.
type tcpmss struct {
	_ [0]func() // not to be compared: that would take code

	family nft.Family
	mss    uint16 // bytes, or clampMSS
}

// clampMSS is XT_TCPMSS_CLAMP_PMTU of linux/netfilter/xt_TCPMSS.h: what the path takes.
const clampMSS = 0xffff

var tcpmssOptions = []option{{long: "set-mss", arg: required}, {long: "clamp-mss-to-pmtu"}}

func (*tcpmss) name() string { return "TCPMSS" }

func (t *tcpmss) set(s *setting) (err error) {
	if s.option == "clamp-mss-to-pmtu" {
		t.mss = clampMSS
		return nil
	}
	headers := uint64(20)
	if t.family == nft.IPv6 {
		headers = 40
	}
	n, err := setNumber("TCPMSS", s, 0xffff-headers)
	t.mss = uint16(n)
	return err
}

// setNumber is the argument of an option of extension ext.
func setNumber(ext string, s *setting, maximum uint64) (uint64, error) {
	n, err := number(s.arg, 32)
	if err != nil || n > maximum {
		return 0, wrong(ext + `: bad value for option "--` + s.option + `", or out of range (0-` + strconv.FormatUint(maximum, 10) + ").\n")
	}
	return n, nil
}

func (t *tcpmss) save() string { return t.words(" --clamp-mss-to-pmtu", " --set-mss ") }

func (t *tcpmss) list(*naming) string { return t.words(" TCPMSS clamp to PMTU", " TCPMSS set ") }

func (t *tcpmss) words(clamp, set string) string {
	if t.mss == clampMSS {
		return clamp
	}
	return set + strconv.Itoa(int(t.mss))
}

// info is struct xt_tcpmss_info.
func (t *tcpmss) info() xt.Info {
	return &xt.Raw{Extension: "TCPMSS", Data: binary.NativeEndian.AppendUint16(make([]byte, 0, 8), t.mss)[:8]}
}
