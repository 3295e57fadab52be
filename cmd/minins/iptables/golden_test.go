//go:build linux

package iptables

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nl"
)

// The captures of iptables-nft 1.8.9 are kept with package nft: here those of a machine with
// this one's byte order and alignment, as the commands of both are compared byte by byte.
const golden = "../../../nft/testdata/"

// byDesign are captures whose batch ours differs from.
var byDesign = map[string]string{
	"ipt-nat-comment": "the comment is the rule's userdata, which nft shows as well",
	"ipt-delete-spec": "the rule is deleted by its handle, its expressions are not sent again",
	"ipt-delete-num":  "likewise",
	"ipt-zero":        "NFTA_CHAIN_USE and _FLAGS, which the kernel does not read, are not sent",
}

// A message is one of a batch.
type message struct {
	header nl.Header
	body   []byte
}

// split divides a datagram.
func split(t *testing.T, b []byte) (all []message) {
	t.Helper()
	for len(b) > 0 {
		h, body, rest, ok := nl.Next(b)
		if !ok {
			t.Fatalf("a broken datagram: % x", b)
		}
		all = append(all, message{h, append([]byte(nil), body...)})
		b = rest
	}
	return all
}

// TestGolden gives our applet the kernel's answers of each capture and compares
// the batch that it sends with the real tool's, byte by byte.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob(golden + testns.Layout() + "/ipt-*.hex")
	if err != nil || len(files) < 30 {
		t.Fatalf("only %d captures, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".hex")
		t.Run(name, func(t *testing.T) {
			argv, exit, sent, received := capture(t, file)
			var batch []byte
			for _, d := range sent {
				if binary.NativeEndian.Uint16(d[4:]) == unix.NFNL_MSG_BATCH_BEGIN {
					batch = d
				}
			}
			k := &replay{}
			for _, d := range received {
				k.learn(split(t, d))
			}
			got := call(func(p *nl.Protocol, _ string) (*nl.Conn, error) { return nl.Pretend(p, k.answer), nil }, false, argv...)
			if batch != nil && len(split(t, batch)) == 2 {
				batch = nil // nothing between begin and end
			}
			if (batch != nil) != (k.batch != nil) {
				t.Fatalf("sends a batch: %v, the real tool: %v (%s)", k.batch != nil, batch != nil, got.Stderr)
			}
			if got.Code != exit && exit != 4 { // 4 is the kernel's refusal, which this one does not play
				t.Errorf("exit status %d, the real tool's %d", got.Code, exit)
			}
			if batch == nil || byDesign[name] != "" {
				return
			}
			ours, real := split(t, k.batch), split(t, batch)
			if len(ours) != len(real) {
				t.Fatalf("%d messages, the real tool's %d", len(ours), len(real))
			}
			for i, m := range real {
				o := ours[i]
				if m.header.Type == unix.NFNL_MSG_BATCH_END {
					o.header.Flags &^= unix.NLM_F_ACK // ours asks whether it was done
				}
				if o.header.Type != m.header.Type || o.header.Flags != m.header.Flags || string(o.body) != string(m.body) {
					t.Errorf("message %d: type %#x, flags %#x\n%s\nthe real tool's: type %#x, flags %#x\n%s",
						i, o.header.Type, o.header.Flags, explain(ours[i]), m.header.Type, m.header.Flags, explain(m))
				}
			}
		})
	}
}

func explain(m message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s % x\n", nft.Protocol.TypeName(m.header.Type), m.body)
	return b.String()
}

// capture reads a file of golden: the command, and the datagrams of nf_tables.
func capture(t *testing.T, file string) (argv []string, exit int, sent, received [][]byte) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "# argv: "); ok {
			argv = testns.Words(rest)
		}
		if rest, ok := strings.CutPrefix(line, "# exit: "); ok {
			n, _ := number(strings.TrimSpace(rest), 8)
			exit = int(n)
		}
		f := strings.Fields(line)
		if len(f) < 3 || f[0] != ">" && f[0] != "<" {
			continue
		}
		b, err := hex.DecodeString(f[len(f)-1])
		if err != nil {
			continue // nothing was received
		}
		if f[0] == ">" {
			sent = append(sent, b)
		} else {
			received = append(received, b)
		}
	}
	if len(argv) == 0 || len(sent) == 0 {
		t.Fatalf("%s: no command or no datagrams", file)
	}
	return argv, exit, sent, received
}

// replay is a kernel that knows what a capture shows of one.
type replay struct {
	known map[string]bool
	have  []message
	gen   []byte
	batch []byte
}

// learn keeps what the kernel said of tables, chains and rules.
func (k *replay) learn(all []message) {
	if k.known == nil {
		k.known = map[string]bool{}
	}
	for _, m := range all {
		switch m.header.Type {
		case nftType(unix.NFT_MSG_NEWGEN):
			k.gen = m.body
		case nftType(unix.NFT_MSG_NEWTABLE), nftType(unix.NFT_MSG_NEWCHAIN), nftType(unix.NFT_MSG_NEWRULE):
			key := fmt.Sprint(m.header.Type, m.body)
			if !k.known[key] {
				k.known[key] = true
				k.have = append(k.have, m)
			}
		}
	}
}

func nftType(msg uint16) uint16 { return unix.NFNL_SUBSYS_NFTABLES<<8 | msg }

// answer plays the kernel.
func (k *replay) answer(datagram []byte, reply func([]byte)) {
	h, body, rest, _ := nl.Next(datagram)
	send := func(typ, flags uint16, body []byte) {
		b := make([]byte, 16, 16+len(body))
		binary.NativeEndian.PutUint32(b, uint32(16+len(body)))
		binary.NativeEndian.PutUint16(b[4:], typ)
		binary.NativeEndian.PutUint16(b[6:], flags)
		binary.NativeEndian.PutUint32(b[8:], h.Seq)
		reply(append(b, body...))
	}
	switch h.Type {
	case unix.NFNL_MSG_BATCH_BEGIN:
		if next, _, _, _ := nl.Next(rest); next.Type != unix.NFNL_MSG_BATCH_END { // an empty one changes nothing
			k.batch = append([]byte(nil), datagram...)
		}
		for rest := datagram; len(rest) > 0; {
			h, _, rest, _ = nl.Next(rest)
		}
		send(unix.NLMSG_ERROR, 0, append(make([]byte, 4), datagram[len(datagram)-20:len(datagram)-4]...))
	case nftType(unix.NFT_MSG_GETGEN):
		send(nftType(unix.NFT_MSG_NEWGEN), 0, k.gen)
	case unix.NFNL_SUBSYS_NFT_COMPAT << 8:
		send(h.Type, 0, body)
	default: // a dump; the answer's type is one less
		for _, m := range k.have {
			if m.header.Type == h.Type-1 {
				send(m.header.Type, unix.NLM_F_MULTI, m.body)
			}
		}
		send(unix.NLMSG_DONE, unix.NLM_F_MULTI, make([]byte, 4))
	}
}
