//go:build linux

package iptables

import (
	"strings"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
)

// reject is the target REJECT.
type reject struct {
	family nft.Family
	with   xt.RejectWith
}

var rejectOptions = []option{{long: "reject-with", arg: required}}

type rejectName struct {
	name, alias string
	with        xt.RejectWith
}

var rejectNames = []rejectName{
	{"icmp-net-unreachable", "net-unreach", xt.ICMPNetUnreachable},
	{"icmp-host-unreachable", "host-unreach", xt.ICMPHostUnreachable},
	{"icmp-proto-unreachable", "proto-unreach", xt.ICMPProtoUnreachable},
	{"icmp-port-unreachable", "port-unreach", xt.ICMPPortUnreachable},
	{"icmp-net-prohibited", "net-prohib", xt.ICMPNetProhibited},
	{"icmp-host-prohibited", "host-prohib", xt.ICMPHostProhibited},
	{"tcp-reset", "tcp-rst", xt.TCPReset},
	{"icmp-admin-prohibited", "admin-prohib", xt.ICMPAdminProhibited},
}

var reject6Names = []rejectName{
	{"icmp6-no-route", "no-route", xt.ICMP6NoRoute},
	{"icmp6-adm-prohibited", "adm-prohibited", xt.ICMP6AdmProhibited},
	{"icmp6-addr-unreachable", "addr-unreach", xt.ICMP6AddrUnreachable},
	{"icmp6-port-unreachable", "port-unreach", xt.ICMP6PortUnreachable},
	{"tcp-reset", "tcp-reset", xt.TCPReset6},
	{"icmp6-policy-fail", "policy-fail", xt.ICMP6PolicyFail},
	{"icmp6-reject-route", "reject-route", xt.ICMP6RejectRoute},
}

func newReject(f nft.Family) extension {
	if f == nft.IPv6 {
		return &reject{f, xt.ICMP6PortUnreachable}
	}
	return &reject{f, xt.ICMPPortUnreachable}
}

func (*reject) name() string { return "REJECT" }

func (t *reject) names() []rejectName {
	if t.family == nft.IPv6 {
		return reject6Names
	}
	return rejectNames
}

func (t *reject) set(s *setting) error {
	begins := func(name string) bool {
		return len(s.arg) <= len(name) && strings.EqualFold(name[:len(s.arg)], s.arg)
	}
	for _, n := range t.names() {
		if begins(n.name) || begins(n.alias) {
			t.with = n.with
			return nil
		}
	}
	return wrong(`unknown reject type "` + s.arg + `"`)
}

func (t *reject) text() string {
	for _, n := range t.names() {
		if n.with == t.with {
			return n.name
		}
	}
	return t.with.String()
}

func (t *reject) save() string { return " --reject-with " + t.text() }

func (t *reject) list(*naming) string { return " reject-with " + t.text() }
