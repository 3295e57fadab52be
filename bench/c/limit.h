// What the workloads share.
#ifndef LIMIT_H
#define LIMIT_H

#include "clock.h"
#include "netlink.h"

// begin starts the clocks; end prints the phase that began there. Several
// phases may end in turn: each has all the time since begin.
void begin(void);
void end(const char *phase, long ops);

// end_each is end with the median and the 99th percentile of the time that each operation took.
void end_each(const char *phase, long ops, long long ns[]);

// A veth is a pair to create. An index of 0 lets the kernel choose one.
struct veth {
	char name[16], peer[16];
	int index, peer_index; // both or none
	int up;                // of name only: a peer cannot be created up
	int master;            // index of the bridge to put name into, or 0
	int group;             // of name
	int netns_fd;          // the peer's namespace, or 0
	int netns_pid;         // or the one that this process is in, or 0
};

void add_veth(struct batch *b, const struct veth *v);
void add_bridge(struct batch *b, const char *name, int index); // up
void set_up(struct batch *b, int index);
void add_addr(struct batch *b, int family, int index, const void *addr, size_t len, int prefix);
void delete_group(struct batch *b, int group);

// route_device makes v0, with the index V0, addresses and a peer, both up.
enum { V0 = 10, V1 = 11 };
void route_device(int fd);

// add_routes4 adds n messages of RTM_NEWROUTE via 10.0.0.gateway on v0.
void add_routes4(struct batch *b, int n, int flags, int gateway);

// expect_links checks that the namespace has count links.
void expect_links(int fd, long count);

// make_netns makes a network namespace and returns an fd that holds it. The process stays out of it.
int make_netns(void);

// enter_new_netns makes a network namespace and leaves the process in it.
void enter_new_netns(void);

// A pool holds namespaces by a descriptor each.
struct pool {
	int *fds, n;
	int home; // the namespace in which the process was
};
struct pool pool_new(int most);
int pool_hold(struct pool *p); // holds the namespace of the process, by this descriptor
void pool_go_home(const struct pool *p);
void pool_release(struct pool *p);

void routes4(int n);
void routes6(int n);
void nexthop(int n);
void veth(int n);
void vethns(int n);
void bridge(int n);
void netns(int n);
void container(int n);
void prepare_routes(int n);
void prepare_links(int n);
void prepare_neighs(int n);
void dumproutes(int n);
void dumplinks(int n);
void dumpneighs(int n);
void nftrules(int n);
void nftmap(int n);
void nftset(int n);

#endif
