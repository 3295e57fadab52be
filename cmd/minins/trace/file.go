//go:build linux

package trace

import (
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/pcap"
)

// The header of every message, struct nlmsghdr, and a type of linux/netlink.h.
const (
	headerLen  = unix.NLMSG_HDRLEN
	nlmsgError = unix.NLMSG_ERROR
)

// A file is one of pcapng that several processes may write to, one after the other: each
// begins a section of its own wherever another one has written meanwhile.
type file struct {
	f       *os.File
	w       *pcap.Writer
	size    int64 // when this process wrote last
	section int
	buf     []byte
}

// create makes a file, or goes on with that of a process which has started this one.
func create(name string) (*file, error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	if os.Getenv(pcapEnv) != name {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(name, flags, 0o644)
	if err != nil {
		return nil, err
	}
	return &file{f: f, size: -1}, nil
}

// close closes it. If nothing was written, it becomes a file without packets.
func (f *file) close() error {
	info, err := f.f.Stat()
	if err == nil && f.w == nil && info.Mode().IsRegular() && info.Size() == 0 {
		_, err = pcap.NewWriter(f.f, "minins")
	}
	return errors.Join(err, f.f.Close())
}

// packet writes a datagram of a socket.
func (f *file) packet(s *socket, now time.Time, sent bool, datagram []byte) (err error) {
	info, err := f.f.Stat()
	if err != nil {
		return err
	}
	if info.Size() != f.size { // of a pipe it is always 0
		f.section++
		if f.w, err = pcap.NewWriter(f.f, "minins"); err != nil {
			return err
		}
	}
	if s.section != f.section {
		s.section = f.section
		name := s.protocol.Name
		if s.ns != "" {
			name = s.ns + ":" + name
		}
		if s.iface, err = f.w.Interface(pcap.Interface{LinkType: pcap.LinkTypeNetlink, Name: name}); err != nil {
			return err
		}
	}
	dir := pcap.Inbound
	if sent {
		dir = pcap.Outbound
	}
	f.buf = pcap.AppendNetlink(f.buf[:0], dir, family(s.protocol), datagram)
	if err := f.w.Packet(s.iface, pcap.Packet{Time: now, Data: f.buf, Dir: dir}); err != nil {
		return err
	}
	if info, err = f.f.Stat(); err == nil {
		f.size = info.Size()
	}
	return err
}

func family(p *nl.Protocol) uint16 { return uint16(p.Family) }
