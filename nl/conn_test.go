//go:build linux

package nl_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

func TestMain(m *testing.M) { testns.Main(m) }

// pretend is a Conn whose kernel gets the requests one by one.
func pretend(t testing.TB, answer func(h nl.Header, m *thing, reply func([]byte))) *nl.Conn {
	c := nl.Pretend(things, func(datagram []byte, reply func([]byte)) {
		for len(datagram) > 0 {
			h, body, rest, ok := nl.Next(datagram)
			if !ok {
				t.Fatalf("sent %x", datagram)
			}
			var m thing
			if err := new(nl.Coder).Decode(body, &m); err != nil {
				t.Fatal(err)
			}
			answer(h, &m, reply)
			datagram = rest
		}
	})
	t.Cleanup(func() { c.Close() })
	return c
}

func answer(t testing.TB, h nl.Header, flags uint16, m nl.Message) []byte {
	t.Helper()
	b, err := nl.Reply(h, 100, flags, m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDo(t *testing.T) {
	ctx := t.Context()
	t.Run("acknowledged", func(t *testing.T) {
		c := pretend(t, func(h nl.Header, m *thing, reply func([]byte)) {
			if h.Flags != unix.NLM_F_REQUEST|unix.NLM_F_ACK|unix.NLM_F_CREATE || h.Type != 100 || m.Name != "red" {
				t.Errorf("got %+v %+v", h, m)
			}
			reply(nl.ReplyAck(nl.Header{Seq: h.Seq - 1})) // of an earlier request
			reply(nl.ReplyAck(h))
		})
		if err := c.Do(ctx, 100, unix.NLM_F_CREATE, &thing{Name: "red"}, nil); err != nil {
			t.Error(err)
		}
	})
	t.Run("answered", func(t *testing.T) {
		c := pretend(t, func(h nl.Header, m *thing, reply func([]byte)) {
			if h.Flags != unix.NLM_F_REQUEST {
				t.Errorf("flags %#x, want NLM_F_REQUEST alone", h.Flags)
			}
			reply(answer(t, h, 0, &thing{Name: "blue"}))
		})
		var got thing
		if err := c.Do(ctx, 102, 0, &thing{}, &got); err != nil || got.Name != "blue" {
			t.Errorf("got %q, %v", got.Name, err)
		}
	})
	t.Run("echoed", func(t *testing.T) {
		c := pretend(t, func(h nl.Header, m *thing, reply func([]byte)) {
			reply(answer(t, h, 0, &thing{Name: "blue"}))
			reply(append(answer(t, h, 0, &thing{Name: "red"}), nl.ReplyAck(h)...)) // of two, the first counts
		})
		var got thing
		if err := c.Do(ctx, 100, unix.NLM_F_ECHO, &thing{}, &got); err != nil || got.Name != "blue" {
			t.Errorf("got %q, %v", got.Name, err)
		}
	})
	t.Run("refused", func(t *testing.T) {
		c := pretend(t, func(h nl.Header, m *thing, reply func([]byte)) { reply(nl.ReplyError(h, unix.EEXIST)) })
		err := c.Do(ctx, 100, 0, &thing{}, nil)
		var refused *nl.Error
		if !errors.As(err, &refused) || !errors.Is(err, fs.ErrExist) || !errors.Is(err, unix.EEXIST) || err.Error() != "T_NEW: file exists" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("not sent", func(t *testing.T) {
		c := pretend(t, func(h nl.Header, m *thing, reply func([]byte)) { t.Error("it was sent") })
		canceled, cancel := context.WithCancel(ctx)
		cancel()
		if err := c.Do(canceled, 100, 0, &thing{}, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: got %v", err)
		}
		if err := c.Do(ctx, 100, 0, &thing{Data: make([]byte, 1<<16)}, nil); err == nil || !strings.HasPrefix(err.Error(), "T_NEW: nl: T_DATA") {
			t.Errorf("does not encode: got %v", err)
		}
	})
	t.Run("broken reply", func(t *testing.T) {
		c := pretend(t, func(h nl.Header, m *thing, reply func([]byte)) { reply(nl.ReplyAck(h)[:17]) })
		if err := c.Do(ctx, 100, 0, &thing{}, nil); err == nil || !strings.Contains(err.Error(), "truncated") {
			t.Errorf("got %v", err)
		}
	})
}

func TestDump(t *testing.T) {
	ctx := t.Context()
	dump := func(h nl.Header, interrupted bool, reply func([]byte)) {
		if h.Flags != unix.NLM_F_REQUEST|unix.NLM_F_DUMP {
			t.Errorf("flags %#x", h.Flags)
		}
		flags := uint16(unix.NLM_F_MULTI)
		if interrupted {
			flags |= unix.NLM_F_DUMP_INTR // on one message only
		}
		reply(append(answer(t, h, flags, &thing{Name: "a"}), answer(t, h, unix.NLM_F_MULTI, &thing{U8: 1})...))
		reply(nl.ReplyDone(h))
	}
	names := func(all []thing) (s []string) {
		for _, v := range all {
			s = append(s, v.Name)
		}
		return s
	}
	t.Run("list", func(t *testing.T) {
		c := pretend(t, func(h nl.Header, m *thing, reply func([]byte)) { dump(h, false, reply) })
		all, err := nl.List[thing](ctx, c, 102, &thing{}, nil)
		if err != nil || !slices.Equal(names(all), []string{"a", ""}) {
			t.Errorf("got %q, %v", names(all), err)
		}
		some, err := nl.List[thing](ctx, c, 102, &thing{}, func(v *thing) bool { return v.U8 == 1 })
		if err != nil || len(some) != 1 || some[0].Name != "" {
			t.Errorf("filtered: got %+v, %v", some, err)
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		tries := 0
		c := pretend(t, func(h nl.Header, m *thing, reply func([]byte)) {
			tries++
			dump(h, tries < 3, reply)
		})
		all, err := nl.List[thing](ctx, c, 102, &thing{}, nil)
		if err != nil || len(all) != 2 || tries != 3 {
			t.Errorf("got %d objects after %d dumps, %v; want 2 after 3", len(all), tries, err)
		}
	})
	t.Run("interrupted for ever", func(t *testing.T) {
		c := pretend(t, func(h nl.Header, m *thing, reply func([]byte)) { dump(h, true, reply) })
		short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
		defer cancel()
		if all, err := nl.List[thing](short, c, 102, &thing{}, nil); all != nil || err == nil {
			t.Errorf("got %+v, %v", all, err)
		}
		for v, err := range nl.Stream[thing](ctx, c, 102, &thing{}) {
			if v == nil && !errors.Is(err, nl.ErrInterrupted) {
				t.Errorf("got %v, want ErrInterrupted", err)
			}
		}
	})
	t.Run("left and busy", func(t *testing.T) {
		c := pretend(t, func(h nl.Header, m *thing, reply func([]byte)) {
			if h.Type == 100 {
				reply(nl.ReplyAck(h))
				return
			}
			dump(h, false, reply)
		})
		for _, err := range nl.Stream[thing](ctx, c, 102, &thing{}) {
			if err != nil {
				t.Error(err)
			}
			if err := c.Do(ctx, 100, 0, &thing{}, nil); !errors.Is(err, nl.ErrBusy) {
				t.Errorf("inside the loop: got %v, want ErrBusy", err)
			}
			break
		}
		// The rest of the dump is passed over.
		if err := c.Do(ctx, 100, 0, &thing{}, nil); err != nil {
			t.Error(err)
		}
	})
}

func TestBatch(t *testing.T) {
	ctx := t.Context()
	refuse := map[string]unix.Errno{"b": unix.ENOENT, "d": unix.EBUSY}
	c := pretend(t, func(h nl.Header, m *thing, reply func([]byte)) {
		if h.Flags&unix.NLM_F_ECHO != 0 {
			reply(answer(t, h, 0, m))
		}
		if e, ok := refuse[m.Name]; ok {
			reply(nl.ReplyError(h, e))
		} else if h.Flags&unix.NLM_F_ACK != 0 {
			reply(nl.ReplyAck(h))
		}
	})
	send := func(names ...string) (bool, []string, error) {
		b := c.Batch()
		var echoed []string
		b.Each = func(i int, h nl.Header, body []byte) error {
			var m thing
			if err := new(nl.Coder).Decode(body, &m); err != nil {
				return err
			}
			echoed = append(echoed, fmt.Sprint(i, m.Name))
			return nil
		}
		for i, n := range names {
			var flags uint16
			if n == "e" {
				flags |= unix.NLM_F_ECHO
			}
			if i == len(names)-1 {
				flags |= unix.NLM_F_ACK
			}
			b.Add(100, flags, &thing{Name: n})
		}
		if b.Len() != len(names) {
			t.Errorf("Len is %d, want %d", b.Len(), len(names))
		}
		acked, err := b.Send(ctx)
		return acked, echoed, err
	}
	if acked, _, err := send("a", "c"); !acked || err != nil {
		t.Errorf("fine: %v, %v", acked, err)
	}
	if acked, echoed, err := send("a", "e", "c"); !acked || err != nil || !slices.Equal(echoed, []string{"1e"}) {
		t.Errorf("echoed: %v, %q, %v", acked, echoed, err)
	}
	acked, _, err := send("a", "b", "c", "d")
	if acked {
		t.Error("acknowledged, though the last was refused")
	}
	var got []string
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		var refused *nl.Error
		if errors.As(e, &refused) {
			got = append(got, fmt.Sprint(refused.Index, refused.Errno))
		}
	}
	if !slices.Equal(got, []string{fmt.Sprint(1, unix.ENOENT), fmt.Sprint(3, unix.EBUSY)}) {
		t.Errorf("refused: %q", got)
	}
	b := c.Batch()
	b.Add(100, 0, &thing{Data: make([]byte, 1<<16)})
	if _, err := b.Send(ctx); err == nil || !strings.HasPrefix(err.Error(), "request 0: T_NEW: nl: T_DATA") {
		t.Errorf("does not encode: %v", err)
	}
}

// The real kernel, on the message whose layout is in this file.
func TestKernel(t *testing.T) {
	ns := testns.New(t)
	var sent, received int
	c, err := nl.Dial(route, nl.Config{NetNS: ns.FD(), Trace: func(out bool, b []byte) {
		if out {
			sent++
		} else {
			received++
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := t.Context()
	var got link
	if err := c.Do(ctx, unix.RTM_GETLINK, 0, &link{Name: "lo"}, &got); err != nil || got.Index != 1 || got.Name != "lo" {
		t.Fatalf("got %+v, %v", got, err)
	}
	if sent != 1 || received != 1 {
		t.Errorf("the tracer saw %d datagrams sent and %d received, want 1 and 1", sent, received)
	}
	if all, err := nl.List[link](ctx, c, unix.RTM_GETLINK, &link{}, nil); err != nil || len(all) != 1 || all[0].Name != "lo" {
		t.Errorf("dump: got %+v, %v", all, err)
	}

	err = c.Do(ctx, unix.RTM_NEWLINK, unix.NLM_F_CREATE, &link{Name: "a-name-that-is-too-long"}, nil)
	var refused *nl.Error
	if !errors.As(err, &refused) || refused.Errno != unix.ERANGE || !slices.Equal(refused.Path, []string{"IFLA_IFNAME"}) {
		t.Errorf("too long a name: got %v", err)
	}
	if text := fmt.Sprintf("%+v", err); !strings.Contains(text, "IFLA_IFNAME = \"a-name-that-is-too-long\"   <-- here\n") {
		t.Errorf("%%+v is\n%s", text)
	}
	if text := fmt.Sprintf("%v", err); strings.Contains(text, "\n") || !strings.HasPrefix(text, "RTM_NEWLINK: ") {
		t.Errorf("%%v is %s", text)
	}

	req := &link{Index: 1}
	if n := testing.AllocsPerRun(100, func() {
		if err := c.Do(ctx, unix.RTM_GETLINK, 0, req, &got); err != nil {
			t.Fatal(err)
		}
	}); n != 0 && !raceEnabled {
		t.Errorf("a round trip allocates %v times, want 0", n)
	}

	// 300 refusals fit no default buffer on their own; nothing must be lost.
	b := c.Batch()
	for range 300 {
		b.Add(unix.RTM_DELLINK, 0, &link{Index: 99})
	}
	_, err = b.Send(ctx)
	if err == nil {
		t.Fatal("300 refusals and no error")
	}
	errs := err.(interface{ Unwrap() []error }).Unwrap()
	if len(errs) != 300 && !errors.Is(err, nl.ErrLost) {
		t.Errorf("%d errors of 300, and none says that some were lost", len(errs))
	}
}

func TestClosed(t *testing.T) {
	c, err := nl.Dial(route, nl.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Do(t.Context(), unix.RTM_GETLINK, 0, &link{Name: "lo"}, &link{}); !errors.Is(err, os.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// link is as much of struct ifinfomsg as these tests need.
type link struct {
	Index int32
	Name  string
}

func (l *link) Fields(c *nl.Coder) {
	nl.Start(c, l)
	c.Skip("(family, type)", 4)
	nl.M32(c, "ifi_index", &l.Index)
	c.Skip("(flags, change)", 8)
	nl.Str(c, unix.IFLA_IFNAME, "IFLA_IFNAME", &l.Name)
}

var route = &nl.Protocol{Name: "NETLINK_ROUTE", Family: unix.NETLINK_ROUTE, Type: func(typ uint16) (string, nl.Message) {
	switch typ {
	case unix.RTM_NEWLINK:
		return "RTM_NEWLINK", &link{}
	case unix.RTM_GETLINK:
		return "RTM_GETLINK", &link{}
	case unix.RTM_DELLINK:
		return "RTM_DELLINK", &link{}
	}
	return "", nil
}}

// The kernel never answers NLMSG_NOOP: whoever waits for it waits on ctx or on
// Close.
func TestNoAnswer(t *testing.T) {
	dial := func(t *testing.T) *nl.Conn {
		c, err := nl.Dial(route, nl.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	wait := func(ctx context.Context, c *nl.Conn) error {
		return c.Do(ctx, unix.NLMSG_NOOP, 0, &link{}, &link{})
	}
	t.Run("deadline", func(t *testing.T) {
		c := dial(t)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := wait(ctx, c); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if err := c.Do(t.Context(), unix.RTM_GETLINK, 0, &link{Index: 1}, &link{}); err != nil {
			t.Errorf("the next call: %v", err)
		}
	})
	t.Run("cancel", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		if err := wait(ctx, dial(t)); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("close", func(t *testing.T) {
		c := dial(t)
		time.AfterFunc(20*time.Millisecond, func() { c.Close() })
		if err := wait(t.Context(), c); !errors.Is(err, os.ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}

// A socket that another program writes to takes no notice.
func TestForeignSender(t *testing.T) {
	ns := testns.New(t)
	var port uint32
	c, err := nl.Dial(route, nl.Config{NetNS: ns.FD(), Trace: func(out bool, b []byte) {
		if h, _, _, ok := nl.Next(b); ok && !out {
			port = h.Port // the kernel writes the receiver's port here
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Do(t.Context(), unix.RTM_GETLINK, 0, &link{Index: 1}, &link{}); err != nil || port == 0 {
		t.Fatalf("port %d, %v", port, err)
	}
	ns.Do(t, func() {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
		if err != nil {
			t.Error(err)
			return
		}
		defer unix.Close(fd)
		forged := nl.ReplyError(nl.Header{Seq: 2}, unix.EPERM)
		err = unix.Sendto(fd, forged, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: port})
		if !errors.Is(err, unix.ECONNREFUSED) {
			t.Errorf("the forged reply was taken: %v", err)
		}
	})
	if err := c.Do(t.Context(), unix.RTM_GETLINK, 0, &link{Index: 1}, &link{}); err != nil {
		t.Errorf("after a forged reply: %v", err)
	}
}

// TestBatchApart sends requests one by one, up to the first that is refused.
func TestBatchApart(t *testing.T) {
	var sent []uint32
	c := nl.Pretend(things, func(datagram []byte, reply func([]byte)) {
		h, _, rest, _ := nl.Next(datagram)
		if len(rest) > 0 {
			t.Errorf("%d bytes are behind the request", len(rest))
		}
		sent = append(sent, h.Seq)
		if len(sent) == 3 {
			reply(nl.ReplyError(h, unix.EEXIST))
		}
	})
	b := c.Batch()
	b.Apart = true
	for range 2 { // it may be used again
		sent = nil
		for range 5 {
			b.Add(1, 0, &thing{})
		}
		refused := -1
		_, err := b.SendEach(t.Context(), func(i int, err error) {
			if !errors.Is(err, unix.EEXIST) {
				t.Errorf("refused with %v", err)
			}
			refused = i
		})
		if err != nil || refused != 2 || len(sent) != 3 {
			t.Errorf("error %v, request %d of %d sent was refused", err, refused, len(sent))
		}
		b.Reset()
	}
}
