//go:build linux

// Probe does what the runtime needs its tables for, and prints what came of
// it, without names of functions: a stripped probe must print the same.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"reflect"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
)

func main() {
	switch os.Args[1] {
	case "work":
		stacks()
		garbage()
		preemption()
		panics()
		recovers()
		stubs()
		signals()
		callers()
		finalizers()
		fmt.Println("done")
	case "nil":
		var p *int
		fmt.Println(*p)
	case "bounds":
		fmt.Println(index([]int{1}, 5))
	case "nested":
		defer func() { panic("second") }()
		panic("first")
	case "goexit":
		runtime.Goexit() // and nothing else runs: a deadlock
	case "deadlock":
		go func() { select {} }()
		time.Sleep(200 * time.Millisecond)
		<-make(chan int)
	case "overflow":
		debug.SetMaxStack(1 << 20)
		fmt.Println(deep(1<<30, 0))
	case "quit":
		for range 3 {
			go func() { select {} }()
		}
		time.Sleep(200 * time.Millisecond)
		must(syscall.Kill(os.Getpid(), syscall.SIGQUIT))
		time.Sleep(time.Minute)
	case "maps": // found by the runtime itself, and thrown
		m := map[int]int{}
		for range 4 {
			go func() {
				for i := 0; ; i++ {
					m[i&15] = i
				}
			}()
		}
		time.Sleep(time.Minute)
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

//go:noinline
func index(s []int, i int) int { return s[i] }

// node is on the heap; deep keeps the only pointers to a chain of them on a
// stack that has to be copied many times.
type node struct {
	next *node
	n    int
	fill [64]byte
}

//go:noinline
func deep(n, sum int) int {
	if n == 0 {
		runtime.GC()
		return sum
	}
	var local [16]int
	p := &local[n&15]
	*p = n
	obj := &node{n: n}
	sum = deep(n-1, sum+1)
	return sum + obj.n - *p
}

func stacks() {
	results := make(chan int)
	for range 8 {
		go func() { results <- deep(20000, 0) }()
	}
	for range 8 {
		fmt.Println("deep", <-results)
	}
}

func garbage() {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	results := make(chan int)
	for g := range 4 {
		go func() {
			var keep *node
			for i := range 50000 {
				keep = &node{next: keep, n: i ^ g}
				if i%1000 == 0 {
					keep.next = nil
				}
			}
			sum := 0
			for n := keep; n != nil; n = n.next {
				sum += n.n ^ g
			}
			results <- sum
		}()
	}
	for range 4 {
		fmt.Println("garbage", <-results)
	}
}

// preemption has the collector wait for loops that call nothing, and stop those
// that do.
func preemption() {
	done := make(chan int)
	for i := range 4 {
		go func() {
			x := 1
			for range 50 << 20 {
				x = x*3 + i
			}
			done <- x
		}()
	}
	var calls func(x int) int
	calls = func(x int) int {
		if x&0xffff == 0 {
			return x
		}
		return calls(x>>16) + 1
	}
	go func() {
		for x := 1; ; x++ {
			calls(x)
		}
	}()
	for range 20 {
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	for range 4 {
		<-done
	}
	fmt.Println("preempted")
}

// T has a value method, so that the compiler makes a wrapper for *T.
type T struct{ n int }

func (t T) Value() int { return t.n }

type valuer interface{ Value() int }

//go:noinline
func call(v valuer) { v.Value() }

func panics() {
	var nilMap map[int]int
	var nilPointer *node
	var nilValuer valuer
	var any any = "text"
	zero := 0
	for i, f := range []func(){
		func() { nilMap[1] = 2 },
		func() { nilPointer.n = 1 },
		func() { nilValuer.Value() },
		func() { fmt.Println(any.(int)) },
		func() { fmt.Println(1 / zero) },
		func() { index(nil, 3) },
		func() { fmt.Println([]int{1, 2}[zero+2 : zero+1]) },
		func() { var t *T; call(t) },
		func() { var c chan int; close(c) },
		func() { panic(fmt.Errorf("error %d", 1)) },
		func() { reflect.ValueOf(1).SetInt(2) },
		func() { panic(nil) },
	} {
		func() {
			defer func() { fmt.Println("panic", i, recover()) }()
			f()
		}()
	}
}

//go:noinline
func doRecover() any { return recover() }

func callsDoRecover() { doRecover() } // inlined where it can be

type recoverer struct{}

func (recoverer) Recover() { recover() }

type recovering interface{ Recover() }

// recovers is which calls of recover count: those of a deferred function.
func recovers() {
	for i, d := range []func(){
		func() { recover() },
		func() { doRecover() },
		func() { callsDoRecover() },
		func() { func() { recover() }() },
		func() { defer recover() },
		func() { defer doRecover() },
		func() { recoverer{}.Recover() },
		recoverer{}.Recover,
		(&recoverer{}).Recover,
		recovering(&recoverer{}).Recover, // by the wrapper for *recoverer
	} {
		func() {
			defer func() {
				fmt.Println("recovered", i, recover() == nil)
			}()
			defer d()
			panic("panic")
		}()
	}
	func() {
		defer func() { fmt.Println("deferred", recover() == nil) }()
		for range 2 { // not open-coded
			defer doRecover()
		}
		panic("panic")
	}()
	func() {
		defer func() { fmt.Println("deferred", recover() == nil) }()
		defer callsDoRecover()
		panic("panic")
	}()
}

// stubs calls through reflect, with a collection and a growing stack below.
func stubs() {
	swap := reflect.MakeFunc(reflect.TypeFor[func(*node, int) (int, *node)](), func(in []reflect.Value) []reflect.Value {
		deep(5000, 0)
		return []reflect.Value{in[1], in[0]}
	}).Interface().(func(*node, int) (int, *node))
	method := reflect.ValueOf(T{7}).Method(0).Interface().(func() int)
	deeper := reflect.ValueOf(deeper{&node{n: 5}}).Method(0).Interface().(func(int) int)
	done := make(chan bool)
	go func() {
		n, p := swap(&node{n: 3}, 4)
		fmt.Println("stubs", n, p.n, method(), deeper(5000))
		done <- true
	}()
	<-done
}

type deeper struct{ *node }

func (d deeper) Deep(n int) int { return deep(n, 0) + d.n }

func signals() {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGUSR1)
	for range 3 {
		must(syscall.Kill(os.Getpid(), syscall.SIGUSR1))
		fmt.Println("signal", <-c)
	}
}

//go:noinline
func frames(n int) int {
	if n > 0 {
		return frames(n-1) + 0*n
	}
	pcs := make([]uintptr, 100)
	count := runtime.Callers(0, pcs)
	got := 0
	for it := runtime.CallersFrames(pcs[:count]); ; got++ {
		f, more := it.Next()
		if f.PC == 0 || f.Entry > f.PC {
			fmt.Println("frame", got, "has no address")
		}
		if !more {
			break
		}
	}
	return got
}

func callers() {
	fmt.Println("frames", frames(20)-frames(10))
	_, _, _, ok := runtime.Caller(0)
	fmt.Println("caller", ok)
}

func finalizers() {
	done := make(chan bool, 2)
	func() {
		n := &node{}
		runtime.SetFinalizer(n, func(*node) { done <- true })
		runtime.AddCleanup(&node{n: 2}, func(c chan bool) { c <- true }, done)
	}()
	for range 2 {
		for len(done) == 0 {
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
		<-done
	}
	fmt.Println("finalized")
}
