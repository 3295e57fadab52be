//go:build linux

// Package container sets up the network of containers, and takes it down: for
// each a network namespace, a cable (veth) from there to a bridge of the host,
// addresses and default routes. One call does it for one or for hundreds.
//
//	conn, err := rtnl.Dial(nl.Config{})
//	var pool nsfs.Pool
//	host := container.NewHost(conn, &pool)
//	err = host.Up(ctx, container.Spec{
//		Name: "web1", HostEnd: "c1", Bridge: "br0",
//		Addrs:    []netip.Prefix{netip.MustParsePrefix("10.1.0.2/16")},
//		Gateways: []netip.Addr{netip.MustParseAddr("10.1.0.1")},
//	})
//	…
//	err = host.Down(ctx, …)
//
// A [Publisher] has ports of the host lead to ports of containers:
//
//	pub, err := container.NewPublisher(ctx, ns)
//	err = pub.Publish(ctx, container.Port{
//		Proto: rule.TCP, Host: netip.MustParseAddrPort("0.0.0.0:8080"),
//		To: netip.MustParseAddrPort("10.1.0.2:80"), Container: "web1", HostEnd: "c1",
//	})
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
//     each; and a namespace of a [nsfs.Pool] has no mount to be undone.
//
// # How ports are published
//
// A table of each family, minins-ports, has a map from protocol and port to the
// container's address and port: one more port is one more element, whatever there
// is already. A port is reached by all addresses of the host from outside, from the
// host, from other containers and from the container itself, by 127.0.0.1 and ::1
// from the host.
//
//   - From loopback a packet leaves for a container only with another source. It is
//     written before connection tracking sees the packet, and taken out again of the
//     answer, so that route_localnet, which lets in neighbours, stays off.
//   - A container that talks to itself, or to a neighbour on the bridge, by the host's
//     address gets its answer through the host: what is sent back to the bridge
//     that it came from has the bridge's address as its source, and the host end is
//     in hairpin mode.
//   - A chain of others that drops what is forwarded by its policy gets a jump,
//     behind its last rule, to a chain of ours that accepts published ports. What its
//     rules drop stays dropped.
//   - ip_forward, and forwarding of IPv6, are switched on. What they were is kept in
//     the table, and put back with the last port.
//   - What no transaction can do, sysctls and hairpin mode, is written down in the table
//     before it is done, and put back before the table goes. So whatever a process was
//     doing when it was killed, [Publisher.Collect] finds it. One process at a time
//     changes ports: each holds a lock (flock) on the namespace itself.
//
// What a Publisher does not do: it sees no rules of iptables-legacy, and none that drop
// everything as the last rule of a chain (firewalld); connections that are there when a
// port comes or goes, and flows of UDP, go on as they were; a program of the host that
// listens at the port is not reached any more; and a host that forwards IPv6 heeds no
// router advertisements unless accept_ra is 2.
//
// # Errors
//
// An [*Error] names the container and the step. Whatever the call had made by
// then, it has taken back. If the process is killed, the container that was being
// made goes with it, since it has no name yet, and so do all that are in a pool. A second Up of the same name fails with
// [io/fs.ErrExist], and the first is left as it is.
package container
