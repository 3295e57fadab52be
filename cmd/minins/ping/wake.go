//go:build linux

package ping

import (
	"encoding/binary"
	"os"
	"os/signal"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A waker turns signals into something that poll(2) sees. SIGINT ends the
// command, SIGQUIT asks for its status.
type waker struct {
	fd      int // an eventfd
	signals chan os.Signal
	done    chan struct{} // closed by SIGINT
	ended   chan struct{} // closed when nobody listens to signals any more
	status  *atomic.Bool
}

func newWaker() (waker, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return waker{}, err
	}
	w := waker{fd, make(chan os.Signal, 4), make(chan struct{}), make(chan struct{}), new(atomic.Bool)}
	signal.Notify(w.signals, unix.SIGINT, unix.SIGQUIT)
	go w.listen()
	return w, nil
}

func (w waker) listen() {
	defer close(w.ended)
	one := binary.NativeEndian.AppendUint64(nil, 1)
	for sig := range w.signals {
		if sig == unix.SIGQUIT {
			w.status.Store(true)
		} else if !w.interrupted() {
			close(w.done)
		}
		_, _ = unix.Write(w.fd, one) // fails only if it is awake already
	}
}

func (w waker) interrupted() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// statusWanted reports, once, that SIGQUIT came.
func (w waker) statusWanted() bool {
	if !w.status.Swap(false) {
		return false
	}
	var buf [8]byte
	_, _ = unix.Read(w.fd, buf[:]) // asleep again
	return true
}

func (w waker) close() {
	signal.Stop(w.signals)
	close(w.signals)
	<-w.ended
	unix.Close(w.fd)
}
