//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Protocol is NETLINK_NETFILTER, as far as this package speaks it: nf_tables,
// the batches around its messages, and nft_compat. Those of connection
// tracking have their names.
var Protocol = &nl.Protocol{Name: "NETLINK_NETFILTER", Family: unix.NETLINK_NETFILTER, Type: message,
	Needs: "CONFIG_NF_TABLES (modprobe nf_tables)"}

// typ is the nlmsg_type of an NFT_MSG_* number: the subsystem is the high byte.
func typ(msg uint16) uint16 { return unix.NFNL_SUBSYS_NFTABLES<<8 | msg }

const compatGet = unix.NFNL_SUBSYS_NFT_COMPAT << 8 // NFNL_MSG_COMPAT_GET is 0

// message names message type t and makes an empty message of it.
func message(t uint16) (string, nl.Message) {
	switch t >> 8 {
	case unix.NFNL_SUBSYS_NONE:
		switch t {
		case unix.NFNL_MSG_BATCH_BEGIN:
			return "NFNL_MSG_BATCH_BEGIN", new(BatchMark)
		case unix.NFNL_MSG_BATCH_END:
			return "NFNL_MSG_BATCH_END", new(BatchMark)
		}
	case unix.NFNL_SUBSYS_NFTABLES:
		return tables(t & 0xff)
	case unix.NFNL_SUBSYS_NFT_COMPAT:
		if t == compatGet {
			return "NFNL_MSG_COMPAT_GET", new(Compat)
		}
	case unix.NFNL_SUBSYS_CTNETLINK:
		if n := t & 0xff; int(n) < len(conntrackNames) {
			return conntrackNames[n], nil
		}
	}
	return "", nil
}

// IPCTNL_MSG_* of linux/netfilter/nfnetlink_conntrack.h.
var conntrackNames = [...]string{
	"IPCTNL_MSG_CT_NEW", "IPCTNL_MSG_CT_GET", "IPCTNL_MSG_CT_DELETE",
	"IPCTNL_MSG_CT_GET_CTRZERO", "IPCTNL_MSG_CT_GET_STATS_CPU", "IPCTNL_MSG_CT_GET_STATS",
	"IPCTNL_MSG_CT_GET_DYING", "IPCTNL_MSG_CT_GET_UNCONFIRMED",
}

// What a message of nf_tables is about.
const (
	ofTable = iota + 1
	ofChain
	ofRule
	ofSet
	ofElems
	ofGen
	ofTrace
	ofObj
	ofFlowtable
)

// messages are those of nf_tables, by NFT_MSG_*.
var messages = [...]struct {
	name string
	of   uint8
}{
	unix.NFT_MSG_NEWTABLE:      {"NFT_MSG_NEWTABLE", ofTable},
	unix.NFT_MSG_GETTABLE:      {"NFT_MSG_GETTABLE", ofTable},
	unix.NFT_MSG_DELTABLE:      {"NFT_MSG_DELTABLE", ofTable},
	MsgDestroyTable:            {"NFT_MSG_DESTROYTABLE", ofTable},
	unix.NFT_MSG_NEWCHAIN:      {"NFT_MSG_NEWCHAIN", ofChain},
	unix.NFT_MSG_GETCHAIN:      {"NFT_MSG_GETCHAIN", ofChain},
	unix.NFT_MSG_DELCHAIN:      {"NFT_MSG_DELCHAIN", ofChain},
	MsgDestroyChain:            {"NFT_MSG_DESTROYCHAIN", ofChain},
	unix.NFT_MSG_NEWRULE:       {"NFT_MSG_NEWRULE", ofRule},
	unix.NFT_MSG_GETRULE:       {"NFT_MSG_GETRULE", ofRule},
	unix.NFT_MSG_DELRULE:       {"NFT_MSG_DELRULE", ofRule},
	MsgDestroyRule:             {"NFT_MSG_DESTROYRULE", ofRule},
	unix.NFT_MSG_GETRULE_RESET: {"NFT_MSG_GETRULE_RESET", ofRule},
	unix.NFT_MSG_NEWSET:        {"NFT_MSG_NEWSET", ofSet},
	unix.NFT_MSG_GETSET:        {"NFT_MSG_GETSET", ofSet},
	unix.NFT_MSG_DELSET:        {"NFT_MSG_DELSET", ofSet},
	MsgDestroySet:              {"NFT_MSG_DESTROYSET", ofSet},
	unix.NFT_MSG_NEWSETELEM:    {"NFT_MSG_NEWSETELEM", ofElems},
	unix.NFT_MSG_GETSETELEM:    {"NFT_MSG_GETSETELEM", ofElems},
	unix.NFT_MSG_DELSETELEM:    {"NFT_MSG_DELSETELEM", ofElems},
	MsgDestroySetElem:          {"NFT_MSG_DESTROYSETELEM", ofElems},
	msgGetSetElemReset:         {"NFT_MSG_GETSETELEM_RESET", ofElems},
	unix.NFT_MSG_NEWGEN:        {"NFT_MSG_NEWGEN", ofGen},
	unix.NFT_MSG_GETGEN:        {"NFT_MSG_GETGEN", ofGen},
	unix.NFT_MSG_TRACE:         {"NFT_MSG_TRACE", ofTrace},
	unix.NFT_MSG_NEWOBJ:        {"NFT_MSG_NEWOBJ", ofObj},
	unix.NFT_MSG_GETOBJ:        {"NFT_MSG_GETOBJ", ofObj},
	unix.NFT_MSG_DELOBJ:        {"NFT_MSG_DELOBJ", ofObj},
	MsgDestroyObj:              {"NFT_MSG_DESTROYOBJ", ofObj},
	unix.NFT_MSG_GETOBJ_RESET:  {"NFT_MSG_GETOBJ_RESET", ofObj},
	unix.NFT_MSG_NEWFLOWTABLE:  {"NFT_MSG_NEWFLOWTABLE", ofFlowtable},
	unix.NFT_MSG_GETFLOWTABLE:  {"NFT_MSG_GETFLOWTABLE", ofFlowtable},
	unix.NFT_MSG_DELFLOWTABLE:  {"NFT_MSG_DELFLOWTABLE", ofFlowtable},
	MsgDestroyFlowtable:        {"NFT_MSG_DESTROYFLOWTABLE", ofFlowtable},
}

func tables(msg uint16) (string, nl.Message) {
	if int(msg) >= len(messages) {
		return "", nil
	}
	name := messages[msg].name
	switch messages[msg].of {
	case ofTable:
		return name, new(Table)
	case ofChain:
		return name, new(Chain)
	case ofRule:
		return name, new(Rule)
	case ofSet:
		return name, new(Set)
	case ofElems:
		return name, new(Elems)
	case ofGen:
		return name, new(Gen)
	case ofTrace:
		return name, new(Trace)
	case ofObj:
		return name, new(Obj)
	case ofFlowtable:
		return name, new(Flowtable)
	}
	return "", nil
}
