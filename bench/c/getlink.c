// getlink COUNT: the C limit of a netlink round trip.
//
// Sends one RTM_GETLINK for interface 1, encoded beforehand, COUNT times, reads
// each answer and finds its attributes as programs in C do: the table tb[] of
// the message and of each nest. Prints wall and CPU time in nanoseconds for all
// of them.
#include <errno.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static long long wall(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long cpu(void)
{
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000000LL +
	       (u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1000LL;
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

// read_link returns something of all tables, so that none is optimised away.
static unsigned long read_link(struct nlmsghdr *h)
{
	struct ifinfomsg *i = NLMSG_DATA(h);
	struct rtattr *tb[IFLA_MAX + 1], *af[AF_MAX + 1], *in[IFLA_INET_MAX + 1], *in6[IFLA_INET6_MAX + 1],
		*info[IFLA_INFO_MAX + 1], *xdp[IFLA_XDP_MAX + 1];

	find(tb, IFLA_MAX, IFLA_RTA(i), IFLA_PAYLOAD(h));
	find_nested(af, AF_MAX, tb[IFLA_AF_SPEC]);
	find_nested(in, IFLA_INET_MAX, af[AF_INET]);
	find_nested(in6, IFLA_INET6_MAX, af[AF_INET6]);
	find_nested(info, IFLA_INFO_MAX, tb[IFLA_LINKINFO]);
	find_nested(xdp, IFLA_XDP_MAX, tb[IFLA_XDP]);
	return (unsigned long)tb[IFLA_IFNAME] + (unsigned long)in[IFLA_INET_CONF] +
	       (unsigned long)in6[IFLA_INET6_CONF] + (unsigned long)info[IFLA_INFO_KIND] +
	       (unsigned long)xdp[IFLA_XDP_ATTACHED];
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? atol(argv[1]) : 0;
	struct {
		struct nlmsghdr h;
		struct ifinfomsg i;
	} req;
	static char buf[1 << 17];
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int one = 1, fd;
	unsigned seq = 0;
	volatile unsigned long seen = 0;

	if (count < 1) {
		fprintf(stderr, "usage: getlink COUNT\n");
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

	long long w = wall(), c = cpu();
	for (long i = 0; i < count; i++) {
		req.h.nlmsg_seq = ++seq;
		if (send(fd, &req, sizeof req, 0) != sizeof req)
			die("send");
		ssize_t n = recv(fd, buf, sizeof buf, 0);
		struct nlmsghdr *h = (struct nlmsghdr *)buf;
		if (n < (ssize_t)sizeof *h || h->nlmsg_seq != seq || h->nlmsg_type != RTM_NEWLINK)
			die("answer");
		seen += read_link(h);
	}
	printf("%lld %lld\n", wall() - w, cpu() - c);
	return 0;
}
