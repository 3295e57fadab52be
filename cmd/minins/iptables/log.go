//go:build linux

package iptables

import (
	"strconv"
	"strings"

	"github.com/minins/minins/nft/xt"
)

// logTarget is the target LOG: struct ipt_log_info of
// linux/netfilter_ipv4/ipt_LOG.h.
type logTarget struct {
	_ [0]func() // not to be compared: that would take code

	level, flags uint8
	prefix       string // at most 29 bytes
}

var logOptions = []option{
	{long: "log-level", arg: required}, {long: "log-prefix", arg: required},
	{long: "log-tcp-sequence"}, {long: "log-tcp-options"}, {long: "log-ip-options"}, {long: "log-uid"}, {long: "log-macdecode"},
}

const logPrefixMax = 29

var logLevels = []string{"emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"}

// IPT_LOG_*.
var logFlags = []struct {
	name string
	bit  uint8
}{{"tcp-sequence", 1}, {"tcp-options", 2}, {"ip-options", 4}, {"uid", 8}, {"macdecode", 32}}

func (*logTarget) name() string { return "LOG" }

func (t *logTarget) set(s *setting) error {
	switch s.option {
	case "log-prefix":
		if s.arg == "" {
			return wrong("Argument must have a minimum length of 1 characters\n")
		}
		t.prefix = s.arg[:min(len(s.arg), logPrefixMax)]
		return nil
	case "log-level":
		return t.setLevel(s.arg)
	}
	for _, f := range logFlags {
		if s.option == "log-"+f.name {
			t.flags |= f.bit
		}
	}
	return nil
}

func (t *logTarget) setLevel(s string) error {
	for i, name := range append(logLevels[:8:8], "panic", "error", "warning") {
		if s == name {
			t.level = []uint8{0, 1, 2, 3, 4, 5, 6, 7, 0, 3, 4}[i]
			return nil
		}
	}
	n, err := number(s, 8)
	if err != nil || n > 7 {
		return wrong("log level \"" + s + "\" unknown\n")
	}
	t.level = uint8(n)
	return nil
}

func (t *logTarget) save() string {
	text := ""
	if t.prefix != "" {
		text += " --log-prefix " + quoted(t.prefix)
	}
	if t.level != 4 {
		text += " --log-level " + strconv.Itoa(int(t.level))
	}
	for _, f := range logFlags {
		if t.flags&f.bit != 0 {
			text += " --log-" + f.name
		}
	}
	return text
}

func (t *logTarget) list(n *naming) string {
	text := " LOG"
	if n.numeric || int(t.level) >= len(logLevels) {
		text += " flags " + strconv.Itoa(int(t.flags)) + " level " + strconv.Itoa(int(t.level))
	} else {
		text += " level " + logLevels[t.level]
		for _, f := range logFlags {
			if t.flags&f.bit != 0 {
				text += " " + f.name
			}
		}
	}
	if t.prefix != "" {
		text += " prefix \"" + t.prefix + "\""
	}
	return text
}

func (t *logTarget) info() xt.Info {
	b := make([]byte, 32)
	b[0], b[1] = t.level, t.flags
	copy(b[2:], t.prefix)
	return &xt.Raw{Extension: "LOG", Data: b}
}

func logFrom(b []byte) extension {
	prefix, _, _ := strings.Cut(string(b[2:32]), "\x00")
	return &logTarget{level: b[0], flags: b[1], prefix: prefix}
}
