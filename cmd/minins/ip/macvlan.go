//go:build linux

package ip

import (
	"strings"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

const macvlanWords grammar = `
	mode* MODE  private, vepa, bridge, passthru or source
	flag* FLAG  null, nopromisc or nodst
	macaddr* { { add | del } LLADDR | set [ LLADDR ]... | flush }  whose frames a source one takes
	nopromisc*
	bcqueuelen* PACKETS  length of the queue for broadcasts
	help*`

var macvlanModes = []numbered{{1, "private"}, {2, "vepa"}, {4, "bridge"}, {8, "passthru"}, {16, "source"}}

var macvlanFlags = []numbered{{macvlanNoPromisc, "nopromisc"}, {macvlanNoDst, "nodst"}, {0, "null"}}

const (
	macvlanNoPromisc = 1 // MACVLAN_FLAG_NOPROMISC
	macvlanNoDst     = 2 // MACVLAN_FLAG_NODST
)

// refuse keeps a mistake of which the exit status is 1.
func (w *words) refuse(text, hint string) { w.fail(fail(exitFailed, text, hint)) }

// numberIn is the number that has a name in a table.
func numberIn(table []numbered, name string) (id uint32, ok bool) {
	for _, n := range table {
		if n.name == name {
			return n.id, true
		}
	}
	return 0, false
}

// oneOf is an argument that has a number in a table, or what the mistake is,
// a format of the word.
func (w *words) oneOf(table []numbered, mistake string) uint32 {
	s := w.arg()
	n, ok := numberIn(table, s)
	if !ok {
		w.refuse(say(mistake, s), "")
	}
	return n
}

// parseMACVLAN reads the words after "type macvlan" or macvtap.
func parseMACVLAN(w *words, r *linkRequest) {
	m := new(rtnl.MACVLAN)
	r.link.Info.MACVLAN = m
	kind := r.link.Info.Kind
	for w.next() {
		switch macvlanWords.find(w.cur) {
		case "mode":
			m.Mode = rtnl.MACVLANMode(w.oneOf(macvlanModes,
				`Error: argument of "mode" must be "private", "vepa", "bridge", "passthru" or "source", not "%s"`))
		case "flag":
			m.Flags.Ok = true
			m.Flags.V |= uint16(w.oneOf(macvlanFlags, `Error: argument of "flag" must be "nopromisc", "nodst" or "null", not "%s"`))
		case "nopromisc":
			m.Flags = nl.Some(m.Flags.V | macvlanNoPromisc)
		case "macaddr":
			takeSources(w, m, kind)
		case "bcqueuelen":
			s := w.arg()
			n, ok := number(s, 32)
			if !ok {
				w.refuse(say(`Error: argument of "bcqueuelen" must be a positive integer [0-4294967295], not "%s"`, s), "")
			}
			m.BCQueueLen = nl.Some(uint32(n))
		default:
			w.fail(unknownOption(kind+": unknown option", kind, w, macvlanWords.words()))
		}
	}
	if m.Flags.V&macvlanNoPromisc != 0 && m.Mode != rtnl.MACVLANModePassthru {
		w.fail(&failure{code: exitFailed, text: kind + ": nopromisc flag only valid in passthru mode", after: kind})
	}
}

var sourceChanges = []numbered{{rtnl.MACVLANSourceAdd, "add"}, {rtnl.MACVLANSourceDel, "del"},
	{rtnl.MACVLANSourceFlush, "flush"}, {rtnl.MACVLANSourceSet, "set"}}

// takeSources reads what follows "macaddr".
func takeSources(w *words, m *rtnl.MACVLAN, kind string) {
	n, ok := numberIn(sourceChanges, w.arg())
	if !ok {
		w.fail(&failure{code: exitFailed, usage: kind})
	}
	m.SourceMode = nl.Some(n)
	switch n {
	case rtnl.MACVLANSourceAdd, rtnl.MACVLANSourceDel:
		if w.lladdr(&m.Source); m.Source.Len() != 6 {
			w.refuse("", "an Ethernet address is six bytes in hex, as in 02:00:00:00:00:01")
		}
	case rtnl.MACVLANSourceSet:
		m.Sources = []nl.HardwareAddr{}
		for strings.Count(w.peek(), ":") == 5 {
			var a nl.HardwareAddr
			w.lladdr(&a)
			m.Sources = append(m.Sources, a)
		}
	}
}

// showMACVLAN renders what a macvlan has of its own.
func showMACVLAN(v *view, m *rtnl.MACVLAN) {
	v.str("mode", "mode %s ", nameIn(macvlanModes, uint32(m.Mode), "unknown"))
	for _, f := range macvlanFlags {
		if m.Flags.V&uint16(f.id) != 0 {
			v.flag(f.name, f.name+" ")
		}
	}
	v.number(m.BCQueueLen.Ok, "bcqueuelen", "bcqueuelen %d ", uint64(m.BCQueueLen.V))
	v.number(m.BCQueueLenUsed.Ok, "usedbcqueuelen", "usedbcqueuelen %d ", uint64(m.BCQueueLenUsed.V))
	if m.Mode != rtnl.MACVLANModeSource || !m.SourceCount.Ok {
		return
	}
	v.uint("macaddr_count", "remotes (%d) ", uint64(m.SourceCount.V))
	if m.Sources == nil {
		return
	}
	v.array("macaddr_data")
	for _, a := range m.Sources {
		v.str("", "%s ", a.String())
	}
	v.endArray()
}
