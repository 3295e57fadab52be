// getlink [all] COUNT: the C limit of a netlink round trip.
//
// Sends one RTM_GETLINK for interface 1, encoded beforehand, COUNT times, reads
// each answer, finds its attributes as programs in C do, by the table tb[] of the
// message and of each nest, and copies a few to a struct, or all. Prints wall and
// CPU time in nanoseconds for all answers.
#include "clock.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/if.h>
#include <linux/in6.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

// find is parse_rtattr of iproute2.
static void find(struct rtattr *tb[], int max, struct rtattr *a, int len)
{
	memset(tb, 0, sizeof *tb * (max + 1));
	for (; RTA_OK(a, len); a = RTA_NEXT(a, len)) {
		int type = a->rta_type & NLA_TYPE_MASK;
		if (type <= max)
			tb[type] = a;
	}
	if (len) {
		fprintf(stderr, "%d bytes behind the attributes\n", len);
		exit(1);
	}
}

static void find_nested(struct rtattr *tb[], int max, struct rtattr *a)
{
	if (a)
		find(tb, max, RTA_DATA(a), RTA_PAYLOAD(a));
	else
		memset(tb, 0, sizeof *tb * (max + 1));
}

// Of linux/if_link.h, which may be older than the kernel.
enum { GSO_IPV4_MAX_SIZE = 63, GRO_IPV4_MAX_SIZE = 64, LINK_MAX = 80 };

// A link as a program keeps it: what rtnl.Link of minins has for one without
// a master and without hardware below it.
struct link {
	struct ifinfomsg i;
	char name[IFNAMSIZ], kind[IFNAMSIZ];
	unsigned char addr[32], operstate;
	unsigned mtu, master;

	char end_of_few, qdisc[IFNAMSIZ];
	unsigned char broadcast[32], linkmode, carrier, proto_down, xdp_attached, addr_gen_mode;
	unsigned min_mtu, max_mtu, parent, group, txqlen, tx_queues, rx_queues, promiscuity, allmulti,
		gso_max_segs, gso_max_size, gro_max_size, gso_ipv4_max_size, gro_ipv4_max_size, tso_max_size,
		tso_max_segs, carrier_changes, carrier_up, carrier_down, inet6_flags;
	struct rtnl_link_stats64 stats64;
	struct rtnl_link_stats stats;
	struct rtnl_link_ifmap map;
	struct ifla_cacheinfo cacheinfo;
	struct in6_addr token;
	unsigned inet_conf[64], inet6_conf[128];
	unsigned long long inet6_stats[64], icmp6_stats[16];
};

// take copies an attribute, if there is one, as far as there is space.
static inline void take(void *to, size_t space, struct rtattr *a)
{
	if (a)
		memcpy(to, RTA_DATA(a), RTA_PAYLOAD(a) < space ? RTA_PAYLOAD(a) : space);
}

// read_link reads what most programs want of a link.
static void read_link(struct link *l, struct nlmsghdr *h)
{
	struct rtattr *tb[LINK_MAX + 1], *info[IFLA_INFO_MAX + 1];

	memset(l, 0, offsetof(struct link, end_of_few));
	l->i = *(struct ifinfomsg *)NLMSG_DATA(h);
	find(tb, LINK_MAX, IFLA_RTA(NLMSG_DATA(h)), IFLA_PAYLOAD(h));
	find_nested(info, IFLA_INFO_MAX, tb[IFLA_LINKINFO]);
#define TAKE(member, attribute) take(&l->member, sizeof l->member, attribute)
	TAKE(name, tb[IFLA_IFNAME]);
	TAKE(addr, tb[IFLA_ADDRESS]);
	TAKE(mtu, tb[IFLA_MTU]);
	TAKE(master, tb[IFLA_MASTER]);
	TAKE(operstate, tb[IFLA_OPERSTATE]);
	TAKE(kind, info[IFLA_INFO_KIND]);
}

static void read_all(struct link *l, struct nlmsghdr *h)
{
	struct rtattr *tb[LINK_MAX + 1], *af[AF_MAX + 1], *in[IFLA_INET_MAX + 1], *in6[IFLA_INET6_MAX + 1],
		*info[IFLA_INFO_MAX + 1], *xdp[IFLA_XDP_MAX + 1];

	memset(l, 0, sizeof *l);
	l->i = *(struct ifinfomsg *)NLMSG_DATA(h);
	find(tb, LINK_MAX, IFLA_RTA(NLMSG_DATA(h)), IFLA_PAYLOAD(h));
	find_nested(af, AF_MAX, tb[IFLA_AF_SPEC]);
	find_nested(in, IFLA_INET_MAX, af[AF_INET]);
	find_nested(in6, IFLA_INET6_MAX, af[AF_INET6]);
	find_nested(info, IFLA_INFO_MAX, tb[IFLA_LINKINFO]);
	find_nested(xdp, IFLA_XDP_MAX, tb[IFLA_XDP]);
	TAKE(name, tb[IFLA_IFNAME]);
	TAKE(qdisc, tb[IFLA_QDISC]);
	TAKE(kind, info[IFLA_INFO_KIND]);
	TAKE(addr, tb[IFLA_ADDRESS]);
	TAKE(broadcast, tb[IFLA_BROADCAST]);
	TAKE(operstate, tb[IFLA_OPERSTATE]);
	TAKE(linkmode, tb[IFLA_LINKMODE]);
	TAKE(carrier, tb[IFLA_CARRIER]);
	TAKE(proto_down, tb[IFLA_PROTO_DOWN]);
	TAKE(xdp_attached, xdp[IFLA_XDP_ATTACHED]);
	TAKE(mtu, tb[IFLA_MTU]);
	TAKE(min_mtu, tb[IFLA_MIN_MTU]);
	TAKE(max_mtu, tb[IFLA_MAX_MTU]);
	TAKE(parent, tb[IFLA_LINK]);
	TAKE(master, tb[IFLA_MASTER]);
	TAKE(group, tb[IFLA_GROUP]);
	TAKE(txqlen, tb[IFLA_TXQLEN]);
	TAKE(tx_queues, tb[IFLA_NUM_TX_QUEUES]);
	TAKE(rx_queues, tb[IFLA_NUM_RX_QUEUES]);
	TAKE(promiscuity, tb[IFLA_PROMISCUITY]);
	TAKE(allmulti, tb[IFLA_ALLMULTI]);
	TAKE(gso_max_segs, tb[IFLA_GSO_MAX_SEGS]);
	TAKE(gso_max_size, tb[IFLA_GSO_MAX_SIZE]);
	TAKE(gro_max_size, tb[IFLA_GRO_MAX_SIZE]);
	TAKE(gso_ipv4_max_size, tb[GSO_IPV4_MAX_SIZE]);
	TAKE(gro_ipv4_max_size, tb[GRO_IPV4_MAX_SIZE]);
	TAKE(tso_max_size, tb[IFLA_TSO_MAX_SIZE]);
	TAKE(tso_max_segs, tb[IFLA_TSO_MAX_SEGS]);
	TAKE(carrier_changes, tb[IFLA_CARRIER_CHANGES]);
	TAKE(carrier_up, tb[IFLA_CARRIER_UP_COUNT]);
	TAKE(carrier_down, tb[IFLA_CARRIER_DOWN_COUNT]);
	TAKE(stats64, tb[IFLA_STATS64]);
	TAKE(stats, tb[IFLA_STATS]);
	TAKE(map, tb[IFLA_MAP]);
	TAKE(inet_conf, in[IFLA_INET_CONF]);
	TAKE(inet6_flags, in6[IFLA_INET6_FLAGS]);
	TAKE(addr_gen_mode, in6[IFLA_INET6_ADDR_GEN_MODE]);
	TAKE(token, in6[IFLA_INET6_TOKEN]);
	TAKE(cacheinfo, in6[IFLA_INET6_CACHEINFO]);
	TAKE(inet6_conf, in6[IFLA_INET6_CONF]);
	TAKE(inet6_stats, in6[IFLA_INET6_STATS]);
	TAKE(icmp6_stats, in6[IFLA_INET6_ICMP6STATS]);
}

int main(int argc, char **argv)
{
	int all = argc > 2 && !strcmp(argv[1], "all");
	long count = argc > 1 ? atol(argv[argc - 1]) : 0;
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} req;
	static char buf[1 << 17];
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int one = 1, fd;
	unsigned seq = 0;
	static struct link link;

	if (count < 1) {
		fprintf(stderr, "usage: getlink [all] COUNT\n");
		return 2;
	}
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0 || connect(fd, (struct sockaddr *)&kernel, sizeof kernel))
		die("netlink socket");
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof one);
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one);
	setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof one);

	memset(&req, 0, sizeof req);
	req.h.nlmsg_len = sizeof req;
	req.h.nlmsg_type = RTM_GETLINK;
	req.h.nlmsg_flags = NLM_F_REQUEST;
	req.i.ifi_index = 1;

	long long w = now(), c = cpu();
	for (long i = 0; i < count; i++) {
		req.h.nlmsg_seq = ++seq;
		if (send(fd, &req, sizeof req, 0) != sizeof req)
			die("send");
		ssize_t n = recv(fd, buf, sizeof buf, 0);
		struct nlmsghdr *h = (struct nlmsghdr *)buf;
		if (n < (ssize_t)sizeof *h || h->nlmsg_seq != seq || h->nlmsg_type != RTM_NEWLINK)
			die("answer");
		(all ? read_all : read_link)(&link, h);
		if (strcmp(link.name, "lo"))
			die("answer");
	}
	printf("%lld %lld\n", now() - w, cpu() - c);
	return 0;
}
