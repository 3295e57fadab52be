//go:build linux

package capture_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/pcap"
)

// TestMany captures in three namespaces, also on links and in a namespace that come
// later, and has tshark read the file.
func TestMany(t *testing.T) {
	cable(t)
	file := t.TempDir() + "/file"
	c := start(t, "--all", "-w", file)
	ip(t, "ip netns exec red ping -q -c 3 -i 0.01 10.9.0.2")
	ip(t, "ip netns exec red ping -q -c 2 -i 0.01 127.0.0.1")
	ip(t, "ip netns add green")
	defer nsfs.Delete("green")
	ip(t, "ip -n blue link add late type veth peer name eth9 netns green")
	ip(t, "ip -n green addr add 10.8.0.1/24 dev eth9")
	ip(t, "ip -n blue addr add 10.8.0.2/24 dev late")
	ip(t, "ip -n green link set eth9 up")
	ip(t, "ip -n blue link set late up")
	time.Sleep(600 * time.Millisecond) // green is looked at by then
	ip(t, "ip netns exec blue ping -q -c 1 10.8.0.1")
	if status := c.end(unix.SIGINT); status != 0 {
		t.Fatalf("status %d: %s", status, &c.stderr)
	}
	captured, dropped := c.counts()
	if dropped != 0 {
		t.Errorf("%d were dropped", dropped)
	}
	if got := len(fields(t, file, "", "frame.number")); got != captured {
		t.Errorf("tshark has %d packets, we %d", got, captured)
	}
	if got := strings.Join(fields(t, file, "_ws.expert.severity >= \"Error\" || _ws.malformed", "frame.number"), ""); got != "" {
		t.Errorf("tshark objects to %s", got)
	}
	count := map[string]int{}
	for _, name := range fields(t, file, "icmp", "frame.interface_name") {
		count[name]++
	}
	want := map[string]int{"red:eth0": 6, "blue:eth0": 6, "red:lo": 4, "blue:late": 2, "green:eth9": 2}
	if fmt.Sprint(count) != fmt.Sprint(want) {
		t.Errorf("pings:\ngot  %v\nwant %v", count, want)
	}
	// An echo request goes out of one end of the cable and into the other one, as its reply does.
	got := fields(t, file, "icmp.seq == 2 && ip.addr == 10.9.0.2", "frame.interface_name", "frame.packet_flags_direction", "icmp.type")
	if want := []string{"red:eth0 0x00000002 8", "blue:eth0 0x00000001 8", "blue:eth0 0x00000002 0", "red:eth0 0x00000001 0"}; !slices.Equal(got, want) {
		t.Errorf("one ping:\ngot  %q\nwant %q", got, want)
	}
	info := tool(t, "capinfos", file)
	for _, want := range []string{"Strict time order:   True", "Name = lo\n", "Name = blue:lo\n", "Number of stat entries = 1", "Capture application: minins capture",
		fmt.Sprintf("Number of packets:   %d\n", captured)} {
		if !strings.Contains(info, want) {
			t.Errorf("capinfos has no %q:\n%s", want, info)
		}
	}
	if n := strings.Count(info, "Number of stat entries = 1"); n != strings.Count(info, "Interface #") {
		t.Errorf("%d statistics:\n%s", n, info)
	}
}

// TestDeleted deletes a namespace that is captured, which must not keep it: the
// other end of its cable goes. One of the same name is captured again.
func TestDeleted(t *testing.T) {
	cable(t)
	file := t.TempDir() + "/file"
	c := start(t, "-n", "red", "-n", "blue", "-w", file, "icmp")
	ip(t, "ip netns exec red ping -q -c 1 10.9.0.2")
	if err := nsfs.Delete("blue"); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(5 * time.Second); testns.Run(t, "ip", "-n", "red", "link", "show", "eth0").Code == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the cable is there still after 5 s")
		}
	}
	ip(t, "ip netns add blue")
	ip(t, "ip -n blue link set lo up")
	time.Sleep(300 * time.Millisecond)
	ip(t, "ip netns exec blue ping -q -c 1 127.0.0.2")
	if status := c.end(unix.SIGTERM); status != 0 {
		t.Fatalf("status %d: %s", status, &c.stderr)
	}
	var got []string
	for _, p := range readAll(t, file) {
		got = append(got, p.iface)
	}
	if want := []string{"red:eth0", "blue:eth0", "blue:eth0", "red:eth0", "blue:lo", "blue:lo"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestKilled has what is a second old in the file of one who is killed.
func TestKilled(t *testing.T) {
	cable(t)
	file := t.TempDir() + "/file"
	c := start(t, "-n", "red", "-i", "eth0", "-w", file, "icmp")
	ip(t, "ip netns exec red ping -q -c 50 -i 0.002 10.9.0.2")
	time.Sleep(time.Second)
	if status := c.end(unix.SIGKILL); status != -1 {
		t.Fatalf("status %d: %s", status, &c.stderr)
	}
	if got := len(fields(t, file, "", "frame.number")); got != 100 {
		t.Errorf("%d packets, want 100", got)
	}
}

// flood sends UDP from red to blue as fast as it can.
func flood(t *testing.T, packets, length int) {
	t.Helper()
	red, err := nsfs.Open("red")
	if err != nil {
		t.Fatal(err)
	}
	defer red.Close()
	err = red.Do(func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		b := make([]byte, length)
		to := &unix.SockaddrInet4{Addr: [4]byte{10, 9, 0, 2}, Port: 9}
		for sent := 0; sent < packets; {
			switch err := unix.Sendto(fd, b, 0, to); err {
			case nil:
				sent++
			case unix.ECONNREFUSED: // it tells of an earlier one, and none was sent
			default:
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestSpeed sends 100,000 packets as fast as it can: each is captured twice, in order.
func TestSpeed(t *testing.T) {
	packets := testns.Rounds(100_000)
	cable(t)
	file := t.TempDir() + "/file"
	c := start(t, "-a", "-w", file, "udp")
	began := time.Now()
	flood(t, packets, 200)
	took := time.Since(began)
	if status := c.end(unix.SIGINT); status != 0 {
		t.Fatalf("status %d: %s", status, &c.stderr)
	}
	captured, dropped := c.counts()
	t.Logf("%d packets in %v: %d captured at two ends, %d dropped", packets, took, captured, dropped)
	all := readAll(t, file)
	if captured+dropped != 2*packets || len(all) != captured {
		t.Errorf("%d captured, %d dropped, %d in the file, want %d in all", captured, dropped, len(all), 2*packets)
	}
	var last time.Time
	late := 0
	for _, p := range all {
		if p.Time.Before(last) {
			late++
		}
		last = p.Time
	}
	if late > len(all)/100 { // on a host that is busy with other tests, some come after more than 160 ms
		t.Errorf("%d packets are out of order", late)
	}
}

// TestDropped stops the command, so that rings overflow: what is not captured is
// counted, of each namespace, and said of each link in the file.
func TestDropped(t *testing.T) {
	packets := max(20_000, testns.Rounds(50_000)) // rings have room for less
	cable(t)
	file := t.TempDir() + "/file"
	c := start(t, "-n", "red", "-n", "blue", "-s", "1500", "-w", file, "udp")
	if err := c.cmd.Process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	flood(t, packets, 1400)
	if err := c.cmd.Process.Signal(unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond)
	if status := c.end(unix.SIGINT); status != 0 {
		t.Fatalf("status %d: %s", status, &c.stderr)
	}
	captured, dropped := c.counts()
	if captured+dropped != 2*packets || captured < 1000 || dropped < 1000 {
		t.Errorf("%d captured, %d dropped, want %d in all", captured, dropped, 2*packets)
	}
	said := map[string]uint64{}
	for line := range strings.Lines(c.stderr.String()) {
		var n uint64
		var ns string
		if _, err := fmt.Sscanf(strings.ReplaceAll(line, ":", " "), "minins capture  %d packets dropped in %s ", &n, &ns); err == nil {
			said[ns] = n
		}
	}
	if said["red"]+said["blue"] != uint64(dropped) {
		t.Errorf("%v are said of namespaces, %d in all", said, dropped)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	u32, u64 := binary.LittleEndian.Uint32, binary.LittleEndian.Uint64
	var names []string
	statistics := map[string][2]uint64{}
	for ; len(b) > 0; b = b[u32(b[4:]):] {
		switch u32(b) {
		case 1: // its name is the first option
			names = append(names, string(b[20:][:u32(b[16:])>>16]))
		case 5: // two options of 8 bytes: received and dropped
			statistics[names[u32(b[8:])]] = [2]uint64{u64(b[24:]), u64(b[36:])}
		}
	}
	for _, ns := range []string{"red", "blue"} {
		if s := statistics[ns+":eth0"]; s[0]+s[1] != uint64(packets) || s[1] != said[ns] || statistics[ns+":lo"] != [2]uint64{0, said[ns]} {
			t.Errorf("%s: %v", ns, statistics)
		}
	}
}

// TestText compares lines with those of tcpdump, which reads the same packets.
func TestText(t *testing.T) {
	testns.Tool(t, "bash") // which sends by TCP and UDP
	testns.Tool(t, "tcpdump")
	cable(t)
	dir := t.TempDir()
	ip(t, "ip netns exec red sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0")
	const filter = "(not icmp6 or host fd00::1) and not dst host ff02::16"
	file := start(t, "-n", "red", "-i", "eth0", "-w", dir+"/file", filter)
	lines := start(t, "-n", "red", "-i", "eth0", filter)
	ip(t, "ip netns exec blue sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0")
	ip(t, "ip -n red addr add fd00::1/64 dev eth0 nodad")
	ip(t, "ip -n blue addr add fd00::2/64 dev eth0 nodad")
	ip(t, "ip netns exec red ping -q -c 1 10.9.0.2")
	ip(t, "ip netns exec red ping -q -c 1 -s 4000 10.9.0.2") // fragments
	ip(t, "ip netns exec red ping -q -c 1 fd00::2")
	testns.Run(t, "ip", "netns", "exec", "red", "bash", "-c", "echo hello >/dev/udp/10.9.0.2/7; echo >/dev/tcp/10.9.0.2/80; echo >/dev/tcp/fd00::2/80; exit 0").Must(t)
	send(t, "red", ethernet(0, unix.ETH_P_IPV6, packet6("fe80::1", "ff02::99", unix.IPPROTO_HOPOPTS, []byte{58, 0, 5, 2, 0, 0, 1, 0, 143, 0, 0, 0, 0, 0, 0, 0})),
		ethernet(0, unix.ETH_P_IP, packet4("10.0.0.1", "10.0.0.2", 253, 0, 0, ports(1, 2))))
	if err := lines.cmd.Process.Signal(unix.SIGHUP); err != nil { // before the other one has ended
		t.Error(err)
	}
	if status := file.end(unix.SIGHUP); status != 0 {
		t.Fatalf("status %d: %s", status, &file.stderr)
	}
	if status := lines.end(0); status != 0 {
		t.Fatalf("status %d: %s", status, &lines.stderr)
	}
	var got []string
	for line := range strings.Lines(lines.stdout.String()) {
		m := regexp.MustCompile(`^\d\d:\d\d:\d\d\.\d{6} red:eth0 (In |Out) (.*)\n$`).FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("a line like no other: %q", line)
		}
		got = append(got, m[2])
	}
	var want []string
	options := regexp.MustCompile(`, options \[.*?\]`)
	records := regexp.MustCompile(`, \d+ group record\(s\)`)
	fragment := regexp.MustCompile(`: ip-proto-1$`)
	ours := regexp.MustCompile(`: fragment of protocol 1 at (1480|2960), length (1480|1048)$`)
	for line := range strings.Lines(tool(t, "unshare", "--user", testns.Tool(t, "tcpdump"), "-nn", "-S", "-t", "-r", dir+"/file")) {
		line = options.ReplaceAllString(strings.TrimSuffix(line, "\n"), "")
		line = strings.ReplaceAll(line, "ICMP 10.9.0.2 udp port 7 unreachable", "ICMP port unreachable")
		line = strings.ReplaceAll(line, ":  ip-proto-253 40", ": protocol 253, length 40")
		line = records.ReplaceAllString(strings.ReplaceAll(line, ": HBH ", ": "), "")
		want = append(want, fragment.ReplaceAllString(line, ": fragment"))
	}
	for i := range got {
		got[i] = ours.ReplaceAllString(got[i], ": fragment")
	}
	both := min(len(want), len(got)) // one may have had another ARP request at its end
	if max(len(want), len(got)) > both+2 {
		t.Errorf("%d lines of tcpdump, %d of ours", len(want), len(got))
	}
	if a, b := strings.Join(want[:both], "\n"), strings.Join(got[:both], "\n"); a != b {
		t.Errorf("tcpdump and we:\n%s\n\n%s", testns.Diff(a, b), b)
	}
	for _, has := range []string{"ARP, Request who-has", "ARP, Reply", "ICMP echo request", "ICMP port unreachable", "ICMP6, echo reply", "neighbor solicitation",
		"Flags [S]", "Flags [R.]", ": fragment", "UDP, length 6", "IP6 fd00::1."} {
		if !strings.Contains(strings.Join(got, "\n"), has) {
			t.Errorf("no %q in\n%s", has, strings.Join(got, "\n"))
		}
	}
}

// TestVlan has the tag, which the kernel takes out of a packet that comes in, in the
// file. The frames are made here: the kernel may lack links of kind vlan.
func TestVlan(t *testing.T) {
	cable(t)
	dir := t.TempDir()
	file := start(t, "-n", "red", "-n", "blue", "-w", dir+"/file")
	lines := start(t, "-n", "red", "-n", "blue", "inbound")
	frame := make([]byte, 12, 100)
	frame[0], frame[6] = 0xff, 0x02 // nobody's
	frame = append(frame, 0x81, 0, 0xe0, 10, 8, 6)
	frame = append(frame, 0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 9, 0, 1, 0, 0, 0, 0, 0, 0, 10, 9, 0, 2)
	send(t, "red", frame)
	for _, c := range []*running{file, lines} {
		if status := c.end(unix.SIGINT); status != 0 {
			t.Fatalf("status %d: %s", status, &c.stderr)
		}
	}
	got := fields(t, dir+"/file", "vlan", "frame.interface_name", "vlan.id", "vlan.priority", "frame.len", "arp.opcode")
	if want := []string{"red:eth0 10 7 46 1", "blue:eth0 10 7 46 1"}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if !strings.Contains(lines.stdout.String(), " blue:eth0 In  vlan 10, ARP, Request who-has 10.9.0.2 tell 10.9.0.1, length 28\n") {
		t.Errorf("%s", &lines.stdout)
	}
}

// TestTun has a link without a header.
func TestTun(t *testing.T) {
	cable(t)
	red, err := nsfs.Open("red")
	if err != nil {
		t.Fatal(err)
	}
	defer red.Close()
	fd := -1
	err = red.Do(func() (err error) { // the file belongs to where it is opened
		if fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0); err != nil {
			return err
		}
		ifr, err := unix.NewIfreq("tun0")
		if err != nil {
			return err
		}
		ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		return unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr)
	})
	if fd < 0 {
		testns.Skip(t, "/dev/net/tun: "+err.Error())
	}
	defer unix.Close(fd)
	if err != nil {
		t.Fatal(err)
	}
	ip(t, "ip -n red addr add 10.7.0.1/24 dev tun0")
	ip(t, "ip -n red link set tun0 up")
	file := t.TempDir() + "/file"
	c := start(t, "-n", "red", "-w", file, "icmp and dst 10.7.0.9")
	testns.Run(t, "ip", "netns", "exec", "red", "ping", "-q", "-c", "1", "-W", "1", "10.7.0.9")
	if status := c.end(unix.SIGINT); status != 0 {
		t.Fatalf("status %d: %s", status, &c.stderr)
	}
	got := fields(t, file, "", "frame.interface_name", "frame.protocols", "frame.len", "icmp.type", "ip.dst")
	if want := []string{"red:tun0 raw:ip:icmp:data 84 8 10.7.0.9"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if all := readAll(t, file); all[0].typ != pcap.LinkTypeRaw || all[0].Length != 84 || len(all[0].Data) != 84 {
		t.Errorf("%d %d %d", all[0].typ, all[0].Length, len(all[0].Data))
	}
}

// TestEnds ends by a number of packets and by time, cuts packets, and writes to
// standard output.
func TestEnds(t *testing.T) {
	cable(t)
	c := start(t, "-n", "red", "-c", "3", "-s", "60", "-w", "-", "icmp", "and", "outbound")
	began := time.Now()
	d := start(t, "-n", "red", "--for", "0.7", "-s", "0", "-i", "lo", "-i", "eth0", "(src 10.9.0.2)")
	ip(t, "ip netns exec red ping -q -c 5 -i 0.01 10.9.0.2")
	if status := c.end(0); status != 0 {
		t.Errorf("status %d: %s", status, &c.stderr)
	}
	if n, _ := c.counts(); n != 3 {
		t.Errorf("-c 3: %d packets", n)
	}
	file := t.TempDir() + "/file"
	if err := os.WriteFile(file, c.stdout.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	got := fields(t, file, "", "frame.interface_name", "frame.len", "frame.cap_len", "icmp.seq")
	if want := []string{"red:eth0 98 60 1", "red:eth0 98 60 2", "red:eth0 98 60 3"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if status := d.end(0); status != 0 {
		t.Errorf("status %d: %s", status, &d.stderr)
	}
	if took := time.Since(began); took < 700*time.Millisecond || took > 5*time.Second {
		t.Errorf("--for 0.7: %v", took)
	}
	if n := strings.Count(d.stdout.String(), " In  IP 10.9.0.2 > 10.9.0.1: ICMP echo reply"); n != 5 {
		t.Errorf("%d replies:\n%s", n, &d.stdout)
	}
}

// TestPromiscuous has frames for others, and a link that is as before afterwards.
func TestPromiscuous(t *testing.T) {
	cable(t)
	promiscuous := func() bool { return strings.Contains(ip(t, "ip -n red -d link show eth0"), "promiscuity 1") }
	c := start(t, "-n", "red", "-p", "-w", t.TempDir()+"/file")
	if !promiscuous() {
		t.Error("with -p: it is not")
	}
	if status := c.end(unix.SIGINT); status != 0 {
		t.Errorf("status %d: %s", status, &c.stderr)
	}
	if promiscuous() {
		t.Error("it still is")
	}
	c = start(t, "-n", "red", "-w", t.TempDir()+"/file")
	if promiscuous() {
		t.Error("without -p: it is")
	}
	c.end(unix.SIGINT)
}
