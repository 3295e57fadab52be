//go:build linux

package container

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/rule"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// A Port is a port of the host that leads to one of a container.
type Port struct {
	// Proto is [rule.TCP] or [rule.UDP].
	Proto rule.Transport

	// Host is the port on the host, and at which of its addresses: at all of the
	// family of To, if the address is 0.0.0.0, :: or none. A port at one address is
	// preferred to the same port at all. Of 127.0.0.0/8 it can be 127.0.0.1.
	Host netip.AddrPort

	// To is the address and the port in the container.
	To netip.AddrPort

	// Container is its name, to tell who has a port: [Spec.Name].
	Container string

	// HostEnd is the near end of its cable, which has to be a port of a bridge:
	// [Spec.HostEnd].
	HostEnd string
}

// String is "tcp 0.0.0.0:8080 to 10.1.0.2:80 of container web".
func (p Port) String() string {
	s := p.where()
	if p.To.IsValid() {
		s += " to " + p.To.String()
	}
	if p.Container != "" {
		s += " of container " + p.Container
	}
	return s
}

// where is what no two ports have in common: "tcp 0.0.0.0:8080".
func (p *Port) where() string { return p.Proto.String() + " " + p.host().String() }

// family is that of the addresses.
func (p *Port) family() nft.Family {
	a := p.To.Addr()
	if !a.IsValid() {
		a = p.Host.Addr()
	}
	if a.Is6() {
		return nft.IPv6
	}
	return nft.IPv4
}

// host is Host with the unspecified address of the family in place of none.
func (p *Port) host() netip.AddrPort {
	if p.Host.Addr().IsValid() {
		return p.Host
	}
	return netip.AddrPortFrom(unspecified(p.family()), p.Host.Port())
}

// unspecified is the address that stands for all of a family.
func unspecified(f nft.Family) netip.Addr {
	if f == nft.IPv6 {
		return netip.IPv6Unspecified()
	}
	return netip.IPv4Unspecified()
}

// everywhere says that the port is at all addresses of the host.
func (p *Port) everywhere() bool { return p.host().Addr().IsUnspecified() }

// checkHost checks what is there to find a port by.
func (p *Port) checkHost() error {
	if p.Proto != rule.TCP && p.Proto != rule.UDP {
		return fmt.Errorf("protocol %v: it is rule.TCP or rule.UDP: %w", p.Proto, unix.EINVAL)
	}
	a := p.host().Addr()
	switch {
	case p.Host.Port() == 0:
		return fmt.Errorf("port 0 of the host: it is 1 to 65535: %w", unix.EINVAL)
	case a.Is4In6() || a.Zone() != "":
		return fmt.Errorf("host address %v: an IPv4 or IPv6 address without a zone: %w", a, unix.EINVAL)
	case a.IsLoopback() && a != loopbackOf(a):
		return fmt.Errorf("host address %v: of the loopback addresses a port can be at %v: %w", a, loopbackOf(a), unix.EINVAL)
	case p.To.IsValid() && a.Is4() != p.To.Addr().Is4():
		return fmt.Errorf("host address %v and container address %v: one family: %w", a, p.To.Addr(), unix.EINVAL)
	}
	return nil
}

func loopbackOf(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	return netip.IPv6Loopback()
}

// check finds what the kernel would not.
func (p *Port) check() error {
	to := p.To.Addr()
	switch {
	case !p.To.IsValid() || p.To.Port() == 0 || to.Is4In6() || to.Zone() != "" || to.IsUnspecified() || to.IsLoopback() || to.IsMulticast():
		return fmt.Errorf("container address %v: an address of its eth0 and a port: %w", p.To, unix.EINVAL)
	case !rtnl.ValidLinkName(p.HostEnd):
		return fmt.Errorf("host end %q: the near end of the container's cable: %w", p.HostEnd, unix.EINVAL)
	case len(p.comment()) > commentMax:
		return fmt.Errorf("container %q: a name of more than %d bytes does not fit the comment: %w", p.Container, commentMax-len(p.HostEnd)-1, unix.ENAMETOOLONG)
	}
	if err := nsfs.ValidName(p.Container); err != nil {
		return err
	}
	return p.checkHost()
}

// commentMax is what nft takes back of what it lists.
const commentMax = 128

// comment is what an element of the maps has beside the addresses.
func (p *Port) comment() string { return p.HostEnd + " " + p.Container }

// A PortError is about one port of a call. [errors.Is] sees [io/fs.ErrExist] for one
// that is taken.
type PortError struct {
	Port Port
	By   Port // who has it, if it is taken
	Err  error
}

// Error is one line, and names the port and who has it.
func (e *PortError) Error() string {
	s := "port " + e.Port.where() + ": "
	if e.By.To.IsValid() {
		return s + "container " + e.By.Container + " has it, for " + e.By.To.String() + ": " + e.Err.Error()
	}
	return s + e.Err.Error()
}

// Unwrap returns the error below.
func (e *PortError) Unwrap() error { return e.Err }

// key is what the port is found by in a map, each part padded to 4 bytes.
func (p *Port) key() []byte {
	key := make([]byte, 0, 24)
	if !p.everywhere() {
		key = append(key, p.Host.Addr().AsSlice()...)
	}
	return protoPort(key, p.Proto, p.Host.Port())
}

func protoPort(key []byte, t rule.Transport, port uint16) []byte {
	key = append(key, byte(t), 0, 0, 0)
	key = binary.BigEndian.AppendUint16(key, port)
	return append(key, 0, 0)
}

// elem is the element of a map that is the port.
func (p *Port) elem() (nft.Elem, error) {
	to := binary.BigEndian.AppendUint16(p.To.Addr().AsSlice(), p.To.Port())
	u, err := nft.WithComment(p.comment())
	return nft.Elem{Key: p.key(), Data: nft.Data{Value: append(to, 0, 0)}, Userdata: u}, err
}

var errForeign = errors.New("there is an element in the map that no Publisher made")

// portOf is the port that an element of a map is.
func portOf(f nft.Family, e *nft.Elem) (p Port, err error) {
	size := 4
	if f == nft.IPv6 {
		size = 16
	}
	key, to := e.Key, e.Data.Value
	if len(to) != size+4 || len(key) != 8 && len(key) != size+8 {
		return p, errForeign
	}
	host := unspecified(f)
	if len(key) != 8 {
		host, _ = netip.AddrFromSlice(key[:size])
		key = key[size:]
	}
	p.Proto = rule.Transport(key[0])
	p.Host = netip.AddrPortFrom(host, binary.BigEndian.Uint16(key[4:]))
	a, _ := netip.AddrFromSlice(to[:size])
	p.To = netip.AddrPortFrom(a, binary.BigEndian.Uint16(to[size:]))
	p.HostEnd, p.Container, _ = strings.Cut(e.Userdata.Comment(), " ")
	return p, nil
}
