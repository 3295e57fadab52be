//go:build linux

package rtnl_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// A bridge's port lists its VLANs as attributes of one type, all of which are kept.
func TestPortVLANs(t *testing.T) {
	const vlanInfo = 2 // IFLA_BRIDGE_VLAN_INFO
	attr := func(typ uint16, data []byte) []byte {
		b := binary.NativeEndian.AppendUint16(nil, uint16(4+len(data)))
		return append(binary.NativeEndian.AppendUint16(b, typ), data...)
	}
	var vlans []byte
	for vid := range uint16(3) {
		vlans = append(vlans, attr(vlanInfo, binary.NativeEndian.AppendUint16([]byte{0, 0}, vid+1))...)
	}
	b, err := new(nl.Coder).Append(nil, &rtnl.Link{Family: unix.AF_BRIDGE, Index: 4, Name: "va"})
	if err != nil {
		t.Fatal(err)
	}
	b = append(b, attr(unix.IFLA_AF_SPEC, vlans)...)
	var l rtnl.Link
	if err := new(nl.Coder).Decode(b, &l); err != nil || l.PortMode == nil || !bytes.Equal(l.PortMode.VLANs, vlans) {
		t.Errorf("got %+v, %v, want %x", l.PortMode, err, vlans)
	}
}
