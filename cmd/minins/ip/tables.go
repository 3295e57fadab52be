//go:build linux

package ip

import (
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/minins/minins/cmd/minins/applet"
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

// parse adds what lines "NUMBER NAME" say, and returns the first that says
// nothing, which ends the table as it does in iproute2. /etc/protocols has "NAME
// NUMBER ALIAS" instead.
func (t *table) parse(text string, protocols bool) (bad string) {
	for line := range strings.Lines(text) {
		s := strings.TrimLeft(line, " \t")
		if s == "" || s[0] == '#' || s[0] == '\n' {
			continue
		}
		if protocols {
			s, _, _ = strings.Cut(s, "#")
			if f := strings.Fields(s); len(f) > 1 {
				if n, ok := number(f[1], 8); ok {
					t.add(uint32(n), f[0])
					for _, alias := range f[2:] {
						t.byName[alias] = uint32(n)
					}
				}
			}
			continue
		}
		s, negative := strings.CutPrefix(s, "-")
		s, hex := strings.CutPrefix(s, "0x")
		base := 10
		if hex {
			base = 16
		}
		rest := strings.TrimLeft(s, "0123456789abcdefABCDEF"[:base+base/16*6])
		n, err := strconv.ParseUint(s[:len(s)-len(rest)], base, 32)
		f := strings.Fields(rest)
		if err != nil || len(f) == 0 {
			return line
		}
		if !negative && n < 1<<31 {
			t.add(uint32(n), f[0])
		}
	}
	return ""
}

// add names a number. Of several numbers of a name, iproute2 finds the one with
// the smallest lower byte, and then the last.
func (t *table) add(n uint32, name string) {
	t.byID[n] = name
	t.names = append(t.names, name)
	if m, ok := t.byName[name]; !ok || n&0xff <= m&0xff {
		t.byName[name] = n
	}
}

// Tables are all that names numbers. They are read when they are first used.
type tables struct {
	dir     string
	numeric bool        // -N: numbers only
	c       *applet.Cmd // to say what is wrong with a file; nil: nobody
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
	t.parse(builtin(file), false)
	if file == ipProtos {
		ts.load(t, "/etc/"+file, true)
	}
	ts.load(t, ts.dir+"/"+file, false)
	dir := ts.dir + "/" + file + ".d/"
	more, err := dirNames(dir)
	if err == nil {
		for _, name := range more {
			if strings.HasSuffix(name, ".conf") {
				ts.load(t, dir+name, false)
			}
		}
	}
	if ts.read == nil {
		ts.read = map[string]*table{}
	}
	ts.read[file] = t
	return t
}

// load parses a file. One that is not there or cannot be read names nothing.
func (ts *tables) load(t *table, file string, protocols bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return
	}
	if bad := t.parse(string(text), protocols); bad != "" && ts.c != nil {
		// Not by Errorf, which would show a line that is half done before it.
		io.WriteString(ts.c.Stderr, say("Database %s is corrupted at %s\n", file, bad))
	}
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
	if !ts.numeric || file == routeTables { // which iproute2 reads with -N as well
		if s := ts.get(file).byID[id]; s != "" && !ts.numeric {
			return s
		}
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
