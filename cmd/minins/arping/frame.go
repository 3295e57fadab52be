//go:build linux

package arping

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/mdlayher/arp"
	"golang.org/x/sys/unix"
)

// broadcast is the Ethernet address of everybody.
func broadcast() net.HardwareAddr { return bytes.Repeat([]byte{0xff}, 6) }

// A frame is an ARP packet and the Ethernet address that it goes to.
type frame struct {
	to net.HardwareAddr
	arp.Packet
}

// pack puts the Ethernet header (destination, source, type, big-endian)
// before the packet.
func (f *frame) pack() ([]byte, error) {
	packet, err := f.MarshalBinary()
	if err != nil {
		return nil, err
	}
	b := append(bytes.Clone(f.to), f.SenderHardwareAddr...)
	b = binary.BigEndian.AppendUint16(b, unix.ETH_P_ARP)
	return append(b, packet...), nil
}

// parseFrame reads what a raw socket delivers. ok is false unless it is a
// request or reply of IPv4 over Ethernet.
func parseFrame(b []byte) (f frame, ok bool) {
	const header = 14
	if len(b) < header || binary.BigEndian.Uint16(b[12:]) != unix.ETH_P_ARP {
		return f, false
	}
	f.to = bytes.Clone(b[:6])
	if len(b) < header+6 || b[header+4] != 6 || b[header+5] != 4 { // the lengths of the addresses
		return f, false
	}
	if err := f.UnmarshalBinary(b[header:]); err != nil {
		return f, false
	}
	return f, f.HardwareType == unix.ARPHRD_ETHER && f.ProtocolType == unix.ETH_P_IP &&
		(f.Operation == arp.OperationRequest || f.Operation == arp.OperationReply)
}

// A probe is what is asked for: who has dst, in the name of src at mac.
type probe struct {
	mac      net.HardwareAddr
	src, dst netip.Addr
	dad      bool
}

// request is what to send to that Ethernet address.
func (p *probe) request(to net.HardwareAddr, advertise bool) (*frame, error) {
	op, target := arp.OperationRequest, to
	if advertise {
		op, target = arp.OperationReply, p.mac
	}
	packet, err := arp.NewPacket(op, p.mac, p.src, target, p.dst)
	if err != nil {
		return nil, err
	}
	return &frame{to, *packet}, nil
}

// answeredBy reports whether the frame is an answer, or for -D a conflict: its
// sender has the address, or probes for it as we do (RFC 5227, 2.1.1).
func (p *probe) answeredBy(f *frame) bool {
	forUs := bytes.Equal(f.to, p.mac)
	if !forUs && f.to[0]&1 == 0 { // somebody else's, seen in promiscuous mode
		return false
	}
	if !p.dad {
		return f.SenderIP == p.dst && f.TargetIP == p.src && bytes.Equal(f.TargetHardwareAddr, p.mac)
	}
	if bytes.Equal(f.SenderHardwareAddr, p.mac) {
		return false
	}
	if f.SenderIP.IsUnspecified() {
		return f.Operation == arp.OperationRequest && f.TargetIP == p.dst
	}
	return f.SenderIP == p.dst && (p.src.IsUnspecified() || f.TargetIP == p.src)
}

// describe is the line about an answer that took that time.
func (p *probe) describe(f *frame, took time.Duration) string {
	var b strings.Builder
	b.WriteString(pick(f.to[0]&1 == 0, "Unicast ", "Broadcast "))
	b.WriteString(pick(f.Operation == arp.OperationReply, "reply", "request"))
	fmt.Fprintf(&b, " from %s [%s] ", f.SenderIP, upper(f.SenderHardwareAddr))
	other := f.TargetIP != p.src
	if other {
		fmt.Fprintf(&b, "for %s ", f.TargetIP)
	}
	if !bytes.Equal(f.TargetHardwareAddr, p.mac) {
		b.WriteString(pick(other, "", "for ") + "[" + upper(f.TargetHardwareAddr) + "]")
	}
	us := took.Microseconds()
	fmt.Fprintf(&b, " %d.%03dms\n", us/1000, us%1000)
	return b.String()
}

func upper(a net.HardwareAddr) string { return strings.ToUpper(a.String()) }

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

func (f *frame) isRequest() bool { return f.Operation == arp.OperationRequest }
