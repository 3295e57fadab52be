//go:build linux

package ip

import (
	"encoding/binary"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/rtnl"
)

const bridgeLinkWords grammar = `
	dev DEV  the port
	state NUMBER|WORD  disabled, listening, learning, forwarding or blocking
	cost NUMBER  of the way through the port, for STP
	priority NUMBER  of the port, for STP
	guard { on | off }  refuse STP's packets
	hairpin { on | off }  send packets back where they came from
	fastleave { on | off }  leave a multicast group at once
	root_block { on | off }  never the way to STP's root
	learning { on | off }  of the addresses of senders
	learning_sync { on | off }  with what the device has learned
	flood { on | off }  of packets to unknown addresses
	mcast_router NUMBER  0 never, 1 if learned, 2 always, 3 for a while
	mcast_flood { on | off }  of multicast that nobody asked for
	bcast_flood { on | off }  of broadcast
	mcast_to_unicast { on | off }  multicast to each member alone
	neigh_suppress { on | off }  answer ARP and ND for known neighbours
	vlan_tunnel { on | off }  map VLANs to tunnels
	isolated { on | off }  no packets to other isolated ports
	locked { on | off }  none from unknown senders
	backup_port DEV  where packets go without carrier
	nobackup_port  nowhere
	hwmode { vepa | veb }  of a device that can bridge
	self  the device itself is meant
	master  its bridge is meant (the default)`

// shownPortWords are the settings that "bridge link" shows, those behind the
// third with -d.
const shownPortWords = "state priority cost hairpin guard root_block fastleave learning flood mcast_flood bcast_flood mcast_router " +
	"mcast_to_unicast neigh_suppress vlan_tunnel backup_port isolated locked"

// setPort is "bridge link set".
func (s *session) setPort(w *words) error {
	p := new(rtnl.BridgePort)
	l := &rtnl.Link{Family: unix.AF_BRIDGE, Port: p}
	set := visitor{set: w}
	mode := new(rtnl.PortMode)
	dev, backup := "", ""
	for w.next() {
		set.word = bridgeLinkWords.find(w.cur)
		set.why = "invalid " + set.word
		switch set.word {
		case "dev":
			if w.text(&dev); dev == "" {
				w.fail(fail(exitFailed, say(noBridge, ""), ""))
			}
		case "state":
			p.State = w.stpState("Error: invalid STP port state")
		case "hwmode":
			mode.Flags.V, mode.Mode.Ok = portSelf, true
			if w.arg() == "vepa" {
				mode.Mode.V = 1
			} else if w.cur != "veb" {
				w.fail(fail(exitFailed, "Mode argument must be \"vepa\" or \"veb\".", ""))
			}
		case "self":
			mode.Flags.V |= portSelf
		case "master":
			mode.Flags.V |= portMaster
		case "backup_port":
			w.device(&backup)
		case "nobackup_port":
			p.BackupPort.Ok = true
		case "learning_sync": // which "ip" does not know
			setOption(w, "learning_sync", (*onOff)(&p.LearningSync), "")
		case "":
			w.fail(usage("bridge link"))
		default:
			set.port(p)
		}
	}
	if f := asFailure(w.err); f != nil && strings.HasPrefix(f.text, "Error: argument of") {
		f.code = 0x100 - int(unix.EINVAL)
	}
	if w.err != nil {
		return w.err
	}
	p.Cost.Ok = p.Cost.V != 0 // iproute2 does not send 0
	if backup != "" {
		p.BackupPort.Ok = true
		if err := s.called("Error: device %s does not exist", backup, &p.BackupPort.V); err != nil {
			return err
		}
	}
	if dev == "" {
		return fail(exitFailed, "Device is a required argument.", "as in \"bridge link set dev veth0 isolated on\"")
	}
	if err := s.called(noBridge, dev, &l.Index); err != nil {
		return err
	}
	if mode.Flags.V != 0 {
		mode.Flags.Ok = true
		l.PortMode = mode
	}
	return explained(s.do(unix.RTM_SETLINK, 0, l, nil), whyNotPort, dev)
}

// BRIDGE_FLAGS_* of linux/if_bridge.h.
const portMaster, portSelf = 1, 2

var whyNotPort = []reason{
	{unix.EOPNOTSUPP, "", 0, "%q is no port of a bridge; \"ip link set %[1]s master BRIDGE\" makes it one"},
	{0, "", 0, "port %q is unchanged"},
}

// showPorts is "bridge link show", and "bridge vlan show" with vlans.
func (s *session) showPorts(w *words, vlans bool) error {
	var dev, vid string
	for w.next() {
		key, old := w.cur, ""
		switch {
		case key == "dev":
			old = dev
			w.device(&dev)
		case key == "vid" && vlans:
			old = vid
			w.text(&vid)
		} // iproute2 passes over what else there is
		if old != "" {
			w.fail(duplicate(key, w.cur))
		}
	}
	if w.err != nil {
		return w.err
	}
	req, index := &rtnl.Link{Family: unix.AF_BRIDGE}, uint32(0)
	if err := s.index(dev, &index); err != nil {
		return err
	}
	if vlans {
		req.ExtMask = rtnl.ExtBrVLAN
		if s.opt.ranges {
			req.ExtMask = rtnl.ExtBrVLANShort
		}
	}
	links, err := s.listLinks(req)
	if err != nil {
		return err
	}
	want, _ := number(vid, 16)
	v := s.view()
	if vlans {
		v.write("port              vlan-id")
		if s.opt.stats == 0 || s.opt.details > 0 {
			v.write("  ")
		}
		v.write("\n")
	}
	if vlans && s.opt.details > 0 {
		return s.showVLANOptions(v, index, want)
	}
	for i := range links {
		v.begin()
		l := &links[i]
		switch {
		case index != 0 && index != l.Index:
		case vlans:
			v.showVLANs(l, want)
		default:
			v.showPort(l)
		}
	}
	v.finish()
	return nil
}

func (v *view) showPort(l *rtnl.Link) {
	v.object("")
	v.int("ifindex", "%d: ", int64(int32(l.Index)))
	v.showFlags(l.Flags, v.showName("%s: ", l))
	v.nonzero("mtu", "mtu %d ", l.MTU)
	if l.Master.Ok {
		v.str("master", "master %s ", v.linkName(l.Master.V))
	}
	if l.Port != nil {
		show := visitor{show: v}
		for i, word := range strings.Fields(shownPortWords) {
			if i == 3 {
				if v.opt.details == 0 {
					break
				}
				v.line()
				v.write("    ")
			}
			show.word = word
			show.port(l.Port)
		}
	}
	v.write("\n")
	v.end()
}

// portVLANFlags are bits of BRIDGE_VLAN_INFO_* in linux/if_bridge.h.
var portVLANFlags = []numbered{{vlanPVID, "PVID"}, {vlanUntagged, "Egress Untagged"}}

// showVLANs renders a port and the VLANs that it is in, one or a range of them
// a line: those that vid is in, or all if it is 0.
func (v *view) showVLANs(l *rtnl.Link, vid uint64) {
	if l.PortMode == nil {
		return
	}
	const info, begin, header, size = 2, 1 << 3, 4, 8 // IFLA_BRIDGE_VLAN_INFO, BRIDGE_VLAN_INFO_RANGE_BEGIN
	name, first := l.Name, uint64(0)
	for b := l.PortMode.VLANs; len(b) >= size; b = b[min((max(int(native16(b)), header)+3)&^3, len(b)):] {
		flags, last := uint32(native16(b[4:])), uint64(native16(b[6:]))
		if first == 0 {
			first = last
		}
		if flags&begin != 0 || native16(b[2:]) != info {
			continue
		}
		if vid == 0 || vid >= first && vid <= last {
			v.beginVLAN(name, first, last, flags)
			name = ""
			v.end()
			v.write("\n")
		}
		first = 0
	}
	if name == "" {
		v.endArray()
		v.end()
	}
}

// beginVLAN renders a VLAN or a range of them; name is that of the port, or "" for one more of the same.
func (v *view) beginVLAN(name string, first, last uint64, flags uint32) {
	if name != "" {
		v.object("")
		v.str("ifname", "", name)
		v.array("vlans")
	}
	if v.json == nil {
		c := colorName
		if name == "" {
			c = plain
		}
		v.strColor(c, "", "%-16s  ", name)
	}
	v.object("")
	v.uint("vlan", "%d", first)
	v.number(last != first, "vlanEnd", "-%d", last)
	if names, _ := bitNames(portVLANFlags, flags); names != nil {
		v.array("flags")
		for _, flag := range names {
			v.str("", " %s", flag)
		}
		v.endArray()
	}
}

func native16(b []byte) uint16 { return binary.NativeEndian.Uint16(b) }
