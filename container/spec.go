//go:build linux

package container

import (
	"errors"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// Inside is the name of the cable's end in the container.
const Inside = "eth0"

// Group is the link group (IFLA_GROUP) of every host end that this package makes.
// It is how they are told from links of others: "ip link show group 7171699".
const Group = 'm'<<16 | 'n'<<8 | 's' // 7171699

// A Spec is the network of one container.
type Spec struct {
	// Name is that of the network namespace.
	Name string

	// HostEnd is the name of the cable's end in the host's namespace, 1 to 15
	// bytes. The other end is eth0.
	HostEnd string

	// Bridge is the name of a bridge in the host's namespace, which must be
	// there, and which gets HostEnd as a port. "" is none.
	Bridge string

	// Addrs are the addresses of eth0, IPv4 and IPv6, each with the length of
	// its subnet's prefix. An IPv6 address is usable at once: duplicates are
	// not looked for (nodad).
	Addrs []netip.Prefix

	// Gateways are those of the default routes: at most one of each family, in a
	// subnet of Addrs.
	Gateways []netip.Addr

	// MTU is that of both ends, 68 to 65535 bytes; 0 is the kernel's 1500.
	MTU uint32

	// MAC is that of eth0; the zero value is one that the kernel makes up.
	MAC nl.HardwareAddr
}

// check finds what the kernel would not, or only when it is half done.
func (s *Spec) check() error {
	if err := nsfs.ValidName(s.Name); err != nil {
		return err
	}
	if !rtnl.ValidLinkName(s.HostEnd) {
		return fmt.Errorf("host end %q: a link's name is 1 to 15 bytes without slash, colon or space: %w", s.HostEnd, unix.EINVAL)
	}
	if s.MTU != 0 && (s.MTU < 68 || s.MTU > 65535) {
		return fmt.Errorf("MTU %d: that of a veth is 68 to 65535: %w", s.MTU, unix.EINVAL)
	}
	for _, p := range s.Addrs {
		if !p.IsValid() || p.Addr().Is4In6() || p.Addr().Zone() != "" {
			return fmt.Errorf("address %v: not an address with a prefix length: %w", p, unix.EINVAL)
		}
	}
	var v4, v6 bool
	for _, g := range s.Gateways {
		if !g.IsValid() || g.Is4In6() || g.Zone() != "" {
			return fmt.Errorf("gateway %v: not an address: %w", g, unix.EINVAL)
		}
		seen := &v6
		if g.Is4() {
			seen = &v4
		}
		if *seen {
			return fmt.Errorf("gateway %v: there is one of its family before: %w", g, unix.EINVAL)
		}
		*seen = true
	}
	return nil
}

// A Step is what was being done to a container when an [Error] occurred.
type Step string

// The steps, in their order.
const (
	StepSpec      Step = "check the specification"
	StepNamespace Step = "make the namespace"
	StepLink      Step = "create the cable"
	StepInside    Step = "configure the inside"
	StepUnlink    Step = "delete the cable"
	StepRelease   Step = "release the namespace"
	StepPublish   Step = "publish ports"
	StepUnpublish Step = "unpublish ports"
	StepList      Step = "list published ports"
	StepEnding    Step = "take down the cables"
	StepCollect   Step = "collect what no port needs"
)

// An Error is a step that failed. [errors.Is] sees the errno below it.
type Error struct {
	Container string // its name; "" if it is about all of a call
	Step      Step
	Err       error // *nsfs.Error, *rtnl.OpError, an error of a context …
}

// Error is one line.
func (e *Error) Error() string {
	s := string(e.Step) + ": " + e.Err.Error()
	if e.Container == "" {
		return "container: " + s
	}
	return "container " + e.Container + ": " + s
}

// Unwrap returns the error below.
func (e *Error) Unwrap() error { return e.Err }

// failed wraps err, if there is one and if it is not an Error already.
func failed(name string, step Step, err error) error {
	if e := (*Error)(nil); err == nil || errors.As(err, &e) {
		return err
	}
	return &Error{Container: name, Step: step, Err: err}
}
