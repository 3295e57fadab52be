//go:build linux

package ip

import (
	"strings"
)

const bridgeObjects keywords = "link* fdb* mdb* vlan* monitor* help*"

// bridgeCommand is what follows the options of "bridge".
func (s *session) bridgeCommand(w *words) error {
	if !w.next() {
		return usage("bridge tool")
	}
	var err error
	object := bridgeObjects.find(w.cur)
	switch object {
	case "link":
		err = s.bridgeLink(w)
	case "fdb":
		err = s.fdb(w)
	case "vlan":
		err = s.bridgeVLAN(w)
	case "help":
		err = usage("bridge tool")
	default:
		return unknownObject(w.cur, object)
	}
	if f := asFailure(err); f != nil { // the words are those of "ip"
		f.text = strings.Replace(f.text, "try \"ip ", "try \"bridge ", 1)
		f.hint = strings.Replace(f.hint, "mean \"ip ", "mean \"bridge ", 1)
	}
	return err
}

func unknownObject(word, object string) error {
	hint := ""
	if object != "" {
		hint = "\"bridge " + object + "\" is one of iproute2's that minins does not have"
	}
	return fail(exitFailed, say("Object \"%s\" is unknown, try \"bridge help\".", word), hint)
}

// called is index with other words, a format, for a device that is missing.
func (s *session) called(missing, name string, to *uint32) error {
	err := s.index(name, to)
	if f := asFailure(err); f != nil {
		f.text = say(missing, name)
	}
	return err
}

const noBridge = "Cannot find bridge device \"%s\""

const usageBridgeTool = `Usage: bridge [ OPTIONS ] { link | fdb | vlan } { COMMAND | help }
       bridge [ -force ] -batch FILE
OPTIONS := { -V[ersion] | -s[tatistics] | -d[etails] | -o[neline] | -n[etns] NAME | -j[son] | -p[retty] |
             -c[olor][=always|auto|never] | -com[pressvlans] | -b[atch] FILE }
`

const usageBridgeVLAN = "Usage: bridge vlan [ show ] [ dev NAME ] [ vid ID ]\n"

// bridgeVLAN is the object "vlan".
func (s *session) bridgeVLAN(w *words) error {
	const commands keywords = "show*|lst*|list* help*"
	if w.next() {
		switch commands.find(w.cur) {
		case "":
			return unknownCommand("vlan", w.cur, commands.words())
		case "help":
			return usage("bridge vlan")
		}
	}
	return s.showPorts(w, true)
}
