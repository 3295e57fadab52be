//go:build linux

package resolve

import (
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"
)

// hosts calls f with each line of the hosts file until it returns false. A
// file that cannot be read is an empty one, as for the C library.
func (r Resolver) hosts(f func(a netip.Addr, names []string) bool) {
	text, err := os.ReadFile(r.Hosts)
	if err != nil {
		return
	}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		if a, err := netip.ParseAddr(words[0]); err == nil && !f(a.Unmap(), words[1:]) {
			return
		}
	}
}

// hostsByName finds all addresses of a name. known is true if the name is
// there, be it with another family.
func (r Resolver) hostsByName(name string, family Family) (host Host, known bool) {
	name = strings.TrimSuffix(name, ".")
	r.hosts(func(a netip.Addr, names []string) bool {
		for _, n := range names {
			if !strings.EqualFold(n, name) {
				continue
			}
			known = true
			if family.has(a) {
				if host.Canonical == "" {
					host.Canonical = names[0]
				}
				host.Addrs = append(host.Addrs, a)
			}
			break
		}
		return true
	})
	return host, known
}

func (r Resolver) hostsByAddr(a netip.Addr) (name string, ok bool) {
	r.hosts(func(b netip.Addr, names []string) bool {
		if a == b {
			name, ok = names[0], true
		}
		return !ok
	})
	return name, ok
}

// A conf is what resolv.conf(5) says.
type conf struct {
	servers  []netip.Addr // at most three
	search   []string
	ndots    int
	timeout  time.Duration
	attempts int
}

// readConf reads resolv.conf. Where the file or its "nameserver" lines are
// missing, the server is 127.0.0.1.
func (r Resolver) readConf() conf {
	text, err := os.ReadFile(r.Conf)
	if err != nil {
		text = nil
	}
	return parseConf(string(text))
}

func parseConf(text string) conf {
	c := conf{ndots: 1, timeout: 5 * time.Second, attempts: 2}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 2 || strings.ContainsAny(words[0], "#;") {
			continue
		}
		switch words[0] {
		case "nameserver":
			if a, err := netip.ParseAddr(words[1]); err == nil && len(c.servers) < 3 {
				c.servers = append(c.servers, a.Unmap())
			}
		case "search":
			c.search = words[1:]
		case "domain":
			c.search = words[1:2]
		case "options":
			for _, w := range words[1:] {
				c.option(w)
			}
		}
	}
	if len(c.servers) == 0 {
		c.servers = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	}
	return c
}

// option understands the three options that change what is asked and when.
func (c *conf) option(word string) {
	key, value, _ := strings.Cut(word, ":")
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return
	}
	switch key {
	case "ndots":
		c.ndots = min(n, 15)
	case "timeout":
		c.timeout = time.Duration(max(1, min(n, 30))) * time.Second
	case "attempts":
		c.attempts = max(1, min(n, 5))
	}
}

// candidates are the names to ask for, in order.
func (c conf) candidates(name string) []string {
	if strings.HasSuffix(name, ".") {
		return []string{name}
	}
	var list []string
	for _, domain := range c.search {
		if full := name + "." + strings.Trim(domain, ".") + "."; isName(full) {
			list = append(list, full)
		}
	}
	if strings.Count(name, ".") >= c.ndots {
		return append([]string{name + "."}, list...)
	}
	return append(list, name+".")
}
