// Woken uses what sleeps in most programs (ld/calls.go), and prints what comes of it.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"net"
	"os"
	"reflect"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"runtime/trace"
	"strings"
	"syscall"
	"time"
)

type greeter string

func (g greeter) Greet() { fmt.Println(g) }

func main() {
	var traced, profiled bytes.Buffer
	must(trace.Start(&traced))
	must(pprof.StartCPUProfile(&profiled))
	runtime.SetBlockProfileRate(1)
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
	must(pprof.Lookup("goroutine").WriteTo(io.Discard, 0))
	must(pprof.Lookup("heap").WriteTo(io.Discard, 0))
	trace.Stop()
	fmt.Println(strings.HasPrefix(traced.String(), "go 1."), traced.Len() > 10000, profiled.Len() > 100)

	must(os.Setenv("GODEBUG", "panicnil=1"))
	func() {
		defer func() { fmt.Println(recover()) }()
		panic(nil)
	}()
	read := []metrics.Sample{{Name: "/godebug/non-default-behavior/panicnil:events"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(read)
	fmt.Println(read[0].Value.Uint64(), read[1].Value.Uint64() >= 1)

	runtime.SetDefaultGOMAXPROCS()
	process, err := os.FindProcess(os.Getpid())
	must(err)
	must(process.Signal(syscall.Signal(0)))
	address, err := net.ResolveIPAddr("ip4:icmp", "127.0.0.1")
	must(err)
	slog.Info("to the log")
	cleaned := make(chan bool)
	runtime.AddCleanup(&[1]*int{}, func(int) { close(cleaned) }, 1)
	runtime.GC()
	<-cleaned
	fmt.Println(crc32.ChecksumIEEE([]byte("123456789")) == 0xcbf43926, address, map[string]int{"b": 2, "a": 1}, 1i)
	_, err = time.LoadLocation("Nowhere/Else")
	err = fmt.Errorf("%w: %w", io.EOF, err)
	fmt.Println(errors.Is(err, io.EOF), err)

	reflect.ValueOf(greeter("hello world")).Method(0).Interface().(func())()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
