//go:build linux

package ip

import (
	"cmp"
	"errors"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

const tuntapCommands keywords = "add* delete* show* lst* list* help*"

const tuntapWords grammar = `mode* { tun | tap }  IP packets or Ethernet frames
user* USER  who may open it
group* GROUP  who may open it
pi*  packets are behind a header that says their protocol
one_queue*  a word without effect since Linux 3.8
vnet_hdr*  packets are behind a header of virtio
multi_queue*  it may be open several times
[dev*] DEV
name* DEV
help*`

// Flags of struct ifreq, from linux/if_tun.h.
const (
	tunMode    = unix.IFF_TUN
	tapMode    = unix.IFF_TAP
	tunNoPI    = unix.IFF_NO_PI
	tunDevice  = "/dev/net/tun"
	noAccount  = -1 // uid_t and gid_t of none
	tunNoModes = "You failed to specify a tunnel mode"
)

// A tuntapRequest is what "ip tuntap add" and del ask for.
type tuntapRequest struct {
	name        string
	flags       uint16
	user, group int
}

// tuntap is the object "tuntap".
func (s *session) tuntap(w *words) error {
	if !w.next() {
		return s.showTuntap()
	}
	switch tuntapCommands.find(w.cur) {
	case "add":
		return s.changeTuntap(w, true)
	case "delete":
		return s.changeTuntap(w, false)
	case "show", "list", "lst":
		return s.showTuntap()
	case "help":
		return usage("tuntap")
	}
	return unknownCommand("tuntap", w.cur, tuntapCommands.words())
}

// parseTuntap reads the words after "ip tuntap add" or del, which knows no
// user and no group.
func parseTuntap(w *words, add bool) (*tuntapRequest, error) {
	r := &tuntapRequest{flags: tunNoPI, user: noAccount, group: noAccount}
	for w.next() {
		key := tuntapWords.find(w.cur)
		if !add && (key == "user" || key == "group") {
			key = ""
		}
		switch key {
		case "mode":
			r.takeMode(w)
		case "user":
			r.user = accountArg(w, passwdFile, key)
		case "group":
			r.group = accountArg(w, groupFile, key)
		case "pi":
			r.flags &^= tunNoPI
		case "one_queue":
			r.flags |= unix.IFF_ONE_QUEUE
		case "vnet_hdr":
			r.flags |= unix.IFF_VNET_HDR
		case "multi_queue":
			r.flags |= unix.IFF_MULTI_QUEUE
		case "help":
			return nil, usage("tuntap")
		default:
			if key != "" {
				w.arg()
			}
			if r.name != "" && key != "dev" {
				w.fail(garbage("name", w.cur, say("%q is taken for the name of a device, but %q was already", w.cur, r.name), tuntapWords.words()))
			}
			if r.name = w.cur; !validName(r.name) {
				w.wrong(r.name, say("%q not a valid ifname", cmp.Or(key, "name")), "")
			}
		}
	}
	if w.err == nil && r.flags&(tunMode|tapMode) == 0 {
		w.fail(fail(exitFailed, tunNoModes, `say "mode tun" or "mode tap"`))
	}
	return r, w.err
}

func (r *tuntapRequest) takeMode(w *words) {
	w.arg()
	mode, other := uint16(tunMode), uint16(tapMode)
	switch keywords("tun* tap*").find(w.cur) {
	case "tap":
		mode, other = other, mode
	case "":
		w.fail(fail(exitUsage, say("Unknown tunnel mode \"%s\"", w.cur), `it is "tun" or "tap"`))
	}
	if r.flags&other != 0 {
		w.fail(fail(exitUsage, "You managed to ask for more than one tunnel mode.", ""))
	}
	r.flags |= mode
}

// accountArg is an argument that is the name or the number of a user or group.
func accountArg(w *words, file, key string) int {
	s := w.arg()
	n, err := strconv.Atoi(s)
	if err != nil {
		if n, err = strconv.Atoi(account(file, 0, s, 2)); err != nil {
			w.fail(fail(exitUsage, say("invalid %s \"%s\"", key, s), say("%s has no such name", file)))
		}
	}
	return n
}

func (s *session) changeTuntap(w *words, add bool) error {
	r, err := parseTuntap(w, add)
	if err != nil {
		return err
	}
	if s.opt.netns == "" {
		return s.tuntapIoctls(r, add)
	}
	ns, err := nsfs.Open(s.opt.netns) // the device will be in the namespace in which the file is opened
	if err != nil {
		return err
	}
	return errors.Join(ns.Do(func() error { return s.tuntapIoctls(r, add) }), ns.Close())
}

// tuntapIoctls makes a device that stays when its file is closed, or no longer
// does.
func (s *session) tuntapIoctls(r *tuntapRequest, add bool) error {
	persist := 0
	if add {
		r.flags |= unix.IFF_TUN_EXCL
		persist = 1
	}
	told := s.c.Explains(say("openat(AT_FDCWD, %q, O_RDWR)", tunDevice), "makes and finds tun and tap devices")
	fd := noAccount
	if !told {
		var err error
		if fd, err = unix.Open(tunDevice, unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
			return fail(exitFailed, "open: "+errnoText(err), tunDevice+" makes tun and tap devices")
		}
		defer unix.Close(fd)
	}
	ifr, err := unix.NewIfreq(r.name)
	if err != nil {
		return err
	}
	ifr.SetUint16(r.flags)
	for _, call := range []struct {
		name  string
		req   uint
		value int
		wants bool
	}{
		{"TUNSETIFF", unix.TUNSETIFF, int(r.flags), true},
		{"TUNSETOWNER", unix.TUNSETOWNER, r.user, r.user != noAccount},
		{"TUNSETGROUP", unix.TUNSETGROUP, r.group, r.group != noAccount},
		{"TUNSETPERSIST", unix.TUNSETPERSIST, persist, true},
	} {
		switch {
		case !call.wants, told && s.c.Explains(say("ioctl(fd, %s, %s)", call.name, strconv.Itoa(call.value)), ""):
			continue
		case call.req == unix.TUNSETIFF:
			err = unix.IoctlIfreq(fd, call.req, ifr)
		default:
			err = unix.IoctlSetInt(fd, call.req, call.value)
		}
		if err != nil {
			return fail(exitFailed, say("ioctl(%s): %s", call.name, errnoText(err)), tuntapHint(err, r.name))
		}
	}
	return nil
}

func tuntapHint(err error, name string) string {
	switch {
	case errors.Is(err, unix.EBUSY):
		return say("the name %q is taken, or a program has the device open", name)
	case errors.Is(err, unix.EINVAL):
		return say("%q is of another mode, or no tun or tap", name)
	case errors.Is(err, unix.EPERM):
		return "it takes the right to configure this network namespace (CAP_NET_ADMIN): become root"
	}
	return ""
}

// tunFlags are the flags of a device, as far as its link tells: iproute2 reads
// them, and with them one_queue and napi, from the /sys of the namespace.
func tunFlags(t *rtnl.Tun) []string {
	var names []string
	for _, f := range []struct {
		name string
		on   bool
	}{
		{nameIn(tunTypes, uint32(t.Type.V), ""), true},
		{"pi", t.PI.V != 0},
		{"multi_queue", t.MultiQueue.V != 0},
		{"vnet_hdr", t.VNetHdr.V != 0},
		{"persist", t.Persist.V != 0},
		{"filter", t.PI.V != 0}, // IFF_NOFILTER is the same bit as IFF_NO_PI
	} {
		if f.on && f.name != "" {
			names = append(names, f.name)
		}
	}
	return names
}

func (s *session) showTuntap() error {
	req := &rtnl.Link{}
	req.Info.Kind = "tun"
	links, err := s.listLinks(req)
	if err != nil {
		return err
	}
	v := s.view()
	v.begin()
	for i := range links {
		l := &links[i]
		t := l.Info.Tun
		if t == nil {
			continue
		}
		v.object("")
		v.str("ifname", "%s:", l.Name)
		names := tunFlags(t)
		v.list("flags", names)
		v.text(" %s", strings.Join(names, " "))
		v.account("user", t.Owner)
		v.account("group", t.Group)
		v.line()
		if s.opt.details > 0 {
			v.text("\tAttached to processes:")
			v.array("processes")
			v.showHolders(l.Name)
			v.endArray()
			v.line()
		}
		v.end()
	}
	v.finish()
	return nil
}

func (v *view) account(key string, id nl.Opt[uint32]) {
	v.number(id.Ok, key, " "+key+" %d", uint64(id.V))
}

// showHolders renders the processes that have a device open.
func (v *view) showHolders(name string) {
	pids, _ := dirNames("/proc")
	for _, pid := range pids {
		n, err := strconv.Atoi(pid)
		if err != nil || n == os.Getpid() {
			continue
		}
		proc := "/proc/" + pid
		fds, _ := dirNames(proc + "/fd") // a process may end meanwhile, or be another user's
		for _, fd := range fds {
			if to, _ := os.Readlink(proc + "/fd/" + fd); to != tunDevice {
				continue
			}
			if info, _ := os.ReadFile(proc + "/fdinfo/" + fd); !strings.Contains(string(info), "\niff:\t"+name+"\n") {
				continue
			}
			comm, _ := os.ReadFile(proc + "/comm")
			v.object("")
			v.str("name", " %s", strings.TrimSuffix(string(comm), "\n"))
			v.uint("pid", "(%d)", uint64(n))
			v.end()
		}
	}
}
