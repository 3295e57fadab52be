//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Log writes packets to the kernel's log, or sends them to the programs that
// listen to a group. (NFTA_LOG_*)
type Log struct {
	Group      nl.Opt[uint16]
	Prefix     string
	Snaplen    uint32 // bytes of a packet to send; with a group
	QThreshold uint16 // packets to gather before sending; with a group
	Level      nl.Opt[LogLevel]
	Flags      nl.Opt[LogFlags]
}

// Name is the kernel's name of the expression.
func (*Log) Name() string { return "log" }

// Fields is the layout of NFTA_EXPR_DATA.
func (l *Log) Fields(c *nl.Coder) {
	if c.Decoding() {
		*l = Log{}
	}
	nl.OptBE16(c, unix.NFTA_LOG_GROUP, "NFTA_LOG_GROUP", &l.Group)
	nl.Str(c, unix.NFTA_LOG_PREFIX, "NFTA_LOG_PREFIX", &l.Prefix)
	nl.BE32(c, unix.NFTA_LOG_SNAPLEN, "NFTA_LOG_SNAPLEN", &l.Snaplen)
	nl.BE16(c, unix.NFTA_LOG_QTHRESHOLD, "NFTA_LOG_QTHRESHOLD", &l.QThreshold)
	nl.OptBE32(c, unix.NFTA_LOG_LEVEL, "NFTA_LOG_LEVEL", &l.Level)
	nl.OptBE32(c, unix.NFTA_LOG_FLAGS, "NFTA_LOG_FLAGS", &l.Flags)
}

// A LogLevel is one of syslog's severities, 0 to 7, or 8 for audit.
type LogLevel uint32

// String is the kernel's name.
func (l LogLevel) String() string { return enum(l, logLevelNames[:]) }

var logLevelNames = [...]string{
	"NFT_LOGLEVEL_EMERG", "NFT_LOGLEVEL_ALERT", "NFT_LOGLEVEL_CRIT", "NFT_LOGLEVEL_ERR", "NFT_LOGLEVEL_WARNING",
	"NFT_LOGLEVEL_NOTICE", "NFT_LOGLEVEL_INFO", "NFT_LOGLEVEL_DEBUG", "NFT_LOGLEVEL_AUDIT",
}

// LogFlags are NF_LOG_* of linux/netfilter/nf_log.h: what else to log.
type LogFlags uint32

// String is the kernel's names.
func (f LogFlags) String() string { return nl.FlagNames(uint32(f), logFlagsNames[:]) }

var logFlagsNames = [...]nl.FlagName{
	{Bits: 0x01, Name: "NF_LOG_TCPSEQ"}, {Bits: 0x02, Name: "NF_LOG_TCPOPT"}, {Bits: 0x04, Name: "NF_LOG_IPOPT"},
	{Bits: 0x08, Name: "NF_LOG_UID"}, {Bits: 0x20, Name: "NF_LOG_MACDECODE"},
}
