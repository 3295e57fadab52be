package main

import (
	"fmt"
	"runtime"
	"strings"
)

// A chain has pointers that lead to nothing sooner or later.
type chain struct {
	name  string
	next  *chain
	words [3]int
	big   [5000]byte
}

// faults has code that is alike have faults, in functions that go on behind them and in
// such that do not, while the collector looks at the stack.
func faults() {
	for n := range 4 {
		fmt.Println("fault", n, first(links(n)), second(links(n)), third(links(n), "a", "b"))
	}
	fmt.Println("thousandths", thousandths(1, 2.5, -4, 0.125))
	var none *chain
	fmt.Println("fault", first(none), second(none), third(none, "c", "d"), fourth(none), fourth(links(2)))
}

func links(n int) *chain {
	if n == 0 {
		return nil
	}
	return &chain{name: strings.Repeat("x", n), next: links(n - 1), words: [3]int{n, n + 1, n + 2}}
}

// thousandths calculates with floating-point numbers, and branches by them.
//
//go:noinline
func thousandths(numbers ...float64) int {
	sum := 0.0
	for i, n := range numbers {
		if n > sum {
			sum += n * float64(i)
		} else if sum != 0 {
			sum -= n / sum
		}
	}
	return int(sum * 1000)
}

// collect has freed what is not reached, and its place used by something else.
func collect() {
	for range 3 {
		runtime.GC()
		garbage = nil
		for i := range 50 {
			garbage = append(garbage, []byte(strings.Repeat("y", i)))
		}
	}
}

var garbage [][]byte

func after(text *string, kept ...*chain) {
	r := recover()
	collect()
	*text += fmt.Sprint(" ", r != nil)
	for _, c := range kept {
		if c != nil {
			*text += fmt.Sprint(" ", c.name, c.words)
		}
	}
}

func first(c *chain) (text string) {
	other := links(2)
	defer after(&text, c, other)
	text = fmt.Sprintf("%s %d", "one", len(other.name))
	text += inner(c)
	return text
}

func second(c *chain) (text string) {
	other, more := links(1), links(3)
	defer after(&text, other, more)
	text = fmt.Sprintf("%s %d", "two", len(other.name))
	sum := 0
	for _, o := range []*chain{other, more, c} {
		sum += o.next.words[0] + o.words[2]
		text += fmt.Sprintf("%s %d", "two", sum)
	}
	return text
}

func third(c *chain, a, b string) (text string) {
	defer func() {
		r := recover()
		collect()
		text += fmt.Sprint(" ", r, a, b)
	}()
	text = deeper(c, a, b) + deeper(c, b, a)
	return text
}

func fourth(c *chain) (text string) {
	other := links(4)
	defer after(&text, other)
	c.big[len(other.name)] = 5
	text = fmt.Sprintf("%s %d", "four", c.big[4])
	c.next.next.next, c.next.words = other, other.words
	return text + other.name
}

//go:noinline
func inner(c *chain) string {
	a, b := links(1), links(2)
	text := fmt.Sprintf("%s %d", a.name, b.words[1])
	text += fmt.Sprintf("%s %d", c.next.name, c.next.words[1])
	a.next, b.next.next = b, a
	a.words, b.words = c.words, c.next.words
	return text + fmt.Sprintf("%s %d", b.name, a.words[1])
}

//go:noinline
func deeper(c *chain, a, b string) string {
	one := &chain{name: a, next: c}
	two := &chain{name: b, next: one}
	collect()
	two.words[0], two.words[1], two.words[2] = len(one.name), len(two.name), len(c.next.next.name)
	one.name, two.name = two.name+one.name, c.next.name
	return fmt.Sprintf("%s %d", one.name, two.words[2])
}
