// Routes: each by itself, and all through one nexthop object.
#include "limit.h"

#include <arpa/inet.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <string.h>

enum { FIRST4 = 0xac100000 /* 172.16.0.0 */, GATEWAYS4 = 0x0a000000 /* 10.0.0.0 */ };
enum { NEXTHOP = 1 };

void route_device(int fd)
{
	struct batch b = batch_new(fd);
	uint32_t addr4 = htonl(GATEWAYS4 + 1);
	struct in6_addr addr6;

	inet_pton(AF_INET6, "fd00:1::1", &addr6);
	add_veth(&b, &(struct veth){ .name = "v0", .peer = "v1", .index = V0, .peer_index = V1, .up = 1 });
	set_up(&b, V1);
	add_addr(&b, AF_INET, V0, &addr4, sizeof addr4, 24);
	add_addr(&b, AF_INET6, V0, &addr6, sizeof addr6, 64);
	run(fd, &b);
}

// add_route begins a route; what it leads through is to follow.
static void add_route(struct batch *b, int flags, int family, const void *dst, size_t len)
{
	struct rtmsg head = {
		.rtm_family = family,
		.rtm_dst_len = 8 * len,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_type = RTN_UNICAST,
	};

	message(b, RTM_NEWROUTE, flags, &head, sizeof head);
	attr(b, RTA_DST, dst, len);
}

// delete_route deletes what leads to dst, whatever it leads through.
static void delete_route(struct batch *b, int family, const void *dst, size_t len)
{
	struct rtmsg head = {
		.rtm_family = family,
		.rtm_dst_len = 8 * len,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_scope = RT_SCOPE_NOWHERE,
	};

	message(b, RTM_DELROUTE, 0, &head, sizeof head);
	attr(b, RTA_DST, dst, len);
}

void add_routes4(struct batch *b, int n, int flags, int gateway)
{
	uint32_t via = htonl(GATEWAYS4 + gateway);

	for (int i = 0; i < n; i++) {
		uint32_t dst = htonl(FIRST4 + i);

		add_route(b, flags, AF_INET, &dst, sizeof dst);
		attr(b, RTA_GATEWAY, &via, sizeof via);
		attr_u32(b, RTA_OIF, V0);
	}
}

static void delete_routes4(struct batch *b, int n)
{
	for (int i = 0; i < n; i++) {
		uint32_t dst = htonl(FIRST4 + i);

		delete_route(b, AF_INET, &dst, sizeof dst);
	}
}

// dst6 is fd01::i.
static struct in6_addr dst6(int i)
{
	struct in6_addr dst = { .s6_addr = { 0xfd, 0x01 } };
	uint32_t low = htonl(i);

	memcpy(dst.s6_addr + 12, &low, sizeof low);
	return dst;
}

static void add_routes6(struct batch *b, int n, int flags, int gateway)
{
	struct in6_addr via;

	inet_pton(AF_INET6, "fd00:1::", &via);
	via.s6_addr[15] = gateway;
	for (int i = 0; i < n; i++) {
		struct in6_addr dst = dst6(i);

		add_route(b, flags, AF_INET6, &dst, sizeof dst);
		attr(b, RTA_GATEWAY, &via, sizeof via);
		attr_u32(b, RTA_OIF, V0);
	}
}

static void delete_routes6(struct batch *b, int n)
{
	for (int i = 0; i < n; i++) {
		struct in6_addr dst = dst6(i);

		delete_route(b, AF_INET6, &dst, sizeof dst);
	}
}

// measure runs b as a phase and empties it.
static void measure(const char *phase, int fd, struct batch *b, int n)
{
	seal(b);
	begin();
	exchange(fd, b, 0, b->nsends);
	end(phase, n);
	batch_reset(b);
}

static void routes(int n, void (*add)(struct batch *, int, int, int), void (*delete)(struct batch *, int))
{
	int fd = nl_open(NETLINK_ROUTE);
	struct batch b = batch_new(fd);

	route_device(fd);
	add(&b, n, NEW, 2);
	measure("add", fd, &b, n);
	add(&b, n, NLM_F_CREATE | NLM_F_REPLACE, 3);
	measure("replace", fd, &b, n);
	delete(&b, n);
	measure("delete", fd, &b, n);
}

void routes4(int n)
{
	routes(n, add_routes4, delete_routes4);
}

void routes6(int n)
{
	routes(n, add_routes6, delete_routes6);
}

static void add_nexthop(struct batch *b, int flags, int gateway)
{
	struct nhmsg head = { .nh_family = AF_INET, .nh_protocol = RTPROT_STATIC };
	uint32_t via = htonl(GATEWAYS4 + gateway);

	message(b, RTM_NEWNEXTHOP, flags, &head, sizeof head);
	attr_u32(b, NHA_ID, NEXTHOP);
	attr_u32(b, NHA_OIF, V0);
	attr(b, NHA_GATEWAY, &via, sizeof via);
}

void nexthop(int n)
{
	int fd = nl_open(NETLINK_ROUTE);
	struct batch b = batch_new(fd);

	route_device(fd);
	add_nexthop(&b, NEW, 2);
	for (int i = 0; i < n; i++) {
		uint32_t dst = htonl(FIRST4 + i);

		add_route(&b, NEW, AF_INET, &dst, sizeof dst);
		attr_u32(&b, RTA_NH_ID, NEXTHOP);
	}
	measure("add", fd, &b, n);

	add_nexthop(&b, NLM_F_CREATE | NLM_F_REPLACE, 3);
	measure("regateway", fd, &b, n);

	message(&b, RTM_DELNEXTHOP, 0, &(struct nhmsg){ 0 }, sizeof(struct nhmsg));
	attr_u32(&b, NHA_ID, NEXTHOP);
	measure("delete", fd, &b, n);
}
