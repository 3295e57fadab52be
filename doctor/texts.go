//go:build linux

package doctor

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/survey"
)

// A text is what is said of a finding. Its key is the finding's id, and behind a space
// what tells those of one id apart.
//
// In it, %n and %o stand for namespaces, %l and %m for links with their namespaces, %L
// and %M without, %a and %b for addresses, %i and %j for numbers, %p for the packet, %s
// and %t for words, %r for a rule. See [facts]. A remedy is a command a line, which
// begins with where it is run: @n, @o, @l, @m, or @ for a line as it is.
type text struct{ key, what, evidence, remedy string }

var texts = [...]text{
	{"ns/unknown", "no namespace has the address %a, so that nothing can be sent from it", "RTM_GETADDR in all namespaces", "@ minins ns list"},
	{"ns/unseen", "it cannot be looked into %n", "%s", "@ become root, or: minins --rootless"},
	{"ns/stale", `the name "%s" stands for no namespace: what was in it has another name, none, or is gone`, "/run/netns/%s: %t", "@ ip netns del %q\n@ ip netns add %q"},
	{"ns/stale other", `"%s" is no namespace, but something else in /run/netns`, "/run/netns/%s: %t", "@ mv /run/netns/%q /run/%q.old\n@ ip netns add %q"},
	{"ns/stale elsewhere", `the name "%s" stands for a namespace in another mount namespace, and for nothing here`, "/run/netns/%s: %t", ""},
	{"ns/missing", `there is no namespace "%s"`, "/run/netns/%s is not there", "@ ip netns add %q"},
	{"ns/empty", "%n has no link but lo: no cable leads there", "RTM_GETLINK in %n", ""},
	{"ns/empty moved", "%n has no link but lo; the end of a cable that nobody uses is in %o", "RTM_GETLINK in %n and %o", "@o ip link set %L netns %N\n@n ip link set %L up"},

	{"link/down", "%l is down", "RTM_GETLINK: IFF_UP is not set", "@l ip link set %L up"},
	{"link/lo-down", "lo is down in %n, which reaches its own addresses by it", "RTM_GETLINK: IFF_UP is not set", "@n ip link set lo up"},
	{"link/same-address", "%l has the link-layer address of %m: their bridge sends what is for one of them to who sent last", "RTM_GETLINK in both: IFLA_ADDRESS", "@l ip link set %L address %t\n@n ip link set %q type bridge fdb_flush"},
	{"link/no-carrier", "%l has no carrier", "RTM_GETLINK: IFF_LOWER_UP is not set", "@l ip link set %L down\n@l ip link set %L up"},
	{"link/cable-gone", "%l leads to a namespace that is not seen", "RTM_GETLINK: IFLA_LINK_NETNSID", "@ minins ns list"},
	{"link/xdp", "a program of eBPF sees packets first on %l, and may drop them", "RTM_GETLINK: IFLA_XDP_PROG_ID %i", "@l ip link set %L xdp off"},

	{"addr/elsewhere", "%a is not an address of %n, but of %o", "RTM_GETADDR: %l has it", "@ minins doctor %q %O"},
	{"addr/missing", "%n has no address", "RTM_GETADDR in %n", "@"},
	{"addr/missing one", "%n has not the address %a", "RTM_GETADDR in %n", "@"},
	{"addr/missing gateway", "%l has not the address %a, which is the gateway of %n", "RTM_GETROUTE in %n: %s; RTM_GETADDR in %o", "@"},
	{"addr/ipv6-disabled", "IPv6 is switched off on %l", "net.ipv6.conf.%L.disable_ipv6 is 1", "@l sysctl -w net.ipv6.conf.%L.disable_ipv6=0"},
	{"addr/prefix long", "%l has %a/%i, and takes %b for one that is not on its network; %m has /%j", "RTM_GETROUTE in %o: %s", "@l ip addr del %a/%i dev %L\n@l ip addr add %a/%j dev %L"},
	{"addr/prefix whole", "%l has %a/%i, and is on no network with %m, which has %b", "RTM_GETROUTE in %o: %s", "@l ip addr del %a/%i dev %L\n@l ip addr add %a/%j dev %L"},
	{"addr/prefix short", "%l has %a/%i, which takes in %b of another network (%m has /%j)", "RTM_GETROUTE in %o: %s", "@l ip addr del %a/%i dev %L\n@l ip addr add %a/%j dev %L"},
	{"addr/network", "%l and %m are on one cable or bridge, but not in one network: %b/%j is not in that of %l", "RTM_GETROUTE in %o: %s", "@m ip addr del %b/%j dev %M\n@m ip addr add %a/%i dev %M"},
	{"addr/on-port", "%a is an address of %l, which is a port of the bridge %M: what comes in there is the bridge's", "RTM_GETROUTE in %o: %s", "@l ip addr del %a/%i dev %L\n@l ip addr add %a/%i dev %M"},
	{"addr/duplicate", "%l has the address %a as well as %m: it is chance which of them answers", "RTM_GETADDR in both", "@l ip addr del %a/%i dev %L"},
	{"addr/duplicate own", "%l itself has the address %a, so that %n asks nobody for it", "RTM_GETROUTE: RTN_LOCAL", "@l ip addr del %a/%i dev %L"},
	{"addr/duplicate arrived", "%l has the address %a as well as %n, and gets what was for it", "RTM_GETADDR in both", "@l ip addr del %a/%i dev %L"},
	{"addr/duplicate source", "%l has the address %a itself, so that %o drops what comes from there", "RTM_GETADDR in %o", "@l ip addr del %a/%i dev %L"},
	{"addr/dad-failed", "%a of %l is not used: another one on the network has it", "RTM_GETADDR: IFA_F_DADFAILED", "@l ip addr del %a/%i dev %L\n@l ip addr add %a/%i dev %L nodad"},
	{"addr/tentative", "%a of %l is not used yet: it is still asked whether another one has it, for a second or two", "RTM_GETADDR: IFA_F_TENTATIVE", "@l ip addr del %a/%i dev %L\n@l ip addr add %a/%i dev %L nodad"},
	{"addr/tentative router", "%a of %l is not used yet, so that neighbours cannot be asked for: it is still asked whether another one has it, for a second or two", "RTM_GETADDR: IFA_F_TENTATIVE", "@ sleep 2"},
	{"addr/nobody", "nobody on the network of %l has the address %a", "RTM_GETROUTE in %n: %s; RTM_GETADDR in all namespaces", ""},

	{"neigh/stale", "%n remembers that %a is at %s, but it is at %t (%m)", "RTM_GETNEIGH in %n", "@n ip neigh del %a dev %L"},
	{"neigh/permanent", "%n was told that %a is at %s, but it is at %t (%m)", "RTM_GETNEIGH in %n: NUD_PERMANENT", "@n ip neigh del %a dev %L"},
	{"neigh/noarp", "%l neither asks nor answers who has an address", "RTM_GETLINK: IFF_NOARP", "@l ip link set %L arp on"},
	{"neigh/arp-ignore", "%l does not answer who has an address", "net.ipv4.conf.%L.arp_ignore or that of all is 8", "@l sysctl -w net.ipv4.conf.%L.arp_ignore=0 net.ipv4.conf.all.arp_ignore=0"},

	{"neigh/filtered", "%n drops %p, so that it is not learned where that is", "%r", "@"},

	{"bridge/no-port", "%l is a port of no bridge, so that its other end is connected with nothing", "RTM_GETLINK: no IFLA_MASTER", "@l ip link set %L master %M"},
	{"bridge/other", "%l is a port of the bridge %s, and not of %M", "RTM_GETLINK: IFLA_MASTER is %s", "@l ip link set %L master %M"},
	{"bridge/port-state", "the port %L of the bridge %m passes nothing on", "RTM_GETLINK: IFLA_BRPORT_STATE is %s", "@l bridge link set dev %L state 3"},
	{"bridge/port-state stp", "the port %L of the bridge %m passes nothing on: the spanning tree wants it so, or has not decided yet", "RTM_GETLINK: IFLA_BRPORT_STATE is %s", "@l ip link set %M type bridge stp_state 0"},
	{"bridge/hairpin", "the bridge %m does not send a frame back out of %L, by which it came in", "RTM_GETLINK: IFLA_BRPORT_MODE is 0", "@l bridge link set dev %L hairpin on"},
	{"bridge/isolated", "%L and %M are isolated ports of a bridge of %n, between which nothing passes", "RTM_GETLINK: IFLA_BRPORT_ISOLATED is 1", "@l bridge link set dev %L isolated off"},
	{"bridge/flood", "the bridge %m sends no broadcasts out of %L: nobody there hears who is asked for", "RTM_GETLINK: IFLA_BRPORT_BCAST_FLOOD is 0", "@l bridge link set dev %L bcast_flood on"},
	{"bridge/locked", "%L is a locked port of the bridge %m: what it does not know is dropped", "RTM_GETLINK: IFLA_BRPORT_LOCKED is 1", "@l bridge link set dev %L locked off"},
	{"bridge/netfilter", "%n drops %p, though its bridge %L only passes it on: br_netfilter is on", "%r; net.bridge.bridge-nf-call-iptables is 1", "@"},

	{"route/missing", "%n has no route to %a", "RTM_GETROUTE in %n: %s", "@"},
	{"route/missing astray", "%n has no route of its own to %a: it sends it to %o, from where no way leads there", "RTM_GETROUTE in %n: %s", "@"},
	{"route/missing-back astray", "%n has no route of its own back to %a: it sends it to %o, from where no way leads there", "RTM_GETROUTE in %n: %s", "@"},
	{"route/missing throw", "a route of %n has other tables asked for %a, and none has it", "RTM_GETROUTE in %n: %s; the route is throw %t", "@n ip %6route del throw %t"},
	{"route/missing-back", "%n has no route back to %a", "RTM_GETROUTE in %n: %s", "@"},
	{"route/blackhole", "a route of %n throws away what is for %a", "RTM_GETROUTE in %n: %s; the route is blackhole %t", "@n ip %6route del blackhole %t"},
	{"route/blackhole nexthop", "a route of %n throws away what is for %a, as its next hop does", "RTM_GETROUTE in %n: %s; the route is %t nhid %i", "@n ip %6route del %t nhid %i"},
	{"route/unreachable", "a route of %n refuses what is for %a", "RTM_GETROUTE in %n: %s; the route is unreachable %t", "@n ip %6route del unreachable %t"},
	{"route/prohibit", "a route of %n forbids what is for %a", "RTM_GETROUTE in %n: %s; the route is prohibit %t", "@n ip %6route del prohibit %t"},
	{"route/policy", "a rule of %n for routes refuses %p", "RTM_GETROUTE in %n: %s; RTM_GETRULE: %t", "@n ip %6rule del %t"},
	{"route/policy main", "no rule of %n leads %p to the main table, which has a route for it", "RTM_GETROUTE in %n: %s; RTM_GETRULE", "@n ip %6rule add priority 32766 table main"},
	{"route/refused", "%n does not route %p, though it has a route: %t", "RTM_GETROUTE in %n: %s", ""},
	{"route/localnet", "%n sends nothing from its loopback address out of %l (route_localnet)", "RTM_GETROUTE in %n: %s; net.ipv4.conf.%L.route_localnet is 0", "@n sysctl -w net.ipv4.conf.%L.route_localnet=1"},
	{"route/gateway", "the gateway of %n, %a, is nobody", "RTM_GETROUTE in %n: %s", "@n ip %6route replace %t via %b dev %L"},
	{"route/gateway lost", "the gateway of %n, %a, is nobody on the network of %L", "RTM_GETROUTE in %n: %s", ""},
	{"route/wrong-link", "%a is at %m, to where %l does not lead", "RTM_GETROUTE in %n: %s", "@n ip %6route del %t dev %L"},
	{"route/wrong-link none", "%a is at %m, to where %l does not lead", "RTM_GETROUTE in %n: %s", ""},
	{"route/wrong-link gateway", "%a is at %m, to where %l does not lead", "RTM_GETROUTE in %n: %s", "@n ip %6route del %t dev %L\n@n ip %6route add %t via %b"},
	{"route/forward-off", "%n does not pass on packets for others: %p ends there", "%s is 0", "@n sysctl -w %t=1"},
	{"route/rp-filter", "%n drops what comes from %a by %L, since it would not answer that way (rp_filter)", "net.ipv4.conf.%L.rp_filter or that of all is %i; RTM_GETROUTE %a: %s", "@n sysctl -w net.ipv4.conf.%L.rp_filter=2"},
	{"route/rp-filter none", "%n drops what comes from %a by %L, since it has no route to there (rp_filter)", "net.ipv4.conf.%L.rp_filter or that of all is %i; RTM_GETROUTE %a: %s", "@n sysctl -w net.ipv4.conf.%L.rp_filter=0 net.ipv4.conf.all.rp_filter=0"},
	{"route/loop", "the packet goes in circles", "RTM_GETROUTE in %n: %s", ""},
	{"route/answer", "the answer comes from %b, and not from %a, so that %n does not know it", "the way back", ""},

	{"filter/policy", "%n drops %p", "%r", "@"},
	{"filter/drop", "%n drops %p", "%r", "@"},
	{"filter/reject", "%n rejects %p", "%r", "@"},
	{"filter/netdev", "%n drops %p at a link", "%r", "@"},
	{"filter/bridge", "%n drops %p at a bridge", "%r", "@"},
	{"filter/other-table", "%n drops %p, which another chain accepted (%s)", "%r", "@"},
	{"filter/shadowed", "%n drops %p, before it comes to the rule that accepts it (%s)", "%r", "@"},
	{"filter/legacy", "%n drops %p by iptables-legacy, which nft and iptables do not show", "%r", "@"},
	{"filter/notrack", "%n has the packet not be tracked: NAT does not see it, and rules about states (ct state) do not know its answer", "%r", "@ %d"},
	{"filter/maybe", "it depends on more than is known here whether %n drops %p", "%r", "@"},

	{"nat/masquerade-missing", "%o passes packets on with the source %a, which %n cannot answer to: it has no route there, and %o does not masquerade them", "RTM_GETROUTE in %n: %s", "@o %c -t nat -A POSTROUTING -s %t -o %L -j MASQUERADE"},
	{"nat/masquerade-missing out", "packets leave %l with the source %a, which others can hardly answer to", "it is of another network than %L", "@o %c -t nat -A POSTROUTING -s %t -o %L -j MASQUERADE"},
	{"nat/masquerade-bridged", "%n changes the source of packets that its bridge %L only passes on, as br_netfilter is on", "%r; net.bridge.bridge-nf-call-iptables is 1", "@n nft insert rule %s %f saddr %t %f daddr %t accept"},
	{"nat/no-address", "%n drops the packet: it is to masquerade it, but %L has no address", "%r", "@ %d"},
	{"nat/dnat-all", "%o sends the packet to %s in %n: the rule says neither protocol nor port, and takes all", "%r", "@ %d"},
	{"nat/diverted", "%o sends the packet to %s in %n", "%r", "@ %d"},
	{"nat/source", "%o gives the packet the source %a, which %L has not: the answer does not come back", "%r", "@ %d\n@o %c -t nat -A POSTROUTING -s %t -o %L -j MASQUERADE"},
	{"nat/target", "%n sends on %p, where nobody is", "%r", ""},
	{"nat/target known", "%n sends on %p, where nothing listens, as it does in %o", "%r", "@ %d\n@n %c -t nat -A PREROUTING -d %a -p %t --dport %i -j DNAT --to-destination %s"},
	{"nat/no-dnat", "nothing listens on %s in %n, and no rule of NAT sends it on to %o, where something does", "/proc/net of both; the first rule of nat at prerouting is: %r", "@n %c -t nat -A PREROUTING -d %a -p %t --dport %i -j DNAT --to-destination %b"},
	{"nat/no-dnat own", "nothing listens on %s in %n, and no rule of NAT at OUTPUT, which %n's own packets cross, sends it on to %b", "/proc/net of %n; at PREROUTING, which they do not cross, the rule is: %r", "@"},
	{"nat/hairpin", "%n asked %a and is answered by %b: the answer goes past %o, which changed the destination", "%r", "@o %c -t nat -A POSTROUTING -s %s -d %b -j MASQUERADE"},
	{"nat/hairpin loopback", "%n drops what comes from %a, which is everyone's own: %o changed the destination of its packet, but not the source", "%r", "@o %c -t nat -A POSTROUTING -s 127.0.0.0/8 -d %b -j MASQUERADE"},
	{"nat/hairpin own", "%n gets its own packet back from %o, and drops it since the source is its own address", "%r", "@o %c -t nat -A POSTROUTING -s %s -d %b -j MASQUERADE"},

	{"port/closed", "nothing listens on %s in %n", "/proc/net of %n", ""},
	{"port/other-address", "in %n, who listens on %s does so at %b alone, and not at %a", "/proc/net of %n", ""},
	{"icmp/ignored", "%n does not answer to pings", "%s is 1", "@n sysctl -w %s=0"},
	{"mtu/mismatch", "packets of more than %i bytes are lost at %l: %m sends up to %j, and is not told", "RTM_GETLINK: the MTU of %l is %i", "@l ip link set %L mtu %j"},
	{"mtu/ipv6", "%l is too narrow for IPv6, which takes an MTU of 1280", "RTM_GETLINK: its MTU is %i", "@l ip link set %L mtu 1500"},
}

// Facts are what a text speaks of.
type facts struct {
	n, o   *survey.Namespace
	l, m   *survey.Link
	a, b   netip.Addr
	p      *packet
	r      *place
	s, t   string
	i, j   int
	remedy []string // what is said for "@"
}

// put writes a text.
func (f *facts) put(template string) string {
	var b []byte
	for {
		before, rest, more := strings.Cut(template, "%")
		b = append(b, before...)
		if !more {
			return string(b)
		}
		word := f.word(rest[0])
		if strings.HasSuffix(before, ".conf.") { // of a sysctl
			word = strings.ReplaceAll(word, ".", "/")
		}
		b = append(b, word...)
		template = rest[1:]
	}
}

func (f *facts) word(letter byte) string {
	switch letter {
	case 'n':
		return f.n.Label()
	case 'o':
		return f.o.Label()
	case 'N':
		return quoted(f.n.Label())
	case 'O':
		return quoted(f.o.Label())
	case 'q':
		return quoted(f.s)
	case 'l':
		return f.l.Namespace.Label() + ":" + f.l.Name
	case 'm':
		return f.m.Namespace.Label() + ":" + f.m.Name
	case 'L':
		return quoted(f.l.Name)
	case 'M':
		return quoted(f.m.Name)
	case 'a':
		return f.a.String()
	case 'b':
		return f.b.String()
	case 'i':
		return strconv.Itoa(f.i)
	case 'j':
		return strconv.Itoa(f.j)
	case 'p':
		return f.p.String()
	case 'd':
		return f.r.del()
	case 'r':
		return f.r.String()
	case 's':
		return f.s
	case 't':
		return f.t
	}
	return words4and6(letter, f.a.Is6())
}

// words4and6 are those that differ by the family of the address.
func words4and6(letter byte, six bool) string {
	words := [...]string{"", "-6 "}
	switch letter {
	case 'c':
		words = [...]string{"iptables", "ip6tables"}
	case 'f':
		words = [...]string{"ip", "ip6"}
	}
	if six {
		return words[1]
	}
	return words[0]
}

// commands are those of a remedy.
func (f *facts) commands(template string) (all []string) {
	if template == "@" {
		return f.remedy
	}
	for len(template) > 0 {
		var line string
		line, template, _ = strings.Cut(template, "\n")
		where, command, _ := strings.Cut(line, " ")
		var n *survey.Namespace
		switch where {
		case "@n":
			n = f.n
		case "@o":
			n = f.o
		case "@l":
			n = f.l.Namespace
		case "@m":
			n = f.m.Namespace
		}
		command = f.put(command)
		if n != nil {
			command = in(n, command)
		}
		all = append(all, command)
	}
	return all
}

// in is what a user types before a command to have it run in a namespace.
func in(n *survey.Namespace, command string) string {
	switch {
	case len(n.Names) > 0:
		return "ip netns exec " + quoted(n.Names[0]) + " " + command
	case n.Home:
		return command
	}
	return "nsenter -n -t " + strconv.Itoa(n.PID) + " " + command
}

// quoted is a name as a shell takes it: names may have anything but a slash. What cannot
// be printed is written for a shell that knows $'…'.
func quoted(name string) string {
	if nsfs.Printable(name) != name {
		name = nsfs.Printable(strings.ReplaceAll(name, `\`, `\\`))
		return "$'" + strings.ReplaceAll(name, "'", `\'`) + "'"
	}
	if strings.IndexFunc(name, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-@:+/", r)
	}) < 0 && name[0] != '-' {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

// found notes a finding. It is false, for what ends a walk.
func (w *walk) found(level Level, key string, f *facts) bool {
	if level == Fault && w.doubt {
		level = Suspect
	}
	for i := range texts {
		t := &texts[i]
		if t.key != key {
			continue
		}
		id, _, _ := strings.Cut(key, " ")
		what := nsfs.Printable(f.put(t.what))
		if w.first(what) {
			if f.p != nil && f.p.reply {
				what += " (this is the answer)"
			}
			evidence := f.put(t.evidence)
			if l := f.r; l != nil && l.rule != nil && !l.in.Old && w.words != nil {
				if words, ok := w.words(l.rule); ok {
					evidence += " (" + words + ")"
				}
			}
			w.add(&Finding{ID: id, Level: level, What: what, Evidence: nsfs.Printable(evidence), Remedy: f.commands(t.remedy)})
		}
	}
	return false
}

// add adds a finding. What one remedy mends is one finding: a fault, if it is one at all.
func (w *walk) add(f *Finding) {
	for _, other := range w.Findings {
		if len(f.Remedy) > 0 && slices.Equal(f.Remedy, other.Remedy) {
			if f.Level < other.Level {
				*other = *f
			}
			return
		}
	}
	w.Findings = append(w.Findings, f)
}

func (w *walk) fault(key string, f *facts) bool { return w.found(Fault, key, f) }

// first says that a text was not said before.
func (w *walk) first(text string) bool {
	for _, said := range w.said {
		if said == text {
			return false
		}
	}
	w.said = append(w.said, text)
	return true
}

// step notes where the packet is.
func (w *walk) step(n *survey.Namespace, p *packet, what string) {
	w.Steps = append(w.Steps, nsfs.Printable(n.Label()+": "+p.String()+what))
}

var errNotFollowed = errors.New("not followed")

// unseen notes what could not be read, or is not followed.
func (w *walk) unseen(n *survey.Namespace, what string, err error) {
	if text := nsfs.Printable(n.Label() + ": " + what + ": " + err.Error()); w.first(text) {
		w.Unseen = append(w.Unseen, text)
	}
}

// down tells of a link that is.
func (w *walk) down(l *survey.Link) bool { return w.fault("link/down", &facts{l: l}) }

// duplicate tells of an address that a namespace should not have.
func (w *walk) duplicate(key string, n *survey.Namespace, f *facts) bool {
	for _, f.l = range w.owners(f.a) {
		if f.l.Namespace == n {
			f.i = int(addrOf(f.l, f.a).PrefixLen)
			return w.fault(key, f)
		}
	}
	return false
}

// family is that of an address.
func family(a netip.Addr) uint8 {
	if a.Is4() {
		return unix.AF_INET
	}
	return unix.AF_INET6
}
