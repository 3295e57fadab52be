//go:build linux

package rtnl

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// object names what a request is about.
func object(m nl.Message) string {
	switch m := m.(type) {
	case *Link:
		return "link " + m.name()
	case *Addr:
		return "address " + m.Prefix().String() + " of link #" + strconv.FormatUint(uint64(m.Index), 10)
	case *Route:
		return "route " + m.words()
	case *Neigh:
		return "neighbour " + m.Dst.String() + " of link #" + strconv.FormatUint(uint64(m.Index), 10)
	case *Rule:
		return "rule " + strconv.FormatUint(uint64(m.Priority.V), 10)
	case *NSID:
		return "namespace id"
	case *NextHopObject:
		return "nexthop object " + strconv.FormatUint(uint64(m.ID), 10)
	}
	return "message"
}

// name is the shortest that tells which link is meant.
func (l *Link) name() string {
	switch {
	case l.Name != "":
		return l.Name
	case l.AltName != "":
		return l.AltName
	case l.Index != 0:
		return "#" + strconv.FormatUint(uint64(l.Index), 10)
	case l.Group.Ok:
		return "group " + strconv.FormatUint(uint64(l.Group.V), 10)
	case l.Info.Kind != "":
		return "of kind " + l.Info.Kind
	}
	return "without a name"
}

// words is the route in the way of "ip route".
func (r *Route) words() string {
	var b strings.Builder
	if b.WriteString("default"); r.Dst.IsValid() {
		b.Reset()
		b.WriteString(r.Dst.String())
	}
	if r.Gateway.IsValid() {
		fmt.Fprintf(&b, " via %s", r.Gateway)
	}
	if r.Via.IsValid() {
		fmt.Fprintf(&b, " via %s", r.Via)
	}
	if r.OIF != 0 {
		fmt.Fprintf(&b, " dev #%d", r.OIF)
	}
	if r.Table != 0 && r.Table != unix.RT_TABLE_MAIN {
		fmt.Fprintf(&b, " table %d", r.Table)
	}
	return b.String()
}
