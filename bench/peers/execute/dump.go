//go:build linux

package main

import (
	"fmt"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"

	"github.com/minins/minins/bench/internal/contestant"
)

// An object is what is kept of a route, a link or a neighbour.
type object struct {
	addr, gateway []byte
	name          string
	index         uint32
}

func dumpRoutes(r *contestant.Run, n int) error {
	request := make([]byte, unix.SizeofRtMsg)
	request[0] = unix.AF_INET
	return dump(r, n, unix.RTM_GETROUTE, request, func(ad *netlink.AttributeDecoder, o *object) {
		switch ad.Type() {
		case unix.RTA_DST:
			o.addr = ad.Bytes()
		case unix.RTA_GATEWAY:
			o.gateway = ad.Bytes()
		case unix.RTA_OIF:
			o.index = ad.Uint32()
		}
	})
}

func dumpLinks(r *contestant.Run, n int) error {
	return dump(r, n, unix.RTM_GETLINK, make([]byte, unix.SizeofIfInfomsg), func(ad *netlink.AttributeDecoder, o *object) {
		switch ad.Type() {
		case unix.IFLA_ADDRESS:
			o.addr = ad.Bytes()
		case unix.IFLA_IFNAME:
			o.name = ad.String()
		case unix.IFLA_MASTER:
			o.index = ad.Uint32()
		}
	})
}

func dumpNeighs(r *contestant.Run, n int) error {
	request := make([]byte, unix.SizeofNdMsg)
	request[0] = unix.AF_INET
	return dump(r, n, unix.RTM_GETNEIGH, request, func(ad *netlink.AttributeDecoder, o *object) {
		switch ad.Type() {
		case unix.NDA_DST:
			o.addr = ad.Bytes()
		case unix.NDA_LLADDR:
			o.gateway = ad.Bytes()
		}
	})
}

// dump reads all objects of a kind. What comes before the attributes is of the
// same length in request and answers.
func dump(r *contestant.Run, n int, typ netlink.HeaderType, request []byte, keep func(*netlink.AttributeDecoder, *object)) error {
	c, err := dial()
	if err != nil {
		return err
	}
	defer c.Close()
	return r.Dump(n, func() (int, error) {
		answers, err := c.Execute(netlink.Message{
			Header: netlink.Header{Type: typ, Flags: netlink.Request | netlink.Dump},
			Data:   request,
		})
		if err != nil {
			return 0, err
		}
		objects := make([]object, len(answers))
		for i, m := range answers {
			if len(m.Data) < len(request) {
				return 0, fmt.Errorf("a message of %d bytes", len(m.Data))
			}
			ad, err := netlink.NewAttributeDecoder(m.Data[len(request):])
			if err != nil {
				return 0, err
			}
			for ad.Next() {
				keep(ad, &objects[i])
			}
			if err := ad.Err(); err != nil {
				return 0, err
			}
		}
		return len(objects), nil
	})
}
