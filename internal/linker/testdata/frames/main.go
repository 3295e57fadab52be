// Frames prints who called whom, where calls are inlined into functions that have much in common.
package main

import (
	"fmt"
	"runtime"
	"strings"
)

//go:noinline
func use(a, b, c, d string, n int) int {
	pc := make([]uintptr, 20)
	frames := runtime.CallersFrames(pc[:runtime.Callers(1, pc)])
	for {
		f, more := frames.Next()
		if strings.HasPrefix(f.Function, "main.") {
			fmt.Println(f.Function, f.Line)
		}
		if !more {
			return n + len(a+b+c+d)
		}
	}
}

func q(n int) int { return use("a", "b", "c", "d", 5) }

func r(n int) int {
	return q(n)
}

func s(n int) int {
	n += use("a", "b", "c", "d", 6)
	return r(n) + r(n+1)
}

//go:noinline
func one(n int) int {
	if n == 0 {
		return 1
	}
	return r(n)
}

//go:noinline
func two(n int) int {
	if n == 0 {
		return 2
	}
	return r(n) + use("a", "b", "c", "d", 5)
}

//go:noinline
func three(n int) int {
	if n == 0 {
		return 3
	}
	return s(n) + r(n)
}

//go:noinline
func four(n int) (sum int) {
	if n == 0 {
		return 4
	}
	sum = s(n)
	sum += s(n)
	return sum
}

//go:noinline
func five(p *int) (sum int) {
	defer func() {
		recover()
		sum = s(sum)
	}()
	return r(*p)
}

func main() {
	fmt.Println(one(1), two(1), three(1), four(1), five(nil))
}
