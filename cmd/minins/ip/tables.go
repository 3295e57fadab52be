//go:build linux

package ip

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A table names numbers: those that iproute2 has built in, and those in the
// files below /etc/iproute2.
type table struct {
	byID   map[uint32]string
	byName map[string]uint32
}

// name is the name of id, or "".
func (t *table) name(id uint32) string { return t.byID[id] }

// id finds a name, or reads a number of so many bits.
func (t *table) id(s string, bits int) (uint32, bool) {
	if n, ok := t.byName[s]; ok {
		return n, true
	}
	n, ok := number(s, bits)
	return uint32(n), ok
}

func (t *table) add(id uint32, name string) {
	t.byID[id] = name
	t.byName[name] = id
}

// read adds what a file of lines "NUMBER NAME" holds. A file that is not there
// or cannot be read names nothing.
func (t *table) read(file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		return
	}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) != 2 {
			continue
		}
		if n, ok := number(f[0], 32); ok {
			t.add(uint32(n), f[1])
		}
	}
}

// Tables are all that names numbers. They are read when they are first used.
type tables struct {
	dir     string
	numeric bool // -N: numbers only
	read    map[string]*table
}

// get returns the table of the file of that name and of the files *.conf in
// the folder NAME.d.
func (ts *tables) get(file string, builtin func(*table)) *table {
	if t, ok := ts.read[file]; ok {
		return t
	}
	t := &table{map[uint32]string{}, map[string]uint32{}}
	builtin(t)
	t.read(ts.dir + "/" + file)
	more, err := filepath.Glob(ts.dir + "/" + file + ".d/*.conf")
	if err == nil {
		slices.Sort(more)
		for _, f := range more {
			t.read(f)
		}
	}
	if ts.numeric {
		t.byID = nil
	}
	if ts.read == nil {
		ts.read = map[string]*table{}
	}
	ts.read[file] = t
	return t
}

func (ts *tables) routeTables() *table {
	return ts.get("rt_tables", func(t *table) {
		t.add(255, "local")
		t.add(254, "main")
		t.add(253, "default")
	})
}

func (ts *tables) scopes() *table {
	return ts.get("rt_scopes", func(t *table) {
		t.add(0, "global")
		t.add(255, "nowhere")
		t.add(254, "host")
		t.add(253, "link")
		t.add(200, "site")
	})
}

func (ts *tables) groups() *table {
	return ts.get("group", func(t *table) { t.add(0, "default") })
}

func (ts *tables) protocols() *table {
	return ts.get("rt_protos", func(t *table) {
		for _, p := range builtinProtocols() {
			t.add(p.id, p.name)
		}
	})
}

type numbered struct {
	id   uint32
	name string
}

func builtinProtocols() []numbered {
	return []numbered{{0, "unspec"}, {1, "redirect"}, {2, "kernel"}, {3, "boot"}, {4, "static"}, {8, "gated"}, {9, "ra"},
		{10, "mrt"}, {11, "zebra"}, {12, "bird"}, {13, "dnrouted"}, {14, "xorp"}, {15, "ntk"}, {16, "dhcp"}, {18, "keepalived"},
		{42, "babel"}, {186, "bgp"}, {187, "isis"}, {188, "ospf"}, {189, "rip"}, {192, "eigrp"}}
}

func (ts *tables) dsfields() *table {
	return ts.get("rt_dsfield", func(t *table) { t.add(0, "0") })
}

func (ts *tables) realms() *table {
	return ts.get("rt_realms", func(t *table) { t.add(0, "unknown") })
}

// The names as they are printed: a number where there is none.

func (ts *tables) tableName(id uint32) string { return named(ts.routeTables(), id) }
func (ts *tables) scopeName(id uint8) string  { return named(ts.scopes(), uint32(id)) }
func (ts *tables) groupName(id uint32) string { return named(ts.groups(), id) }
func (ts *tables) protoName(id uint8) string  { return named(ts.protocols(), uint32(id)) }
func (ts *tables) dsfieldName(id uint8) string {
	if s := ts.dsfields().name(uint32(id)); s != "" {
		return s
	}
	return "0x" + strconv.FormatUint(uint64(id)|0x100, 16)[1:]
}

func named(t *table, id uint32) string {
	if s := t.name(id); s != "" {
		return s
	}
	return strconv.FormatUint(uint64(id), 10)
}
