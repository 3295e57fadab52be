#include "netlink.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum {
	SNDBUF = 512 << 20, // an nf_tables transaction is one transmission
	RCVBUF = 8 << 20,  // for the errors of a whole transmission
	CUT = 256 << 10,   // 1 MiB takes as long, and a tenth more CPU: it leaves the cache
	SLACK = 256,       // what a send buffer does not give to the data
	CHUNK = 32 << 10,  // the kernel gives no more of a dump at once
	ROOM = 1 << 29,    // address space of a batch; only what is used takes memory
};

// buffer enlarges a buffer of the socket, beyond the system's limit if allowed.
static void buffer(int fd, int force, int option, int size)
{
	if (setsockopt(fd, SOL_SOCKET, force, &size, sizeof size) == 0)
		return;
	if (errno != EPERM || setsockopt(fd, SOL_SOCKET, option, &size, sizeof size) < 0)
		err(1, "setsockopt");
}

// nl_open_small needs no connect: what has no address goes to the kernel.
int nl_open_small(int protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		err(1, "netlink socket");
	return fd;
}

int nl_open(int protocol)
{
	int fd = nl_open_small(protocol), one = 1;

	buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, SNDBUF);
	buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, RCVBUF);
	if (setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof one) < 0)
		err(1, "NETLINK_CAP_ACK");
	return fd;
}

struct batch batch_new(int fd)
{
	struct batch b = { .cut = CUT };
	int size;
	socklen_t len = sizeof size;

	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) < 0)
		err(1, "SO_SNDBUF");
	if (b.cut > (size_t)size - SLACK)
		b.cut = size - SLACK;
	b.data = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (b.data == MAP_FAILED)
		err(1, "mmap");
	return b;
}

void batch_reset(struct batch *b)
{
	b->len = b->start = 0;
	b->last = NULL;
	b->nsends = 0;
}

// grow appends len bytes, padded, and returns where they are.
static void *grow(struct batch *b, size_t len)
{
	char *p = b->data + b->len;

	if (len > ROOM - b->len - NLMSG_ALIGNTO)
		errx(1, "batch over %d bytes", ROOM);
	b->len += NLMSG_ALIGN(len);
	memset(p + len, 0, b->data + b->len - (p + len));
	return p;
}

// close_at ends the transmission in front of the byte at end.
static void close_at(struct batch *b, size_t end, uint32_t last_seq)
{
	struct transmission t = { .bytes = { b->data + b->start, end - b->start }, .last_seq = last_seq };

	b->sends = reallocarray(b->sends, b->nsends + 1, sizeof *b->sends);
	if (!b->sends)
		err(1, "malloc");
	b->sends[b->nsends++] = t;
	b->start = end;
}

// cut ends the transmission in front of the last message if that is beyond the limit.
static void cut(struct batch *b)
{
	size_t last = b->last ? (size_t)((char *)b->last - b->data) : 0;

	if (b->cut && last > b->start && b->len - b->start > b->cut)
		close_at(b, last, b->seq - 1);
}

void message(struct batch *b, int type, int flags, const void *head, size_t len)
{
	cut(b);
	b->last = grow(b, NLMSG_HDRLEN);
	*b->last = (struct nlmsghdr){
		.nlmsg_len = NLMSG_HDRLEN,
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | flags,
		.nlmsg_seq = ++b->seq,
	};
	memcpy(grow(b, len), head, len);
	b->last->nlmsg_len += NLMSG_ALIGN(len);
}

struct nlattr *nest_head(struct batch *b, int type, const void *head, size_t len)
{
	struct nlattr *a = grow(b, NLA_HDRLEN);

	a->nla_type = type;
	if (len)
		memcpy(grow(b, len), head, len);
	nest_end(b, a);
	return a;
}

struct nlattr *nest(struct batch *b, int type)
{
	return nest_head(b, type | NLA_F_NESTED, NULL, 0);
}

// nest_end gives the attribute, and the message, the length they have now.
void nest_end(struct batch *b, struct nlattr *a)
{
	size_t len = b->data + b->len - (char *)a;

	if (len > UINT16_MAX)
		errx(1, "attribute of %zu bytes", len);
	a->nla_len = len;
	b->last->nlmsg_len = b->data + b->len - (char *)b->last;
}

void attr(struct batch *b, int type, const void *data, size_t len)
{
	struct nlattr *a = nest_head(b, type, data, len);

	a->nla_len = NLA_HDRLEN + len;
}

void attr_u8(struct batch *b, int type, uint8_t v)
{
	attr(b, type, &v, sizeof v);
}

void attr_u32(struct batch *b, int type, uint32_t v)
{
	attr(b, type, &v, sizeof v);
}

void attr_be32(struct batch *b, int type, uint32_t v)
{
	attr_u32(b, type, htonl(v));
}

void attr_string(struct batch *b, int type, const char *s)
{
	attr(b, type, s, strlen(s) + 1);
}

void seal(struct batch *b)
{
	cut(b);
	b->last->nlmsg_flags |= NLM_F_ACK;
	close_at(b, b->len, b->seq);
}

// acknowledged waits for the ACK of message seq. The kernel has queued all
// answers when send returns, so that none is waited for in vain.
static void acknowledged(int fd, uint32_t seq)
{
	static char buf[CHUNK];

	for (;;) {
		ssize_t n = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
		struct nlmsghdr *h = (struct nlmsghdr *)buf;

		if (n < 0)
			err(1, "ACK of message %u", seq);
		for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			struct nlmsgerr *e = NLMSG_DATA(h);

			if (h->nlmsg_type != NLMSG_ERROR)
				errx(1, "answer of type %d to message %u", h->nlmsg_type, h->nlmsg_seq);
			if (e->error) {
				errno = -e->error;
				err(1, "message %u of type %d", h->nlmsg_seq, e->msg.nlmsg_type);
			}
			if (h->nlmsg_seq == seq)
				return;
		}
	}
}

void exchange(int fd, const struct batch *b, int first, int count)
{
	for (int i = first; i < first + count; i++) {
		struct iovec v = b->sends[i].bytes;

		if (send(fd, v.iov_base, v.iov_len, 0) != (ssize_t)v.iov_len)
			err(1, "send of %zu bytes", v.iov_len);
	}
	acknowledged(fd, b->sends[first + count - 1].last_seq);
}

void run(int fd, struct batch *b)
{
	seal(b);
	exchange(fd, b, 0, b->nsends);
}

long dump(int fd, int request, int type, const void *head, size_t len, void (*see)(struct nlmsghdr *))
{
	static char buf[CHUNK];
	struct {
		struct nlmsghdr h;
		char head[32];
	} req = { .h = { .nlmsg_len = NLMSG_LENGTH(len), .nlmsg_type = request, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };
	long seen = 0;

	memcpy(req.head, head, len);
	if (send(fd, &req, req.h.nlmsg_len, 0) < 0)
		err(1, "dump");
	for (;;) {
		ssize_t n = recv(fd, buf, sizeof buf, 0);
		struct nlmsghdr *h = (struct nlmsghdr *)buf;

		if (n < 0)
			err(1, "dump");
		for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			if (h->nlmsg_flags & NLM_F_DUMP_INTR)
				errx(1, "the state changed while it was read");
			if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR) {
				errno = -*(int *)NLMSG_DATA(h);
				if (errno)
					err(1, "dump");
				return seen;
			}
			if (h->nlmsg_type != type)
				errx(1, "object of type %d", h->nlmsg_type);
			see(h);
			seen++;
		}
	}
}

void index_attrs(struct nlattr *tb[], int max, void *attrs, int len)
{
	struct nlattr *a = attrs;

	memset(tb, 0, sizeof *tb * (max + 1));
	while (len >= NLA_HDRLEN && a->nla_len >= NLA_HDRLEN && a->nla_len <= len) {
		int type = a->nla_type & NLA_TYPE_MASK;

		if (type <= max)
			tb[type] = a;
		len -= NLA_ALIGN(a->nla_len);
		a = next(a);
	}
	if (len > 0)
		errx(1, "%d bytes behind the attributes", len);
}

void index_nest(struct nlattr *tb[], int max, struct nlattr *a)
{
	if (a)
		index_attrs(tb, max, payload(a), a->nla_len - NLA_HDRLEN);
	else
		memset(tb, 0, sizeof *tb * (max + 1));
}

void index_message(struct nlattr *tb[], int max, struct nlmsghdr *h, size_t len)
{
	index_attrs(tb, max, (char *)NLMSG_DATA(h) + NLMSG_ALIGN(len), NLMSG_PAYLOAD(h, NLMSG_ALIGN(len)));
}
