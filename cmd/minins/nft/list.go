//go:build linux

package nft

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/minins/minins/cmd/minins/applet"
	"github.com/minins/minins/nft"
	"github.com/minins/minins/nft/lang"
)

// read reads what there is of a family, or of one table of it.
func read(ctx context.Context, c *nft.Conn, f nft.Family, table string, elems bool) (*lang.Ruleset, error) {
	rs := &lang.Ruleset{}
	_, err := c.Snapshot(ctx, func() error {
		some, err := c.Ruleset(ctx, f, table)
		if err != nil {
			return err
		}
		*rs = lang.Ruleset{Tables: some.Tables, Chains: some.Chains, Rules: some.Rules, Elems: make(map[*nft.Set]*nft.ElemList)}
		if rs.Sets, err = c.Sets(ctx, f, table); err != nil {
			return err
		}
		for i := range rs.Sets {
			s := &rs.Sets[i]
			if !elems && s.Flags.V&nft.SetAnonymous == 0 {
				continue
			}
			if rs.Elems[s], err = c.ElemList(ctx, s.Family, s.Table, s.Name); err != nil {
				return err
			}
		}
		if rs.Objs, err = c.Objs(ctx, f, table); err != nil {
			return err
		}
		rs.Flowtables, err = c.Flowtables(ctx, f, table)
		return err
	})
	return rs, err
}

// parts are what the words behind list show.
var parts = map[string]lang.Parts{
	"ruleset": lang.All, "table": lang.All, "chains": lang.Chains, "chain": lang.Chains | lang.Rules,
	"sets": lang.Sets, "set": lang.Sets, "meters": lang.Sets, "meter": lang.Sets, "maps": lang.Maps, "map": lang.Maps,
	"counters": lang.Objects, "counter": lang.Objects, "quotas": lang.Objects, "quota": lang.Objects,
	"limits": lang.Objects, "limit": lang.Objects, "flowtables": lang.Flowtables, "flowtable": lang.Flowtables,
}

// list prints what a command asks for.
func (r *runner) list(ctx context.Context, cmd *lang.Cmd) error {
	conn, err := r.dial()
	if err != nil {
		return err
	}
	part, ok := parts[cmd.Obj]
	if cmd.Obj == "tables" {
		tables, err := conn.Tables(ctx, cmd.Family)
		if err != nil {
			return err
		}
		if r.o.json {
			r.show(&lang.Ruleset{Tables: tables}, r.o.list, lang.All, "")
			return nil
		}
		for _, t := range tables {
			r.c.Printf("table %s %s\n", t.Family.Keyword(), t.Name)
		}
		return nil
	}
	if cmd.Op == "reset" && part == lang.Objects {
		return r.reset(ctx, conn, cmd)
	}
	if !ok || cmd.Op == "reset" {
		return &wrong{cmd.At, cmd.Op + " " + cmd.Obj + " is not carried out by minins"}
	}
	if err := r.hasTable(ctx, conn, cmd); err != nil {
		return err
	}
	rs, err := read(ctx, conn, cmd.Family, cmd.Table, !r.o.list.Terse)
	if err != nil {
		return err
	}
	if cmd.Name != "" && r.c.Explain == nil && !has(rs, cmd.Obj, cmd.Name) {
		return &wrong{cmd.NameAt, "No such file or directory"}
	}
	options := r.o.list
	if part == lang.Objects {
		options.ObjType = objTypes[strings.TrimSuffix(cmd.Obj, "s")]
	}
	if cmd.Obj == "meters" {
		rs.Sets = nil // those of rules are with the rules
	}
	if part&lang.Rules != 0 {
		warn(r.c, rs)
	}
	r.show(rs, options, part, cmd.Name)
	return nil
}

// metainfo is what begins a list in JSON.
const metainfo = `{"version": "1.0.6", "release_name": "Lester Gooch #5", "json_schema_version": 1}`

// show prints parts of a ruleset.
func (r *runner) show(rs *lang.Ruleset, o lang.Options, part lang.Parts, name string) {
	if r.o.json {
		r.c.Stdout.WriteString(lang.ListJSON(rs, o, part, name, metainfo))
		return
	}
	lang.List(r.c.Stdout, rs, o, part, name)
}

var objTypes = map[string]nft.ObjType{"counter": nft.ObjCounter, "quota": nft.ObjQuota, "limit": nft.ObjLimit}

// hasTable says that the table of a command is not there. Nothing is where nothing is sent.
func (r *runner) hasTable(ctx context.Context, conn *nft.Conn, cmd *lang.Cmd) error {
	if cmd.Table == "" {
		return nil
	}
	tables, err := conn.Tables(ctx, cmd.Family)
	if err != nil {
		return err
	}
	if r.c.Explain == nil && !slices.ContainsFunc(tables, func(t nft.Table) bool { return t.Name == cmd.Table }) {
		return &wrong{cmd.TableAt, "No such file or directory"}
	}
	return nil
}

// reset prints counters and quotas and sets them to zero.
func (r *runner) reset(ctx context.Context, conn *nft.Conn, cmd *lang.Cmd) error {
	if err := r.hasTable(ctx, conn, cmd); err != nil {
		return err
	}
	objs, err := conn.ResetObjs(ctx, cmd.Family, cmd.Table, cmd.Name, objTypes[strings.TrimSuffix(cmd.Obj, "s")])
	if errors.Is(err, fs.ErrNotExist) && cmd.Name != "" {
		if err = nil; r.c.Explain == nil {
			return &wrong{cmd.NameAt, "Could not process rule: No such file or directory"}
		}
	}
	if err != nil {
		return err
	}
	tables, err := conn.Tables(ctx, cmd.Family)
	if err != nil {
		return err
	}
	rs := &lang.Ruleset{Objs: objs}
	for _, t := range tables {
		if cmd.Table == "" || t.Name == cmd.Table {
			rs.Tables = append(rs.Tables, t)
		}
	}
	r.show(rs, r.o.list, lang.Objects, cmd.Name)
	return nil
}

// has says whether there is a chain, a set or an object of a name.
func has(rs *lang.Ruleset, obj, name string) bool {
	switch obj {
	case "chain":
		for _, c := range rs.Chains {
			if c.Name == name {
				return true
			}
		}
	case "set", "map", "meter":
		for _, s := range rs.Sets {
			if s.Name == name {
				return true
			}
		}
	case "flowtable":
		for _, f := range rs.Flowtables {
			if f.Name == name {
				return true
			}
		}
	default:
		for _, o := range rs.Objs {
			if o.Name == name {
				return true
			}
		}
	}
	return false
}

// warn says which tables iptables looks after.
func warn(c *applet.Cmd, rs *lang.Ruleset) {
	for _, t := range rs.Tables {
		if t.Family != nft.IPv4 && t.Family != nft.IPv6 {
			continue
		}
		for _, r := range rs.Rules {
			if r.Family == t.Family && r.Table == t.Name && lang.IsCompat(&r) {
				c.Errorf("# Warning: table %s %s is managed by iptables-nft, do not touch!", t.Family.Keyword(), t.Name)
				break
			}
		}
	}
}
