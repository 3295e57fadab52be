//go:build linux

package capture_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/capture"
	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/nsfs"
	"github.com/minins/minins/pcap"
)

// commandEnv has the test binary be the command: it is killed, and has signals.
const commandEnv = "MININS_TEST_CAPTURE"

func TestMain(m *testing.M) {
	if os.Getenv(commandEnv) != "" {
		out := bufio.NewWriter(os.Stdout)
		status := capture.Run(&applet.Cmd{Name: "capture", Args: os.Args[1:], Stdout: out, Stderr: os.Stderr, Dial: dial})
		out.Flush()
		os.Exit(status)
	}
	testns.Main(m)
}

// dial is that of main.
func dial(p *nl.Protocol, ns string) (conn *nl.Conn, err error) {
	if ns == "" {
		return nl.Dial(p, nl.Config{})
	}
	n, err := nsfs.Open(ns)
	if err != nil {
		return nil, err
	}
	defer n.Close()
	err = n.Do(func() (err error) {
		conn, err = nl.Dial(p, nl.Config{})
		return err
	})
	return conn, err
}

func command(args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Env = append(os.Environ(), commandEnv+"=1", "TZ=UTC")
	return cmd
}

// A running is a capture that is under way.
type running struct {
	t              *testing.T
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
	read           chan struct{} // closed when stderr has been read
}

// start starts "minins capture" and waits until it captures.
func start(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{t: t, cmd: command(args...), read: make(chan struct{})}
	r.cmd.Stdout = &r.stdout
	stderr, err := r.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if r.cmd.ProcessState == nil {
			_ = r.cmd.Process.Kill()
			_ = r.cmd.Wait()
		}
	})
	in := bufio.NewReader(stderr)
	for ready := false; !ready; {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("%q does not begin: %v\n%s%s", args, err, &r.stderr, line)
		}
		if ready = strings.HasSuffix(line, "^C ends it\n"); !ready {
			r.stderr.WriteString(line)
		}
	}
	go func() {
		defer close(r.read)
		_, _ = io.Copy(&r.stderr, in) // until the process has ended
	}()
	return r
}

// end sends a signal, if it is not 0, and returns the exit status.
func (r *running) end(sig unix.Signal) int {
	r.t.Helper()
	if sig != 0 {
		if err := r.cmd.Process.Signal(sig); err != nil {
			r.t.Error(err)
		}
	}
	timer := time.AfterFunc(20*time.Second, func() { _ = r.cmd.Process.Kill() })
	defer timer.Stop()
	<-r.read
	_ = r.cmd.Wait() // what it returns is in ProcessState
	return r.cmd.ProcessState.ExitCode()
}

// counts are those of the last line.
func (r *running) counts() (captured, dropped int) {
	r.t.Helper()
	text := r.stderr.String()
	last := strings.LastIndex(text, "minins capture: ")
	if _, err := fmt.Sscanf(text[max(last, 0):], "minins capture: %d packets captured, %d dropped\n", &captured, &dropped); err != nil {
		r.t.Errorf("it says %q: %v", text, err)
	}
	return captured, dropped
}

// run is a call that ends by itself.
func run(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	cmd := command(args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // what it returns is in ProcessState
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// cable joins red and blue: 10.9.0.1 and 10.9.0.2, without IPv6, which would talk.
func cable(t *testing.T) {
	t.Helper()
	for _, line := range []string{
		"ip netns add red", "ip netns add blue",
		"ip netns exec red sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv6.conf.lo.disable_ipv6=1",
		"ip netns exec blue sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv6.conf.lo.disable_ipv6=1",
		"ip -n red link add eth0 type veth peer name eth0 netns blue",
		"ip -n red addr add 10.9.0.1/24 dev eth0", "ip -n blue addr add 10.9.0.2/24 dev eth0",
		"ip -n red link set lo up", "ip -n red link set eth0 up", "ip -n blue link set eth0 up",
	} {
		ip(t, line)
	}
	t.Cleanup(func() {
		testns.Run(t, "ip", "netns", "del", "red")
		testns.Run(t, "ip", "netns", "del", "blue")
	})
}

func ip(t *testing.T, line string) string {
	t.Helper()
	return testns.Run(t, strings.Fields(line)...).Must(t)
}

// tool runs a program of Wireshark or tcpdump, which must have nothing to say beside
// its output.
func tool(t *testing.T, args ...string) string {
	t.Helper()
	r := testns.Run(t, args...)
	for line := range strings.Lines(r.Stderr) {
		if !strings.HasPrefix(line, "Running as user") && !strings.HasPrefix(line, "reading from file") && line != "Warning: setgid/setuid failed !\n" {
			t.Errorf("%s: %s", strings.Join(args, " "), line)
		}
	}
	return r.Must(t)
}

// fields are those that tshark shows of a file, in lines.
func fields(t *testing.T, file, filter string, names ...string) []string {
	t.Helper()
	args := []string{"tshark", "-r", file, "-T", "fields", "-E", "separator= "}
	if filter != "" {
		args = append(args, "-Y", filter)
	}
	for _, name := range names {
		args = append(args, "-e", name)
	}
	return strings.Split(strings.TrimSuffix(tool(t, args...), "\n"), "\n")
}

// A packet of a file.
type packet struct {
	pcap.Packet
	iface string
	typ   uint16
}

func readAll(t *testing.T, file string) (all []packet) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := pcap.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for {
		p, i, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		p.Data = bytes.Clone(p.Data)
		all = append(all, packet{p, i.Name, i.LinkType})
	}
}

// send sends frames from eth0 of a namespace, as they are.
func send(t *testing.T, ns string, frames ...[]byte) {
	t.Helper()
	n, err := nsfs.Open(ns)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	err = n.Do(func() error {
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		eth0, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		for _, frame := range frames {
			if err := unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: eth0.Index}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
