// Links: veth pairs, on their own, into another namespace, and on a bridge.
#include "limit.h"

#include <err.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/socket.h>

enum { GROUP = 77, BR0 = 10, FIRST = 1000 };

// add_queues asks for one queue: veth has one for each CPU otherwise, and
// waits for RCU when it takes all but one out of use again.
static void add_queues(struct batch *b)
{
	attr_u32(b, IFLA_NUM_TX_QUEUES, 1);
	attr_u32(b, IFLA_NUM_RX_QUEUES, 1);
}

void add_veth(struct batch *b, const struct veth *v)
{
	int up = v->up ? IFF_UP : 0;
	struct ifinfomsg head = { .ifi_index = v->index, .ifi_flags = up, .ifi_change = up };
	struct ifinfomsg peer_head = { .ifi_index = v->peer_index };

	message(b, RTM_NEWLINK, NEW, &head, sizeof head);
	attr_string(b, IFLA_IFNAME, v->name);
	add_queues(b);
	if (v->group)
		attr_u32(b, IFLA_GROUP, v->group);
	if (v->master)
		attr_u32(b, IFLA_MASTER, v->master);
	struct nlattr *info = nest(b, IFLA_LINKINFO);
	attr_string(b, IFLA_INFO_KIND, "veth");
	struct nlattr *data = nest(b, IFLA_INFO_DATA);
	struct nlattr *peer = nest_head(b, VETH_INFO_PEER, &peer_head, sizeof peer_head);
	attr_string(b, IFLA_IFNAME, v->peer);
	add_queues(b);
	if (v->netns_fd)
		attr_u32(b, IFLA_NET_NS_FD, v->netns_fd);
	if (v->netns_pid)
		attr_u32(b, IFLA_NET_NS_PID, v->netns_pid);
	nest_end(b, peer);
	nest_end(b, data);
	nest_end(b, info);
}

void add_bridge(struct batch *b, const char *name, int index)
{
	struct ifinfomsg head = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };

	message(b, RTM_NEWLINK, NEW, &head, sizeof head);
	attr_string(b, IFLA_IFNAME, name);
	struct nlattr *info = nest(b, IFLA_LINKINFO);
	attr_string(b, IFLA_INFO_KIND, "bridge");
	nest_end(b, info);
}

void set_up(struct batch *b, int index)
{
	struct ifinfomsg head = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };

	message(b, RTM_NEWLINK, 0, &head, sizeof head);
}

void add_addr(struct batch *b, int family, int index, const void *addr, size_t len, int prefix)
{
	struct ifaddrmsg head = { .ifa_family = family, .ifa_prefixlen = prefix, .ifa_index = index };

	message(b, RTM_NEWADDR, NEW, &head, sizeof head);
	attr(b, IFA_LOCAL, addr, len);
	attr(b, IFA_ADDRESS, addr, len);
	if (family == AF_INET6)
		attr_u32(b, IFA_FLAGS, IFA_F_NODAD);
}

// delete_group deletes all links of a group, which wait for RCU together.
// Links one by one in a batch each wait for themselves.
void delete_group(struct batch *b, int group)
{
	struct ifinfomsg head = { 0 };

	message(b, RTM_DELLINK, 0, &head, sizeof head);
	attr_u32(b, IFLA_GROUP, group);
}

static long links;

static void count_link(struct nlmsghdr *h)
{
	(void)h;
	links++;
}

void expect_links(int fd, long count)
{
	struct ifinfomsg head = { 0 };

	links = 0;
	dump(fd, RTM_GETLINK, RTM_NEWLINK, &head, sizeof head, count_link);
	if (links != count)
		errx(1, "%ld links, not %ld", links, count);
}

// pairs measures the creation and the deletion of n pairs like v, beside which
// the namespace has others links.
static void pairs(int fd, int n, struct veth v, int others)
{
	struct batch b = batch_new(fd);

	v.group = GROUP;
	for (int i = 0; i < n; i++) {
		snprintf(v.name, sizeof v.name, "a%d", i);
		snprintf(v.peer, sizeof v.peer, "b%d", i);
		if (v.up) {
			v.index = FIRST + 2 * i;
			v.peer_index = v.index + 1;
		}
		add_veth(&b, &v);
	}
	// The peers come up behind all creations: where both ends are up the kernel
	// spreads the word of the carrier, and holds up what is then created.
	for (int i = 0; v.up && i < n; i++)
		set_up(&b, FIRST + 2 * i + 1);
	seal(&b);
	begin();
	exchange(fd, &b, 0, b.nsends);
	end("create", n);
	expect_links(fd, others + (v.netns_fd ? 1L : 2L) * n);

	batch_reset(&b);
	delete_group(&b, GROUP);
	seal(&b);
	begin();
	exchange(fd, &b, 0, b.nsends);
	end("delete", n);
	expect_links(fd, others);
}

void veth(int n)
{
	pairs(nl_open(NETLINK_ROUTE), n, (struct veth){ 0 }, 1);
}

void vethns(int n)
{
	int far = make_netns();

	pairs(nl_open(NETLINK_ROUTE), n, (struct veth){ .netns_fd = far }, 1);
}

void bridge(int n)
{
	int fd = nl_open(NETLINK_ROUTE);
	struct batch b = batch_new(fd);

	add_bridge(&b, "br0", BR0);
	run(fd, &b);
	pairs(fd, n, (struct veth){ .up = 1, .master = BR0 }, 2);
}
