//go:build linux && (amd64 || arm64)

package matrix

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/nft"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

// picture is all that a program may leave behind, one thing a line. What differs
// from run to run is not in it: indexes, addresses of Ethernet, and what follows from
// them; nor what the kernel does some time later, as routes of IPv6 to what is
// attached. /run/netns and one mount on it are no trace: iproute2 leaves them too.
func (w *world) picture() (text string, err error) {
	err = w.do(func() (err error) {
		var p painter
		p.mounts(w.host)
		p.files()
		p.network("")
		p.named()
		text, err = strings.Join(p.lines, "\n"), p.err
		return err
	})
	return text, err
}

type painter struct {
	lines []string
	err   error
}

func (p *painter) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// add adds lines in their own order.
func (p *painter) add(lines []string) {
	slices.Sort(lines)
	p.lines = append(p.lines, lines...)
}

// mounts are those that a world did not begin with.
func (p *painter) mounts(host map[string]bool) {
	all, err := mountinfo()
	p.fail(err)
	var lines []string
	place := false
	for _, m := range all {
		if host[m.id] {
			continue
		}
		if m.point == nsfs.Dir && !place {
			place = true // all who make names make it, and it stays
			continue
		}
		lines = append(lines, "mount "+m.point+" "+m.what)
	}
	p.add(lines)
}

// A mount is one of /proc/self/mountinfo.
type mount struct{ id, point, what string }

func mountinfo() (all []mount, err error) {
	b, err := os.ReadFile("/proc/thread-self/mountinfo")
	for line := range strings.Lines(string(b)) {
		// ID parent device root point options [shared:N] [master:N] - type source options
		before, after, ok := strings.Cut(line, " - ")
		f := strings.Fields(before)
		if !ok || len(f) < 6 {
			return nil, fmt.Errorf("mountinfo: %q", line)
		}
		kind, _, _ := strings.Cut(after, " ")
		root, _, _ := strings.Cut(f[3], ":[")
		what := kind + " " + root
		for _, tag := range f[6:] {
			tag, _, _ = strings.Cut(tag, ":")
			what += " " + tag
		}
		all = append(all, mount{f[0] + " " + f[1] + " " + f[4], f[4], what})
	}
	return all, err
}

// files are those in /run.
func (p *painter) files() {
	var all []string
	p.fail(filepath.WalkDir("/run", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) || path == nsfs.Dir {
			return nil
		}
		if err == nil {
			text := "file " + path + " " + info.Mode().String()
			if info.Mode().IsRegular() {
				text += fmt.Sprintf(" %d bytes", info.Size())
			}
			all = append(all, text)
		}
		return err
	}))
	p.add(all)
}

// named are the namespaces that have names, each with what is in it.
func (p *painter) named() {
	files, err := os.ReadDir(nsfs.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	p.fail(err)
	home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		p.fail(err)
		return
	}
	defer unix.Close(home)
	for _, f := range files { // in the order of their names
		fd, err := unix.Open(nsfs.Path(f.Name()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			p.lines = append(p.lines, "namespace "+f.Name()+" cannot be opened: "+err.Error())
			continue
		}
		if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
			p.lines = append(p.lines, "namespace "+f.Name()+" cannot be entered: "+err.Error())
		} else {
			p.lines = append(p.lines, "namespace "+f.Name())
			p.network("in " + f.Name() + " ")
			p.fail(unix.Setns(home, unix.CLONE_NEWNET))
		}
		unix.Close(fd)
	}
}

// sysctls are those that something here sets.
var sysctls = []string{
	"net/ipv4/ip_forward", "net/ipv4/conf/all/route_localnet", "net/ipv4/conf/default/route_localnet",
	"net/ipv6/conf/all/forwarding", "net/ipv6/conf/default/forwarding",
}

// network is the namespace that the thread is in. Each line begins with prefix.
func (p *painter) network(prefix string) {
	c, err := rtnl.Dial(nl.Config{})
	if err != nil {
		p.fail(err)
		return
	}
	defer c.Close()
	ctx := context.Background()
	var all []string
	add := func(format string, args ...any) { all = append(all, prefix+fmt.Sprintf(format, args...)) }

	links, err := c.Links(ctx, rtnl.LinkFilter{})
	p.fail(err)
	names := map[uint32]string{}
	for i := range links {
		names[links[i].Index] = links[i].Name
	}
	for i := range links {
		l := &links[i]
		add("link %s kind %q up %t group %d master %q alias %q altnames %q mtu %d hairpin %t", l.Name, l.Info.Kind, l.Flags&unix.IFF_UP != 0,
			l.Group.V, names[l.Master.V], l.Alias.V, l.AltNames, l.MTU, l.Info.Port != nil && l.Info.Port.Hairpin.V != 0)
	}
	addrs, err := c.Addrs(ctx, rtnl.AddrFilter{})
	p.fail(err)
	for i := range addrs {
		if a := &addrs[i]; !a.Address.IsLinkLocalUnicast() {
			add("address %s peer %s label %q scope %d dev %s", a.Prefix(), a.Address, a.Label, a.Scope, names[a.Index])
		}
	}
	routes, err := c.Routes(ctx, rtnl.RouteFilter{})
	p.fail(err)
	for i := range routes {
		r := &routes[i]
		if r.Table == unix.RT_TABLE_LOCAL || r.Family == unix.AF_INET6 && r.Protocol == unix.RTPROT_KERNEL {
			continue
		}
		add("route family %d %s table %d type %d proto %d scope %d metric %d via %s dev %q", r.Family, prefixOf(r.Dst), r.Table, r.Type, r.Protocol, r.Scope,
			r.Priority, r.Gateway, names[r.OIF])
	}
	rules, err := c.Rules(ctx, unix.AF_UNSPEC)
	p.fail(err)
	for i := range rules {
		r := rules[i]
		add("rule family %d priority %d from %s to %s iif %q mark %d table %d action %d", r.Family, r.Priority.V, prefixOf(r.Src), prefixOf(r.Dst), r.IIFName, r.Mark, r.Table, r.Action)
	}
	neighs, err := c.Neighs(ctx, rtnl.NeighFilter{})
	p.fail(err)
	for i := range neighs {
		if n := &neighs[i]; n.State&unix.NUD_PERMANENT != 0 {
			add("neighbour %s %s dev %s", n.Dst, n.LLAddr, names[n.Index])
		}
	}
	for _, name := range sysctls {
		b, err := os.ReadFile("/proc/sys/" + name)
		p.fail(err)
		add("sysctl %s %s", name, bytes.TrimSpace(b))
	}
	p.add(all)
	p.ruleset(prefix)
}

func prefixOf(p netip.Prefix) string {
	if !p.IsValid() {
		return "any"
	}
	return p.String()
}

// ruleset is what "nft -s list ruleset" prints.
func (p *painter) ruleset(prefix string) {
	var out, complaint bytes.Buffer
	c := &applet.Cmd{
		Name: "nft", Args: []string{"-s", "list", "ruleset"}, Stdin: strings.NewReader(""),
		Stdout: bufio.NewWriter(&out), Stderr: &complaint, Getenv: func(string) string { return "" },
		Dial: func(p *nl.Protocol, _ string) (*nl.Conn, error) { return nl.Dial(p, nl.Config{}) },
	}
	status := nft.Run(c)
	p.fail(c.Stdout.Flush())
	if status != 0 {
		p.fail(fmt.Errorf("nft -s list ruleset: exit status %d: %s", status, complaint.String()))
	}
	for line := range strings.Lines(out.String()) {
		p.lines = append(p.lines, prefix+"nft "+strings.TrimRight(line, "\n"))
	}
}
