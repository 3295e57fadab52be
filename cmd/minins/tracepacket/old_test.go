//go:build linux

package tracepacket

import (
	"bufio"
	"bytes"
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// kernel is one that refuses tables of a family.
func kernel(t *testing.T, family nft.Family, errno unix.Errno) *nft.Conn {
	t.Helper()
	return nft.New(nl.Pretend(nft.Protocol, func(datagram []byte, reply func([]byte)) {
		refused := false
		for rest := datagram; len(rest) > 0; {
			h, body, next, ok := nl.Next(rest)
			if !ok {
				t.Error("a request is cut short")
				return
			}
			rest = next
			switch {
			case h.Type == unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_GETGEN:
				b, err := nl.Reply(h, unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_NEWGEN, 0, &nft.Gen{ID: 1})
				if err != nil {
					t.Error(err)
				}
				reply(b)
			case h.Type == unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_NEWTABLE && nft.Family(body[0]) == family:
				refused = true
				reply(nl.ReplyError(h, errno))
			case h.Flags&unix.NLM_F_ACK != 0 && !refused:
				reply(nl.ReplyAck(h))
			}
		}
	}))
}

// TestOldKernel has no tables with an owner, or none for bridges.
func TestOldKernel(t *testing.T) {
	for _, tt := range []struct {
		family nft.Family
		errno  unix.Errno
		want   string // in the error
	}{
		{nft.IPv4, unix.EINVAL, "takes Linux 5.12, and this is "},
		{nft.IPv4, unix.EOPNOTSUPP, "takes Linux 5.12, and this is "},
		{nft.IPv4, unix.EPERM, "operation not permitted"},
		{nft.Bridge, unix.EOPNOTSUPP, ""},
		{nft.Bridge, unix.EAFNOSUPPORT, ""},
		{nft.Bridge, unix.EPERM, "operation not permitted"},
	} {
		var out bytes.Buffer
		o := &options{proto: "icmp"}
		if err := o.setDst("1.2.3.4"); err != nil {
			t.Fatal(err)
		}
		s := &session{c: &applet.Cmd{Stdout: bufio.NewWriter(&out)}, o: o, flow: o.flow(), table: "trace-packet-1"}
		conn := kernel(t, tt.family, tt.errno)
		err := s.addTables(t.Context(), conn)
		if (err == nil) != (tt.want == "") || err != nil && (!strings.Contains(err.Error(), tt.want) || !errors.Is(err, tt.errno)) {
			t.Errorf("%v %v: %v, want %q", tt.family, tt.errno, err, tt.want)
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	}
}
