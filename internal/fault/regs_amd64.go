//go:build linux

package fault

import "golang.org/x/sys/unix"

// registers are those of a thread that stands at a system call.
type registers struct{ r unix.PtraceRegsAmd64 }

func (r *registers) read(tid int) error  { return unix.PtraceGetRegsAmd64(tid, &r.r) }
func (r *registers) write(tid int) error { return unix.PtraceSetRegsAmd64(tid, &r.r) }

func (r *registers) number() uint64 { return r.r.Orig_rax }

func (r *registers) arg(i int) uint64 {
	return [...]uint64{r.r.Rdi, r.r.Rsi, r.r.Rdx, r.r.R10, r.r.R8, r.r.R9}[i]
}

// skip has the kernel do nothing, at the entry of the call.
func (r *registers) skip(tid int) error {
	r.r.Orig_rax = ^uint64(0)
	return r.write(tid)
}

// fail has the call return an errno, at its end.
func (r *registers) fail(tid int, errno unix.Errno) error {
	r.r.Rax = -uint64(errno)
	return r.write(tid)
}
