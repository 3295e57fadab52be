//go:build linux

package resolve

import (
	"math/rand/v2"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

func itoa(b byte) string { return strconv.Itoa(int(b)) }

// dnsByName asks the name servers for each candidate until one has addresses.
func (r Resolver) dnsByName(name string, family Family) (Host, error) {
	c := r.readConf()
	err := ErrNotFound
	for _, full := range c.candidates(name) {
		host, failed := r.dnsAddrs(c, full, family)
		if failed == nil {
			return host, nil
		}
		if failed == ErrTemporary {
			return Host{}, failed
		}
		if failed == ErrNoAddress { // the name is there: remember that
			err = failed
		}
	}
	return Host{}, err
}

func (r Resolver) dnsAddrs(c conf, name string, family Family) (host Host, err error) {
	types := []uint16{typeA, typeAAAA}
	switch family {
	case IPv4:
		types = types[:1]
	case IPv6:
		types = types[1:]
	}
	err = ErrNotFound
	for _, typ := range types {
		reply, ok := r.ask(c, name, typ)
		switch {
		case !ok:
			err = ErrTemporary
		case reply.rcode == rcodeNXDomain:
			continue
		case len(reply.addrs) == 0 && err == ErrNotFound:
			err = ErrNoAddress
		}
		if len(reply.addrs) > 0 {
			host.Canonical = reply.canonical
			host.Addrs = append(host.Addrs, reply.addrs...)
		} else if !ok {
			break // the same servers would not answer the next one either
		}
	}
	if len(host.Addrs) > 0 {
		return host, nil
	}
	return Host{}, err
}

func (r Resolver) dnsByAddr(a netip.Addr) (string, bool) {
	if r.Port <= 0 {
		return "", false
	}
	reply, ok := r.ask(r.readConf(), arpaName(a), typePTR)
	return reply.ptr, ok && reply.ptr != ""
}

// ask puts the question to one server after another, as often as the
// configuration says. ok is false if none had an answer.
func (r Resolver) ask(c conf, name string, typ uint16) (answer reply, ok bool) {
	if r.Port <= 0 {
		return reply{}, false
	}
	for range c.attempts {
		for _, server := range c.servers {
			q := question{uint16(rand.Uint32()), name, typ}
			answer, err := q.exchange(server, r.Port, c.timeout)
			if err == nil && (answer.rcode == rcodeNone || answer.rcode == rcodeNXDomain) {
				return answer, true
			}
		}
	}
	return reply{}, false
}

// exchange sends the question to one server and waits for its answer.
func (q question) exchange(server netip.Addr, port int, timeout time.Duration) (reply, error) {
	fd, err := udp(server, port)
	if err != nil {
		return reply{}, err
	}
	defer unix.Close(fd)
	if _, err := unix.Write(fd, q.pack()); err != nil {
		return reply{}, err
	}
	buf := make([]byte, 4096)
	for deadline := time.Now().Add(timeout); ; {
		left := time.Until(deadline)
		if left <= 0 {
			return reply{}, unix.ETIMEDOUT
		}
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, int(left.Milliseconds())+1); err != nil && err != unix.EINTR {
			return reply{}, err
		}
		n, err := unix.Read(fd, buf)
		if err == unix.EAGAIN || err == unix.EINTR {
			continue
		}
		if err != nil { // ECONNREFUSED: nobody listens there
			return reply{}, err
		}
		if answer, err := q.parse(buf[:n]); err == nil {
			return answer, nil
		}
	}
}
