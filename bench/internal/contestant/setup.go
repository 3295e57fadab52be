//go:build linux

package contestant

import (
	"bytes"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
)

// The ends of the veth pair that routes and neighbours are on, their addresses
// and the gateways, of which nobody answers.
const (
	Device  = "v0"
	Gate4   = "10.0.0.2"
	Gate4b  = "10.0.0.3"
	Gate6   = "fd00:1::2"
	Gate6b  = "fd00:1::3"
	Gateway = "10.1.0.1" // of the containers: the bridge's own
	Static  = 4          // the routes' protocol, RTPROT_STATIC
)

// RouteDevice makes the veth pair v0/v1, one queue each and both up, with
// 10.0.0.1/24 and fd00:1::1/64 on v0.
func RouteDevice() error {
	return IPBatch(
		"link add v0 numtxqueues 1 numrxqueues 1 type veth peer name v1 numtxqueues 1 numrxqueues 1",
		"link set v0 up",
		"link set v1 up",
		"addr add 10.0.0.1/24 dev v0",
		"addr add fd00:1::1/64 dev v0 nodad")
}

// Bridge makes the bridge br0, up, with the address addr if that is not empty.
func Bridge(addr string) error {
	lines := []string{"link add br0 type bridge", "link set br0 up"}
	if addr != "" {
		lines = append(lines, "addr add "+addr+" dev br0")
	}
	return IPBatch(lines...)
}

// Witness makes a veth pair for each namespace, given by its path, with the
// far end, far0 and so on, in there: w0 and so on here. A near end vanishes when the kernel
// destroys the namespace of its far end: see WaitGone.
func Witness(paths ...string) (names []string, err error) {
	var lines []string
	for i, path := range paths {
		name := fmt.Sprintf("w%d", i)
		names = append(names, name)
		lines = append(lines, fmt.Sprintf("link add %s type veth peer name far%d netns %s", name, i, path))
	}
	return names, IPBatch(lines...)
}

// IPBatch has iproute2 run the lines: for set-up outside of all phases.
func IPBatch(lines ...string) error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip -batch: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// Route4 returns the destination of IPv4 route i: 172.16.0.0+i.
func Route4(i int) netip.Addr { return addr4(172<<24|16<<16, i) }

// Route6 returns the destination of IPv6 route i: fd01::i.
func Route6(i int) netip.Addr {
	b := [16]byte{0: 0xfd, 1: 0x01, 12: byte(i >> 24), 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)}
	return netip.AddrFrom16(b)
}

// Container returns the address of container i: 10.1.0.2+i, of a /16.
func Container(i int) netip.Addr { return addr4(10<<24|1<<16|2, i) }

// Target returns where rule i of the nftables workloads goes:
// 10.1.(i/250).(i%250+1).
func Target(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 1, byte(i / 250), byte(i%250 + 1)})
}

// Interval returns the first and the last address of interval i of the nftables set.
func Interval(i int) (from, to uint32) {
	const first, step, length = 10 << 24, 8, 5
	from = first + uint32(i)*step
	return from, from + length - 1
}

// Listed is how many nftables rules or intervals are listed at most: of more, the
// kernel takes the square of the time, since it looks for the place where it was
// from the beginning, for each 32 KiB.
const Listed = 100000

// Port returns the port that rule i of the nftables workloads is for.
func Port(i int) uint16 { return uint16(i%65535 + 1) }

func addr4(base uint32, i int) netip.Addr {
	a := base + uint32(i)
	return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)})
}
