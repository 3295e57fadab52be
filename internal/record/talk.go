//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// What no tool says is said here: in a process in the namespace, which prints the lines of a fixture.

// talk carries out a step of a child.
func talk(what string) error {
	switch what {
	case "trace":
		return trace()
	case "conntrack":
		return conntrack()
	}
	return replay(what)
}

// child starts such a process. Its descriptors 4 and 5 are kf-b and kf-c, as requests name them.
func child(what string) (lines []string, err error) {
	var files []*os.File
	for _, name := range []string{"/dev/null", "/run/netns/kf-b", "/run/netns/kf-c"} {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		files = append(files, f)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	var out, errs bytes.Buffer
	cmd := exec.Command("ip", "netns", "exec", "kf-a", self, "-talk", what)
	cmd.ExtraFiles = files
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, &errs)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n"), nil
}

// A socket is one of netlink.
type socket struct{ fd, proto int }

func dial(proto int, groups uint32) (*socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, proto)
	if err != nil {
		return nil, err
	}
	options := []int{unix.NETLINK_EXT_ACK, unix.NETLINK_CAP_ACK}
	if proto == unix.NETLINK_ROUTE {
		options = append(options, unix.NETLINK_GET_STRICT_CHK)
	}
	for _, option := range options {
		if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, option, 1); err != nil {
			return nil, err
		}
	}
	return &socket{fd, proto}, unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups})
}

func (s *socket) send(b []byte) error {
	fmt.Printf("> proto=%d %x\n", s.proto, b)
	return unix.Sendto(s.fd, b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
}

// received is all that has been answered: the kernel does so before send returns, and sends
// what a dump has more once that was read.
func (s *socket) received(each func([]byte)) error {
	b := make([]byte, 1<<16)
	for {
		n, _, err := unix.Recvfrom(s.fd, b, unix.MSG_DONTWAIT)
		if errors.Is(err, unix.EAGAIN) {
			return nil
		}
		if err != nil {
			return err
		}
		fmt.Printf("< proto=%d %x\n", s.proto, b[:n])
		each(b[:n])
	}
}

// replay sends the requests of a fixture of little-endian machines, "replay/NAME.hex", turned
// into this machine's order, in which they were made by hand. Its answers are not looked at, but for the
// generation of the ruleset, which requests name.
func replay(name string) error {
	text, err := os.ReadFile(filepath.Join("replay", name+".hex"))
	if err != nil {
		return err
	}
	sockets := map[string]*socket{}
	var old, current []byte // generations: of the fixture, and of this kernel
	learn := func(b []byte, gen *[]byte) {
		if h, body, _, ok := nl.Next(b); ok && h.Type == unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_NEWGEN && len(body) >= 12 {
			*gen = slices.Clone(body[8:12])
		}
	}
	for line := range strings.Lines(string(text)) {
		w := strings.Fields(line)
		if len(w) == 0 || w[0] == "#" {
			if len(w) > 1 && w[1] != "kf-golden" && w[1] != "lines:" {
				fmt.Print(line)
			}
			continue
		}
		b, err := hex.DecodeString(w[len(w)-1])
		if err != nil {
			continue // "-": there was none
		}
		protocol := rtnl.Protocol
		if w[1] == "proto=12" {
			protocol = nft.Protocol
		}
		if layout() == "big" {
			protocol.Swap(b)
		}
		if w[0] == "<" {
			learn(b, &old)
			continue
		}
		if h, body, _, _ := nl.Next(b); h.Type == unix.NFNL_MSG_BATCH_BEGIN && len(body) == 12 && bytes.Equal(body[8:], old) {
			copy(body[8:], current)
		}
		s := sockets[w[1]]
		if s == nil {
			if s, err = dial(protocol.Family, 0); err != nil {
				return err
			}
			sockets[w[1]] = s
		}
		if err := s.send(b); err != nil {
			return err
		}
		if err := s.received(func(b []byte) { learn(b, &current) }); err != nil {
			return err
		}
	}
	return nil
}

// trace listens to NFNLGRP_NFTRACE while a ping goes from kf-b to kf-c.
func trace() error {
	s, err := dial(unix.NETLINK_NETFILTER, 1<<(unix.NFNLGRP_NFTRACE-1))
	if err != nil {
		return err
	}
	if said, err := run("ip", "netns", "exec", "kf-b", "ping", "-c", "1", "-W", "20", "10.77.0.2"); err != nil {
		return fmt.Errorf("%w: %s", err, said)
	}
	return s.received(func([]byte) {})
}

// conntrack lists connections: IPCTNL_MSG_CT_GET of IPv4.
func conntrack() error {
	s, err := dial(unix.NETLINK_NETFILTER, 0)
	if err != nil {
		return err
	}
	b := binary.NativeEndian.AppendUint32(nil, 20)
	b = binary.NativeEndian.AppendUint16(b, unix.NFNL_SUBSYS_CTNETLINK<<8|1)
	b = binary.NativeEndian.AppendUint16(b, unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, unix.AF_INET, 0, 0, 0)
	if err := s.send(b); err != nil {
		return err
	}
	return s.received(func([]byte) {})
}
