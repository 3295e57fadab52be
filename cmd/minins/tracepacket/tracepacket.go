//go:build linux

// Package tracepacket is the command "minins trace-packet": it sends a packet from a
// network namespace and shows which way it takes through the others, and the answer
// back: links, hooks, rules, verdicts, NAT. What puts the events in order is package
// nft/path.
package tracepacket

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/cmd/minins/internal/fraction"
	"github.com/minins/minins/cmd/minins/internal/getopt"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/path"
)

// Exit statuses.
const (
	exitFailed  = 1 // the packet did not arrive, or its answer; or it could not be traced
	exitUsage   = 2 // the words are wrong
	exitRefused = 3 // it arrived where nothing listens, and that was told
)

const usage = `Usage: minins trace-packet [-n NS] [-p icmp|tcp|udp] --dst ADDR[:PORT] [OPTIONS]

Sends a packet from a network namespace and shows the way that it takes: namespaces,
links, hooks, rules in the words of nft and iptables, verdicts, NAT; and the way back.
It takes a table in each namespace, which is gone when the command ends, however that is.

  -n, --netns NS     send from there; without, from the namespace of the command
  -p, --proto PROTO  icmp (the default), tcp (a SYN, by connect) or udp (16 bytes)
      --dst A[:P]    where to; tcp and udp need a port; IPv6 is [A]:P
      --src ADDR     the source address
      --sport PORT   the source port
      --count N      send N, each when the way of the one before it is known
      --wait         send nothing: wait for the next such packet of somebody else
      --timeout S    seconds to wait for the answer (1), or with --wait for the packet
      --in NS        look there alone, and in NS of -n; may be repeated; without, in all
                     that have names and in that of the command
`

var optionTable = []getopt.Option{
	{Short: 'n', Long: "netns", Arg: getopt.Required},
	{Short: 'p', Long: "proto", Arg: getopt.Required},
	{Long: "dst", Arg: getopt.Required},
	{Long: "src", Arg: getopt.Required},
	{Long: "sport", Arg: getopt.Required},
	{Long: "count", Arg: getopt.Required},
	{Long: "wait"},
	{Long: "timeout", Arg: getopt.Required},
	{Long: "in", Arg: getopt.Required},
	{Short: 'j', Long: "json"},
	{Short: 'h', Long: "help"},
}

// options are those of the command line.
type options struct {
	ns         string
	proto      string
	dst, src   netip.Addr
	port       uint16
	sport      uint16
	count      int
	wait, json bool
	help       bool
	timeout    time.Duration
	in         []string
}

// Run is the command. iptables gives the words of a rule that iptables made, behind
// "iptables"; it is not ok for one that it did not make.
func Run(c *applet.Cmd, iptables func(r *nft.Rule) (words string, ok bool)) int {
	o := options{proto: "icmp", count: 1}
	words, err := getopt.Parse(optionTable, c.Args, false, o.set)
	switch {
	case err != nil:
	case o.help:
		c.Printf("%s", usage)
		return 0
	case len(words) > 0:
		wrong := "'" + words[0] + "' is one word too many"
		if o.wait {
			wrong += "; how long to wait is --timeout SECONDS"
		}
		err = getopt.Error(wrong)
	default:
		err = o.check()
	}
	if err != nil {
		c.Errorf("minins trace-packet: %v\nTry 'minins trace-packet --help' for more information.", err)
		return exitUsage
	}
	s := &session{c: c, o: &o, iptables: iptables, out: output{w: c.Stdout, json: o.json}}
	status, err := s.run()
	if errors.Is(err, unix.EMFILE) {
		err = fmt.Errorf("%w; each namespace takes 4: 'ulimit -n' allows more", err)
	}
	if err = errors.Join(err, s.close()); err != nil {
		c.Failed(err, "CAP_NET_ADMIN and CAP_NET_RAW, and CAP_SYS_ADMIN for other namespaces")
		return exitFailed
	}
	return status
}

func (o *options) set(opt *getopt.Option, as, arg string, _ bool) (err error) {
	number := func(least, most int) int {
		n, e := strconv.Atoi(arg)
		if e != nil || n < least || n > most {
			err = getopt.Error(fmt.Sprintf("%s %q: expected a number from %d to %d", as, arg, least, most))
		}
		return n
	}
	switch opt.Long {
	case "netns":
		o.ns = arg
	case "proto":
		o.proto = arg
	case "dst":
		err = o.setDst(arg)
	case "src":
		if o.src, err = netip.ParseAddr(arg); err != nil {
			err = getopt.Error("--src '" + arg + "': expected an address, such as 192.168.15.1 or fd00::1")
		}
	case "sport":
		o.sport = uint16(number(1, 65535))
	case "count":
		o.count = number(1, 1_000_000)
	case "wait":
		o.wait = true
	case "timeout":
		seconds, e := fraction.Parse(arg)
		if o.timeout = time.Duration(seconds * float64(time.Second)); e != nil || !(seconds >= 0.001 && seconds <= 1e6) {
			err = getopt.Error("--timeout '" + arg + "': expected seconds from 0.001 to 1000000, such as 2 or 0.5")
		}
	case "in":
		o.in = append(o.in, arg)
	case "json":
		o.json = true
	case "help":
		o.help = true
	}
	return err
}

// setDst reads ADDR, ADDR:PORT or [ADDR]:PORT.
func (o *options) setDst(arg string) (err error) {
	addr, port := arg, uint64(0)
	if i := strings.LastIndexByte(arg, ':'); i > 0 && (arg[i-1] == ']' || strings.IndexByte(arg, ':') == i) {
		addr = arg[:i]
		if port, err = strconv.ParseUint(arg[i+1:], 10, 16); port == 0 || err != nil {
			addr = "" // is no address either
		}
	}
	o.port = uint16(port)
	if o.dst, err = netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(addr, "["), "]")); err != nil {
		return getopt.Error("--dst '" + arg + "': expected an address, or one with a port, such as 192.168.1.10:80 or [fd00::1]:80; names are not looked up")
	}
	return nil
}

// to is where the packet goes.
func (o *options) to(port uint16) string {
	text := o.dst.String()
	if port == 0 {
		return text
	}
	if o.dst.Is6() {
		text = "[" + text + "]"
	}
	return text + ":" + strconv.Itoa(int(port))
}

// check says what is wrong with the options together.
func (o *options) check() error {
	ports := o.proto == "tcp" || o.proto == "udp"
	wrong := ""
	switch {
	case o.proto != "icmp" && !ports:
		wrong = "-p '" + o.proto + "': expected icmp, tcp or udp"
	case !o.dst.IsValid():
		wrong = "where to? Expected --dst ADDR, and :PORT for tcp and udp"
	case o.dst.Is4In6(), o.src.Is4In6():
		wrong = "an IPv4 address is written as such: " + o.dst.Unmap().String()
	case o.dst.IsUnspecified() || o.dst.IsMulticast():
		wrong = "--dst " + o.dst.String() + " is no address of one host"
	case ports && o.port == 0 && !o.wait:
		wrong = o.proto + " needs a port: --dst " + o.to(80)
	case !ports && (o.port != 0 || o.sport != 0):
		wrong = "icmp has no ports: leave it out, or say -p tcp or -p udp"
	case o.src.IsValid() && o.src.Is4() != o.dst.Is4():
		wrong = "--src " + o.src.String() + " and --dst " + o.dst.String() + " are of two families"
	case o.wait && o.count > 1:
		wrong = "--wait waits for one packet: leave --count out"
	}
	if wrong != "" {
		return getopt.Error(wrong)
	}
	if o.timeout == 0 && !o.wait {
		o.timeout = time.Second
	}
	return nil
}

// flow is what tells the packet from others.
func (o *options) flow() *path.Flow {
	f := &path.Flow{Family: nft.IPv4, Foreign: o.wait, Proto: unix.IPPROTO_ICMP}
	if o.dst.Is6() {
		f.Family, f.Proto = nft.IPv6, unix.IPPROTO_ICMPV6
	}
	switch o.proto {
	case "tcp":
		f.Proto = unix.IPPROTO_TCP
	case "udp":
		f.Proto = unix.IPPROTO_UDP
	}
	random := rand.Uint64() // nobody gains by guessing it
	binary.BigEndian.PutUint64(f.Cookie[:], random)
	f.Seq = uint32(random) | 1 // 0 has the kernel choose
	return f
}
