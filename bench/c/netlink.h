// Netlink by hand: messages encoded beforehand, sent many at a time.
#ifndef NETLINK_H
#define NETLINK_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

// The flags of a message that makes a new object.
enum { NEW = NLM_F_CREATE | NLM_F_EXCL };

// A transmission is what one send gives to the kernel.
struct transmission {
	struct iovec bytes;
	uint32_t last_seq; // of its last message
};

// A batch is a row of encoded messages, cut into transmissions.
struct batch {
	char *data;
	size_t len, start;     // of the transmission that is being filled
	size_t cut;            // where to cut it at the latest; 0: never
	uint32_t seq;          // of the last message
	struct nlmsghdr *last; // the last message, NULL before the first
	struct transmission *sends;
	int nsends;
};

// nl_open opens a socket in the thread's network namespace, with large buffers.
int nl_open(int protocol);

// nl_open_small is nl_open for a few messages, in one call of the system.
int nl_open_small(int protocol);

// batch_new returns an empty batch for messages to fd. Transmissions are cut at
// 256 KiB, or at what the socket's buffer takes where it may not be enlarged.
struct batch batch_new(int fd);

// batch_reset empties b.
void batch_reset(struct batch *b);

// message begins a message with the header of its family, head.
// Its end is where the next one begins.
void message(struct batch *b, int type, int flags, const void *head, size_t len);

// attr adds an attribute to the message begun last; type may have NLA_F_NESTED.
void attr(struct batch *b, int type, const void *data, size_t len);
void attr_u8(struct batch *b, int type, uint8_t v);
void attr_u32(struct batch *b, int type, uint32_t v);
void attr_be32(struct batch *b, int type, uint32_t v);
void attr_string(struct batch *b, int type, const char *s);

// nest begins an attribute of attributes that nest_end ends. nest_head begins
// one with a header in front of them.
struct nlattr *nest(struct batch *b, int type);
struct nlattr *nest_head(struct batch *b, int type, const void *head, size_t len);
void nest_end(struct batch *b, struct nlattr *a);

// seal ends a transmission and asks for the ACK of its last message.
void seal(struct batch *b);

// exchange sends count transmissions from the first on, of which the last must
// be sealed, and returns when it was acknowledged. Any error ends the program.
void exchange(int fd, const struct batch *b, int first, int count);

// run seals b and exchanges all of it.
void run(int fd, struct batch *b);

// dump sends a dump request and calls see with each object, of type. It
// returns how many there were. Any error ends the program.
long dump(int fd, int request, int type, const void *head, size_t len, void (*see)(struct nlmsghdr *));

// index_attrs is parse_rtattr of iproute2: it fills tb[0..max] with the
// attributes of these types. index_nest does so with those of a nest, or of
// none if a is NULL.
void index_attrs(struct nlattr *tb[], int max, void *attrs, int len);
void index_nest(struct nlattr *tb[], int max, struct nlattr *a);

// index_message indexes the attributes behind a family's header of len bytes.
void index_message(struct nlattr *tb[], int max, struct nlmsghdr *h, size_t len);

// payload is the data of an attribute.
static inline void *payload(struct nlattr *a)
{
	return (char *)a + NLA_HDRLEN;
}

// next is the attribute behind a.
static inline struct nlattr *next(struct nlattr *a)
{
	return (struct nlattr *)((char *)a + NLA_ALIGN(a->nla_len));
}

#endif
