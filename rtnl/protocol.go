//go:build linux

package rtnl

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// Protocol is rtnetlink. It is never written.
var Protocol = &nl.Protocol{Name: "NETLINK_ROUTE", Family: unix.NETLINK_ROUTE, Type: messageType}

// messageType names a message type and makes its message; those that this
// package does not model have none.
func messageType(typ uint16) (string, nl.Message) {
	name := ""
	if i := int(typ) - unix.RTM_BASE; i >= 0 && i < len(messageNames) {
		name = messageNames[i]
	}
	switch typ {
	case unix.RTM_NEWLINK, unix.RTM_DELLINK, unix.RTM_GETLINK, unix.RTM_SETLINK,
		unix.RTM_NEWLINKPROP, unix.RTM_DELLINKPROP, unix.RTM_GETLINKPROP:
		return name, &Link{}
	case unix.RTM_NEWADDR, unix.RTM_DELADDR, unix.RTM_GETADDR:
		return name, &Addr{}
	case unix.RTM_NEWROUTE, unix.RTM_DELROUTE, unix.RTM_GETROUTE:
		return name, &Route{}
	case unix.RTM_NEWNEIGH, unix.RTM_DELNEIGH, unix.RTM_GETNEIGH:
		return name, &Neigh{}
	case unix.RTM_NEWRULE, unix.RTM_DELRULE, unix.RTM_GETRULE:
		return name, &Rule{}
	case unix.RTM_NEWNSID, unix.RTM_DELNSID, unix.RTM_GETNSID:
		return name, &NSID{}
	case unix.RTM_NEWNETCONF, unix.RTM_DELNETCONF, unix.RTM_GETNETCONF:
		return name, &NetConf{}
	case unix.RTM_NEWNEXTHOP, unix.RTM_DELNEXTHOP, unix.RTM_GETNEXTHOP,
		unix.RTM_NEWNEXTHOPBUCKET, unix.RTM_DELNEXTHOPBUCKET, unix.RTM_GETNEXTHOPBUCKET:
		return name, &NextHopObject{}
	case unix.RTM_NEWVLAN, unix.RTM_DELVLAN, unix.RTM_GETVLAN:
		return name, &BridgeVLAN{}
	}
	return name, nil
}

// messageNames are the message types of linux/rtnetlink.h from RTM_BASE on, in
// fours: new, delete, get, set.
var messageNames = [...]string{
	"RTM_NEWLINK", "RTM_DELLINK", "RTM_GETLINK", "RTM_SETLINK",
	"RTM_NEWADDR", "RTM_DELADDR", "RTM_GETADDR", "",
	"RTM_NEWROUTE", "RTM_DELROUTE", "RTM_GETROUTE", "",
	"RTM_NEWNEIGH", "RTM_DELNEIGH", "RTM_GETNEIGH", "",
	"RTM_NEWRULE", "RTM_DELRULE", "RTM_GETRULE", "",
	"RTM_NEWQDISC", "RTM_DELQDISC", "RTM_GETQDISC", "",
	"RTM_NEWTCLASS", "RTM_DELTCLASS", "RTM_GETTCLASS", "",
	"RTM_NEWTFILTER", "RTM_DELTFILTER", "RTM_GETTFILTER", "",
	"RTM_NEWACTION", "RTM_DELACTION", "RTM_GETACTION", "",
	"RTM_NEWPREFIX", "", "", "",
	"RTM_NEWMULTICAST", "RTM_DELMULTICAST", "RTM_GETMULTICAST", "",
	"RTM_NEWANYCAST", "RTM_DELANYCAST", "RTM_GETANYCAST", "",
	"RTM_NEWNEIGHTBL", "", "RTM_GETNEIGHTBL", "RTM_SETNEIGHTBL",
	"RTM_NEWNDUSEROPT", "", "", "",
	"RTM_NEWADDRLABEL", "RTM_DELADDRLABEL", "RTM_GETADDRLABEL", "",
	"", "", "RTM_GETDCB", "RTM_SETDCB",
	"RTM_NEWNETCONF", "RTM_DELNETCONF", "RTM_GETNETCONF", "",
	"RTM_NEWMDB", "RTM_DELMDB", "RTM_GETMDB", "",
	"RTM_NEWNSID", "RTM_DELNSID", "RTM_GETNSID", "",
	"RTM_NEWSTATS", "", "RTM_GETSTATS", "RTM_SETSTATS",
	"RTM_NEWCACHEREPORT", "", "", "",
	"RTM_NEWCHAIN", "RTM_DELCHAIN", "RTM_GETCHAIN", "",
	"RTM_NEWNEXTHOP", "RTM_DELNEXTHOP", "RTM_GETNEXTHOP", "",
	"RTM_NEWLINKPROP", "RTM_DELLINKPROP", "RTM_GETLINKPROP", "",
	"RTM_NEWVLAN", "RTM_DELVLAN", "RTM_GETVLAN", "",
	"RTM_NEWNEXTHOPBUCKET", "RTM_DELNEXTHOPBUCKET", "RTM_GETNEXTHOPBUCKET", "",
	"RTM_NEWTUNNEL", "RTM_DELTUNNEL", "RTM_GETTUNNEL", "",
}
