//go:build linux

package doctor

import (
	"errors"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// tracing is where the kernel's tracer is.
const tracing = "/sys/kernel/tracing/instances"

// A watch is an instance of the kernel's tracer that notes the packets which are dropped
// in the name of a thread (skb:kfree_skb). It is of this process alone; if that is killed,
// [Collect] takes it away.
// Without the right, or the tracer, it is empty and notes nothing.
//
// The events have no namespace, so that only those of the thread are of use. What a cable
// carries is received in the thread that sends it.
type watch struct{ dir string }

// instance is how the names of instances begin; the process ID follows.
const instance = "minins-doctor-"

// Collect removes instances of the kernel's tracer that killed processes have left, and
// returns their names. With dry it only says which they are. Where the tracer is not to
// be seen, there are none.
func Collect(dry bool) (names []string, err error) {
	d, err := os.Open(tracing)
	if err != nil {
		return nil, nil
	}
	defer d.Close()
	all, err := d.Readdirnames(-1)
	for _, name := range all {
		pid, ok := strings.CutPrefix(name, instance)
		if !ok || unix.Access("/proc/"+pid, unix.F_OK) == nil {
			continue
		}
		if !dry {
			err = errors.Join(err, unix.Rmdir(tracing+"/"+name))
		}
		names = append(names, name)
	}
	return names, err
}

// instanceDir is the instance of this process.
func instanceDir() string { return tracing + "/" + instance + strconv.Itoa(os.Getpid()) }

// Abandon takes away what [Probe] keeps in the kernel while it waits, for a process that
// is about to end by a signal.
func Abandon() {
	_ = os.WriteFile(instanceDir()+"/events/skb/kfree_skb/enable", []byte("0"), 0) // there may be none
	_ = unix.Rmdir(instanceDir())
}

// watchDrops begins to watch the calling thread, which must be locked to its goroutine
// until end.
func watchDrops() *watch {
	runtime.LockOSThread()
	w := &watch{instanceDir()}
	if os.Mkdir(w.dir, 0o700) != nil {
		w.dir = ""
		return w
	}
	for _, step := range [...][2]string{
		{"set_event_pid", strconv.Itoa(unix.Gettid())}, {"events/skb/kfree_skb/enable", "1"},
	} {
		if os.WriteFile(w.dir+"/"+step[0], []byte(step[1]), 0) != nil {
			w.end()
			break
		}
	}
	return w
}

// end takes the instance away, and returns why packets were dropped.
func (w *watch) end() []string {
	defer runtime.UnlockOSThread()
	if w.dir == "" {
		return nil
	}
	_ = os.WriteFile(w.dir+"/events/skb/kfree_skb/enable", []byte("0"), 0)
	text, err := os.ReadFile(w.dir + "/trace")
	_ = unix.Rmdir(w.dir) // an instance is removed as a whole
	w.dir = ""
	if err != nil {
		return nil
	}
	return reasons(string(text))
}

// reasons reads the events of a trace: each reason, and the function that dropped, once.
func reasons(trace string) (all []string) {
	for len(trace) > 0 {
		var line string
		line, trace, _ = strings.Cut(trace, "\n")
		_, event, ok := strings.Cut(line, "kfree_skb: ")
		if !ok {
			continue
		}
		reason, place := "", ""
		for _, word := range strings.Fields(event) {
			key, value, _ := strings.Cut(word, "=")
			switch key {
			case "location":
				place, _, _ = strings.Cut(value, "+")
			case "reason:":
				reason = "next"
			default:
				if reason == "next" {
					reason = word
				}
			}
		}
		// Sockets throw away what they have read, and what was not theirs.
		if reason == "NOT_SPECIFIED" || reason == "NO_SOCKET" && strings.HasPrefix(place, "icmp") {
			continue
		}
		if text := reason + " in " + place; !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	return all
}
