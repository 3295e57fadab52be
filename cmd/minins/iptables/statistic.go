//go:build linux

package iptables

import (
	"math"
	"strconv"

	"github.com/minins/minins/cmd/minins/internal/fraction"
)

// Match statistic: some of the packets, by chance or by their number. (struct
// xt_statistic_info of linux/netfilter/xt_statistic.h: mode and flags of 16 bits, the
// probability in 1/0x80000000, or every, packet and count.)

var statisticOptions = []option{
	{long: "mode", arg: required, must: true},
	{long: "probability", arg: required, invert: true, excludes: "every packet"},
	{long: "every", arg: required, invert: true, excludes: "probability", needs: "packet"},
	{long: "packet", arg: required, excludes: "probability", needs: "every"},
}

func setStatistic(p *plain, s *setting) error {
	if s.inv {
		p.put16(2, 1)
	}
	switch s.option {
	case "mode":
		switch s.arg {
		case "random":
		case "nth":
			p.put16(0, 1)
		default:
			return wrong(`Bad mode "` + s.arg + `"`)
		}
		return nil
	case "probability":
		f, err := fraction.Parse(s.arg)
		if err != nil || f < 0 || f > 1 {
			return wrong("statistic: bad value for option \"--probability\", or out of range (0-1).\n")
		}
		p.put32(4, uint32(math.Round(0x80000000*f)))
		return nil
	case "every":
		n, err := number(s.arg, 32)
		if err != nil || n == 0 {
			return wrong("statistic: bad value for option \"--every\", or out of range (1-4294967295).\n")
		}
		p.put32(4, uint32(n)-1)
		return nil
	}
	n, err := setNumber("statistic", s, math.MaxUint32)
	p.put32(8, uint32(n))
	return err
}

// finishStatistic checks what goes together.
func finishStatistic(l *loaded, p *plain) error {
	switch nth := p.u16(0) == 1; {
	case !nth && !l.has("probability"):
		return wrong("--probability must be specified when using random mode")
	case nth && !l.has("every") && !l.has("packet"):
		return wrong("--every and --packet must be specified when using nth mode")
	case nth && p.u32(8) > p.u32(4):
		return wrong("the --packet p must be 0 <= p <= n-1")
	}
	p.put32(12, p.u32(4)-p.u32(8)) // packets until the first that matches
	return nil
}

func statisticText(p *plain, list bool) string {
	mode, dashes := " --mode ", "--"
	if list {
		mode, dashes = " statistic mode ", ""
	}
	inv := not(p.u16(2)&1 != 0)
	if p.u16(0) == 0 {
		return mode + "random" + inv + " " + dashes + "probability " + fraction.Fixed(float64(p.u32(4))/0x80000000, 11)
	}
	text := mode + "nth" + inv + " " + dashes + "every " + strconv.FormatUint(uint64(p.u32(4))+1, 10)
	if p.u32(8) != 0 || !list {
		text += " " + dashes + "packet " + strconv.FormatUint(uint64(p.u32(8)), 10)
	}
	return text
}
