// Woken uses what sleeps in most programs (ld/calls.go), and prints what comes of it.
package main

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"runtime/trace"
	"strings"
	"time"
)

type greeter string

func (g greeter) Greet() { fmt.Println(g) }

func main() {
	var traced, profiled bytes.Buffer
	must(trace.Start(&traced))
	must(pprof.StartCPUProfile(&profiled))
	done := make(chan int)
	for range 4 {
		go func() {
			n := 0
			for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); n++ {
				runtime.Gosched()
			}
			runtime.GC()
			done <- n
		}()
	}
	for range 4 {
		<-done
	}
	pprof.StopCPUProfile()
	trace.Stop()
	fmt.Println(strings.HasPrefix(traced.String(), "go 1."), traced.Len() > 10000, profiled.Len() > 100)

	must(os.Setenv("GODEBUG", "panicnil=1"))
	func() {
		defer func() { fmt.Println(recover()) }()
		panic(nil)
	}()
	read := []metrics.Sample{{Name: "/godebug/non-default-behavior/panicnil:events"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(read)
	fmt.Println(read[0].Value.Uint64(), read[1].Value.Uint64() >= 4)

	reflect.ValueOf(greeter("hello world")).Method(0).Interface().(func())()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
