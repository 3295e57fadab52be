//go:build linux

package ip

import (
	"os"
	"strconv"
	"strings"

	"github.com/minins/minins/rtnl"
)

// showTun renders what a tun or tap has of its own.
func showTun(v *view, t *rtnl.Tun) {
	names, _ := bitNames(tunFlags[:2], uint32(t.Type.V))
	v.word("type", "type %s ", strings.Join(names, ""))
	v.onOff("pi", "pi %s ", t.PI.V != 0)
	v.onOff("vnet_hdr", "vnet_hdr %s ", t.VNetHdr.V != 0)
	if t.MultiQueue.V != 0 {
		v.flag("multi_queue", "multi_queue ")
	} else {
		v.raw("multi_queue", "false", "", nil)
	}
	v.number(t.NumQueues.Ok, "numqueues", "numqueues %d ", uint64(t.NumQueues.V))
	v.number(t.NumDisabledQueues.Ok, "numdisabled", "numdisabled %d ", uint64(t.NumDisabledQueues.V))
	v.onOff("persist", "persist %s ", t.Persist.V != 0)
	if t.Owner.Ok {
		showAccount(v, "user", passwdFile, t.Owner.V)
	}
	if t.Group.Ok {
		showAccount(v, "group", groupFile, t.Group.V)
	}
}

// showAccount renders the name of a user or group, or its number.
func showAccount(v *view, key, file string, id uint32) {
	text := strconv.FormatUint(uint64(id), 10)
	json := text
	if name := account(file, 2, text); name != "" {
		text, json = name, strconv.Quote(name)
	}
	v.raw(key, json, key+" %s ", text)
}

// The files of users and of groups, with lines NAME:x:ID:...
const (
	passwdFile = "/etc/passwd"
	groupFile  = "/etc/group"
)

// account looks for the line that has a value in field 0, the name, or 2, the
// number, and returns the other of the two, or "".
func account(file string, field int, value string) string {
	text, _ := os.ReadFile(file) // without the file there are only numbers
	for _, line := range strings.Split(string(text), "\n") {
		if f := strings.Split(line, ":"); len(f) > 2 && f[field] == value {
			return f[2-field]
		}
	}
	return ""
}
