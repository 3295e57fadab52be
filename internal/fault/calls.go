//go:build linux && (amd64 || arm64)

package fault

import (
	"encoding/binary"
	"strconv"

	"golang.org/x/sys/unix"
)

// A class is what may be done to a call.
type class uint8

const (
	changes class = iota // it may change something: fails, or is killed at
	asks                 // it changes nothing but the process: fails
	ends                 // the process ends: is killed at
	own                  // not counted
)

type call struct {
	name  string
	class class
	text  []int // which arguments are strings
}

// calls is what is known of system calls, by number; calls_amd64.go has more.
func calls() map[uint64]call {
	all := map[uint64]call{
		// What Go's runtime does for itself, and what cannot fail.
		unix.SYS_BRK:               {name: "brk", class: own},
		unix.SYS_CLOCK_GETTIME:     {name: "clock_gettime", class: own},
		unix.SYS_CLOCK_NANOSLEEP:   {name: "clock_nanosleep", class: own},
		unix.SYS_EPOLL_PWAIT:       {name: "epoll_pwait", class: own},
		unix.SYS_EXIT:              {name: "exit", class: own},
		unix.SYS_FUTEX:             {name: "futex", class: own},
		unix.SYS_GETEGID:           {name: "getegid", class: own},
		unix.SYS_GETEUID:           {name: "geteuid", class: own},
		unix.SYS_GETGID:            {name: "getgid", class: own},
		unix.SYS_GETPID:            {name: "getpid", class: own},
		unix.SYS_GETPPID:           {name: "getppid", class: own},
		unix.SYS_GETTID:            {name: "gettid", class: own},
		unix.SYS_GETUID:            {name: "getuid", class: own},
		unix.SYS_MADVISE:           {name: "madvise", class: own},
		unix.SYS_MINCORE:           {name: "mincore", class: own},
		unix.SYS_MMAP:              {name: "mmap", class: own},
		unix.SYS_MPROTECT:          {name: "mprotect", class: own},
		unix.SYS_MUNMAP:            {name: "munmap", class: own},
		unix.SYS_NANOSLEEP:         {name: "nanosleep", class: own},
		unix.SYS_PRCTL:             {name: "prctl", class: own},
		unix.SYS_RESTART_SYSCALL:   {name: "restart_syscall", class: own},
		unix.SYS_RT_SIGACTION:      {name: "rt_sigaction", class: own},
		unix.SYS_RT_SIGPROCMASK:    {name: "rt_sigprocmask", class: own},
		unix.SYS_RT_SIGRETURN:      {name: "rt_sigreturn", class: own},
		unix.SYS_RSEQ:              {name: "rseq", class: own},
		unix.SYS_SCHED_YIELD:       {name: "sched_yield", class: own},
		unix.SYS_SETITIMER:         {name: "setitimer", class: own},
		unix.SYS_SET_ROBUST_LIST:   {name: "set_robust_list", class: own},
		unix.SYS_SET_TID_ADDRESS:   {name: "set_tid_address", class: own},
		unix.SYS_SIGALTSTACK:       {name: "sigaltstack", class: own},
		unix.SYS_TGKILL:            {name: "tgkill", class: own},
		unix.SYS_SCHED_GETAFFINITY: {name: "sched_getaffinity", class: own},

		// What ends with the process, or only reads.
		unix.SYS_ACCEPT4:        {name: "accept4", class: asks},
		unix.SYS_BIND:           {name: "bind", class: asks},
		unix.SYS_CHDIR:          {name: "chdir", class: asks, text: []int{0}},
		unix.SYS_CLOSE:          {name: "close", class: asks},
		unix.SYS_CONNECT:        {name: "connect", class: asks},
		unix.SYS_DUP:            {name: "dup", class: asks},
		unix.SYS_DUP3:           {name: "dup3", class: asks},
		unix.SYS_EPOLL_CREATE1:  {name: "epoll_create1", class: asks},
		unix.SYS_EPOLL_CTL:      {name: "epoll_ctl", class: asks},
		unix.SYS_EVENTFD2:       {name: "eventfd2", class: asks},
		unix.SYS_FACCESSAT:      {name: "faccessat", class: asks, text: []int{1}},
		unix.SYS_FACCESSAT2:     {name: "faccessat2", class: asks, text: []int{1}},
		unix.SYS_FCNTL:          {name: "fcntl", class: asks},
		unix.SYS_FLOCK:          {name: "flock", class: asks},
		unix.SYS_FSTAT:          {name: "fstat", class: asks},
		unix.SYS_FSTATFS:        {name: "fstatfs", class: asks},
		unix.SYS_GETCWD:         {name: "getcwd", class: asks},
		unix.SYS_GETDENTS64:     {name: "getdents64", class: asks},
		unix.SYS_GETRANDOM:      {name: "getrandom", class: asks},
		unix.SYS_GETSOCKNAME:    {name: "getsockname", class: asks},
		unix.SYS_GETSOCKOPT:     {name: "getsockopt", class: asks},
		unix.SYS_IO_URING_SETUP: {name: "io_uring_setup", class: asks},
		unix.SYS_LSEEK:          {name: "lseek", class: asks},
		unix.SYS_PIDFD_OPEN:     {name: "pidfd_open", class: asks},
		unix.SYS_PIPE2:          {name: "pipe2", class: asks},
		unix.SYS_PPOLL:          {name: "ppoll", class: asks},
		unix.SYS_PREAD64:        {name: "pread64", class: asks},
		unix.SYS_PRLIMIT64:      {name: "prlimit64", class: asks},
		unix.SYS_READ:           {name: "read", class: asks},
		unix.SYS_READLINKAT:     {name: "readlinkat", class: asks, text: []int{1}},
		unix.SYS_RECVFROM:       {name: "recvfrom", class: asks},
		unix.SYS_RECVMSG:        {name: "recvmsg", class: asks},
		unix.SYS_SETSOCKOPT:     {name: "setsockopt", class: asks},
		unix.SYS_SOCKET:         {name: "socket", class: asks},
		unix.SYS_STATFS:         {name: "statfs", class: asks, text: []int{0}},
		unix.SYS_UNAME:          {name: "uname", class: asks},
		unix.SYS_WAIT4:          {name: "wait4", class: asks},
		unix.SYS_WAITID:         {name: "waitid", class: asks},

		// What may change more than the process.
		unix.SYS_CLONE:           {name: "clone", class: changes},
		unix.SYS_CLONE3:          {name: "clone3", class: changes},
		unix.SYS_COPY_FILE_RANGE: {name: "copy_file_range", class: changes},
		unix.SYS_EXECVE:          {name: "execve", class: changes, text: []int{0}},
		unix.SYS_FCHMOD:          {name: "fchmod", class: changes},
		unix.SYS_FCHMODAT:        {name: "fchmodat", class: changes, text: []int{1}},
		unix.SYS_FTRUNCATE:       {name: "ftruncate", class: changes},
		unix.SYS_IOCTL:           {name: "ioctl", class: changes},
		unix.SYS_IO_URING_ENTER:  {name: "io_uring_enter", class: changes},
		unix.SYS_KILL:            {name: "kill", class: changes},
		unix.SYS_LINKAT:          {name: "linkat", class: changes, text: []int{1, 3}},
		unix.SYS_MKDIRAT:         {name: "mkdirat", class: changes, text: []int{1}},
		unix.SYS_MOUNT:           {name: "mount", class: changes, text: []int{0, 1}},
		unix.SYS_MOUNT_SETATTR:   {name: "mount_setattr", class: changes, text: []int{1}},
		unix.SYS_MOVE_MOUNT:      {name: "move_mount", class: changes, text: []int{1, 3}},
		unix.SYS_OPENAT:          {name: "openat", class: changes, text: []int{1}},
		unix.SYS_OPEN_TREE:       {name: "open_tree", class: changes, text: []int{1}},
		unix.SYS_PWRITE64:        {name: "pwrite64", class: changes},
		unix.SYS_RENAMEAT:        {name: "renameat", class: changes, text: []int{1, 3}},
		unix.SYS_RENAMEAT2:       {name: "renameat2", class: changes, text: []int{1, 3}},
		unix.SYS_SENDFILE:        {name: "sendfile", class: changes},
		unix.SYS_SENDMMSG:        {name: "sendmmsg", class: changes},
		unix.SYS_SENDMSG:         {name: "sendmsg", class: changes},
		unix.SYS_SENDTO:          {name: "sendto", class: changes},
		unix.SYS_SETNS:           {name: "setns", class: changes},
		unix.SYS_SHUTDOWN:        {name: "shutdown", class: changes},
		unix.SYS_SPLICE:          {name: "splice", class: changes},
		unix.SYS_SYMLINKAT:       {name: "symlinkat", class: changes, text: []int{0, 2}},
		unix.SYS_UMOUNT2:         {name: "umount2", class: changes, text: []int{0}},
		unix.SYS_UNLINKAT:        {name: "unlinkat", class: changes, text: []int{1}},
		unix.SYS_UNSHARE:         {name: "unshare", class: changes},
		unix.SYS_WRITE:           {name: "write", class: changes},
		unix.SYS_WRITEV:          {name: "writev", class: changes},

		unix.SYS_EXIT_GROUP: {name: "exit_group", class: ends},
	}
	for nr, c := range moreCalls() {
		all[nr] = c
	}
	return all
}

// look finds what a call is, by its number and arguments.
func (t *tracer) look(tid int, r *registers) call {
	c, ok := t.calls[r.number()]
	if !ok {
		return call{name: "call " + strconv.FormatUint(r.number(), 10), class: changes}
	}
	switch r.number() {
	case unix.SYS_CLONE: // a thread, as Go makes them when it likes
		if r.arg(0)&unix.CLONE_THREAD != 0 {
			c.class = own
		}
	case unix.SYS_CLONE3: // the flags are the first word of its struct
		if b := peek(tid, r.arg(0), 8); len(b) == 8 && binary.NativeEndian.Uint64(b)&unix.CLONE_THREAD != 0 {
			c.class = own
		}
	case unix.SYS_OPENAT:
		if r.arg(2)&(unix.O_ACCMODE|unix.O_CREAT|unix.O_TRUNC) == 0 {
			c.class = asks
		}
	case unix.SYS_WRITE:
		if r.arg(0) == 1 || r.arg(0) == 2 {
			c.class = asks
		}
	}
	return c
}
