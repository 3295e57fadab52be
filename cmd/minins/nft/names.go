//go:build linux

package nft

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/resolve"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/lang"
	"github.com/minins/minins/rtnl"
)

// names is what a text refers to: devices, hosts, ports and sets of the kernel. What
// it needs it asks for when it is first needed.
type names struct {
	r       *runner
	devices map[string]uint32
	byIndex map[uint32]string
	sets    *[]nft.Set
}

func (n *names) read() {
	if n.devices != nil {
		return
	}
	n.devices, n.byIndex = make(map[string]uint32), make(map[uint32]string)
	conn, err := n.r.c.Dial(rtnl.Protocol, "")
	if err != nil {
		return // then a device has no name, but a number
	}
	defer conn.Close()
	links, err := rtnl.New(conn).Links(context.Background(), rtnl.LinkFilter{})
	if err != nil {
		return
	}
	for _, l := range links {
		n.devices[l.Name], n.byIndex[l.Index] = l.Index, l.Name
	}
}

// Device is the index of a network device.
func (n *names) Device(name string) (uint32, bool) {
	n.read()
	index, ok := n.devices[name]
	return index, ok
}

// deviceName is the name of one, or "".
func (n *names) deviceName(index uint32) string {
	n.read()
	return n.byIndex[index]
}

// Service is the port of a service.
func (n *names) Service(name, proto string) (uint16, bool) { return resolve.Service(name, proto) }

// Host is the addresses of a host.
func (n *names) Host(name string, six bool) (addrs [][]byte) {
	family := resolve.IPv4
	if six {
		family = resolve.IPv6
	}
	h, err := resolve.System().LookupHost(name, family)
	if err != nil {
		return nil
	}
	for _, a := range h.Addrs {
		if netip.Addr.Is4(a) != six {
			addrs = append(addrs, a.AsSlice())
		}
	}
	return addrs
}

// SetTypes is what a set of the kernel is of.
func (n *names) SetTypes(f nft.Family, table, name string) (key, data []*lang.Datatype, flags nft.SetFlags, ok bool) {
	if n.sets == nil {
		n.sets = &[]nft.Set{}
		if conn, err := n.r.dial(); err == nil {
			if all, err := conn.Sets(context.Background(), nft.Unspec, ""); err == nil {
				n.sets = &all
			}
		}
	}
	for i := range *n.sets {
		s := &(*n.sets)[i]
		if s.Family == f && s.Table == table && s.Name == name {
			key, data = lang.SetTypes(s)
			return key, data, s.Flags.V, key != nil
		}
	}
	return nil, nil, 0, false
}

// Include reads the files that a name or a pattern stands for, in the order of their
// names. What has no directory is looked for in those of -I, and in /etc.
func (n *names) Include(name string) (files []lang.File, err error) {
	dirs := []string{""}
	if !strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "./") && !strings.HasPrefix(name, "../") {
		dirs = append(slices.Clone(n.r.o.include), "/etc")
	}
	pattern := strings.ContainsAny(name, "*?[")
	for _, dir := range dirs {
		path := name
		if dir != "" {
			path = dir + "/" + name
		}
		paths := []string{path}
		if pattern {
			if paths, err = filepath.Glob(path); err != nil {
				return nil, err
			}
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			switch {
			case err == nil:
				n.r.texts[path] = string(text)
				files = append(files, lang.File{Name: path, Text: string(text)})
			case !errors.Is(err, fs.ErrNotExist):
				return nil, errors.New("Could not open file \"" + path + "\": " + applet.Strerror(err))
			}
		}
		if files != nil {
			return files, nil
		}
	}
	if pattern {
		return nil, nil // none is as good as some
	}
	return nil, errors.New("File not found: " + name)
}

// Account is the number of a user or a group of /etc/passwd or /etc/group.
func (n *names) Account(name string, group bool) (id uint32, ok bool) {
	file := "/etc/passwd"
	if group {
		file = "/etc/group"
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false // without names there are numbers
	}
	for line := range strings.Lines(string(text)) {
		if words := strings.Split(line, ":"); len(words) > 2 && words[0] == name {
			v, err := strconv.ParseUint(words[2], 10, 32)
			return uint32(v), err == nil
		}
	}
	return 0, false
}
