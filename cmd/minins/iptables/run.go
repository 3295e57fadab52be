//go:build linux

package iptables

import (
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nft"
)

// patience is how long one command may take, with other programs changing the
// rules meanwhile: to read half a million takes the kernel most of a minute.
const patience = 10 * time.Minute

// family is that of the applet's name.
func family(name string) nft.Family {
	if strings.HasPrefix(name, "ip6") {
		return nft.IPv6
	}
	return nft.IPv4
}

// Run is iptables, or ip6tables if c has that name.
func Run(c *applet.Cmd) int {
	cmd, status := read(c)
	if cmd == nil {
		return status
	}
	status, err := cmd.run(c, findTable(cmd.table))
	if err != nil {
		return report(c, err)
	}
	return status
}

// read reads the command line. If that is all there is to do, there is no command, but
// the exit status.
func read(c *applet.Cmd) (*command, int) {
	f := family(c.Name)
	cmd, err := parse(f, c.Args)
	for _, text := range cmd.notices {
		c.Errorf("%s", text)
	}
	switch {
	case err != nil:
		status := report(c, err)
		repair(c, f)
		return nil, status
	case cmd.help:
		help(c)
		return nil, 0
	case cmd.vers && cmd.inverse:
		c.Printf("Not %s ;-)\n", strings.TrimPrefix(version, "v"))
		return nil, 0
	case cmd.vers:
		c.Printf("%s %s\n", c.Name, version)
		return nil, 0
	case findTable(cmd.table) == nil:
		return nil, report(c, fail(noTable, "table '"+cmd.table+"' does not exist").hinted("the tables are filter, nat, mangle, raw and security"))
	}
	return cmd, 0
}

// run does what the command line says.
func (cmd *command) run(c *applet.Cmd, t *table) (status int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	k, err := dial(ctx, c, cmd.family)
	if err != nil {
		return 0, byTheKernel(cmd, err)
	}
	defer k.conn.Close()
	if cmd.do == 'L' || cmd.do == 'S' {
		s, err := k.read(ctx, t, true)
		if err != nil {
			return 0, byTheKernel(cmd, err)
		}
		l, err := k.newListing(cmd, s)
		if err != nil {
			return 0, err
		}
		if cmd.do == 'L' {
			status = l.printRules(c)
		} else {
			status = l.saveRules(c)
		}
		if !cmd.zero {
			return status, nil
		}
		zero := *cmd
		zero.do = 'Z'
		if cmd.number != 0 {
			zero.do = 'z'
		}
		cmd = &zero
	}
	return status, cmd.change(ctx, c, k, t)
}

// dial opens the socket.
func dial(ctx context.Context, c *applet.Cmd, f nft.Family) (*kernel, error) {
	conn, err := c.Dial(nft.Protocol, "")
	if errors.Is(err, unix.EPROTONOSUPPORT) {
		return nil, fail(noNetlink, "Failed to initialize nft: Protocol not supported").hinted(err.Error())
	}
	if err != nil {
		return nil, err
	}
	k, err := open(ctx, nft.New(conn), f)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return k, nil
}

// change plans and sends a change, and plans anew if another program changed
// the rules in between.
func (cmd *command) change(ctx context.Context, c *applet.Cmd, k *kernel, t *table) error {
	for first := true; ; first = false {
		s, err := k.read(ctx, t, cmd.needsRules())
		if err != nil {
			return byTheKernel(cmd, err)
		}
		steps, err := k.plan(cmd, s)
		if err != nil {
			return err
		}
		if first {
			if cmd.verbose {
				cmd.tell(c, k, s)
			}
			if k.native && cmd.isRule() && cmd.do != 'C' {
				c.Errorf("minins: this kernel has no nft_compat: the rule is in table %s %s, in nf_tables' own words; other versions of iptables do not see it",
					cmd.family.Keyword(), ownTable)
			}
		}
		b := k.conn.BeginAt(ctx, s.gen)
		for _, step := range steps {
			b.Add(step.msg, step.flags, step.about)
		}
		err = b.Commit(ctx)
		if errors.Is(err, nft.ErrStale) && ctx.Err() == nil {
			continue
		}
		if err != nil {
			return byTheKernel(cmd, err)
		}
		return nil
	}
}

// needsRules reports whether the command looks at the rules that there are.
func (cmd *command) needsRules() bool {
	return cmd.do != 'A' && cmd.do != 'N' && cmd.do != 'P' && cmd.do != 'E' && cmd.do != 'F' && (cmd.do != 'I' || cmd.number > 1)
}

// tell is what -v prints of a change.
func (cmd *command) tell(c *applet.Cmd, k *kernel, s *state) {
	for _, ch := range s.chains {
		doing := ""
		switch {
		case cmd.named && ch.name != cmd.chain:
		case cmd.do == 'F':
			doing = "Flushing"
		case cmd.do == 'X' && ch.made != nil && (ch.place == nil || cmd.named):
			doing = "Deleting"
		case cmd.do == 'Z' && ch.made != nil:
			doing = "Zeroing"
		}
		if doing != "" {
			c.Printf("%s chain `%s'\n", doing, ch.name)
		}
	}
	if cmd.isRule() {
		k.brief(c, cmd)
	}
}
