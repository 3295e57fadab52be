// Containers: a namespace each, on a bridge, with an address and a route.
#include "limit.h"

#include <arpa/inet.h>
#include <err.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { GROUP = 77, BR0 = 10, FIRST = 1000, LO = 1, ETH0 = 2 };
enum { NET = 0x0a010000 /* 10.1.0.0 */ };

// add_default adds a default route through 10.1.0.1.
static void add_default(struct batch *b)
{
	struct rtmsg head = {
		.rtm_family = AF_INET,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_type = RTN_UNICAST,
	};
	uint32_t via = htonl(NET + 1);

	message(b, RTM_NEWROUTE, NEW, &head, sizeof head);
	attr(b, RTA_GATEWAY, &via, sizeof via);
	attr_u32(b, RTA_OIF, ETH0);
}

// plan encodes what each container needs, one transmission outside of it and
// one inside. eth0 has its index chosen, so that nothing has to be looked up.
static void plan(struct batch *outside, struct batch *inside, int n)
{
	for (int i = 0; i < n; i++) {
		struct veth v = {
			.peer = "eth0", .index = FIRST + i, .peer_index = ETH0, .up = 1, .master = BR0, .group = GROUP,
			.netns_pid = getpid(),
		};
		uint32_t addr = htonl(NET + 2 + i);

		snprintf(v.name, sizeof v.name, "c%d", i);
		add_veth(outside, &v);
		seal(outside);

		set_up(inside, LO);
		set_up(inside, ETH0);
		add_addr(inside, AF_INET, ETH0, &addr, sizeof addr, 16);
		add_default(inside);
		seal(inside);
	}
}

void container(int n)
{
	int home = nl_open(NETLINK_ROUTE);
	struct batch b = batch_new(home), outside = batch_new(home), inside = batch_new(home);
	uint32_t gateway = htonl(NET + 1);
	struct pool p = pool_new(n);
	long long *took = calloc(n, sizeof *took);

	if (!took)
		err(1, "malloc");
	add_bridge(&b, "br0", BR0);
	add_addr(&b, AF_INET, BR0, &gateway, sizeof gateway, 16);
	run(home, &b);
	plan(&outside, &inside, n);

	begin();
	for (int i = 0; i < n; i++) {
		long long start = now();

		// The process goes from each namespace straight into the next: to
		// go home in between takes a tenth more CPU, a thread for each
		// namespace half as much again. The pair is created from home, where
		// its socket stays, with the peer where the process is.
		enter_new_netns();
		pool_hold(&p);
		exchange(home, &outside, i, 1);
		int fd = nl_open_small(NETLINK_ROUTE);
		exchange(fd, &inside, i, 1);
		close(fd);
		took[i] = now() - start;
	}
	pool_go_home(&p);
	end_each("up", n, took);
	expect_links(home, 2L + n);

	batch_reset(&b);
	delete_group(&b, GROUP);
	seal(&b);
	begin();
	exchange(home, &b, 0, 1);
	pool_release(&p);
	end("down", n);
	expect_links(home, 2);
}
