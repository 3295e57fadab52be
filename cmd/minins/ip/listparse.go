//go:build linux

package ip

import (
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// A listing says which links and addresses to show, or to flush.
type listing struct {
	_ [0]func() // not to be compared: that would take code

	extent   extent
	family   rtnl.Family
	dev      string
	up       bool
	kind     string // type KIND
	slave    string // type KIND_slave
	master   string
	noMaster bool
	group    int64 // -1: any

	to       prefix
	label    string
	scope    nl.Opt[uint32]
	flags    rtnl.AddrFlags
	flagMask rtnl.AddrFlags

	// Found later: the numbers of names.
	index       uint32
	masterIndex uint32
}

// addrFlag is a word for a flag of addresses. The second of two words for one
// flag is its name in IPv6.
type addrFlag struct {
	name   string
	bit    rtnl.AddrFlags
	set    bool // may be set by "ip addr add"
	only6  bool // for IPv6 alone
	hidden bool // an alias that is not printed
}

var addrFlags = []addrFlag{
	{name: "secondary", bit: unix.IFA_F_SECONDARY},
	{name: "temporary", bit: unix.IFA_F_SECONDARY, hidden: true},
	{name: "nodad", bit: unix.IFA_F_NODAD, set: true, only6: true},
	{name: "optimistic", bit: unix.IFA_F_OPTIMISTIC, set: true, only6: true},
	{name: "dadfailed", bit: unix.IFA_F_DADFAILED},
	{name: "home", bit: unix.IFA_F_HOMEADDRESS, set: true, only6: true},
	{name: "deprecated", bit: unix.IFA_F_DEPRECATED},
	{name: "tentative", bit: unix.IFA_F_TENTATIVE},
	{name: "permanent", bit: unix.IFA_F_PERMANENT},
	{name: "mngtmpaddr", bit: unix.IFA_F_MANAGETEMPADDR, set: true, only6: true},
	{name: "noprefixroute", bit: unix.IFA_F_NOPREFIXROUTE, set: true},
	{name: "autojoin", bit: unix.IFA_F_MCAUTOJOIN, set: true},
	{name: "stable-privacy", bit: unix.IFA_F_STABLE_PRIVACY},
}

// takeFlag reads "tentative", "-tentative", "dynamic" and the like.
func (q *listing) takeFlag(word string) bool {
	name, not := strings.CutPrefix(word, "-")
	switch word {
	case "dynamic":
		name, not = "permanent", true
	case "primary":
		name, not = "secondary", true
	}
	for i := range addrFlags {
		if f := &addrFlags[i]; f.name == name {
			q.flagMask |= f.bit
			q.flags |= f.bit
			if not {
				q.flags &^= f.bit
			}
			return true
		}
	}
	return false
}

const listWords grammar = `
	to PREFIX  with an address in it
	scope SCOPE  with an address of it
	up  that are up
	dynamic  with an address that has a lifetime
	primary  without addresses that are secondary
	label PATTERN  with an address that is called so
	group GROUP  of the group
	master DEV  that are its ports
	nomaster  that are nobody's port
	type KIND  of the kind; KIND_slave: ports of one
	[dev] DEV  the link
	vrf NAME  that are in the VRF
	help*`

// flagWords are the words of some flags of addresses, for "did you mean".
func flagWords(settable bool) (words []string) {
	for i := range addrFlags {
		if f := &addrFlags[i]; f.set || !settable {
			words = append(words, f.name)
		}
	}
	return words
}

// parseListing reads the words after "show" or "flush".
func parseListing(w *words, x extent, family rtnl.Family) (*listing, error) {
	q := &listing{extent: x, family: family, group: -1}
	for w.next() {
		switch key := listWords.find(w.cur); key {
		case "to":
			w.prefix(&q.to, &q.family)
		case "scope":
			q.scope = scopeArg(w)
		case "up":
			q.up = true
		case "label":
			w.text(&q.label)
		case "group":
			q.group = int64(w.named(groups, 31, invalid("group")))
		case "master":
			w.master(&q.master)
			q.noMaster = false
		case "vrf":
			w.vrf(noVRF)
			q.master, q.noMaster = w.cur, false
		case "nomaster":
			q.master, q.noMaster = "", true
		case "type":
			s := w.arg()
			if base, ok := strings.CutSuffix(s, "_slave"); ok {
				q.slave = base
			} else {
				q.kind = s
			}
		case "help":
			return nil, usage([]string{"address", "link"}[x])
		default:
			if q.takeFlag(w.cur) {
				continue
			}
			if key == "dev" {
				w.arg()
			}
			if q.dev != "" {
				w.fail(secondDevice(q.dev, w.cur, append(listWords.words(), flagWords(false)...)))
			}
			if w.cur == "" {
				w.fail(fail(exitFailed, "Device \"\" does not exist.", ""))
			}
			q.dev = w.cur
		}
	}
	return q, w.err
}

// scopeArg reads a scope, or "all", which is no condition.
func scopeArg(w *words) nl.Opt[uint32] {
	if w.peek() == "all" {
		w.next()
		return nl.Opt[uint32]{}
	}
	return w.someNamed(scopes, 8, "invalid \"scope\"\n")
}

// takesLink reports whether a link is shown, as far as the link alone counts.
func (q *listing) takesLink(l *rtnl.Link) bool {
	switch {
	case q.index != 0 && l.Index != q.index,
		q.up && l.Flags&unix.IFF_UP == 0,
		q.group >= 0 && l.Group.Ok && int64(l.Group.V) != q.group,
		q.slave != "" && l.Info.SlaveKind != q.slave,
		!q.takesOnDump(l):
		return false
	}
	return true
}

// takesOnDump is the part of takesLink that the kernel does when it dumps
// links; older ones leave it to us.
func (q *listing) takesOnDump(l *rtnl.Link) bool {
	return (q.masterIndex == 0 || l.Master.V == q.masterIndex) && !(q.noMaster && q.index == 0 && l.Master.Ok) &&
		(q.kind == "" || l.Info.Kind == q.kind)
}

// takesAddr reports whether an address is shown, that link names the link of.
func (q *listing) takesAddr(a *rtnl.Addr, link string) bool {
	local := a.Prefix().Addr()
	label := a.Label
	if label == "" {
		label = link
	}
	switch {
	case q.index != 0 && a.Index != q.index,
		q.family != 0 && a.Family != q.family,
		q.scope.Ok && uint32(a.Scope) != q.scope.V,
		(a.Flags^q.flags)&q.flagMask != 0,
		!q.to.contains(local),
		q.label != "" && !matches(q.label, label):
		return false
	}
	return true
}

// shows reports whether a link is shown with the addresses that are its own:
// where addresses are selected, one has to be left, unless there were none.
func (q *listing) shows(l *rtnl.Link, addrs []*rtnl.Addr) bool {
	any := false
	for _, a := range addrs {
		if a.Index == l.Index {
			if any = true; q.takesAddr(a, l.Name) {
				return true
			}
		}
	}
	return !any && (q.family == 0 || q.family == unix.AF_PACKET)
}
