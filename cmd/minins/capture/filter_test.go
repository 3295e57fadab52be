//go:build linux

package capture_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/capture"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/pcap"
)

// filters are compared with those of tcpdump.
var filters = strings.Split(`arp
ip
ip6
icmp
icmp6
tcp
udp
tcp or udp
not icmp
! arp
host 10.0.0.1
src 10.0.0.1
src host 10.0.0.1
dst host 10.0.0.1
ip host 10.0.0.1
arp host 10.0.0.1
arp src host 10.0.0.1
arp dst host 10.0.0.1
ip src 10.0.0.2
host fd00::1
src host fd00::1
dst host fd00::1
ip6 host fd00::2
ip6 src fd00::2
net 10.0.0.0/8
net 10.0.0.0/31
src net 10.0.0.0/31
dst net 10.128.0.0/9
net 0.0.0.0/1
net 128.0.0.0/1
net fd00::/16
net fd00::/64
net fd00:0:0:0:8000::/65
net fd00::1/128
net ::/0
src net fd00::/127
ip net 10.0.0.0/30
arp net 10.0.0.0/30
port 80
src port 80
dst port 80
tcp port 80
tcp src port 80
udp dst port 53
udp port 80
port 80 or 53
port 80 or port 53
tcp port 80 or 53
port 0
port 65535
host 10.0.0.1 or 10.0.0.3
host 10.0.0.1 and 10.0.0.2
src 10.0.0.1 or 10.0.0.2
host 10.0.0.1 and not port 80
not (host 10.0.0.1 or host fd00::1)
not host 10.0.0.1 or host fd00::1
tcp and port 80 or arp
arp or tcp and port 80
arp or (tcp and port 80)
(arp or icmp) and host 10.0.0.1
not not arp
!(tcp || udp) && ip
icmp or icmp6
ip6 and not icmp6
tcp and src port 80 and dst host 10.0.0.1
host 10.0.0.1 and (tcp port 80 or udp port 53) and not src net 10.0.0.2/31`, "\n")

// ethernet puts the header and a number in front of a packet.
func ethernet(n int, proto uint16, b []byte) []byte {
	f := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, byte(n >> 8), byte(n)}
	return append(binary.BigEndian.AppendUint16(f, proto), b...)
}

func packet4(src, dst string, proto byte, words int, fragment uint16, b []byte) []byte {
	h := make([]byte, 20+4*words)
	h[0] = 0x45 + byte(words)
	binary.BigEndian.PutUint16(h[2:], uint16(len(h)+len(b)))
	binary.BigEndian.PutUint16(h[6:], fragment)
	h[8], h[9] = 64, proto
	copy(h[12:], netip.MustParseAddr(src).AsSlice())
	copy(h[16:], netip.MustParseAddr(dst).AsSlice())
	for i := 20; i < len(h); i++ {
		h[i] = 1 // an option that does nothing
	}
	return append(h, b...)
}

func packet6(src, dst string, proto byte, b []byte) []byte {
	h := make([]byte, 8)
	h[0], h[6], h[7] = 0x60, proto, 64
	binary.BigEndian.PutUint16(h[4:], uint16(len(b)))
	h = append(h, netip.MustParseAddr(src).AsSlice()...)
	return append(append(h, netip.MustParseAddr(dst).AsSlice()...), b...)
}

// ports is what TCP, UDP and SCTP begin with.
func ports(src, dst uint16) []byte {
	b := binary.BigEndian.AppendUint16(nil, src)
	return append(binary.BigEndian.AppendUint16(b, dst), make([]byte, 36)...)
}

// traffic has all that a filter may tell apart.
func traffic() (frames [][]byte) {
	add := func(proto uint16, b []byte) { frames = append(frames, ethernet(len(frames), proto, b)) }
	addresses := []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.200.0.1", "192.168.1.1", "10.0.0.80"}
	addresses6 := []string{"fd00::1", "fd00::2", "fd00::8000:0:0:1", "fd00:1::1", "fe80::1", "::1"}
	numbers := []uint16{80, 53, 0, 65535, 1234}
	for i := range 6 {
		src, dst := addresses[i], addresses[(i+1)%6]
		src6, dst6 := addresses6[i], addresses6[(i+1)%6]
		for _, proto := range []byte{unix.IPPROTO_TCP, unix.IPPROTO_UDP, unix.IPPROTO_SCTP, unix.IPPROTO_ICMP, unix.IPPROTO_ICMPV6, 47} {
			p := ports(numbers[i%5], numbers[(i+int(proto))%5])
			add(unix.ETH_P_IP, packet4(src, dst, proto, 0, 0, p))
			add(unix.ETH_P_IP, packet4(dst, src, proto, i, 0, p))
			add(unix.ETH_P_IP, packet4(src, dst, proto, 0, 0x2000, p))
			add(unix.ETH_P_IP, packet4(src, dst, proto, 0, 1+uint16(i), p))
			add(unix.ETH_P_IPV6, packet6(src6, dst6, proto, p))
			add(unix.ETH_P_IPV6, packet6(dst6, src6, unix.IPPROTO_FRAGMENT, append([]byte{proto, 0, 0, 1, 0, 0, 0, 0}, p...)))
		}
		request := []byte{0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1}
		request = append(request, netip.MustParseAddr(src).AsSlice()...)
		request = append(request, 0, 0, 0, 0, 0, 0)
		add(unix.ETH_P_ARP, append(request, netip.MustParseAddr(dst).AsSlice()...))
		add(0x88cc, ports(80, 80))
		add(unix.ETH_P_IP, packet4(src, dst, unix.IPPROTO_TCP, 0, 0, []byte{0, 80})) // too short
		add(unix.ETH_P_IP, []byte{0x45, 0, 0, 20})
	}
	return frames
}

// TestFilters has the kernel filter frames by our programs, and tcpdump the same ones
// by its own.
func TestFilters(t *testing.T) {
	cable(t)
	frames := traffic()
	dir := t.TempDir()
	var in bytes.Buffer
	w, err := pcap.NewWriter(&in, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Interface(pcap.Interface{LinkType: pcap.LinkTypeEthernet}); err != nil {
		t.Fatal(err)
	}
	for _, frame := range frames {
		if err := w.Packet(0, pcap.Packet{Time: time.Now(), Data: frame}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(dir+"/in", in.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	blue, err := nsfs.Open("blue")
	if err != nil {
		t.Fatal(err)
	}
	defer blue.Close()
	taken := 0
	for _, filter := range filters {
		tool(t, "unshare", "--user", testns.Tool(t, "tcpdump"), "-r", dir+"/in", "-w", dir+"/out", filter)
		var want, got []string
		for _, p := range readAll(t, dir+"/out") {
			want = append(want, name(p.Data))
		}
		code, err := capture.Program(strings.Fields(filter))
		if err != nil {
			t.Errorf("%s: %v", filter, err)
			continue
		}
		fd := -1
		err = blue.Do(func() (err error) {
			fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		err = unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]})
		if err == nil {
			err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL})})
		}
		if err != nil {
			t.Fatalf("%s: %v", filter, err)
		}
		b := make([]byte, 1<<16)
		// What comes from red is taken at once, the replies of blue are not counted.
		for part := range slices.Chunk(frames, 40) {
			send(t, "red", part...)
			time.Sleep(time.Millisecond)
			for {
				n, _, err := unix.Recvfrom(fd, b, 0)
				if err == unix.EAGAIN {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if n > 12 && bytes.HasPrefix(b[:n], []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0}) {
					got = append(got, name(b[:n]))
				}
			}
		}
		unix.Close(fd)
		taken += len(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: of %d frames, tcpdump takes %d, we %d\ntcpdump %v\nwe      %v", filter, len(frames), len(want), len(got), want, got)
		}
	}
	t.Logf("%d filters, %d frames, %d taken in all", len(filters), len(frames), taken)
}

// name tells frames apart.
func name(frame []byte) string {
	return fmt.Sprintf("%d:%x:%d", binary.BigEndian.Uint16(frame[10:]), frame[12:14], len(frame))
}

// TestLong has a program with jumps of more than 255 instructions, which the
// kernel must take.
func TestLong(t *testing.T) {
	var words []string
	for i := range 60 {
		words = append(words, "host", fmt.Sprintf("fd00::%x", i+1), "or", "not", "(", "tcp", "port", fmt.Sprint(i), ")", "and")
	}
	code, err := capture.Program(append(words, "arp"))
	if err != nil {
		t.Fatal(err)
	}
	if len(code) < 1000 {
		t.Fatalf("%d instructions", len(code))
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}); err != nil {
		if err == unix.ENOMEM && bits.UintSize == 32 && !testns.Since(t, 6, 9) {
			testns.Skip(t, "net.core.optmem_max of 32-bit machines had room for less before Linux 6.9")
		}
		t.Error(err)
	}
}

// FuzzFilter has no words that panic, and programs whose jumps stay within.
func FuzzFilter(f *testing.F) {
	for _, filter := range filters {
		f.Add(filter)
	}
	f.Fuzz(func(t *testing.T, filter string) {
		code, err := capture.Program(strings.Fields(filter))
		if err != nil && code != nil {
			t.Error("a program and an error")
		}
		for i, c := range code {
			far := max(int(c.Jt), int(c.Jf))
			if c.Code&7 == unix.BPF_JMP && c.Code&0xf0 == unix.BPF_JA {
				far = int(c.K)
			} else if c.Code&7 != unix.BPF_JMP {
				far = -1
			}
			if i+1+far >= len(code) {
				t.Errorf("instruction %d of %d jumps beyond the end", i, len(code))
			}
		}
	})
}
