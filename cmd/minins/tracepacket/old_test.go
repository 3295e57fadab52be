//go:build linux

package tracepacket

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// kernel is one that refuses tables of a family. It notes the families of those that
// it is to delete.
func kernel(t *testing.T, family nft.Family, errno unix.Errno, deleted *[]nft.Family) *nft.Conn {
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
			case h.Type == unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_DELTABLE:
				*deleted = append(*deleted, nft.Family(body[0]))
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
		var deleted []nft.Family
		conn := kernel(t, tt.family, tt.errno, &deleted)
		p := &place{conn: conn}
		err := s.addTables(t.Context(), p, true)
		if (err == nil) != (tt.want == "") || err != nil && (!strings.Contains(err.Error(), tt.want) || !errors.Is(err, tt.errno)) {
			t.Errorf("%v %v: %v, want %q", tt.family, tt.errno, err, tt.want)
		}
		// To delete them is what makes it fast to close them, and one that is not there
		// would have all refused.
		made := map[bool][]nft.Family{true: {nft.IPv4, nft.ARP}, false: nil}[tt.family == nft.Bridge]
		s.places, s.closers = []*place{p}, []io.Closer{conn}
		if err := s.close(); err != nil || !slices.Equal(deleted, made) {
			t.Errorf("%v %v: close: %v, deleted %v, want %v", tt.family, tt.errno, err, deleted, made)
		}
	}
}
