//go:build linux

// Weight prints what each part of a Go program weighs, as a table of Markdown.
//
//	weight NAMED STRIPPED
//
// NAMED is a build that has its symbol table (-ldflags=-w), STRIPPED the same one as it is
// shipped: the code and the variables of each part come from the names, and
// what is the same for all parts, tables of the runtime, types and constants, from the
// sections of what is shipped.
package main

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// parts are the parts by what the names of their packages begin with: the longest
// beginning counts.
var parts = map[string][]string{
	"runtime of Go":                  {"runtime", "internal/runtime/", "internal/abi", "internal/bytealg", "internal/chacha8rand", "internal/cpu", "internal/sync", "internal/godebug", "sync", "unique", "weak", "main.start"},
	"text, numbers, lists: standard": {"fmt", "strconv", "internal/strconv", "internal/stringslite", "strings", "bytes", "unicode", "slices", "sort", "maps", "errors", "math", "encoding/", "hash/", "bufio", "cmp", "iter"},
	"files, time, signals: standard": {"os", "io", "path", "syscall", "internal/poll", "internal/syscall/", "internal/testlog", "internal/oserror", "internal/filepathlite", "time", "context", "log"},
	"addresses: net, net/netip":      {"net", "vendor/"},
	"reflection":                     {"reflect", "internal/reflectlite", "internal/fmtsort"},
	"golang.org/x/sys, x/sync":       {"golang.org/x/"},
	"mdlayher/netlink, arp, packet":  {"github.com/mdlayher/"},
	"nl":                             {ours + "nl"},
	"rtnl":                           {ours + "rtnl"},
	"nft":                            {ours + "nft"},
	"nft/lang":                       {ours + "nft/lang"},
	"nsfs, container":                {ours + "nsfs", ours + "container"},
	"doctor":                         {ours + "doctor", ours + "cmd/minins/doctor"},
	"survey, graph":                  {ours + "survey", ours + "cmd/minins/graph"},
	"pcap, capture, decode":          {ours + "pcap", ours + "cmd/minins/capture", ours + "cmd/minins/decode"},
	"trace":                          {ours + "cmd/minins/trace", ours + "cmd/minins/tracepacket"},
	"ip":                             {ours + "cmd/minins/ip"},
	"iptables":                       {ours + "cmd/minins/iptables"},
	"nft, the command":               {ours + "cmd/minins/nft"},
	"ping, arping":                   {ours + "cmd/minins/ping", ours + "cmd/minins/arping"},
	"arp, route":                     {ours + "cmd/minins/nettools"},
	"other commands, help":           {ours, "main"},
}

const ours = "github.com/minins/minins/"

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "weight:", err)
		os.Exit(1)
	}
}

// A weight is the bytes of a part.
type weight struct{ code, data uint64 }

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: weight NAMED STRIPPED")
	}
	weights, err := byName(args[0])
	if err != nil {
		return err
	}
	names := make([]string, 0, len(weights))
	for name := range weights {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(weights[b].code, weights[a].code), cmp.Compare(a, b))
	})
	fmt.Print("| part | code | variables |\n|---|---|---|\n")
	var sum weight
	for _, name := range names {
		w := weights[name]
		sum.code, sum.data = sum.code+w.code, sum.data+w.data
		fmt.Printf("| %s | %s | %s |\n", name, kilo(w.code), kilo(w.data))
	}
	fmt.Printf("| together | %s | %s |\n\n", kilo(sum.code), kilo(sum.data))

	f, err := elf.Open(args[1])
	if err != nil {
		return err
	}
	info, err := os.Stat(args[1])
	if err != nil {
		return errors.Join(err, f.Close())
	}
	fmt.Print("| in the file | |\n|---|---|\n")
	rest := uint64(info.Size())
	for _, s := range []struct {
		text  string
		names []string
	}{
		{"code", []string{".text"}},
		{"types, strings, tables that are never written", []string{".rodata"}},
		{"tables of the runtime: stacks, by code", []string{".gopclntab", ".typelink", ".itablink"}},
		{"variables with a value", []string{".noptrdata", ".data", ".go.module", ".go.buildinfo", ".go.fipsinfo"}},
	} {
		var n uint64
		for _, name := range s.names {
			if section := f.Section(name); section != nil {
				n += section.Size
			}
		}
		rest -= n
		fmt.Printf("| %s | %s |\n", s.text, kilo(n))
	}
	fmt.Printf("| headers, gaps | %s |\n| together | %s |\n", kilo(rest), kilo(uint64(info.Size())))
	return f.Close()
}

// byName adds up the symbols of a program.
func byName(file string) (map[string]weight, error) {
	f, err := elf.Open(file)
	if err != nil {
		return nil, err
	}
	symbols, err := f.Symbols()
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	weights := make(map[string]weight)
	for _, s := range symbols {
		if s.Section == elf.SHN_UNDEF || int(s.Section) >= len(f.Sections) {
			continue
		}
		name := part(s.Name)
		w := weights[name]
		switch f.Sections[s.Section].Name {
		case ".text":
			w.code += s.Size
		case ".noptrdata", ".data":
			w.data += s.Size
		default:
			continue
		}
		weights[name] = w
	}
	return weights, nil
}

// part is the part that a symbol belongs to.
func part(symbol string) string {
	symbol = strings.TrimPrefix(symbol, "type:.eq.")
	symbol = strings.TrimPrefix(symbol, "type:.hash.")
	if i := strings.IndexByte(symbol, '['); i >= 0 {
		symbol = symbol[:i] // of what types a function is made for
	}
	best, longest := "assembly, what the compiler makes", -1
	for name, beginnings := range parts {
		for _, b := range beginnings {
			rest, ok := strings.CutPrefix(symbol, b)
			whole := strings.HasSuffix(b, "/") || rest == "" || rest[0] == '.' || rest[0] == '/'
			if ok && whole && len(b) > longest {
				best, longest = name, len(b)
			}
		}
	}
	return best
}

// kilo writes a number of bytes as KB.
func kilo(n uint64) string { return fmt.Sprintf("%d.%d KB", n/1000, n/100%10) }
