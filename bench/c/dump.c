// Dumps of what another process prepared: each object found and indexed.
#include "limit.h"

#include <arpa/inet.h>
#include <err.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>

enum { FIRST_NEIGH = 0x0a020000 /* 10.2.0.0 */ };

// used takes something of every object, so that no table is optimised away.
static volatile unsigned long used;

void prepare_routes(int n)
{
	int fd = nl_open(NETLINK_ROUTE);
	struct batch b = batch_new(fd);

	route_device(fd);
	add_routes4(&b, n, NEW, 2);
	run(fd, &b);
}

void prepare_links(int n)
{
	int fd = nl_open(NETLINK_ROUTE);
	struct batch b = batch_new(fd);
	struct veth v = { 0 };

	for (int i = 0; i < (n + 1) / 2; i++) {
		snprintf(v.name, sizeof v.name, "a%d", i);
		snprintf(v.peer, sizeof v.peer, "b%d", i);
		add_veth(&b, &v);
	}
	run(fd, &b);
}

void prepare_neighs(int n)
{
	int fd = nl_open(NETLINK_ROUTE);
	struct batch b = batch_new(fd);
	struct ndmsg head = { .ndm_family = AF_INET, .ndm_ifindex = V0, .ndm_state = NUD_PERMANENT };

	route_device(fd);
	for (int i = 0; i < n; i++) {
		uint32_t dst = htonl(FIRST_NEIGH + i);
		unsigned char lladdr[6] = { 2, 0, i >> 24, i >> 16, i >> 8, i };

		message(&b, RTM_NEWNEIGH, NEW, &head, sizeof head);
		attr(&b, NDA_DST, &dst, sizeof dst);
		attr(&b, NDA_LLADDR, lladdr, sizeof lladdr);
	}
	run(fd, &b);
}

// u32 is the value of an attribute, 0 without it.
static uint32_t u32(struct nlattr *a)
{
	return a ? *(uint32_t *)payload(a) : 0;
}

static void see_route(struct nlmsghdr *h)
{
	struct nlattr *tb[RTA_MAX + 1];

	index_message(tb, RTA_MAX, h, sizeof(struct rtmsg));
	used += u32(tb[RTA_DST]) + u32(tb[RTA_GATEWAY]) + u32(tb[RTA_OIF]);
}

static void see_link(struct nlmsghdr *h)
{
	struct nlattr *tb[IFLA_MAX + 1], *af[AF_MAX + 1], *in[IFLA_INET_MAX + 1], *in6[IFLA_INET6_MAX + 1],
		*info[IFLA_INFO_MAX + 1], *xdp[IFLA_XDP_MAX + 1];

	index_message(tb, IFLA_MAX, h, sizeof(struct ifinfomsg));
	index_nest(af, AF_MAX, tb[IFLA_AF_SPEC]);
	index_nest(in, IFLA_INET_MAX, af[AF_INET]);
	index_nest(in6, IFLA_INET6_MAX, af[AF_INET6]);
	index_nest(info, IFLA_INFO_MAX, tb[IFLA_LINKINFO]);
	index_nest(xdp, IFLA_XDP_MAX, tb[IFLA_XDP]);
	used += (unsigned long)tb[IFLA_IFNAME] + (unsigned long)in[IFLA_INET_CONF] + (unsigned long)in6[IFLA_INET6_CONF] +
		(unsigned long)info[IFLA_INFO_KIND] + (unsigned long)xdp[IFLA_XDP_ATTACHED] + u32(tb[IFLA_MTU]);
}

static void see_neigh(struct nlmsghdr *h)
{
	struct nlattr *tb[NDA_MAX + 1];

	index_message(tb, NDA_MAX, h, sizeof(struct ndmsg));
	used += u32(tb[NDA_DST]) + (unsigned long)tb[NDA_LLADDR];
}

// objects measures the dump of at least n objects.
static void objects(int n, int request, int type, const void *head, size_t len, void (*see)(struct nlmsghdr *))
{
	int fd = nl_open(NETLINK_ROUTE);
	int times = n <= 10000 ? 5 : 1;
	long seen = 0;

	begin();
	for (int i = 0; i < times; i++) {
		long got = dump(fd, request, type, head, len, see);

		if (got < n)
			errx(1, "%ld objects, not %d", got, n);
		seen += got;
	}
	end("dump", seen);
}

void dumproutes(int n)
{
	struct rtmsg head = { .rtm_family = AF_INET };

	objects(n, RTM_GETROUTE, RTM_NEWROUTE, &head, sizeof head, see_route);
}

void dumplinks(int n)
{
	struct ifinfomsg head = { 0 };

	objects(n, RTM_GETLINK, RTM_NEWLINK, &head, sizeof head, see_link);
}

void dumpneighs(int n)
{
	struct ndmsg head = { .ndm_family = AF_INET };

	objects(n, RTM_GETNEIGH, RTM_NEWNEIGH, &head, sizeof head, see_neigh);
}
