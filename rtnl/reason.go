//go:build linux

package rtnl

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// Reason says in words why the kernel refuses operation op ("add", "set",
// "delete", "get") on m with err, or "" if nothing is known. Half of the
// kernel's refusals are an errno and no more; and of what it does say, not all
// tells what to do.
func Reason(op string, m nl.Message, err error) string {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return ""
	}
	link, _ := m.(*Link)
	if errno == unix.EACCES && link != nil && link.Info.Bond != nil {
		return "a bond of this mode does not take that"
	}
	if errors.Is(err, fs.ErrPermission) {
		return "that needs CAP_NET_ADMIN in the user namespace of the network namespace"
	}
	var e *nl.Error
	if errors.As(err, &e) && e.Message != "" && errno != unix.ENETUNREACH && errno != unix.ERANGE {
		return "" // the kernel's words name the cause
	}
	switch m := m.(type) {
	case *Link:
		return m.reason(op, errno)
	case *Addr:
		return m.reason(op, errno)
	case *Route:
		return m.reason(op, errno)
	case *Neigh:
		return m.reason(op, errno)
	case *NSID:
		return m.reason(errno)
	case *NextHopObject:
		return m.reason(errno)
	}
	return ""
}

func (l *Link) reason(op string, errno syscall.Errno) string {
	switch errno {
	case unix.EEXIST:
		switch {
		case op == "set" || l.Info.Peer == nil:
			return "a link named " + l.name() + ", or one with its index, exists already"
		case l.Name == l.Info.Peer.Name:
			return "both ends of the cable have the same name"
		}
		return "a link named " + l.Name + " or " + l.Info.Peer.Name + " exists already"
	case unix.ENODEV:
		return "there is no such link in this namespace"
	case unix.EOPNOTSUPP:
		switch {
		case l.Master.Ok && op != "add":
			return "link #" + strconv.FormatUint(uint64(l.Master.V), 10) + " takes no ports, so that it cannot be a master; the link has left the master it had"
		case op == "delete":
			return "a link of this kind cannot be deleted"
		case l.Info.Kind != "":
			return fmt.Sprintf("the kernel has no links of kind %q, or does not take these settings for them", l.Info.Kind)
		}
	case unix.EINVAL:
		switch {
		case l.Name != "" && !ValidLinkName(l.Name):
			return badName(l.Name)
		case l.Info.Peer != nil && l.Info.Peer.Name != "" && !ValidLinkName(l.Info.Peer.Name):
			return badName(l.Info.Peer.Name)
		case l.Master.Ok && l.Master.V != 0:
			return "there is no link #" + strconv.FormatUint(uint64(l.Master.V), 10) + " to be the master, or it does not take this link as a port"
		case l.NetNSFD.Ok || l.NetNSPID.Ok:
			return "this link cannot leave its namespace"
		}
	case unix.ERANGE:
		if len(l.Name) > 15 {
			return badName(l.Name)
		}
		if l.Info.Peer != nil && len(l.Info.Peer.Name) > 15 {
			return badName(l.Info.Peer.Name)
		}
	case unix.ELOOP:
		return "a link cannot be below itself"
	case unix.EBUSY:
		return "the link is a port of another master, or is up and must be down for this"
	case unix.ENOTCONN:
		return "the other end of the cable cannot be up before this one is there: raise it by a request of its own"
	case unix.EADDRNOTAVAIL:
		return l.Addr.String() + " is no address for a link: it is a group's, or all zero"
	case unix.EBADF:
		return "the descriptor does not name a network namespace"
	case unix.ESRCH:
		return "there is no process of that number"
	}
	return ""
}

// ValidLinkName reports whether the kernel takes name for a link: 1 to 15
// bytes without slash, colon or white space, and not "." or "..".
func ValidLinkName(name string) bool {
	if len(name) == 0 || len(name) > 15 || name == "." || name == ".." {
		return false
	}
	for _, b := range []byte(name) { // dev_valid_name, with Latin-1's isspace
		if b == '/' || b == ':' || b == ' ' || b >= '\t' && b <= '\r' || b == 0xa0 {
			return false
		}
	}
	return true
}

func badName(name string) string {
	return fmt.Sprintf("%q is no name for a link: 1 to 15 bytes without slash, colon or space", name)
}

func (a *Addr) reason(op string, errno syscall.Errno) string {
	switch errno {
	case unix.EEXIST:
		return "the link has this address already"
	case unix.EADDRNOTAVAIL:
		return "the link does not have this address"
	case unix.ENODEV:
		return "there is no link #" + strconv.FormatUint(uint64(a.Index), 10) + " in this namespace"
	case unix.EACCES:
		return "IPv6 is switched off on this link (disable_ipv6)"
	case unix.EINVAL:
		if !a.Prefix().IsValid() {
			return "an address of this family has no prefix of " + strconv.Itoa(int(a.PrefixLen)) + " bits"
		}
	}
	return ""
}

func (r *Route) reason(op string, errno syscall.Errno) string {
	switch errno {
	case unix.EEXIST:
		return "there is a route to this destination with the same metric already"
	case unix.ESRCH:
		if op == "delete" || op == "change" {
			return "there is no such route"
		}
	case unix.ENETUNREACH, unix.EHOSTUNREACH:
		switch {
		case op == "get":
			return "no route leads to " + r.Dst.Addr().String()
		case r.Gateway.IsValid():
			return "no route to gateway " + r.Gateway.String() + ": no address of this host is in its subnet"
		}
	case unix.ENETDOWN:
		return "the link is down"
	case unix.ENODEV:
		switch {
		case r.OIF == 0 && !r.Gateway.IsValid():
			return "a route needs a gateway or a link"
		case r.OIF != 0:
			return "there is no link #" + strconv.FormatUint(uint64(r.OIF), 10) + " in this namespace"
		}
	case unix.EINVAL:
		if r.Dst.IsValid() && r.Dst != r.Dst.Masked() {
			return r.Dst.String() + " has bits beyond its prefix; the network is " + r.Dst.Masked().String()
		}
	case unix.EACCES, unix.ECONNREFUSED:
		return "a route says that packets to there are to be refused"
	}
	return ""
}

func (n *Neigh) reason(op string, errno syscall.Errno) string {
	switch errno {
	case unix.EEXIST:
		return "there is an entry for this neighbour already"
	case unix.ENOENT:
		return "there is no entry for this neighbour"
	case unix.ENODEV:
		return "there is no link #" + strconv.FormatUint(uint64(n.Index), 10) + " in this namespace"
	}
	return ""
}

func (n *NSID) reason(errno syscall.Errno) string {
	switch errno {
	case unix.EEXIST:
		return "the namespace has an id here already, which it keeps for life"
	case unix.ENOSPC:
		return "id " + strconv.Itoa(int(n.ID.V)) + " is in use"
	case unix.EINVAL, unix.EBADF:
		return "the descriptor does not name a network namespace"
	case unix.ESRCH:
		return "there is no process of that number"
	}
	return ""
}

func (h *NextHopObject) reason(errno syscall.Errno) string {
	switch errno {
	case unix.EEXIST:
		return "there is a nexthop object with this id already"
	case unix.ENOENT:
		return "there is no nexthop object with this id"
	case unix.ENETDOWN:
		return "the link is down"
	case unix.ENODEV:
		return "there is no link #" + strconv.FormatUint(uint64(h.OIF), 10) + " in this namespace"
	case unix.ENETUNREACH, unix.EHOSTUNREACH:
		return "no route to gateway " + h.Gateway.String() + ": no address of this host is in its subnet"
	case unix.EOPNOTSUPP:
		return "the kernel has no nexthop objects, which came with Linux 5.3"
	}
	return ""
}
