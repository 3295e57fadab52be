// Probe does all that a program can do with its descriptors of types but
// reflection, and prints what comes of it.
package main

import (
	"errors"
	"fmt"
	_ "hash/crc32"
	"io"
	"io/fs"
	_ "log"
	_ "net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unique"

	_ "github.com/mdlayher/netlink"

	"github.com/minins/minins/internal/linker/testdata/probe/other"
)

type (
	point  struct{ x, y int }
	named  struct{ first, last string }
	nested struct {
		name named
		at   [3]point
		any  any
	}
	color uint8
	words []string
	namer interface{ Name() string }
	asked interface {
		Name() string
		Never(int) error
	}
	failure struct{ code int }
	big     struct {
		head [300]*int
		tail [300]node
	}
	node struct {
		next *node
		text string
		fill [5]uintptr
	}
	embeds struct{ other.Base }
	wide   struct {
		a, b *int
		n    int
	}
	pair[K comparable, V any] struct {
		key   K
		value V
	}
)

func (c color) String() string      { return [...]string{"red", "green", "blue"}[c] }
func (n named) Name() string        { return n.first + " " + n.last }
func (n *nested) Name() string      { return "nested " + n.name.Name() }
func (n *nested) Never(i int) error { return &failure{i} }
func (p point) hidden() string      { return "not other's" }
func (f *failure) Error() string    { return fmt.Sprintf("failure %d", f.code) }
func (f *failure) Is(err error) bool {
	return err == io.EOF
}
func (p pair[K, V]) String() string { return fmt.Sprint(p.key, "=", p.value) }

func (wide) Error() string { return "wide" }

// Global variables whose masks of pointers the linker makes from their types.
var (
	global    = nested{name: named{"global", "variable"}, any: &point{1, 2}}
	globals   [100]nested
	bigGlobal big
	table     = map[any]string{}
)

func main() {
	interfaces()
	comparisons()
	failures()
	collector()
	others()
	stacks()
	faults()
	threads()
	leaves()
}

func interfaces() {
	for _, v := range []any{named{"a", "b"}, &nested{name: named{"c", "d"}}, color(2), words{"x"}, 1, point{}, pair[string, int]{"k", 3}} {
		_, isNamer := v.(namer)
		_, isAsked := v.(asked)
		_, isStringer := v.(fmt.Stringer)
		text, isHidden := other.Of(v, true)
		fmt.Println(isNamer, isAsked, isStringer, isHidden, text)
		switch v := v.(type) {
		case asked:
			fmt.Println(v.Name())
		case fmt.Stringer:
			fmt.Println(v)
		case words:
			fmt.Println(len(v), v)
		case point:
			fmt.Println(v.x)
		}
	}
	_, sealed := any(embeds{}).(other.Sealed)
	_, local := any(struct{ embeds }{}).(other.Sealed)
	_, not := any(point{}).(other.Sealed)
	fmt.Println(sealed, local, not)
	fmt.Println(other.Of(other.T{S: "s"}, false))
	fmt.Println(other.Of(other.T{S: "s"}, true))
	fmt.Printf("%v %d %s %x %q %v\n", []color{0, 1}, color(1), words{"a", "b"}, "hex", []string{"q"}, wide{})
	zone := netip.MustParseAddr("fe80::1%" + strings.Repeat("e", 3))
	for range 3 {
		runtime.GC()
		fmt.Println(zone == netip.MustParseAddr("fe80::1%eee"), netip.MustParseAddr("fe80::1%other"+fmt.Sprint(len(globals))).Zone())
	}
	fmt.Println(netip.MustParsePrefix("fd00::1/64"), time.Duration(1500)*time.Millisecond, []netip.Addr{netip.IPv6LinkLocalAllNodes()})
}

func comparisons() {
	var a, b any = nested{name: named{"a", "b"}, any: point{1, 2}}, nested{name: named{"a", "b"}, any: point{1, 2}}
	fmt.Println(a == b, a == any(named{}), any([2]point{}) == any([2]point{}), any(pair[string, int]{"k", 1}) == any(pair[string, int]{"k", 2}))
	for i := range 100 {
		table[point{i, i}] = "point"
		table[named{fmt.Sprint(i), "x"}] = "named"
		table[[2]string{"a", fmt.Sprint(i)}] = "array"
		table[i] = "int"
		table[nested{any: named{"in", fmt.Sprint(i)}}] = "nested"
	}
	fmt.Println(len(table), table[point{7, 7}], table[named{"7", "x"}], table[[2]string{"a", "7"}], table[7], table[nested{any: named{"in", "7"}}])
	for i := range 3000 { // without a hash of each it takes all memory
		table[named{"many", fmt.Sprint(i)}] = "named"
		table[[1]named{{"many", fmt.Sprint(i)}}] = "array"
		table[pair[any, int]{fmt.Sprint(i), 1}] = "pair"
	}
	fmt.Println(len(table), table[named{"many", "2999"}], table[[1]named{{"many", "7"}}], table[pair[any, int]{"7", 1}], table[pair[any, int]{"7", 2}])
	func() {
		defer func() { fmt.Println("unhashable", recover() != nil) }()
		table[pair[any, int]{words{}, 1}] = "not to be had"
	}()
	byPair := map[pair[named, [2]string]]int{}
	for i := range 100 {
		byPair[pair[named, [2]string]{named{"n", fmt.Sprint(i % 10)}, [2]string{"a", "b"}}]++
	}
	most := 0
	for _, n := range byPair {
		most = max(most, n)
	}
	fmt.Println(len(byPair), most)
	defer func() {
		fmt.Println(strings.HasPrefix(fmt.Sprint(recover()), "runtime error: hash of unhashable type"))
	}()
	table[words{"x"}] = "not to be had"
}

func failures() {
	err := fmt.Errorf("wrapped: %w", &failure{3})
	var f *failure
	var p *fs.PathError
	fmt.Println(errors.As(err, &f), f, errors.As(err, &p), errors.Is(err, io.EOF), errors.Is(err, &failure{3}))
	_, err = os.Open("/nonexistent")
	fmt.Println(errors.As(err, &p), errors.Is(err, fs.ErrNotExist), err)
	var unnamed struct {
		error
		pad [40]byte
		p   *int
	}
	fmt.Println(errors.As(error(wide{n: 3}), &unnamed), unnamed.error)
	var timeout interface{ Timeout() bool }
	fmt.Println(errors.As(os.ErrDeadlineExceeded, &timeout), timeout != nil && timeout.Timeout())
	func() {
		defer func() { _, is := recover().(runtime.Error); fmt.Println("assertion", is) }()
		var v any = point{}
		fmt.Println(v.(error))
	}()
	func() {
		defer func() { fmt.Println("comparison", recover() != nil) }()
		var v any = words{}
		fmt.Println(v == any(words{}))
	}()
}

// collector has the collector look at all kinds of masks of pointers.
func collector() {
	done := make(chan bool, 1)
	var kept []*big
	for i := range 50 {
		b := &big{}
		for j := range b.tail {
			b.head[j] = &[]int{i * j}[0]
			b.tail[j] = node{next: &node{text: fmt.Sprint("node ", i, " ", j)}, text: fmt.Sprint(i)}
		}
		kept = append(kept, b)
		globals[i] = nested{name: named{fmt.Sprint("global ", i), "x"}, any: &node{text: fmt.Sprint(i)}}
		bigGlobal.tail[i] = node{next: &node{text: fmt.Sprint("of global ", i)}}
		runtime.GC()
	}
	sum := 0
	for i, b := range kept {
		for j := range b.tail {
			sum += *b.head[j] + len(b.tail[j].next.text) + len(b.tail[j].text)
		}
		sum += len(globals[i].name.first) + len(globals[i].any.(*node).text) + len(bigGlobal.tail[i].next.text)
	}
	fmt.Println(sum, global.Name(), global.any.(*point).y)
	func() {
		p := &point{1, 2}
		runtime.SetFinalizer(p, func(p *point) { done <- p.y == 2 })
		q := &named{"clean", "up"}
		runtime.AddCleanup(q, func(n int) { _ = n }, 3)
	}()
	for range 100 {
		runtime.GC()
		select {
		case ok := <-done:
			fmt.Println("finalized", ok)
			return
		case <-time.After(time.Millisecond):
		}
	}
	fmt.Println("not finalized")
}

func others() {
	var m sync.Map
	m.Store(named{"a", "b"}, point{1, 1})
	v, ok := m.Load(named{"a", "b"})
	fmt.Println(v.(point).x, ok, m.CompareAndSwap(named{"a", "b"}, point{1, 1}, point{2, 2}))
	fmt.Println(unique.Make(named{"a", "b"}) == unique.Make(named{"a", "b"}), unique.Make(pair[string, int]{"a", 1}) == unique.Make(pair[string, int]{"a", 2}))
	c := make(chan nested, 1)
	c <- nested{name: named{"through", "channel"}}
	fmt.Println((<-c).name.Name())
	fmt.Println(len(slices.Compact([]pair[string, point]{{"a", point{}}, {"a", point{}}, {"b", point{}}})))
}
