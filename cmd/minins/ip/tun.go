//go:build linux

package ip

import (
	"os"
	"strconv"
	"strings"

	"github.com/minins/minins/rtnl"
)

// showTun renders what a tun or tap has of its own.
func (v *view) showTun(t *rtnl.Tun) {
	if t.Type.Ok {
		v.str("type", "type %s ", nameIn(tunTypes, uint32(t.Type.V), "UNKNOWN:"+strconv.Itoa(int(t.Type.V))))
	}
	show := visitor{show: v}
	show.visit([]option{
		{"pi", "", (*onOff)(&t.PI)},
		{"vnet_hdr", "", (*onOff)(&t.VNetHdr)},
	})
	if t.MultiQueue.V != 0 {
		v.flag("multi_queue", "multi_queue ")
	} else {
		v.raw("multi_queue", "false", "", nil)
	}
	show.visit([]option{
		{"numqueues", "", &t.NumQueues},
		{"numdisabled", "", &t.NumDisabledQueues},
		{"persist", "", (*onOff)(&t.Persist)},
	})
	if t.Owner.Ok {
		v.showAccount("user", passwdFile, t.Owner.V)
	}
	if t.Group.Ok {
		v.showAccount("group", groupFile, t.Group.V)
	}
}

var tunTypes = []numbered{{tunMode, "tun"}, {tapMode, "tap"}}

func (v *view) showAccount(key, file string, id uint32) {
	number := strconv.FormatUint(uint64(id), 10)
	if name := account(file, 2, number, 0); name != "" {
		v.str(key, key+" %s ", name)
	} else {
		v.raw(key, number, key+" %s ", number)
	}
}

// The files of users and of groups, with lines NAME:x:ID:...
const (
	passwdFile = "/etc/passwd"
	groupFile  = "/etc/group"
)

// account looks for a line in which a field has a value, and returns another
// field of it, or "".
func account(file string, field int, value string, wanted int) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Split(line, ":"); len(f) > 2 && f[field] == value {
			return f[wanted]
		}
	}
	return ""
}
