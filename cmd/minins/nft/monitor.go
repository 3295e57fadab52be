//go:build linux

package nft

import (
	"context"
	"errors"

	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/lang"
	"github.com/minins/minins/nl"
)

// monitor prints events until it is killed.
func (r *runner) monitor(cmd *lang.Cmd) error {
	if r.c.Explains("socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_NETFILTER)", "it joins a group") {
		return nil
	}
	listening, err := r.c.Dial(nft.Protocol, "")
	if err != nil {
		return err
	}
	events, err := nft.New(listening).Events(cmd.Obj == "trace")
	if err != nil {
		_ = listening.Close() // the error that counts is err
		return err
	}
	for lost := false; ; lost = true {
		if lost {
			r.c.Printf("# ERROR: We lost some netlink events!\n")
		}
		// What is read now is as it was before, or after, what is heard next: a change
		// that comes twice is known already.
		m, err := r.knowing(cmd.Obj == "trace")
		for err == nil {
			if r.c.Stdout.Flush() != nil { // who reads is gone, which main says
				return events.Close()
			}
			err = events.Receive(context.Background(), func(e *nft.Event) error {
				r.c.Stdout.WriteString(shown(m, e, cmd))
				return nil
			})
		}
		if !errors.Is(err, nl.ErrLost) {
			return errors.Join(err, events.Close())
		}
	}
}

// knowing is a Monitor that knows what there is.
func (r *runner) knowing(trace bool) (*lang.Monitor, error) {
	conn, err := r.dial()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	rs, err := read(ctx, conn, nft.Unspec, "", false)
	if err != nil {
		return nil, err
	}
	o := r.o.list
	if trace {
		o.Handles = false
	}
	return lang.NewMonitor(rs, o), nil
}

// shown is the text of an event, if the command asks for such.
func shown(m *lang.Monitor, e *nft.Event, cmd *lang.Cmd) string {
	text, about := m.Event(e)
	_, generation := e.About.(*nft.Gen)
	switch {
	case cmd.Obj != "" && cmd.Obj != "ruleset" && cmd.Obj != about,
		cmd.Obj == "ruleset" && generation, cmd.Name != "" && about == "",
		cmd.Name == "new" && e.Gone(), cmd.Name == "destroy" && !e.Gone():
		return ""
	}
	return text
}

// echo has the events of a transaction kept; the function that it returns prints them,
// when the transaction is done.
func (r *runner) echo(ctx context.Context, b *building) (func(), error) {
	rs := &lang.Ruleset{}
	var err error
	if rs.Sets, err = b.conn.Sets(ctx, nft.Unspec, ""); err != nil {
		return nil, err
	}
	var events []*nft.Event
	b.onEvent = func(e *nft.Event) error {
		events = append(events, e)
		return nil
	}
	return func() {
		m := lang.NewMonitor(rs, r.o.list)
		for _, e := range events {
			text, _ := m.Event(e)
			r.c.Stdout.WriteString(text)
		}
	}, nil
}
