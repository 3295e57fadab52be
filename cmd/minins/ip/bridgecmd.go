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
	object := bridgeObjects.find(w.cur)
	form := "bridge " + object
	switch object {
	case "link", "fdb", "vlan":
	case "monitor":
		return s.monitor(w)
	case "help":
		return usage("bridge tool")
	default:
		hint := ""
		if object != "" {
			hint = "\"bridge " + object + "\" is one of iproute2's that minins does not have"
		}
		return fail(exitFailed, say("Object \"%s\" is unknown, try \"bridge help\".", w.cur), hint)
	}
	verb := "show"
	if w.next() {
		verb = command(form, w.cur)
	}
	switch {
	case verb == "":
		f := unknownCommand(object, w.cur, commands(form))
		f.text = strings.Replace(f.text, "\"ip ", "\"bridge ", 1)
		f.hint = strings.Replace(f.hint, "\"ip ", "\"bridge ", 1)
		return f
	case verb == "help":
		return usage(form)
	case object == "fdb":
		return s.fdb(w, verb)
	case object == "vlan" && verb != "show":
		return s.changeVLAN(w, verb)
	case verb == "set":
		return s.setPort(w)
	}
	return s.showPorts(w, object == "vlan")
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

const usageBridgeTool = `Usage: bridge [ OPTIONS ] { link | fdb | vlan | monitor } { COMMAND | help }
       bridge [ -force ] -batch FILE
OPTIONS := { -V[ersion] | -s[tatistics] | -d[etails] | -o[neline] | -n[etns] NAME | -j[son] | -p[retty] |
             -c[olor][=always|auto|never] | -com[pressvlans] | -b[atch] FILE }
`
