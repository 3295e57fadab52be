// Network namespaces, held by descriptors.
#define _GNU_SOURCE
#include "limit.h"

#include <err.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LO = 1 };
static const char own[] = "/proc/self/ns/net";

static int open_netns(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void enter(int netns)
{
	if (setns(netns, CLONE_NEWNET) < 0)
		err(1, "setns");
}

void enter_new_netns(void)
{
	if (unshare(CLONE_NEWNET) < 0)
		err(1, "unshare");
}

int make_netns(void)
{
	int home = open_netns(own), made;

	enter_new_netns();
	made = open_netns(own);
	enter(home);
	close(home);
	return made;
}

struct pool pool_new(int most)
{
	struct pool p = { .fds = calloc(most, sizeof *p.fds), .home = open_netns(own) };

	if (!p.fds)
		err(1, "malloc");
	return p;
}

int pool_hold(struct pool *p)
{
	return p->fds[p->n++] = open_netns(own);
}

void pool_go_home(const struct pool *p)
{
	enter(p->home);
}

// pool_release is as fast with close_range: the work is what each file's end is.
void pool_release(struct pool *p)
{
	while (p->n > 0)
		if (close(p->fds[--p->n]) < 0)
			err(1, "close");
	free(p->fds);
}

// watch makes the pair v with its peer in a namespace: it vanishes when the kernel
// destroys that.
static void watch(int fd, int netns, struct veth v)
{
	struct batch b = batch_new(fd);

	v.netns_fd = netns;
	add_veth(&b, &v);
	run(fd, &b);
}

// listen_links opens a socket that is told of all changes of links.
static int listen_links(void)
{
	struct sockaddr_nl all = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	int fd = nl_open(NETLINK_ROUTE);

	if (bind(fd, (struct sockaddr *)&all, sizeof all) < 0)
		err(1, "bind to link events");
	return fd;
}

// await_deleted waits until the links first and first+1 are gone.
static void await_deleted(int events, int first)
{
	static char buf[32 * 1024];
	int gone[2] = { 0, 0 };

	while (!gone[0] || !gone[1]) {
		ssize_t n = recv(events, buf, sizeof buf, 0);
		struct nlmsghdr *h = (struct nlmsghdr *)buf;

		if (n < 0)
			err(1, "link events");
		for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			struct ifinfomsg *link = NLMSG_DATA(h);

			if (h->nlmsg_type == RTM_DELLINK && (link->ifi_index == first || link->ifi_index == first + 1))
				gone[link->ifi_index - first] = 1;
		}
	}
}

void netns(int n)
{
	enum { WATCHED = 10, FAR = 20 };
	int fd = nl_open(NETLINK_ROUTE), events;
	struct batch lo_up = batch_new(fd);
	struct pool p = pool_new(n);

	set_up(&lo_up, LO);
	seal(&lo_up);
	begin();
	for (int i = 0; i < n; i++) {
		// From each namespace straight into the next, without going home.
		enter_new_netns();
		pool_hold(&p);
		int inside = nl_open_small(NETLINK_ROUTE);
		exchange(inside, &lo_up, 0, 1);
		close(inside);
	}
	pool_go_home(&p);
	end("create", n);

	watch(fd, p.fds[0], (struct veth){ .name = "w0", .peer = "w0", .index = WATCHED, .peer_index = FAR });
	watch(fd, p.fds[n - 1], (struct veth){ .name = "w1", .peer = "w1", .index = WATCHED + 1, .peer_index = FAR + 1 });
	events = listen_links();
	begin();
	pool_release(&p);
	end("release", n);
	await_deleted(events, WATCHED);
	end("gone", n);
}
