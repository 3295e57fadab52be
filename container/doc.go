//go:build linux

// Package container sets up the network of containers, and takes it down: for
// each a network namespace, a cable (veth) from there to a bridge of the host,
// addresses and default routes. One call does it for one or for hundreds.
//
//	conn, err := rtnl.Dial(nl.Config{})
//	pool, err := nsfs.NewPool("web")
//	host := container.NewHost(conn, pool)
//	err = host.Up(ctx, container.Spec{
//		Name: "web1", HostEnd: "c1", Bridge: "br0",
//		Addrs:    []netip.Prefix{netip.MustParsePrefix("10.1.0.2/16")},
//		Gateways: []netip.Addr{netip.MustParseAddr("10.1.0.1")},
//	})
//	…
//	err = host.Down(ctx, …)
//
// # Why it is fast
//
// Nearly all of the time is the kernel's: 0.5 ms for the namespace, 0.6 ms for
// the cable and the bridge port, 0.3 ms for what is inside. What is left is to
// ask for nothing more:
//
//   - No device is ever moved or renamed. Both wait for all processors to forget
//     the old place (RCU), ten times as long as all of the rest. One
//     RTM_NEWLINK creates the cable with its far end in the container's namespace
//     under its final name, and the near end as a port of the bridge, up, in
//     its group.
//   - Each end has one queue. Without that a veth has one for each processor that
//     could ever be plugged in.
//   - The reply to that message (NLM_F_ECHO) tells both indexes, so that
//     nothing is looked up.
//   - What is inside is one datagram: lo up, eth0 up, addresses, routes.
//   - The thread that made the namespace is in it still, and opens the socket
//     for that datagram there. A visit from outside, with setns there and back,
//     and a socket made to be kept would cost six times as much.
//   - Everything is done on one thread. The kernel does most of this under one lock
//     (RTNL), and with two threads it takes longer and varies more.
//   - The near ends of all containers are deleted in one message, by a group
//     that they are put in for it, so that the kernel waits once and not for
//     each; and all namespaces of a [nsfs.Pool] go with one unmount.
//
// # Errors
//
// An [*Error] names the container and the step. Whatever the call had made by
// then, it has taken back. A second Up of the same name fails with
// [io/fs.ErrExist], and the first is left as it is.
package container
