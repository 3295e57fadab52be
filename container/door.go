//go:build linux

package container

import (
	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

// A door carries datagrams to the kernel in the network namespace that the
// calling thread is in at that time, each through a socket of its own: five
// system calls. A Conn is made to last, and to be made costs it 30 and a
// buffer; here there is one Conn with one buffer for all containers.
type door struct {
	in  []byte
	err error // of the last datagram
}

func newDoor() (*door, *rtnl.Conn) {
	d := &door{in: make([]byte, 32<<10)} // more than the kernel sends in one piece
	return d, rtnl.New(nl.Pretend(rtnl.Protocol, d.pass))
}

// pass is an [nl.Kernel]. The kernel has answered when Write returns. Nobody
// else can: nobody knows of this socket, in a namespace that is this old.
func (d *door) pass(datagram []byte, reply func([]byte)) {
	d.err = d.send(datagram, reply)
}

func (d *door) send(datagram []byte, reply func([]byte)) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	// Refusals in words, since Linux 4.12; without it there are errnos.
	_ = unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_EXT_ACK, 1)
	for err = unix.EINTR; err == unix.EINTR; {
		_, err = unix.Write(fd, datagram)
	}
	if err != nil {
		return err
	}
	for {
		n, err := unix.Read(fd, d.in)
		switch err {
		case nil:
			reply(d.in[:n])
		case unix.EINTR:
		case unix.EAGAIN:
			return nil
		default:
			return err
		}
	}
}
