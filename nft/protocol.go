//go:build linux

package nft

import (
	"github.com/minins/minins/nl"
	"golang.org/x/sys/unix"
)

// Protocol is NETLINK_NETFILTER, as far as this package speaks it: nf_tables,
// the batches around its messages, and nft_compat. Those of connection
// tracking have their names.
var Protocol = &nl.Protocol{Name: "NETLINK_NETFILTER", Family: unix.NETLINK_NETFILTER, Type: message}

// typ is the nlmsg_type of an NFT_MSG_* number: the subsystem is the high byte.
func typ(msg uint16) uint16 { return unix.NFNL_SUBSYS_NFTABLES<<8 | msg }

const compatGet = unix.NFNL_SUBSYS_NFT_COMPAT<<8 | 0 // NFNL_MSG_COMPAT_GET

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

func tables(msg uint16) (string, nl.Message) {
	switch msg {
	case unix.NFT_MSG_NEWTABLE:
		return "NFT_MSG_NEWTABLE", new(Table)
	case unix.NFT_MSG_GETTABLE:
		return "NFT_MSG_GETTABLE", new(Table)
	case unix.NFT_MSG_DELTABLE:
		return "NFT_MSG_DELTABLE", new(Table)
	case msgDestroyTable:
		return "NFT_MSG_DESTROYTABLE", new(Table)
	case unix.NFT_MSG_NEWCHAIN:
		return "NFT_MSG_NEWCHAIN", new(Chain)
	case unix.NFT_MSG_GETCHAIN:
		return "NFT_MSG_GETCHAIN", new(Chain)
	case unix.NFT_MSG_DELCHAIN:
		return "NFT_MSG_DELCHAIN", new(Chain)
	case msgDestroyChain:
		return "NFT_MSG_DESTROYCHAIN", new(Chain)
	case unix.NFT_MSG_NEWRULE:
		return "NFT_MSG_NEWRULE", new(Rule)
	case unix.NFT_MSG_GETRULE:
		return "NFT_MSG_GETRULE", new(Rule)
	case unix.NFT_MSG_DELRULE:
		return "NFT_MSG_DELRULE", new(Rule)
	case msgDestroyRule:
		return "NFT_MSG_DESTROYRULE", new(Rule)
	case unix.NFT_MSG_GETRULE_RESET:
		return "NFT_MSG_GETRULE_RESET", new(Rule)
	case unix.NFT_MSG_NEWSET:
		return "NFT_MSG_NEWSET", new(Set)
	case unix.NFT_MSG_GETSET:
		return "NFT_MSG_GETSET", new(Set)
	case unix.NFT_MSG_DELSET:
		return "NFT_MSG_DELSET", new(Set)
	case msgDestroySet:
		return "NFT_MSG_DESTROYSET", new(Set)
	case unix.NFT_MSG_NEWSETELEM:
		return "NFT_MSG_NEWSETELEM", new(Elems)
	case unix.NFT_MSG_GETSETELEM:
		return "NFT_MSG_GETSETELEM", new(Elems)
	case unix.NFT_MSG_DELSETELEM:
		return "NFT_MSG_DELSETELEM", new(Elems)
	case msgDestroySetElem:
		return "NFT_MSG_DESTROYSETELEM", new(Elems)
	case msgGetSetElemReset:
		return "NFT_MSG_GETSETELEM_RESET", new(Elems)
	case unix.NFT_MSG_NEWGEN:
		return "NFT_MSG_NEWGEN", new(Gen)
	case unix.NFT_MSG_GETGEN:
		return "NFT_MSG_GETGEN", new(Gen)
	case unix.NFT_MSG_TRACE:
		return "NFT_MSG_TRACE", new(Trace)
	case unix.NFT_MSG_NEWOBJ:
		return "NFT_MSG_NEWOBJ", new(Obj)
	case unix.NFT_MSG_GETOBJ:
		return "NFT_MSG_GETOBJ", new(Obj)
	case unix.NFT_MSG_DELOBJ:
		return "NFT_MSG_DELOBJ", new(Obj)
	case msgDestroyObj:
		return "NFT_MSG_DESTROYOBJ", new(Obj)
	case unix.NFT_MSG_GETOBJ_RESET:
		return "NFT_MSG_GETOBJ_RESET", new(Obj)
	case unix.NFT_MSG_NEWFLOWTABLE:
		return "NFT_MSG_NEWFLOWTABLE", new(Flowtable)
	case unix.NFT_MSG_GETFLOWTABLE:
		return "NFT_MSG_GETFLOWTABLE", new(Flowtable)
	case unix.NFT_MSG_DELFLOWTABLE:
		return "NFT_MSG_DELFLOWTABLE", new(Flowtable)
	case msgDestroyFlowtable:
		return "NFT_MSG_DESTROYFLOWTABLE", new(Flowtable)
	}
	return "", nil
}
