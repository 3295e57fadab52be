//go:build linux

package nl_test

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/internal/testns"
	"github.com/minins/minins/nl"
)

var events = &nl.Protocol{Name: "NETLINK_ROUTE", Family: unix.NETLINK_ROUTE, Type: func(uint16) (string, nl.Message) { return "", nil }}

func listen(t *testing.T, ns *testns.NS, cfg nl.ListenConfig) *nl.Listener {
	t.Helper()
	c, err := nl.Dial(events, nl.Config{NetNS: ns.FD()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := c.Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Do(t.Context(), unix.RTM_GETLINK, 0, nil, nil); !errors.Is(err, nl.ErrBusy) {
		t.Errorf("a request of what listens: %v", err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// event is the type and the namespace of a message.
type event struct {
	typ  uint16
	nsid nl.Opt[int32]
}

// next is the next event.
func next(t *testing.T, l *nl.Listener) (e event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := l.Receive(ctx, func(h nl.Header, body []byte, nsid nl.Opt[int32]) error {
		e = event{h.Type, nsid}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestListener(t *testing.T) {
	ns := testns.New(t)
	ns.Up(t, "lo")
	l := listen(t, ns, nl.ListenConfig{Groups: []uint32{unix.RTNLGRP_IPV4_RULE}})
	nothing := func(nl.Header, []byte, nl.Opt[int32]) error { t.Error("called"); return nil }
	if b, _, err := l.Poll(); b != nil || err != nil {
		t.Errorf("nothing happened: %x, %v", b, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := l.Receive(ctx, nothing); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after a deadline: %v", err)
	}
	ns.Run(t, "ip", "rule", "add", "pref", "7", "table", "7").Must(t)
	ns.Run(t, "ip", "rule", "del", "pref", "7").Must(t)
	if got, want := next(t, l), (event{typ: unix.RTM_NEWRULE}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got, want := next(t, l), (event{typ: unix.RTM_DELRULE}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	ns.Run(t, "ip", "rule", "add", "pref", "7", "table", "7").Must(t)
	enough := errors.New("enough")
	if err := l.Receive(t.Context(), func(nl.Header, []byte, nl.Opt[int32]) error { return enough }); err != enough {
		t.Errorf("got %v, want what the function returned", err)
	}

	waits := make(chan error)
	go func() { waits <- l.Receive(context.Background(), nothing) }()
	time.Sleep(20 * time.Millisecond)
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-waits; !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed while it waited: %v", err)
	}
	if _, _, err := l.Poll(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

func TestListenRefused(t *testing.T) {
	c, err := nl.Dial(events, nl.Config{NetNS: testns.New(t).FD()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, err = c.Listen(nl.ListenConfig{Groups: []uint32{9999}})
	if !errors.Is(err, unix.EINVAL) || !strings.Contains(err.Error(), "join multicast groups [9999] of NETLINK_ROUTE") {
		t.Errorf("got %v", err)
	}
	if err := c.Do(t.Context(), unix.RTM_GETLINK, 0, nil, nil); errors.Is(err, nl.ErrBusy) {
		t.Errorf("refused, it is no Conn any more: %v", err)
	}
	p := nl.Pretend(events, nil)
	defer p.Close()
	if _, err := p.Listen(nl.ListenConfig{}); !errors.Is(err, unix.EOPNOTSUPP) {
		t.Errorf("pretended: %v", err)
	}
}

// TestListenAllNSID hears of another namespace by the id that it has.
func TestListenAllNSID(t *testing.T) {
	here, there := testns.New(t), testns.New(t)
	here.Run(t, "ip", "link", "add", "va", "type", "veth", "peer", "name", "vb").Must(t)
	here.Run(t, "ip", "link", "set", "vb", "netns", there.Path()).Must(t)
	l := listen(t, here, nl.ListenConfig{Groups: []uint32{unix.RTNLGRP_IPV4_RULE}, AllNSID: true})
	there.Run(t, "ip", "rule", "add", "pref", "7", "table", "7").Must(t)
	here.Run(t, "ip", "rule", "add", "pref", "7", "table", "7").Must(t)
	if got, want := next(t, l), (event{unix.RTM_NEWRULE, nl.Some[int32](0)}); got != want {
		t.Errorf("of another namespace: %v, want %v", got, want)
	}
	if got, want := next(t, l), (event{typ: unix.RTM_NEWRULE}); got != want {
		t.Errorf("of its own: %v, want %v", got, want)
	}
}

// TestListenerLoses overruns a small buffer and finds what came before, that
// something is missing, and then what comes after.
func TestListenerLoses(t *testing.T) {
	ns := testns.New(t)
	l := listen(t, ns, nl.ListenConfig{Groups: []uint32{unix.RTNLGRP_IPV4_RULE}, Buffer: 4096})
	var script strings.Builder
	for i := range 100 {
		script.WriteString("rule add pref 7 table " + strconv.Itoa(1000+i) + "\n")
	}
	testns.Cmd{NS: ns, Args: []string{"ip", "-b", "-"}, Stdin: script.String()}.Run(t).Must(t)
	heard, lost := 0, 0
	for {
		b, _, err := l.Poll()
		if b == nil && err == nil {
			break
		}
		if errors.Is(err, nl.ErrLost) {
			lost++
		} else if err != nil {
			t.Fatal(err)
		} else {
			heard++
		}
	}
	if lost != 1 || heard == 0 || heard >= 100 {
		t.Errorf("heard %d of 100, lost was told %d times", heard, lost)
	}
	ns.Run(t, "ip", "rule", "add", "pref", "8", "table", "8").Must(t)
	if got, want := next(t, l), (event{typ: unix.RTM_NEWRULE}); got != want {
		t.Errorf("after the loss: %v, want %v", got, want)
	}
}
