//go:build linux

// Package nsfs makes, opens, enters and removes network namespaces that have
// a name: files in /run/netns, made exactly as "ip netns" makes them, so that
// both may be mixed. It knows nothing of netlink.
//
// # What a named namespace is
//
// A network namespace has no name in the kernel. It lives as long as something
// holds it: a process in it, an open file, or a mount. Every thread shows the
// one that it is in as a file of the file system nsfs, /proc/thread-self/ns/net.
// A name is an empty file with that file bind-mounted on top:
//
//	mkdir("/run/netns", 0755)                  a place for the names
//	mount("", "/run/netns", MS_SHARED|MS_REC)  what is mounted below shows in other mount namespaces
//	open("/run/netns/red", O_CREAT|O_EXCL)     the name; one of many creators wins
//	unshare(CLONE_NEWNET)                      this thread enters a new, empty namespace
//	mount("/proc/thread-self/ns/net", "/run/netns/red", MS_BIND)
//
// To remove the name is umount2 and unlink. The namespace itself goes when the
// last holder does, and the kernel takes it down some milliseconds later, in
// the background: the other end of a cable into it does not vanish at once.
//
// [CreateSteps], [DeleteSteps] and [ExecSteps] list the calls in full. They
// are the very lists that [Create], [Delete] and [Exec] work through.
//
// # Why this is safe in Go
//
// A namespace belongs to a thread, and a goroutine moves between threads. So
// each function here that changes a namespace does it on a goroutine of its
// own, locked to its thread. A thread that unshared is never given back: its
// goroutine ends locked, and the Go runtime ends the thread with it. Only
// [NS.Do] comes back, and when coming back fails, that thread ends too.
//
// The main thread cannot end, and /proc/self shows the namespaces of the main
// thread for the whole process. This package therefore never changes the
// namespaces of the main thread. A program that does so itself should keep the
// main goroutine there, with runtime.LockOSThread in an init function.
//
// A socket belongs to the namespace in which it was opened, and stays there
// whichever thread uses it: visit once, with [NS.Do], and keep the socket. It
// also keeps the namespace alive; close it before [Delete].
//
// # User namespaces
//
// The kernel lets no process of several threads into a user namespace.
// [Command.StartIn] starts a child there all the same, by a copy of the process that
// has one thread and makes nothing but system calls. Who has no rights makes
// namespaces together with a user namespace; [Refusal] tells what forbids it.
//
// # Many at once
//
// [CreateEach] makes many on one thread. In a [Pool] they have no mounts, and end
// with the process at the latest: 500 go at 2 µs each, where [Delete] takes 150 to
// 300 µs. A pool can also have some made in advance.
//
// # Stale names
//
// Between open and mount, and for ever after a crash there or a reboot that
// keeps /run, the name is a plain file. [Open] tells it from a namespace, and
// [Delete] removes it. It may be a namespace in another mount namespace all the
// same, where that would destroy it: [Entries] finds out, and [Repair] removes what
// is stale everywhere. [Watch] tells of a name once it is a namespace.
package nsfs
