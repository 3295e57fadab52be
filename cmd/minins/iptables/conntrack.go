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

// ctOptions are the options with one of the four addresses, and then those
// with one of the four ports, each with its bit in xt.CtFlags.
var ctOptions = [...]struct {
	name string
	flag xt.CtFlags
}{
	{"ctorigsrc", 1 << 2}, {"ctorigdst", 1 << 3}, {"ctreplsrc", 1 << 4}, {"ctrepldst", 1 << 5},
	{"ctorigsrcport", 1 << 8}, {"ctorigdstport", 1 << 9}, {"ctreplsrcport", 1 << 10}, {"ctrepldstport", 1 << 11},
}

// addr is the address, with its mask, of ctOptions[i].
func (m *conntrack) addr(i int) (addr, mask *xt.Inet) {
	switch i {
	case 0:
		return &m.OrigSrc, &m.OrigSrcMask
	case 1:
		return &m.OrigDst, &m.OrigDstMask
	case 2:
		return &m.ReplSrc, &m.ReplSrcMask
	}
	return &m.ReplDst, &m.ReplDstMask
}

// port is the range of ports of ctOptions[i].
func (m *conntrack) port(i int) (from, to *uint16) {
	switch i {
	case 4:
		return &m.OrigSrcPort, &m.OrigSrcPortHigh
	case 5:
		return &m.OrigDstPort, &m.OrigDstPortHigh
	case 6:
		return &m.ReplSrcPort, &m.ReplSrcPortHigh
	}
	return &m.ReplDstPort, &m.ReplDstPortHigh
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
func (m *conntrack) setTuple(s *setting) error {
	for i := range ctOptions {
		if ctOptions[i].name != s.option {
			continue
		}
		m.note(ctOptions[i].flag, s.inv)
		if i < 4 {
			return m.setAddr(i, s.arg)
		}
		ports, err := portRange(s.arg, "")
		from, to := m.port(i)
		*from, *to = ports[0], ports[1]
		return err
	}
	return nil
}

func (m *conntrack) setAddr(i int, arg string) error {
	nets, err := parseNetwork(m.family, arg)
	if err != nil {
		return err
	}
	name, _, _ := strings.Cut(arg, "/") // with the bits that the mask leaves out
	addr, mask := m.addr(i)
	*addr, *mask = xt.InetFrom(lookup(m.family, name)[0]), xt.InetFrom(nets[0].mask)
	if bits, _ := nets[0].ones(); m.family == nft.IPv4 && bits == 32 {
		for i := range mask { // as iptables leaves it for a host
			mask[i] = 0xff
		}
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
	for i, o := range ctOptions {
		if i < 4 {
			addr, mask := m.addr(i)
			say(o.flag, o.name, m.network(addr, mask, n))
		} else {
			from, to := m.port(i)
			say(o.flag, o.name, span(uint32(*from), uint32(*to)))
		}
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

func (m *conntrack) network(addr, mask *xt.Inet, n *naming) string {
	w := &network{addr: inet(m.family, *addr), mask: inet(m.family, *mask)}
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
