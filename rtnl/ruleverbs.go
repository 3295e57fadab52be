//go:build linux

package rtnl

import (
	"context"

	"golang.org/x/sys/unix"

	"github.com/minins/minins/nl"
)

// AddRule adds a rule. The kernel fills in a Priority that is not there, one less
// than that of the rule at the top but one; Action and Table say what ip would
// (FR_ACT_TO_TBL and RT_TABLE_MAIN).
//
// It is refused with EEXIST (there is the same), EINVAL with a text (what does
// not fit together), EAFNOSUPPORT, EPERM.
//
// Equivalent to: `ip rule add from $src lookup $table priority $priority`
func (c *Conn) AddRule(ctx context.Context, r *Rule) error {
	return failed("add", r, c.Do(ctx, unix.RTM_NEWRULE, createFlags, r, nil))
}

// DelRule deletes the first rule that has what r has.
//
// It is refused with ENOENT (no such rule), EPERM.
//
// Equivalent to: `ip rule delete priority $priority`
func (c *Conn) DelRule(ctx context.Context, r *Rule) error {
	return failed("delete", r, c.Do(ctx, unix.RTM_DELRULE, 0, r, nil))
}

// Rules lists the rules that say which table is looked up, of one family or,
// with AF_UNSPEC, of all.
//
// Equivalent to: `ip rule show`
func (c *Conn) Rules(ctx context.Context, family Family) ([]Rule, error) {
	all, err := nl.List[Rule](ctx, c.Conn, unix.RTM_GETRULE, &Rule{Family: family}, nil)
	return all, failedList("rules", err)
}
