//go:build linux

package arping

import (
	"math"
	"time"

	"github.com/minins/minins/cmd/minins/internal/iputils"
)

// options are the command line.
type options struct {
	_ [0]func() // not to be compared: that would take code

	advertise   bool // -A: replies instead of requests
	broadcast   bool // -b
	dad         bool // -D
	first       bool // -f
	quiet       bool // -q
	unsolicited bool // -U, -A
	version     bool // -V

	count    int // -1: no end
	timeout  time.Duration
	interval time.Duration // 0: only one
	device   string
	source   string
	target   string
}

// parse reads the command line. Its errors are *iputils.Failure.
func parse(args []string) (*options, error) {
	o := &options{count: -1, interval: time.Second}
	rest, err := iputils.Getopt(args, "h?bfDUAqc:w:i:s:I:V", o.option)
	if err != nil {
		return nil, err
	}
	if o.version {
		return o, nil
	}
	if len(rest) != 1 {
		return nil, iputils.Misuse("")
	}
	o.target = rest[0]
	return o, nil
}

func (o *options) option(opt byte, value string) (err error) {
	switch opt {
	case 'A':
		o.advertise, o.unsolicited = true, true
	case 'b':
		o.broadcast = true
	case 'D':
		o.dad, o.first = true, true
	case 'f':
		o.first = true
	case 'q':
		o.quiet = true
	case 'U':
		o.unsolicited = true
	case 'V':
		o.version = true
	case 'c':
		var n int64
		n, err = iputils.Int(value, 1, math.MaxInt32)
		o.count = int(n)
	case 'w':
		o.timeout, err = seconds(value)
	case 'i':
		o.interval, err = seconds(value)
	case 's':
		if o.source = value; value == "" {
			return iputils.Fail(2, "invalid source ")
		}
	case 'I':
		o.device = value
	default: // -h, -?
		return iputils.Misuse("")
	}
	return err
}

func seconds(value string) (time.Duration, error) {
	n, err := iputils.Int(value, 0, math.MaxInt32)
	return time.Duration(n) * time.Second, err
}

const version = "arping from minins, as of iputils 20221126\n"

const usage = `
Usage:
  arping [options] <destination>

Options:
  -f            quit on first reply
  -q            be quiet
  -b            keep on broadcasting, do not unicast
  -D            duplicate address detection mode
  -U            unsolicited ARP mode, update your neighbours
  -A            ARP answer mode, update your neighbours
  -V            print version and exit
  -c <count>    how many packets to send
  -w <timeout>  how long to wait for a reply
  -i <interval> set interval between packets (default: 1 second)
  -I <device>   which ethernet device to use
  -s <source>   source ip address
  <destination> dns name or ip address

For more details see arping(8).
`
