//go:build linux

package fault

import "golang.org/x/sys/unix"

// registers are those of a thread that stands at a system call.
type registers struct{ r unix.PtraceRegsArm64 }

// general is NT_PRSTATUS of linux/elf.h: this architecture has no PTRACE_GETREGS.
const general = 1

func (r *registers) read(tid int) error  { return unix.PtraceGetRegSetArm64(tid, general, &r.r) }
func (r *registers) write(tid int) error { return unix.PtraceSetRegSetArm64(tid, general, &r.r) }

func (r *registers) number() uint64   { return r.r.Regs[8] }
func (r *registers) arg(i int) uint64 { return r.r.Regs[i] }

// systemCall is NT_ARM_SYSTEM_CALL of linux/elf.h: a set of one register of 32 bits.
// The kernel takes no more than that of what it is given.
const systemCall = 0x404

// skip has the kernel do nothing, at the entry of the call.
func (r *registers) skip(tid int) error {
	none := unix.PtraceRegsArm64{Regs: [31]uint64{0: 0xffffffff}}
	return unix.PtraceSetRegSetArm64(tid, systemCall, &none)
}

// fail has the call return an errno, at its end.
func (r *registers) fail(tid int, errno unix.Errno) error {
	r.r.Regs[0] = -uint64(errno)
	return r.write(tid)
}
