//go:build linux

package tutorial

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// wan are the commands that make the outside world: a router that is
// 192.168.1.1 and 8.8.8.8, and the host's eth0 and default route to it.
var wan = []string{
	"ip netns add wan",
	"ip link add eth0 type veth peer name wan0",
	"ip link set wan0 netns wan",
	"ip -n wan link set lo up",
	"ip -n wan addr add 8.8.8.8/32 dev lo",
	"ip -n wan addr add 192.168.1.1/24 dev wan0",
	"ip -n wan link set wan0 up",
	"ip addr add 192.168.1.10/24 dev eth0",
	"ip link set eth0 up",
	"ip route add default via 192.168.1.1",
}

// runAll runs commands that must all succeed and print nothing.
func (s *Stage) runAll(commands []string) error {
	for _, line := range commands {
		r, err := s.Run(Command{Args: strings.Fields(line), Until: Endless})
		if err != nil {
			return err
		}
		if r.Code != 0 || r.Stdout != "" || r.Stderr != "" {
			return fmt.Errorf("%s: exit status %d, %s%s", line, r.Code, r.Stdout, r.Stderr)
		}
	}
	return nil
}

// World builds the outside world, and then takes the name "wan" away, so that
// the host has no named namespaces, as at the beginning of the tutorial.
func (s *Stage) World() error {
	if err := s.runAll(append([]string{"ip link set lo up"}, wan...)); err != nil {
		return err
	}
	if err := s.Hold("wan"); err != nil {
		return err
	}
	return s.runAll([]string{"ip netns del wan"})
}

// Forward switches net.ipv4.ip_forward.
func (s *Stage) Forward(value string) error {
	return s.Write("/proc/sys/net/ipv4/ip_forward", value+"\n")
}

// http serves at an address of a named namespace, gets the URL from within
// the held one, and prints both ends' view of it.
func (h *hand) http(url, server string) (Result, error) {
	at, err := netip.ParseAddrPort(server)
	if err != nil {
		return Result{}, err
	}
	name, ns, err := owner(at.Addr())
	if err != nil {
		return Result{}, err
	}
	defer ns.Close()
	var l net.Listener
	err = inside(ns, func() (err error) { l, err = net.Listen("tcp4", server); return err })
	if err != nil {
		return Result{}, err
	}
	served := make(chan error, 1)
	go func() { served <- answer(l, server, name) }()

	body, err := h.get(url)
	if cerr := l.Close(); cerr != nil {
		err = errors.Join(err, cerr)
	}
	if serr := <-served; !errors.Is(serr, net.ErrClosed) {
		err = errors.Join(err, serr)
	}
	if err != nil {
		// A request without an answer is a result, not a failure of the stage.
		return Result{Stderr: err.Error() + "\n", Code: 1}, nil
	}
	return Result{Stdout: body}, nil
}

// answer answers one request. net/http would be most of a program that is to fit into a machine of
// 64 MB beside the kernel.
func answer(l net.Listener, server, name string) error {
	c, err := l.Accept()
	if err != nil {
		return err
	}
	from, _, _ := strings.Cut(c.RemoteAddr().String(), ":")
	err = c.SetDeadline(time.Now().Add(time.Second))
	for in := bufio.NewReader(c); err == nil; {
		var line string
		if line, err = in.ReadString('\n'); line == "\r\n" { // the end of its head
			_, err = fmt.Fprintf(c, "HTTP/1.0 200 OK\r\n\r\nanswered at %s in namespace %s to %s\n", server, name, from)
			break
		}
	}
	return errors.Join(err, c.Close())
}

// get gets the URL from within the held namespace.
func (h *hand) get(url string) (string, error) {
	host, path, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
	if !strings.Contains(host, ":") {
		host += ":80"
	}
	var c net.Conn
	err := inside(h.held, func() (err error) { c, err = net.DialTimeout("tcp4", host, 3*time.Second); return err })
	if err != nil {
		return "", err
	}
	err = c.SetDeadline(time.Now().Add(3 * time.Second))
	if err == nil {
		_, err = fmt.Fprintf(c, "GET /%s HTTP/1.0\r\nHost: %s\r\n\r\n", path, host)
	}
	var all []byte
	if err == nil {
		all, err = io.ReadAll(c)
	}
	if err = errors.Join(err, c.Close()); err != nil {
		return "", err
	}
	head, body, _ := strings.Cut(string(all), "\r\n\r\n")
	status, ok := strings.CutPrefix(head, "HTTP/1.0 ")
	if !ok {
		return "", fmt.Errorf("%s: no answer of HTTP, but %q", url, all)
	}
	return fmt.Sprintf("GET %s from wan: %s\n%s", url, status, body), nil
}

// owner finds the named namespace that has the address.
func owner(addr netip.Addr) (name string, ns *os.File, err error) {
	files, err := filepath.Glob("/run/netns/*")
	if err != nil {
		return "", nil, err
	}
	for _, file := range files {
		ns, err := os.Open(file)
		if err != nil {
			return "", nil, err
		}
		var addrs []net.Addr
		if err := inside(ns, func() (err error) { addrs, err = net.InterfaceAddrs(); return err }); err != nil {
			return "", nil, errors.Join(err, ns.Close())
		}
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr() == addr {
				return filepath.Base(file), ns, nil
			}
		}
		if err := ns.Close(); err != nil {
			return "", nil, err
		}
	}
	return "", nil, fmt.Errorf("no namespace has the address %v", addr)
}

// inside calls f on a thread that enters the namespace and is never used again.
func inside(ns *os.File, f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
			done <- os.NewSyscallError("setns", err)
			return
		}
		done <- f()
	}()
	return <-done
}
