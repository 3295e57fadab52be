package main

import (
	"fmt"
	"runtime"
	"sync"
	"time"
)

// threads has a thread end with its goroutine.
func threads() {
	ended := make(chan bool)
	for range 10 {
		go func() {
			defer func() { ended <- true }()
			runtime.LockOSThread()
		}()
		<-ended
	}
	time.Sleep(10 * time.Millisecond)
	fmt.Println("ended")
}

// leaves has a goroutine panic while it runs deferred functions as its last ones.
func leaves() {
	done := make(chan string)
	go func() {
		text := "left"
		defer func() { done <- fmt.Sprint(text, " ", recover()) }()
		func() {
			defer func() { text += fmt.Sprint(" ", recover()) }()
			defer func() { panic("with a panic") }()
			runtime.Goexit()
		}()
		text += ", not"
	}()
	fmt.Println(<-done)
}

// stacks has functions of each number of arguments call themselves until their stacks
// have been made larger many times, some in each of them, while the collector looks at the
// stacks: arguments that point there, and elsewhere, must be the same afterwards.
func stacks() {
	const deep = 3000
	closures := closures()
	const plain = 12
	sums := make([]int, plain+len(closures))
	var all sync.WaitGroup
	for i := range sums {
		all.Go(func() {
			x := 1
			for range 5 {
				sums[i] += onStack(i, deep, &x)
				if i >= plain {
					sums[i] += closures[i-plain](deep, new(int), 1, 2, 3)
				}
			}
		})
	}
	done := make(chan bool)
	go func() {
		all.Wait()
		close(done)
	}()
	for {
		select {
		case <-done:
			fmt.Println(sums)
			fmt.Println(recovered(10))
			fmt.Println(recovered(deep))
			return
		default:
			runtime.GC()
		}
	}
}

// recovered goes on, with its variables, after what it calls has panicked on a stack
// that was made larger.
func recovered(n int) (sum int, text string) {
	var all [200]int
	defer func() {
		sum += recover().(int)
		for _, v := range all {
			sum += v
		}
	}()
	for i := range all {
		all[i] = i
	}
	text, sum = fmt.Sprint("recovered ", n), 1
	panics(n, &sum)
	return 0, "not to be had"
}

func panics(n int, x *int) {
	y := *x
	if n == 0 {
		panic(y)
	}
	panics(n-1, &y)
}

// onStack has each of its variables at another depth, so that the functions come to
// the end of a stack at different ones.
func onStack(i, n int, x *int) int {
	switch i {
	case 0:
		return one(&list{n: n, x: x})
	case 1:
		return two(n, x)
	case 2:
		return three(n, x, 3)
	case 3:
		return four(n, x, "four")
	case 4:
		return five(n, x, "four", 5)
	case 5:
		return six(n, x, "four", 5, x)
	case 6:
		return seven(n, x, "four", 5, x, true)
	case 7:
		return eight(n, x, "four", 5, x, true, 8)
	case 8:
		return nine(n, x, "four", 5, x, true, 8, x)
	case 9:
		return ten(n, x, "four", 5, x, true, 8, x, "ten")
	case 10:
		return thirteen(n, x, "four", 5, x, true, 8, x, "ten", x, 12)
	case 11:
		return sixteen(n, x, "four", 5, x, true, 8, x, "ten", x, 12, 13, 14, x)
	}
	return small(n, true, 2, 3, x)
}

// A list is on the stack, as all that is passed here.
type list struct {
	n int
	x *int
}

func one(l *list) int {
	y := *l.x
	if l.n == 0 {
		return y
	}
	return one(&list{l.n - 1, &y}) + *l.x
}

func two(n int, x *int) int {
	y := *x
	if n == 0 {
		return y
	}
	return two(n-1, &y) + *x
}

func three(n int, x *int, a uint32) int {
	y := *x + int(a) - 3
	if n == 0 {
		return y
	}
	return three(n-1, &y, a) + *x
}

func four(n int, x *int, s string) int {
	y := *x + len(s) - len("four")
	if n == 0 {
		return y
	}
	return four(n-1, &y, s) + *x
}

func five(n int, x *int, s string, a int) int {
	y := *x + len(s) + a - 9
	if n == 0 {
		return y
	}
	return five(n-1, &y, s, a) + *x
}

func six(n int, x *int, s string, a int, z *int) int {
	y := *z + len(s) + a - 9
	if n == 0 {
		return y
	}
	return six(n-1, z, s, a, &y) + *x
}

func seven(n int, x *int, s string, a int, z *int, b bool) int {
	y := *z + len(s) + a - 9
	if n == 0 || !b {
		return y
	}
	return seven(n-1, z, s, a, &y, b) + *x
}

func eight(n int, x *int, s string, a int, z *int, b bool, c uint16) int {
	y := *z + len(s) + a + int(c) - 17
	if n == 0 || !b {
		return y
	}
	return eight(n-1, z, s, a, &y, b, c) + *x
}

func nine(n int, x *int, s string, a int, z *int, b bool, c uint16, v *int) int {
	y := *v + len(s) + a + int(c) - 17
	if n == 0 || !b {
		return y
	}
	return nine(n-1, z, s, a, v, b, c, &y) + *x
}

func ten(n int, x *int, s string, a int, z *int, b bool, c uint16, v *int, t string) int {
	y := *v + len(s) + len(t) + a + int(c) - 20
	if n == 0 || !b {
		return y
	}
	return ten(n-1, z, s, a, v, b, c, &y, t) + *x
}

func thirteen(n int, x *int, s string, a int, z *int, b bool, c uint16, v *int, t string, w *int, d int) int {
	y := *w + len(s) + len(t) + a + int(c) + d - 32
	if n == 0 || !b {
		return y
	}
	return thirteen(n-1, z, s, a, v, b, c, w, t, &y, d) + *x
}

func sixteen(n int, x *int, s string, a int, z *int, b bool, c uint16, v *int, t string, w *int, d, e, f int, u *int) int {
	y := *u + len(s) + len(t) + a + int(c) + d + e + f - 59
	if n == 0 || !b {
		return y
	}
	return sixteen(n-1, z, s, a, v, b, c, w, t, u, d, e, f, &y) + *x
}

// small has arguments that share a word.
func small(n int, b bool, c byte, d uint16, x *int) int {
	y := *x + int(c) + int(d) - 5
	if n == 0 || !b {
		return y
	}
	return small(n-1, b, c, d, &y) + *x
}

// closures are functions with variables of this one.
func closures() []func(n int, x *int, a, b, c int) int {
	add := len(globals) / 100
	var f func(n int, x *int) int
	f = func(n int, x *int) int {
		y := *x + add
		if n == 0 {
			return y
		}
		return f(n-1, &y) + *x - n
	}
	var g func(n int, x *int, a, b, c int) int
	g = func(n int, x *int, a, b, c int) int {
		y := *x + a + b + c - 5*add
		if n == 0 {
			return y
		}
		return g(n-1, &y, a, b, c) + *x - n
	}
	return []func(n int, x *int, a, b, c int) int{func(n int, x *int, _, _, _ int) int { return f(n, x) }, g}
}
