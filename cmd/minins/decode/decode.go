//go:build linux

// Package decode is "minins decode": messages of netlink that somebody else has recorded,
// with the kernel's names.
package decode

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/trace"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

const usage = `Usage: minins decode [--text | --json] FILE|-

Shows messages of netlink with the kernel's names, byte by byte, or
  --text  an attribute a line, without its bytes
  --json  a message a line

FILE, or standard input, has one of
  hex     digits, with offsets or without, as from xxd, hexdump -C, "tshark -x"
          or "minins explain"; an empty line ends a datagram, and "> " or "< "
          before one says that it was sent or received
  strace  what "strace -f -e trace=network -e write=all -e read=all" wrote
  pcap    a file of tcpdump or Wireshark, from an nlmon device or "minins --pcap"

Exit status: 0 if every byte has a name, 1 if not, 2 for usage`

// A datagram is one that was found in the input.
type datagram struct {
	at     time.Time // or none
	dir    direction
	family int    // NETLINK_ROUTE …, or unknownFamily
	where  string // the socket or interface, or ""
	bytes  []byte
}

type direction uint8

const (
	unknownDirection direction = iota
	sent
	received
)

const unknownFamily = -1

// Run is the applet.
func Run(c *applet.Cmd) int {
	o := trace.Options{Format: "bytes"}
	args, given := c.Args, ""
	for len(args) > 1 {
		switch args[0] {
		case "--text", "--json", "--bytes":
			if given != "" && given != args[0] {
				c.Errorf("minins decode: %s and %s are two forms: leave one out", given, args[0])
				return 2
			}
			given = args[0]
			o.Format = given[2:]
		default:
			why := "is no option of it"
			if args[0] == "" || args[0][0] != '-' {
				why = "is one file of two: give one, or join them by cat and give -"
			}
			c.Errorf("minins decode: %q %s\n%s", args[0], why, usage)
			return 2
		}
		args = args[1:]
	}
	if len(args) != 1 || len(args[0]) > 1 && args[0][0] == '-' {
		if len(args) == 1 && (args[0] == "-h" || args[0] == "--help") {
			c.Printf("%s\n", usage)
			return 0
		}
		c.Errorf("%s", usage)
		return 2
	}
	in := c.Stdin
	if args[0] != "-" {
		f, err := os.Open(args[0])
		if err != nil {
			c.Errorf("minins decode: %s: %s", args[0], applet.Strerror(err))
			return 1
		}
		defer f.Close()
		in = f
	}
	named, err := show(c.Stdout, in, o)
	if err != nil {
		c.Failed(fmt.Errorf("%s: %w", args[0], err), "the right to read it")
	}
	if err != nil || !named {
		return 1
	}
	return 0
}

var errNone = errors.New("no bytes of netlink are in it; \"minins decode -h\" lists what is understood")

// show shows all datagrams of an input.
func show(w io.Writer, in io.Reader, o trace.Options) (named bool, err error) {
	t, err := trace.New(o, w, func() {})
	if err != nil {
		return false, err
	}
	named = true
	type source struct {
		where   string
		family  int
		swapped bool
	}
	n, before := 0, unix.NETLINK_ROUTE
	sources := map[source]func(time.Time, bool, []byte) bool{}
	err = read(in, func(d datagram) error {
		n++
		d.guess(before)
		before = d.family
		key := source{d.where, d.family, d.swapped()}
		see := sources[key]
		if see == nil {
			see = t.Source(protocol(d.family), d.where, key.swapped)
			sources[key] = see
		}
		named = see(d.at, d.dir == sent, d.bytes) && named
		return nil
	})
	if err == nil && n == 0 {
		err = errNone
	}
	return named, errors.Join(err, t.Close())
}

// order is the byte order of the machine that a datagram was recorded on, in which the length
// of its first message makes sense. ok is false if that is so in neither.
func (d *datagram) order() (order binary.ByteOrder, ok bool) {
	if len(d.bytes) < unix.NLMSG_HDRLEN {
		return nil, false
	}
	for _, order = range [...]binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if n := order.Uint32(d.bytes); n >= unix.NLMSG_HDRLEN && int64(n) <= int64(len(d.bytes)) {
			return order, true
		}
	}
	return nil, false
}

// swapped says whether that is not this machine's order.
func (d *datagram) swapped() bool {
	order, ok := d.order()
	return ok && order.Uint32(d.bytes) != binary.NativeEndian.Uint32(d.bytes)
}

// guess finds out what the input did not say. before is the family of the datagram before it.
func (d *datagram) guess(before int) {
	order, ok := d.order()
	if !ok {
		if d.family == unknownFamily {
			d.family = before
		}
		return
	}
	length, typ, flags := order.Uint32(d.bytes), order.Uint16(d.bytes[4:]), order.Uint16(d.bytes[6:])
	if d.dir == unknownDirection {
		d.dir = received
		if flags&unix.NLM_F_REQUEST != 0 && typ != unix.NLMSG_ERROR && typ != unix.NLMSG_DONE {
			d.dir = sent
		}
	}
	if d.family != unknownFamily {
		return
	}
	const inner = unix.NLMSG_HDRLEN + 4 // in an NLMSG_ERROR, the header of the request
	if typ == unix.NLMSG_ERROR && len(d.bytes) >= inner+unix.NLMSG_HDRLEN {
		length, typ = order.Uint32(d.bytes[inner:]), order.Uint16(d.bytes[inner+4:])
	}
	switch {
	case typ > 0xff: // with the number of a subsystem
		d.family = unix.NETLINK_NETFILTER
	case typ < unix.NLMSG_MIN_TYPE:
		d.family = before
	case typ <= unix.NFNL_MSG_BATCH_END && length < unix.NLMSG_HDRLEN+unix.SizeofIfInfomsg:
		d.family = unix.NETLINK_NETFILTER // too short for RTM_NEWLINK, which has the same number
	default:
		d.family = unix.NETLINK_ROUTE
	}
}

// protocol describes a family; of one that minins does not speak, nothing has a name.
func protocol(family int) *nl.Protocol {
	switch family {
	case unix.NETLINK_ROUTE:
		return rtnl.Protocol
	case unix.NETLINK_NETFILTER:
		return nft.Protocol
	}
	return &nl.Protocol{
		Name: "NETLINK " + strconv.Itoa(family), Family: family,
		Type: func(uint16) (string, nl.Message) { return "", nil },
	}
}
