//go:build linux

package testns

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// Since reports whether the kernel is at least of version major.minor.
func Since(t testing.TB, major, minor int) bool {
	t.Helper()
	release, _ := kernel()
	var x, y int
	if _, err := fmt.Sscanf(release, "%d.%d", &x, &y); err != nil {
		t.Fatalf("kernel release %q: %v", release, err)
	}
	return x > major || x == major && y >= minor
}

// kernel is what uname -r and -m print.
func kernel() (release, machine string) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		panic(err) // only a wrong address is refused
	}
	return unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Machine[:])
}

// Needs skips the test on a kernel older than version major.minor, which brought what.
func Needs(t testing.TB, major, minor int, what string) {
	t.Helper()
	if !Since(t, major, minor) {
		Skip(t, fmt.Sprintf("Linux %d.%d brought %s", major, minor, what))
	}
}

// UserNS reports whether the tests are in a user namespace that is not the host's, where kernels
// refuse some of what root may do.
func UserNS(t testing.TB) bool {
	t.Helper()
	m, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		t.Fatal(err)
	}
	return !bytes.Contains(m, []byte("4294967295"))
}

// WritesPackets reports whether rules may write into packets: since Linux 7 not those of a user namespace.
func WritesPackets(t testing.TB) bool {
	t.Helper()
	return !Since(t, 7, 0) || !UserNS(t)
}

// Order is this machine's byte order, "little" or "big": the directories in testdata of what
// was recorded on machines of each.
func Order() string {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return "little"
	}
	return "big"
}

// Layout is Order, or "386" there: it alone aligns integers of 64 bits to 4 bytes, and has
// the structs of xtables without the padding behind them.
func Layout() string {
	if runtime.GOARCH == "386" {
		return runtime.GOARCH
	}
	return Order()
}

// configs are the options of the kernel that bring kinds of links.
var configs = map[string]string{
	"dummy": "CONFIG_DUMMY", "ifb": "CONFIG_IFB", "vlan": "CONFIG_VLAN_8021Q", "macvlan": "CONFIG_MACVLAN", "macvtap": "CONFIG_MACVTAP",
	"ipvlan": "CONFIG_IPVLAN", "ipvtap": "CONFIG_IPVTAP", "vxlan": "CONFIG_VXLAN", "geneve": "CONFIG_GENEVE", "bond": "CONFIG_BONDING",
	"team": "CONFIG_NET_TEAM", "vrf": "CONFIG_NET_VRF", "wireguard": "CONFIG_WIREGUARD", "nlmon": "CONFIG_NLMON", "vcan": "CONFIG_CAN_VCAN",
}

// NeedsKind skips the test on a kernel that was built without links of one of the kinds, or that
// does not have the module. Continuous integration takes that for no failure, as such a test runs
// on the kernels of make kernels.
func NeedsKind(t testing.TB, kinds ...string) {
	t.Helper()
	for _, kind := range kinds {
		config := configs[kind]
		if config == "" {
			t.Fatalf("testns knows no CONFIG of links of kind %q", kind)
		}
		var err error
		if e := New(t).do(func() error { err = addLink(kind); return nil }); e != nil {
			t.Fatal(e)
		}
		if err == unix.EOPNOTSUPP {
			Lacks(t, config)
		}
	}
}

// Lacks skips the test on a kernel that was built without an option, also in continuous
// integration: see NeedsKind.
func Lacks(t testing.TB, config string) {
	t.Helper()
	t.Skip("this kernel lacks " + config)
}

// addLink asks the kernel for a link of a kind: it says EOPNOTSUPP of what it does not know, and
// may say something else of what needs more than a kind.
func addLink(kind string) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	order := binary.NativeEndian
	attr := func(typ uint16, data []byte) []byte { // padded
		b := order.AppendUint16(order.AppendUint16(nil, uint16(4+len(data))), typ)
		b = append(b, data...)
		return append(b, make([]byte, -len(b)&3)...)
	}
	body := append(make([]byte, unix.SizeofIfInfomsg), attr(unix.IFLA_LINKINFO, attr(unix.IFLA_INFO_KIND, []byte(kind)))...)
	b := order.AppendUint32(nil, uint32(unix.SizeofNlMsghdr+len(body)))
	b = order.AppendUint16(b, unix.RTM_NEWLINK)
	b = order.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_ACK|unix.NLM_F_CREATE|unix.NLM_F_EXCL)
	b = append(b, make([]byte, 8)...) // sequence and port
	if err := unix.Sendto(fd, append(b, body...), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	reply := make([]byte, 4096)
	n, _, err := unix.Recvfrom(fd, reply, 0)
	if err != nil {
		return err
	}
	if n < unix.SizeofNlMsghdr+4 {
		return fmt.Errorf("an answer of %d bytes", n)
	}
	if errno := -int32(order.Uint32(reply[unix.SizeofNlMsghdr:])); errno != 0 {
		return unix.Errno(errno)
	}
	return nil
}
