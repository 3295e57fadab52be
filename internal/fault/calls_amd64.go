//go:build linux

package fault

import "golang.org/x/sys/unix"

// moreCalls are the ones that newer architectures have no more.
func moreCalls() map[uint64]call {
	return map[uint64]call{
		unix.SYS_ARCH_PRCTL: {name: "arch_prctl", class: own},
		unix.SYS_EPOLL_WAIT: {name: "epoll_wait", class: own},
		unix.SYS_TIME:       {name: "time", class: own},

		unix.SYS_ACCESS:     {name: "access", class: asks, text: []int{0}},
		unix.SYS_DUP2:       {name: "dup2", class: asks},
		unix.SYS_LSTAT:      {name: "lstat", class: asks, text: []int{0}},
		unix.SYS_NEWFSTATAT: {name: "newfstatat", class: asks, text: []int{1}},
		unix.SYS_PIPE:       {name: "pipe", class: asks},
		unix.SYS_POLL:       {name: "poll", class: asks},
		unix.SYS_READLINK:   {name: "readlink", class: asks, text: []int{0}},
		unix.SYS_SELECT:     {name: "select", class: asks},
		unix.SYS_STAT:       {name: "stat", class: asks, text: []int{0}},

		unix.SYS_MKDIR:  {name: "mkdir", class: changes, text: []int{0}},
		unix.SYS_OPEN:   {name: "open", class: changes, text: []int{0}},
		unix.SYS_RENAME: {name: "rename", class: changes, text: []int{0, 1}},
		unix.SYS_RMDIR:  {name: "rmdir", class: changes, text: []int{0}},
		unix.SYS_UNLINK: {name: "unlink", class: changes, text: []int{0}},
		unix.SYS_VFORK:  {name: "vfork", class: changes},
		unix.SYS_FORK:   {name: "fork", class: changes},
	}
}
