//go:build linux

package nettools

import (
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/resolve"
)

// Names turns addresses into names and back: hosts as package resolve does,
// networks from /etc/networks.
type names struct {
	hosts    resolve.Resolver
	networks string // path of the networks file
	cache    map[netip.Addr]string
	slow     bool // a name server did not answer: do not wait for it again
}

// newNames asks the name servers too, unless c is only being explained.
func newNames(c *applet.Cmd) *names {
	n := &names{hosts: resolve.System(), networks: "/etc/networks", cache: make(map[netip.Addr]string)}
	if c.Explain != nil {
		n.hosts.Port = resolve.NoSocket
	}
	return n
}

// patience is how long to wait for a name server: a table is read for its
// numbers. After that, names are looked up in files alone.
const patience = 2 * time.Second

// host returns the name of a host, or "".
func (n *names) host(a netip.Addr) string {
	if a.IsUnspecified() {
		return ""
	}
	if name, ok := n.cache[a]; ok {
		return name
	}
	hosts := n.hosts
	if n.slow {
		hosts.Port = 0 // files only
	}
	answer := make(chan string, 1) // so that an answer that comes too late is dropped
	go func() {
		name, ok := hosts.LookupAddr(a)
		if !ok {
			name = ""
		}
		answer <- name
	}()
	select {
	case n.cache[a] = <-answer:
	case <-time.After(patience):
		n.slow, n.cache[a] = true, ""
	}
	return n.cache[a]
}

// network returns a name and the address of a network in the networks file, by
// either; missing bytes of addresses are zero. A file that cannot be read is
// empty, as it is for the C library.
func (n *names) network(name string, a netip.Addr) (string, netip.Addr, bool) {
	file, err := os.ReadFile(n.networks)
	if err != nil {
		file = nil
	}
	for _, line := range strings.Split(string(file), "\n") {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		addr, err := netip.ParseAddr(words[1] + strings.Repeat(".0", max(3-strings.Count(words[1], "."), 0)))
		if err != nil {
			continue
		}
		for i, word := range words {
			if i != 1 && (word == name || addr == a) {
				return word, addr, true
			}
		}
	}
	return "", a, false
}

// addr returns the address of a word, and whether it is that of a network:
// "default", a number, a name in /etc/networks, the name of a host.
func (n *names) addr(word string) (a netip.Addr, isNet bool, err error) {
	if a, isNet, ok := literal(word); ok {
		return a, isNet, nil
	}
	if _, a, ok := n.network(word, a); ok {
		return a, true, nil
	}
	a, err = n.lookup(word)
	return a, false, err
}

// lookup asks for the IPv4 address of a host. What only looks like a number is
// unknown without asking.
func (n *names) lookup(word string) (netip.Addr, error) {
	if strings.Trim(word, "0123456789.") == "" || strings.Contains(word, ":") {
		return netip.Addr{}, resolve.ErrNotFound
	}
	host, err := n.hosts.LookupHost(word, resolve.IPv4)
	if err != nil {
		return netip.Addr{}, err
	}
	return host.Addrs[0], nil
}

// hostAddr is addr where a host is more likely than a network: after -host
// and gw. What is neither is unknown, whatever the name servers said.
func (n *names) hostAddr(word string) (a netip.Addr, isNet bool, err error) {
	if a, isNet, ok := literal(word); ok {
		return a, isNet, nil
	}
	if a, err = n.lookup(word); err == nil {
		return a, false, nil
	}
	if _, a, ok := n.network(word, a); ok {
		return a, true, nil
	}
	return netip.Addr{}, false, resolve.ErrNotFound
}

func literal(word string) (a netip.Addr, isNet, ok bool) {
	if word == "default" {
		return netip.IPv4Unspecified(), true, true
	}
	if strings.Contains(word, ":") {
		return a, false, false
	}
	a, ok = resolve.ParseAddr(word)
	return a, false, ok
}
