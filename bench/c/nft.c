// nf_tables: one transaction of many rules, of one map with many elements, and of one
// set with many intervals.
#include "limit.h"

#include <arpa/inet.h>
#include <err.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/in.h>
#include <string.h>

enum {
	TYPE_INET_SERVICE = 13, // the numbers that nft gives to its types
	TYPE_IPV4_ADDR_INET_SERVICE = 7 << 6 | 13,
	TYPE_IPV4_ADDR = 7,
	FIRST = 10 << 24, STEP = 8, LENGTH = 5, // of intervals
	LISTED = 100000, // a longer list takes the kernel the square of the time
	ELEMENTS = 63 * 1024, // bytes of them in an attribute, whose length has 16 bits
};

static const char table[] = "t", chain[] = "pre", map[] = "m", set[] = "s";

// A target is where a port leads: as the data of a concatenation, padded to 4.
struct target {
	uint32_t addr;
	uint16_t port, padding;
};

static struct target target(int i)
{
	uint32_t addr = 10 << 24 | 1 << 16 | i / 250 << 8 | (i % 250 + 1);

	return (struct target){ .addr = htonl(addr), .port = htons(80) };
}

static void nft_message(struct batch *b, int type, int flags)
{
	struct nfgenmsg head = { .nfgen_family = NFPROTO_IPV4, .version = NFNETLINK_V0 };

	message(b, NFNL_SUBSYS_NFTABLES << 8 | type, flags, &head, sizeof head);
}

// bracket begins or ends the transaction.
static void bracket(struct batch *b, int type)
{
	struct nfgenmsg head = { .version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES) };

	message(b, type, 0, &head, sizeof head);
}

static struct batch transaction(int fd)
{
	struct batch b = batch_new(fd);

	b.cut = 0;
	bracket(&b, NFNL_MSG_BATCH_BEGIN);
	nft_message(&b, NFT_MSG_NEWTABLE, NEW);
	attr_string(&b, NFTA_TABLE_NAME, table);
	return b;
}

static void load(int fd, struct batch *b, int n)
{
	bracket(b, NFNL_MSG_BATCH_END);
	seal(b);
	begin();
	exchange(fd, b, 0, 1);
	end("load", n);
}

static void add_chain(struct batch *b)
{
	nft_message(b, NFT_MSG_NEWCHAIN, NEW);
	attr_string(b, NFTA_CHAIN_TABLE, table);
	attr_string(b, NFTA_CHAIN_NAME, chain);
	struct nlattr *hook = nest(b, NFTA_CHAIN_HOOK);
	attr_be32(b, NFTA_HOOK_HOOKNUM, NF_INET_PRE_ROUTING);
	attr_be32(b, NFTA_HOOK_PRIORITY, NF_IP_PRI_NAT_DST);
	nest_end(b, hook);
	attr_string(b, NFTA_CHAIN_TYPE, "nat");
}

// value is struct nft_data as an attribute.
static void value(struct batch *b, int type, const void *data, size_t len)
{
	struct nlattr *a = nest(b, type);

	attr(b, NFTA_DATA_VALUE, data, len);
	nest_end(b, a);
}

// An expression is a list element of a name and its data.
struct expression {
	struct nlattr *element, *data;
};

static struct expression expression(struct batch *b, const char *name)
{
	struct expression e = { .element = nest(b, NFTA_LIST_ELEM) };

	attr_string(b, NFTA_EXPR_NAME, name);
	e.data = nest(b, NFTA_EXPR_DATA);
	return e;
}

static void expression_end(struct batch *b, struct expression e)
{
	nest_end(b, e.data);
	nest_end(b, e.element);
}

static void equals(struct batch *b, const void *data, size_t len)
{
	struct expression e = expression(b, "cmp");

	attr_be32(b, NFTA_CMP_SREG, NFT_REG_1);
	attr_be32(b, NFTA_CMP_OP, NFT_CMP_EQ);
	value(b, NFTA_CMP_DATA, data, len);
	expression_end(b, e);
}

static void immediate(struct batch *b, int reg, const void *data, size_t len)
{
	struct expression e = expression(b, "immediate");

	attr_be32(b, NFTA_IMMEDIATE_DREG, reg);
	value(b, NFTA_IMMEDIATE_DATA, data, len);
	expression_end(b, e);
}

// add_rule adds: ip protocol tcp tcp dport PORT counter dnat to ADDR:80
static void add_rule(struct batch *b, int i)
{
	uint8_t tcp = IPPROTO_TCP;
	uint16_t port = htons(i % 65535 + 1);
	struct target to = target(i);
	struct expression e;

	nft_message(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	attr_string(b, NFTA_RULE_TABLE, table);
	attr_string(b, NFTA_RULE_CHAIN, chain);
	struct nlattr *list = nest(b, NFTA_RULE_EXPRESSIONS);

	e = expression(b, "meta");
	attr_be32(b, NFTA_META_KEY, NFT_META_L4PROTO);
	attr_be32(b, NFTA_META_DREG, NFT_REG_1);
	expression_end(b, e);
	equals(b, &tcp, sizeof tcp);

	e = expression(b, "payload");
	attr_be32(b, NFTA_PAYLOAD_DREG, NFT_REG_1);
	attr_be32(b, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
	attr_be32(b, NFTA_PAYLOAD_OFFSET, 2);
	attr_be32(b, NFTA_PAYLOAD_LEN, sizeof port);
	expression_end(b, e);
	equals(b, &port, sizeof port);

	expression_end(b, expression(b, "counter"));

	immediate(b, NFT_REG_1, &to.addr, sizeof to.addr);
	immediate(b, NFT_REG_2, &to.port, sizeof to.port);
	e = expression(b, "nat");
	attr_be32(b, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	attr_be32(b, NFTA_NAT_FAMILY, NFPROTO_IPV4);
	attr_be32(b, NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
	attr_be32(b, NFTA_NAT_REG_PROTO_MIN, NFT_REG_2);
	expression_end(b, e);
	nest_end(b, list);
}

// used takes something of every rule, so that no table is optimised away.
static volatile unsigned long used;

// see_expression indexes an expression, and the value in it if it has one.
static void see_expression(struct nlattr *element)
{
	// The attributes of the expressions that can occur here.
	enum { MAX = NFTA_NAT_MAX > NFTA_PAYLOAD_MAX ? NFTA_NAT_MAX : NFTA_PAYLOAD_MAX };
	struct nlattr *tb[NFTA_EXPR_MAX + 1], *data[MAX + 1], *v[NFTA_DATA_MAX + 1];
	const char *name;

	index_nest(tb, NFTA_EXPR_MAX, element);
	if (!tb[NFTA_EXPR_NAME])
		errx(1, "expression without a name");
	name = payload(tb[NFTA_EXPR_NAME]);
	index_nest(data, MAX, tb[NFTA_EXPR_DATA]);
	if (strcmp(name, "cmp") == 0)
		index_nest(v, NFTA_DATA_MAX, data[NFTA_CMP_DATA]);
	else if (strcmp(name, "immediate") == 0)
		index_nest(v, NFTA_DATA_MAX, data[NFTA_IMMEDIATE_DATA]);
	else
		v[NFTA_DATA_VALUE] = NULL;
	used += (unsigned long)data[1] + (unsigned long)v[NFTA_DATA_VALUE];
}

static void see_rule(struct nlmsghdr *h)
{
	struct nlattr *tb[NFTA_RULE_MAX + 1], *e;
	int len;

	index_message(tb, NFTA_RULE_MAX, h, sizeof(struct nfgenmsg));
	if (!tb[NFTA_RULE_EXPRESSIONS])
		errx(1, "rule without expressions");
	e = payload(tb[NFTA_RULE_EXPRESSIONS]);
	for (len = tb[NFTA_RULE_EXPRESSIONS]->nla_len - NLA_HDRLEN; len > 0; len -= NLA_ALIGN(e->nla_len), e = next(e))
		see_expression(e);
}

void nftrules(int n)
{
	int fd = nl_open(NETLINK_NETFILTER);
	struct batch b = transaction(fd);
	struct nfgenmsg head = { .nfgen_family = NFPROTO_IPV4, .version = NFNETLINK_V0 };
	long seen;

	add_chain(&b);
	for (int i = 0; i < n; i++)
		add_rule(&b, i);
	load(fd, &b, n);
	if (n > LISTED)
		return;

	begin();
	seen = dump(fd, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE, &head,
		    sizeof head, see_rule);
	end("list", seen);
	if (seen != n)
		errx(1, "%ld rules, not %d", seen, n);
}

// add_map adds a map without elements of a port to an address and a port.
static void add_map(struct batch *b)
{
	nft_message(b, NFT_MSG_NEWSET, NEW);
	attr_string(b, NFTA_SET_TABLE, table);
	attr_string(b, NFTA_SET_NAME, map);
	attr_be32(b, NFTA_SET_ID, 1);
	attr_be32(b, NFTA_SET_FLAGS, NFT_SET_MAP);
	attr_be32(b, NFTA_SET_KEY_TYPE, TYPE_INET_SERVICE);
	attr_be32(b, NFTA_SET_KEY_LEN, sizeof(uint16_t));
	attr_be32(b, NFTA_SET_DATA_TYPE, TYPE_IPV4_ADDR_INET_SERVICE);
	attr_be32(b, NFTA_SET_DATA_LEN, sizeof(struct target));
}

// add_elements begins a message with elements.
static struct nlattr *add_elements(struct batch *b, const char *name)
{
	nft_message(b, NFT_MSG_NEWSETELEM, NEW);
	attr_string(b, NFTA_SET_ELEM_LIST_TABLE, table);
	attr_string(b, NFTA_SET_ELEM_LIST_SET, name);
	return nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
}

void nftmap(int n)
{
	int fd = nl_open(NETLINK_NETFILTER);
	struct batch b = transaction(fd);

	add_map(&b);
	for (int i = 0; i < n;) {
		struct nlattr *list = add_elements(&b, map);
		size_t first = b.len;

		for (; i < n && b.len - first < ELEMENTS; i++) {
			uint16_t port = htons((i + 1) % 65536);
			struct target to = target(i);
			struct nlattr *element = nest(&b, NFTA_LIST_ELEM);

			value(&b, NFTA_SET_ELEM_KEY, &port, sizeof port);
			value(&b, NFTA_SET_ELEM_DATA, &to, sizeof to);
			nest_end(&b, element);
		}
		nest_end(&b, list);
	}
	load(fd, &b, n);
}

// add_list_request has what the request begins with that lists the set.
static void add_list_request(struct batch *b)
{
	nft_message(b, NFT_MSG_GETSETELEM, 0);
	attr_string(b, NFTA_SET_ELEM_LIST_TABLE, table);
	attr_string(b, NFTA_SET_ELEM_LIST_SET, set);
}

static long elements_seen;

static void see_elements(struct nlmsghdr *h)
{
	struct nlattr *tb[NFTA_SET_ELEM_LIST_MAX + 1], *one[NFTA_SET_ELEM_MAX + 1], *v[NFTA_DATA_MAX + 1], *e;
	int len;

	index_message(tb, NFTA_SET_ELEM_LIST_MAX, h, sizeof(struct nfgenmsg));
	if (!tb[NFTA_SET_ELEM_LIST_ELEMENTS])
		return;
	e = payload(tb[NFTA_SET_ELEM_LIST_ELEMENTS]);
	for (len = tb[NFTA_SET_ELEM_LIST_ELEMENTS]->nla_len - NLA_HDRLEN; len > 0; len -= NLA_ALIGN(e->nla_len), e = next(e)) {
		index_nest(one, NFTA_SET_ELEM_MAX, e);
		index_nest(v, NFTA_DATA_MAX, one[NFTA_SET_ELEM_KEY]);
		used += (unsigned long)v[NFTA_DATA_VALUE];
		elements_seen++;
	}
}

void nftset(int n)
{
	int fd = nl_open(NETLINK_NETFILTER);
	struct batch b = transaction(fd);
	struct batch get = batch_new(fd); // for the attributes of the request that lists

	nft_message(&b, NFT_MSG_NEWSET, NEW);
	attr_string(&b, NFTA_SET_TABLE, table);
	attr_string(&b, NFTA_SET_NAME, set);
	attr_be32(&b, NFTA_SET_ID, 1);
	attr_be32(&b, NFTA_SET_FLAGS, NFT_SET_INTERVAL);
	attr_be32(&b, NFTA_SET_KEY_TYPE, TYPE_IPV4_ADDR);
	attr_be32(&b, NFTA_SET_KEY_LEN, sizeof(uint32_t));
	for (int i = 0; i < 2 * n;) {
		struct nlattr *list = add_elements(&b, set);
		size_t first = b.len;

		for (; i < 2 * n && b.len - first < ELEMENTS; i++) {
			uint32_t addr = htonl(FIRST + i / 2 * STEP + i % 2 * LENGTH);
			struct nlattr *element = nest(&b, NFTA_LIST_ELEM);

			if (i % 2)
				attr_be32(&b, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
			value(&b, NFTA_SET_ELEM_KEY, &addr, sizeof addr);
			nest_end(&b, element);
		}
		nest_end(&b, list);
	}
	load(fd, &b, n);
	if (n > LISTED)
		return;

	add_list_request(&get);
	begin();
	dump(fd, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM,
	     get.data + NLMSG_HDRLEN, get.len - NLMSG_HDRLEN, see_elements);
	end("list", n);
	if (elements_seen < 2 * n)
		errx(1, "%ld ends of intervals, not %d", elements_seen, 2 * n);
}
