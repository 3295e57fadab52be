//go:build linux

package explain

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
	"github.com/minins/minins/rtnl"
)

const (
	getGen   = unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETGEN
	newGen   = unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWGEN
	compat   = unix.NFNL_SUBSYS_NFT_COMPAT << 8
	firstIdx = 2 // of the links that are made up; 1 is lo
)

// answer makes up what the kernel would say to a request, so that the command
// goes on, and says what it made up.
func (w *walk) answer(p *nl.Protocol, h nl.Header, body []byte, reply func([]byte)) {
	var typ uint16
	var m nl.Message
	switch {
	case h.Flags&unix.NLM_F_DUMP == unix.NLM_F_DUMP && isGet(p, h.Type):
		w.say("an empty table")
		reply(nl.ReplyDone(h))
		return
	case p.Family == unix.NETLINK_ROUTE:
		typ, m = w.route(h.Type, body)
	case h.Type == getGen:
		w.say("generation 1")
		typ, m = newGen, &nft.Gen{ID: 1}
	case h.Type == compat:
		w.say("yes, the kernel has it")
		typ, m = h.Type, decoded(p, h.Type, body)
	}
	switch {
	case m != nil:
		b, err := nl.Reply(h, typ, 0, m)
		if err != nil {
			b = nl.ReplyError(h, unix.EINVAL)
		}
		reply(b)
		if h.Flags&unix.NLM_F_ACK != 0 {
			reply(nl.ReplyAck(h))
		}
	case isGet(p, h.Type):
		w.say("there is none")
		reply(nl.ReplyError(h, unix.ENOENT))
	case h.Flags&unix.NLM_F_ACK != 0:
		reply(nl.ReplyAck(h))
	}
}

// say shows an answer that is made up.
func (w *walk) say(what string) { w.printf("# taken as the answer: %s\n", what) }

// isGet reports whether a request of type typ asks and changes nothing.
func isGet(p *nl.Protocol, typ uint16) bool {
	if p.Family == unix.NETLINK_ROUTE {
		return typ&3 == 2 // RTM_GET* are every fourth
	}
	name, _ := p.Type(typ)
	return typ == compat || strings.HasPrefix(name, "NFT_MSG_GET")
}

// decoded is the request itself as a message, or nil.
func decoded(p *nl.Protocol, typ uint16, body []byte) nl.Message {
	_, m := p.Type(typ)
	if m == nil || new(nl.Coder).Decode(body, m) != nil {
		return nil
	}
	return m
}

// route answers the questions of rtnetlink that are not dumps.
func (w *walk) route(typ uint16, body []byte) (uint16, nl.Message) {
	m := decoded(rtnl.Protocol, typ, body)
	switch typ {
	case unix.RTM_GETLINK:
		if l, ok := m.(*rtnl.Link); ok {
			return unix.RTM_NEWLINK, w.link(l)
		}
	case unix.RTM_GETROUTE:
		if r, ok := m.(*rtnl.Route); ok {
			r.OIF, r.Type = firstIdx, unix.RTN_UNICAST
			w.say("a route out of link 2")
			return unix.RTM_NEWROUTE, r
		}
	case unix.RTM_GETNSID:
		w.say("that namespace has no id here")
		return unix.RTM_NEWNSID, &rtnl.NSID{ID: nl.Some[int32](rtnl.NSIDNotAssigned)}
	}
	return 0, nil
}

// link makes up a link with the name or index that was asked for. It says
// that it is a bridge, which a link must be to be given as a master.
func (w *walk) link(asked *rtnl.Link) *rtnl.Link {
	name := asked.Name
	if name == "" {
		name = asked.AltName
	}
	l := &rtnl.Link{Name: name, Index: asked.Index, Type: unix.ARPHRD_ETHER, MTU: 1500, Info: rtnl.LinkInfo{Kind: "bridge"}}
	if i := int(asked.Index) - firstIdx; name == "" && i >= 0 && i < len(w.links) {
		l.Name = w.links[i]
	}
	if l.Index == 0 {
		i := slices.Index(w.links, name)
		if i < 0 {
			i = len(w.links)
			w.links = append(w.links, name)
		}
		l.Index = uint32(firstIdx + i)
	}
	if name == "" && l.Name == "" { // asked for by an index of its own
		l.Name = "if" + strconv.Itoa(int(l.Index))
	}
	w.say(fmt.Sprintf("link %s has index %d", l.Name, l.Index))
	return l
}
