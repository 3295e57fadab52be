//go:build linux

package iptables

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/xt"
)

// conntrack is the match conntrack, or state, which is its --ctstate alone.
type conntrack struct {
	family nft.Family
	xt.Conntrack
}

var conntrackOptions = []option{
	{long: "ctstate", arg: required, invert: true}, {long: "ctproto", arg: required, invert: true},
	{long: "ctorigsrc", arg: required, invert: true}, {long: "ctorigdst", arg: required, invert: true},
	{long: "ctreplsrc", arg: required, invert: true}, {long: "ctrepldst", arg: required, invert: true},
	{long: "ctstatus", arg: required, invert: true}, {long: "ctexpire", arg: required, invert: true},
	{long: "ctorigsrcport", arg: required, invert: true}, {long: "ctorigdstport", arg: required, invert: true},
	{long: "ctreplsrcport", arg: required, invert: true}, {long: "ctrepldstport", arg: required, invert: true},
	{long: "ctdir", arg: required},
}

var stateOptions = []option{{long: "state", arg: required, must: true, invert: true}}

func newConntrack(f nft.Family, alias bool) *conntrack {
	m := &conntrack{family: f, Conntrack: xt.Conntrack{Revision: 3}}
	if alias {
		m.MatchFlags = xt.CtStateAlias
	}
	return m
}

// A flagName is one word of a comma list.
type flagName struct {
	name string
	bits uint16
}

var ctStates = []flagName{
	{"INVALID", uint16(xt.CtInvalid)}, {"NEW", uint16(xt.CtNew)}, {"RELATED", uint16(xt.CtRelated)},
	{"ESTABLISHED", uint16(xt.CtEstablished)}, {"UNTRACKED", uint16(xt.CtUntracked)},
	{"SNAT", uint16(xt.CtSNAT)}, {"DNAT", uint16(xt.CtDNAT)},
}

// IPS_* of linux/netfilter/nf_conntrack_common.h.
var ctStatuses = []flagName{{"EXPECTED", 1}, {"SEEN_REPLY", 2}, {"ASSURED", 4}, {"CONFIRMED", 8}, {"NONE", 0}}

// parseNames reads a comma list; bad is the word that is none of names.
func parseNames(list string, names []flagName) (bits uint16, bad string, ok bool) {
	for word := range strings.SplitSeq(list, ",") {
		found := false
		for _, n := range names {
			if strings.EqualFold(n.name, word) {
				bits |= n.bits
				found = true
			}
		}
		if !found {
			return 0, word, false
		}
	}
	return bits, "", true
}

func namesOf(bits uint16, names []flagName) string {
	var list []string
	for _, n := range names {
		if bits&n.bits != 0 {
			list = append(list, n.name)
		}
	}
	return strings.Join(list, ",")
}

// A ctAddr is one of the four addresses, a ctPort one of the four ports.
type ctAddr struct {
	option     string
	flag       xt.CtFlags
	addr, mask *xt.Inet
}

type ctPort struct {
	option   string
	flag     xt.CtFlags
	from, to *uint16
}

func (m *conntrack) addrs() []ctAddr {
	return []ctAddr{
		{"ctorigsrc", 1 << 2, &m.OrigSrc, &m.OrigSrcMask}, {"ctorigdst", 1 << 3, &m.OrigDst, &m.OrigDstMask},
		{"ctreplsrc", 1 << 4, &m.ReplSrc, &m.ReplSrcMask}, {"ctrepldst", 1 << 5, &m.ReplDst, &m.ReplDstMask},
	}
}

func (m *conntrack) ports() []ctPort {
	return []ctPort{
		{"ctorigsrcport", 1 << 8, &m.OrigSrcPort, &m.OrigSrcPortHigh}, {"ctorigdstport", 1 << 9, &m.OrigDstPort, &m.OrigDstPortHigh},
		{"ctreplsrcport", 1 << 10, &m.ReplSrcPort, &m.ReplSrcPortHigh}, {"ctrepldstport", 1 << 11, &m.ReplDstPort, &m.ReplDstPortHigh},
	}
}

func (m *conntrack) name() string {
	if m.MatchFlags&xt.CtStateAlias != 0 {
		return "state"
	}
	return "conntrack"
}

// note marks an option as given.
func (m *conntrack) note(f xt.CtFlags, inv bool) {
	m.MatchFlags |= f
	if inv {
		m.InvertFlags |= f
	}
}

func (m *conntrack) set(s *setting) error {
	switch s.option {
	case "state", "ctstate":
		states := ctStates
		if s.option == "state" {
			states = states[:5] // without SNAT and DNAT
		}
		bits, bad, ok := parseNames(s.arg, states)
		if !ok {
			return wrong("Bad " + s.option + ` "` + bad + `"`)
		}
		m.StateMask = xt.CtStates(bits)
		m.note(xt.CtMatchState, s.inv)
	case "ctproto":
		num, ok := parseProtocol(s.arg)
		if !ok {
			return wrong(`unknown protocol "` + s.arg + `" specified`)
		}
		if num == 0 && s.inv {
			return wrong("conntrack: rule would never match protocol")
		}
		m.L4Proto = uint16(num)
		m.note(xt.CtMatchProto, s.inv)
	case "ctstatus":
		bits, bad, ok := parseNames(s.arg, ctStatuses)
		if !ok {
			return wrong(`Bad ctstatus "` + bad + `"`)
		}
		m.StatusMask = bits
		m.note(xt.CtMatchStatus, s.inv)
	case "ctexpire":
		from, to, isRange := strings.Cut(s.arg, ":")
		if !isRange {
			to = from
		}
		lo, err1 := number(from, 32)
		hi, err2 := number(to, 32)
		if err1 != nil || err2 != nil {
			return wrong("conntrack: bad value for option \"--ctexpire\" near \"" + s.arg + "\", or out of range (0-4294967295).\n")
		}
		m.ExpiresMin, m.ExpiresMax = uint32(lo), uint32(hi)
		m.note(xt.CtMatchExpires, s.inv)
	case "ctdir":
		if !strings.EqualFold(s.arg, "ORIGINAL") && !strings.EqualFold(s.arg, "REPLY") {
			return wrong(`conntrack: Bad value for "--ctdir" option: "` + s.arg + `"`)
		}
		m.note(xt.CtMatchDir, strings.EqualFold(s.arg, "REPLY"))
	}
	return m.setTuple(s)
}

// setTuple sets one of the addresses or ports.
func (m *conntrack) setTuple(s *setting) (err error) {
	for _, a := range m.addrs() {
		if a.option != s.option {
			continue
		}
		nets, err := parseNetwork(m.family, s.arg)
		if err != nil {
			return err
		}
		*a.addr, *a.mask = xt.InetFrom(nets[0].addr), xt.InetFrom(nets[0].mask)
		if m.family == nft.IPv4 && nets[0].mask.As4() == [4]byte{255, 255, 255, 255} {
			for i := range a.mask { // as iptables leaves it for a host
				a.mask[i] = 0xff
			}
		}
		m.note(a.flag, s.inv)
	}
	for _, p := range m.ports() {
		if p.option != s.option {
			continue
		}
		ports, err := portRange(s.arg, "")
		if err != nil {
			return err
		}
		*p.from, *p.to = ports[0], ports[1]
		m.note(p.flag, s.inv)
	}
	return nil
}

func (m *conntrack) save() string { return m.words("--", &naming{numeric: true}) }

func (m *conntrack) list(n *naming) string { return m.words("", n) }

// words are the options; -L prints them without dashes.
func (m *conntrack) words(dashes string, n *naming) string {
	var b strings.Builder
	say := func(f xt.CtFlags, option, value string) {
		if m.MatchFlags&f != 0 {
			b.WriteString(not(m.InvertFlags&f != 0) + " " + dashes + option + " " + value)
		}
	}
	state := "ctstate"
	if m.name() == "state" {
		state = "state"
	}
	say(xt.CtMatchState, state, namesOf(uint16(m.StateMask), ctStates))
	say(xt.CtMatchProto, "ctproto", strconv.Itoa(int(m.L4Proto)))
	for _, a := range m.addrs() {
		say(a.flag, a.option, m.network(*a.addr, *a.mask, n))
	}
	for _, p := range m.ports() {
		say(p.flag, p.option, span(uint32(*p.from), uint32(*p.to)))
	}
	status := namesOf(m.StatusMask, ctStatuses)
	if status == "" {
		status = "NONE"
	}
	say(xt.CtMatchStatus, "ctstatus", status)
	say(xt.CtMatchExpires, "ctexpire", span(m.ExpiresMin, m.ExpiresMax))
	if m.MatchFlags&xt.CtMatchDir != 0 {
		dir := "ORIGINAL"
		if m.InvertFlags&xt.CtMatchDir != 0 {
			dir = "REPLY"
		}
		b.WriteString(" " + dashes + "ctdir " + dir)
	}
	return b.String()
}

func (m *conntrack) network(addr, mask xt.Inet, n *naming) string {
	w := &network{addr: inet(m.family, addr), mask: inet(m.family, mask)}
	return n.network(w, unspecified(m.family))
}

func inet(f nft.Family, a xt.Inet) netip.Addr {
	if f == nft.IPv6 {
		return a.IPv6()
	}
	return a.IPv4()
}

// span is a range with a colon.
func span(from, to uint32) string {
	if from == to {
		return strconv.FormatUint(uint64(from), 10)
	}
	return strconv.FormatUint(uint64(from), 10) + ":" + strconv.FormatUint(uint64(to), 10)
}
