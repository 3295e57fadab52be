//go:build linux

package nl

import (
	"math/bits"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// A tripwire sends many datagrams by one system call that ends behind the first
// that the kernel answers: nothing behind a refused request is sent.
//
// sendmmsg reads where a datagram is to go when it comes to it. Here all go to
// the same address, in memory that the kernel writes to when there is something
// to read from the socket: the flags of an io_uring that does nothing but wait
// for that. The word is AF_NETLINK, and with the zeros behind it the kernel's
// address. IORING_SQ_TASKRUN makes another family of it, and sendmmsg ends. The
// kernel sets that flag when it queues the answer, still within the request that
// it refuses; whether it does is tried out before it is relied on.
//
// It takes Linux 6.5, 64 bits in the order of x86, and a process that may have an
// io_uring.
type tripwire struct {
	words   *[tripSize / 4]uint32 // memory of which the kernel is told the address
	bytes   *[tripSize]byte       // the same
	address uintptr
	ring    uintptr // descriptor of the io_uring
	thread  int     // that made it: no other may use it, and it ends with that
	n, used int     // datagrams to send, and their bytes
	most    int     // datagrams for the next system call
	headers int     // that need no more than a part
}

const (
	tripLeast = 64                   // requests for which it pays
	tripTime  = 4 * time.Millisecond // for a system call: it cannot be interrupted
	tripMost  = 1024                 // that sendmmsg takes
	tripRoom  = 64 << 10

	// What the memory holds. Words are of 32 bits.
	ringWord   = 0                           // struct io_rings, a page
	entryWord  = ringWord + 1024             // its one struct io_uring_sqe
	paramWord  = entryWord + 16              // struct io_uring_params, in the same page
	headerWord = entryWord + 1024            // struct mmsghdr: 16 words each
	partWord   = headerWord + 16*tripMost    // struct iovec: 4 words each
	tripByte   = 4 * (partWord + 4*tripMost) // requests
	tripSize   = tripByte + tripRoom
)

// From linux/io_uring.h.
const (
	ringFlags = 1<<9 | 1<<12 | 1<<13 | 1<<14 // IORING_SETUP_TASKRUN_FLAG, _SINGLE_ISSUER, _DEFER_TASKRUN, _NO_MMAP
	pollAdd   = 6                            // IORING_OP_POLL_ADD
	getEvents = 1                            // IORING_ENTER_GETEVENTS

	// Words in struct io_uring_params. Those of the queues say where in struct
	// io_rings something is.
	paramFlags = paramWord + 2
	sqTail     = paramWord + 11
	sqFlags    = paramWord + 14
	sqAddress  = paramWord + 18
	cqHead     = paramWord + 20
	cqTail     = paramWord + 21
	cqAddress  = paramWord + 28
)

// newTripwire is nil where the kernel cannot be stopped.
func newTripwire(fd int) *tripwire {
	p, err := unix.MmapPtr(-1, 0, nil, tripSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil
	}
	t := &tripwire{words: (*[tripSize / 4]uint32)(p), bytes: (*[tripSize]byte)(p), address: uintptr(p), thread: unix.Gettid(), most: tripLeast}
	t.words[paramFlags] = ringFlags
	t.point(sqAddress, 4*entryWord)
	t.point(cqAddress, 4*ringWord)
	var errno unix.Errno
	t.ring, _, errno = unix.Syscall(unix.SYS_IO_URING_SETUP, 1, t.address+4*paramWord, 0)
	if errno == 0 && t.arm(fd) {
		// Try it out with requests that do nothing.
		b := make([]byte, 64)
		Header{Len: headerLen, Type: unix.NLMSG_NOOP, Flags: unix.NLM_F_REQUEST | unix.NLM_F_ACK}.put(b)
		t.put(b[:headerLen])
		t.put(b[:headerLen])
		stopped := t.send(fd) == 1
		for n := 1; n > 0; {
			n, _ = unix.Read(fd, b)
		}
		if stopped {
			return t
		}
	}
	t.close()
	return nil
}

// point makes two words the address of a byte of the memory.
func (t *tripwire) point(word, at int) {
	a := uint64(t.address) + uint64(at)
	t.words[word], t.words[word+1] = uint32(a), uint32(a>>32)
}

// inRing is a word of struct io_rings.
func (t *tripwire) inRing(param int) *uint32 { return &t.words[ringWord+t.words[param]/4] }

// arm has the kernel wait for an answer, unless it does. Everything that came
// before must have been read.
func (t *tripwire) arm(fd int) bool {
	flags, asked, ended := t.inRing(sqFlags), t.inRing(sqTail), t.inRing(cqTail)
	if *asked-*ended != 1 || *flags != unix.AF_NETLINK {
		*flags |= unix.AF_NETLINK
		t.words[entryWord], t.words[entryWord+1], t.words[entryWord+7] = pollAdd, uint32(fd), unix.POLLIN
		*t.inRing(cqHead) = *ended
		*asked++
		if n, _, _ := unix.Syscall6(unix.SYS_IO_URING_ENTER, t.ring, 1, 0, getEvents, 0, 0); n != 1 {
			*asked-- // it was not taken
			return false
		}
	}
	t.n, t.used = 0, 0
	return *asked-*ended == 1 && *flags == unix.AF_NETLINK
}

// put adds a datagram, and reports whether there was room for it.
func (t *tripwire) put(b []byte) bool {
	at := tripByte + t.used
	if t.n == t.most || copy(t.bytes[at:], b) < len(b) {
		return false
	}
	header, part := headerWord+16*t.n, partWord+4*t.n
	if t.n == t.headers {
		t.headers++
		t.point(header, int(t.words[sqFlags])) // msg_name
		t.point(header+4, 4*part)              // msg_iov
		h := (*[8]uint32)(t.words[header:])
		h[2], h[6] = unix.SizeofSockaddrNetlink, 1 // msg_namelen, msg_iovlen
	}
	t.point(part, at)
	t.words[part+2] = uint32(len(b))
	t.n++
	t.used += len(b)
	return true
}

// send sends the datagrams, and returns how many it did send. The next time there are
// more, or fewer if that took long.
func (t *tripwire) send(fd int) int {
	begin := time.Now()
	defer func() {
		if time.Since(begin) < tripTime {
			t.most = min(2*t.most, tripMost)
		} else {
			t.most = max(t.most/2, 1)
		}
	}()
	// Raw: of a call that Go knows of it takes the processor away after 20 µs, and
	// getting one again takes longer than to encode what was sent.
	sent, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), t.address+4*headerWord, uintptr(t.n), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(sent)
}

func (t *tripwire) close() {
	_ = unix.Close(int(t.ring)) // -1 if there is none
	_, _, _ = unix.Syscall(unix.SYS_MUNMAP, t.address, tripSize, 0)
}

// sendApart sends as many as there is room for in a tripwire. As long as that is
// armed, there is nothing to read.
func (s *socket) sendApart(p *pieces, first, end int) (sent int, silent bool) {
	if bits.UintSize < 64 || end-first < tripLeast {
		return 0, false
	}
	runtime.LockOSThread()
	s.mu.Lock() // close waits
	if !s.tried && !s.closed {
		s.tried = true
		s.tripwire = newTripwire(s.fd)
	}
	if t := s.tripwire; t != nil && t.thread == unix.Gettid() && t.arm(s.fd) {
		for first < end && t.put(p.request(first)) {
			first++
		}
		sent = t.send(s.fd)
		silent = sent == t.n && *t.inRing(sqFlags) == unix.AF_NETLINK
	}
	s.mu.Unlock()
	runtime.UnlockOSThread()
	return sent, silent
}
