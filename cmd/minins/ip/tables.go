//go:build linux

package ip

import (
	"os"
	"strconv"
	"strings"
)

// A table names numbers: those that iproute2 has built in, and those in the
// files below /etc/iproute2.
type table struct {
	byID   map[uint32]string
	byName map[string]uint32
	names  []string // in the order of their definition
	hex    bool     // numbers are in hex, with or without 0x
}

// id finds a name, or reads a number of so many bits.
func (t *table) id(s string, bits int) (uint32, bool) {
	if n, ok := t.byName[s]; ok {
		return n, true
	}
	if t.hex {
		s = "0x" + strings.TrimPrefix(s, "0x")
	}
	n, ok := number(s, bits)
	return uint32(n), ok
}

// parse adds what lines "NUMBER NAME" say; /etc/protocols has "NAME NUMBER
// ALIAS" instead.
func (t *table) parse(text string) {
	for _, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		n, ok := number(f[0], 32)
		if !ok { // NAME NUMBER ALIAS
			n, ok = number(f[1], 32)
			f[1] = f[0]
		} else if len(f) > 2 {
			continue
		}
		if ok {
			t.byID[uint32(n)] = f[1]
			t.names = append(t.names, f[1])
			for _, name := range f[1:] {
				t.byName[name] = uint32(n)
			}
		}
	}
}

// read parses a file. One that is not there or cannot be read names nothing.
func (t *table) read(file string) {
	if text, err := os.ReadFile(file); err == nil {
		t.parse(string(text))
	}
}

// Tables are all that names numbers. They are read when they are first used.
type tables struct {
	dir     string
	numeric bool // -N: numbers only
	read    map[string]*table
}

// The files, each of which is a table.
const (
	routeTables = "rt_tables"
	scopes      = "rt_scopes"
	protocols   = "rt_protos"
	dsfields    = "rt_dsfield"
	realms      = "rt_realms"
	groups      = "group"
	ipProtos    = "protocols" // in /etc
	downReasons = "protodown_reasons"
)

// builtin are the names that need no file.
func builtin(file string) string {
	switch file {
	case routeTables:
		return "255 local\n254 main\n253 default"
	case scopes:
		return "0 global\n255 nowhere\n254 host\n253 link\n200 site"
	case protocols:
		return "0 unspec\n1 redirect\n2 kernel\n3 boot\n4 static\n8 gated\n9 ra\n10 mrt\n11 zebra\n12 bird\n13 dnrouted\n" +
			"14 xorp\n15 ntk\n16 dhcp\n18 keepalived\n42 babel\n186 bgp\n187 isis\n188 ospf\n189 rip\n192 eigrp"
	case dsfields:
		return "0 0"
	case realms:
		return "0 unknown"
	case downReasons:
		return ""
	case ipProtos:
		return "1 icmp\n6 tcp\n17 udp\n58 ipv6-icmp"
	}
	return "0 default"
}

// get returns the table of the file of that name and of the files *.conf in
// the folder NAME.d.
func (ts *tables) get(file string) *table {
	if t, ok := ts.read[file]; ok {
		return t
	}
	t := &table{byID: map[uint32]string{}, byName: map[string]uint32{}, hex: file == dsfields}
	t.parse(builtin(file))
	if file == ipProtos {
		t.read("/etc/" + file)
	}
	t.read(ts.dir + "/" + file)
	dir := ts.dir + "/" + file + ".d/"
	more, err := dirNames(dir)
	if err == nil {
		for _, name := range more {
			if strings.HasSuffix(name, ".conf") {
				t.read(dir + name)
			}
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

// dirNames are the names in a folder, in its own order, as iproute2 has them.
// (os.ReadDir would sort them, which takes 15 kB of the binary.)
func dirNames(path string) ([]string, error) {
	dir, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	return dir.Readdirnames(-1)
}

// name is a number's name, or the number where it has none.
func (ts *tables) name(file string, id uint32) string {
	if s := ts.get(file).byID[id]; s != "" {
		return s
	}
	if file == dsfields {
		return "0x" + strconv.FormatUint(uint64(id)|0x100, 16)[1:]
	}
	return strconv.FormatUint(uint64(id), 10)
}

// A numbered is an entry of a table that no file can change.
type numbered struct {
	id   uint32
	name string
}
