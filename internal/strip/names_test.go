//go:build linux

package main

import "testing"

func TestShortName(t *testing.T) {
	for name, want := range map[string]string{
		"main.main":                            "?.?",
		"main.(*T).Method":                     "?.(*?).?",
		"example.org/x/runtime.(*T).Method":    "?.(*?).?",
		"example.org/runtime.Func[...]":        "?.?",
		"memeqbody":                            "?",
		"type:.eq.[2]string":                   "?.?",
		"runtime.gopanic":                      "runtime.gopanic",
		"runtime.main":                         "runtime.?",
		"runtime.(*mheap).alloc":               "runtime.(*?).?",
		"runtime/debug.FreeOSMemory":           "?.?",
		"internal/runtime/atomic.Load":         "internal/runtime/atomic.?",
		"internal/runtime/maps.(*Map).Delete":  "internal/runtime/?.(*?).?",
		"internal/runtime/atomic.(*Int32).Add": "internal/runtime/atomic.(*?).?",
		"reflect.makeFuncStub":                 "reflect.makeFuncStub",
		"reflect.methodValueCall":              "reflect.methodValueCall",
		"reflect.Value.SetInt":                 "reflect.Value.SetInt",
		"reflect.(*rtype).String":              "reflect.(*?).?",
		"reflect.TypeOf":                       "reflect.?",
		"":                                     "?",
	} {
		if got := shortName(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
