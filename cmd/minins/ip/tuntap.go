//go:build linux

package ip

import (
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/lacks"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/rtnl"
)

const tuntapWords grammar = `
	mode* { tun | tap }  IP packets or Ethernet frames
	user* USER  who may open it
	group* GROUP  who may open it
	pi*  packets are behind a header that says their protocol
	one_queue*
	vnet_hdr*  packets are behind a header of virtio
	multi_queue*  it may be open several times
	dev* DEV
	name* DEV
	help*`

// tunFlags are the flags of a device, as far as its link tells: iproute2 reads
// them, and with them one_queue and napi, from the /sys of the namespace.
var tunFlags = []numbered{{1, "tun"}, {2, "tap"}, {4, "pi"}, {8, "multi_queue"}, {16, "vnet_hdr"}, {32, "persist"},
	{64, "filter"}} // IFF_NOFILTER is the same bit as IFF_NO_PI

// tunWords are the words for flags of struct ifreq, from linux/if_tun.h. That
// of "pi" is on without it.
var tunWords = []numbered{{unix.IFF_TUN, "tun"}, {unix.IFF_TAP, "tap"}, {unix.IFF_NO_PI, "pi"}, {unix.IFF_ONE_QUEUE, "one_queue"},
	{unix.IFF_VNET_HDR, "vnet_hdr"}, {unix.IFF_MULTI_QUEUE, "multi_queue"}}

const tunDevice = "/dev/net/tun"

const tunModes = unix.IFF_TUN | unix.IFF_TAP

// A tunRequest is what "ip tuntap add" and del ask for.
type tunRequest struct {
	_ [0]func() // not to be compared: that would take code

	name        string
	flags       uint32
	user, group int // -1: none
	persist     int // 1 to add
}

// tuntap is the object "tuntap".
func (s *session) tuntap(w *words) error {
	r := &tunRequest{user: -1, group: -1}
	verb := "show"
	if w.next() {
		verb = command("tuntap", w.cur)
	}
	switch verb {
	case "show":
		return s.showTuntap()
	case "help":
		return usage("tuntap")
	case "add":
		r.persist = 1
	case "":
		return unknownCommand("tuntap", w.cur, commands("tuntap"))
	}
	for w.next() {
		r.take(w)
	}
	if r.flags&tunModes == 0 {
		w.refuse("You failed to specify a tunnel mode", `say "mode tun" or "mode tap"`)
	}
	if w.err != nil {
		return w.err
	}
	if s.c.Explains(`ioctl(open("`+tunDevice+`", O_RDWR), TUNSETIFF, "`+r.name+`")`, "and TUNSETPERSIST, by which it stays or goes") {
		return nil
	}
	if s.opt.netns == "" {
		return setTun(r)
	}
	ns, err := nsfs.Open(s.opt.netns) // the device will be in the namespace in which the file is opened
	if err == nil {
		err = ns.Do(func() error { return setTun(r) })
		ns.Close()
	}
	return err
}

// take reads a word and its argument. There is no user or group to delete.
func (r *tunRequest) take(w *words) {
	key := tuntapWords.find(w.cur)
	if bit, ok := numberIn(tunWords[2:], key); ok {
		r.flags |= bit
		return
	}
	switch {
	case key == "help":
		w.fail(usage("tuntap"))
		return
	case key == "mode":
		w.arg()
		bit, ok := numberIn(tunWords, keywords("tun* tap*").find(w.cur))
		if !ok {
			w.fail(fail(exitUsage, say("Unknown tunnel mode \"%s\"", w.cur), `it is "tun" or "tap"`))
		}
		if r.flags |= bit; r.flags&tunModes == tunModes {
			w.fail(fail(exitUsage, "You managed to ask for more than one tunnel mode.", ""))
		}
		return
	case key == "user" && r.persist != 0:
		r.user = accountArg(w, passwdFile, key)
		return
	case key == "group" && r.persist != 0:
		r.group = accountArg(w, groupFile, key)
		return
	case key == "dev":
		w.arg()
	default:
		if key == "name" {
			w.arg()
		}
		if key = "name"; r.name != "" {
			w.fail(garbage(key, w.cur, say("the name is %q already", r.name), tuntapWords.words()))
		}
	}
	if r.name = w.cur; !validName(r.name) {
		w.wrong(r.name, say("%q not a valid ifname", key), "")
	}
}

// accountArg is an argument that is the name or the number of a user or group.
func accountArg(w *words, file, key string) int {
	s := w.arg()
	n, err := strconv.Atoi(s)
	if err != nil {
		if n, err = strconv.Atoi(account(file, 0, s)); err != nil {
			w.fail(fail(exitUsage, say("invalid %s \"%s\"", key, s), file+" does not have it"))
		}
	}
	return int(int32(n)) // uid_t; the largest of them is none
}

// setTun makes a device that stays when its file is closed, or no longer does.
func setTun(r *tunRequest) error {
	flags := r.flags ^ unix.IFF_NO_PI
	if r.persist != 0 {
		flags |= unix.IFF_TUN_EXCL
	}
	ifr, err := unix.NewIfreq(r.name)
	if err != nil {
		return err
	}
	ifr.SetUint16(uint16(flags))
	what := "open"
	fd, err := unix.Open(tunDevice, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err == nil {
		what = "ioctl(TUNSETIFF)"
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr)
	}
	for _, call := range [...]struct {
		name  string
		req   uint
		value int
	}{
		{"ioctl(TUNSETOWNER)", unix.TUNSETOWNER, r.user},
		{"ioctl(TUNSETGROUP)", unix.TUNSETGROUP, r.group},
		{"ioctl(TUNSETPERSIST)", unix.TUNSETPERSIST, r.persist},
	} {
		if err == nil && call.value != -1 {
			what = call.name
			err = unix.IoctlSetInt(fd, call.req, call.value)
		}
	}
	unix.Close(fd)
	if err == nil {
		return nil
	}
	hint := say("the name %q may be that of another device, or of one that is of another mode or in use", r.name)
	if what == "open" {
		hint = tunDevice + " cannot be opened; also where everybody may be root, as in \"minins --rootless\", the host's root has to allow it: chmod 666 " + tunDevice
		if err == unix.ENOENT {
			hint = "there is no " + tunDevice + ": " + lacks.Kind("tun")
		}
	}
	return fail(exitFailed, what+": "+applet.Strerror(err), hint)
}

// showTuntap is "ip tuntap show".
func (s *session) showTuntap() error {
	req := &rtnl.Link{}
	req.Info.Kind = "tun"
	links, err := s.listLinks(req)
	v := s.view()
	v.begin()
	for i := range links {
		l := &links[i]
		t := l.Info.Tun
		if t == nil {
			continue
		}
		v.object("")
		v.strColor(colorName, "ifname", "%s:", l.Name)
		names, _ := bitNames(tunFlags, uint32(t.Type.V&3|t.PI.V<<2|t.MultiQueue.V<<3|t.VNetHdr.V<<4|t.Persist.V<<5|t.PI.V<<6))
		v.list("flags", names)
		v.write(" " + strings.Join(names, " "))
		v.number(t.Owner.Ok, "user", " user %d", uint64(t.Owner.V))
		v.number(t.Group.Ok, "group", " group %d", uint64(t.Group.V))
		v.write("\n")
		v.end()
	}
	v.finish()
	return err
}
