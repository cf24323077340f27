// SPDX-License-Identifier: GPL-2.0
/* Generic netlink: dumps say what sysfs says; events come in order, losses are told. */
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <poll.h>

#include "kselftest_harness.h"
#include "kvtier_netlink.h"
#include "kvtier_remote.h"
#include "util.h"

#define BS	65536U
#define MAX	4096

/* An event, as far as the tests care. */
struct heard {
	int cmd;
	char tier[KVT_NAME_SIZE];
	char space[KVT_NAME_SIZE];
	int is_short;
	int up;
	char remote[KVT_NAME_SIZE];
	__u64 seq;
	struct kvt_nl_block block;
};

/* What a socket has heard; each block counts as an event. */
static struct heard heard[MAX];
static unsigned int nr_heard;
static __u64 lost;

/* Messages about blocks: the number after the last one's; how much did not fit it. */
static __u64 next_seq;
static unsigned int nr_messages, nr_gaps, longest;

FIXTURE(netlink) {
	struct nl_sock *sock;
	int fd;
};

static void note(struct nlattr **a, int cmd, const struct kvt_nl_block *b, __u64 seq)
{
	struct heard *h = &heard[nr_heard % MAX];

	nr_heard++;
	memset(h, 0, sizeof(*h));
	h->cmd = cmd;
	if (a[KVT_NL_A_TIER])
		strncpy(h->tier, nla_get_string(a[KVT_NL_A_TIER]), sizeof(h->tier) - 1);
	if (a[KVT_NL_A_SPACE])
		strncpy(h->space, nla_get_string(a[KVT_NL_A_SPACE]), sizeof(h->space) - 1);
	h->up = a[KVT_NL_A_UP] ? nla_get_u8(a[KVT_NL_A_UP]) : -1;
	if (a[KVT_NL_A_REMOTE])
		strncpy(h->remote, nla_get_string(a[KVT_NL_A_REMOTE]),
			sizeof(h->remote) - 1);
	h->is_short = a[KVT_NL_A_SHORT] ? nla_get_u8(a[KVT_NL_A_SHORT]) : -1;
	if (b) {
		h->block = *b;
		h->seq = seq;
	}
}

static int hear(struct nl_msg *msg, void *arg)
{
	struct genlmsghdr *head = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *a[KVT_NL_A_REMOTE + 1];
	const struct kvt_nl_block *b;
	unsigned int i, nr;

	(void)arg;
	if (genlmsg_parse(nlmsg_hdr(msg), 0, a, KVT_NL_A_REMOTE, NULL))
		return NL_STOP;
	if (head->cmd != KVT_NL_CMD_BLOCKS) {
		note(a, head->cmd, NULL, 0);
		return NL_OK;
	}
	if (a[KVT_NL_A_LOST])
		lost += nla_get_u64(a[KVT_NL_A_LOST]);
	b = nla_data(a[KVT_NL_A_BLOCKS]);
	nr = nla_len(a[KVT_NL_A_BLOCKS]) / sizeof(*b);
	nr_gaps += nr_messages && nla_get_u64(a[KVT_NL_A_SEQ]) != next_seq;
	next_seq = nla_get_u64(a[KVT_NL_A_SEQ]) + nr;
	nr_messages++;
	longest = nr > longest ? nr : longest;
	for (i = 0; i < nr; i++)
		note(a, head->cmd, &b[i], nla_get_u64(a[KVT_NL_A_SEQ]) + i);
	return NL_OK;
}

/* Hear all there is just now. */
static int hear_all(struct nl_sock *sock, int ms)
{
	struct pollfd p = { .fd = nl_socket_get_fd(sock), .events = POLLIN };
	int err = 0;

	while (poll(&p, 1, ms) > 0) {
		err = nl_recvmsgs_default(sock);
		if (err < 0 && err != -NLE_NOMEM)
			return err;
	}
	return 0;
}

/* Hear until so many events were heard, and what comes right behind them. */
static int listen_for(struct nl_sock *sock, unsigned int events)
{
	int err = 0;

	KST_UNTIL((err = hear_all(sock, 0)) || nr_heard >= events);
	if (!err && nr_heard < events)
		err = -ETIMEDOUT;
	return err ?: hear_all(sock, 200);
}

static int join(struct nl_sock *sock, const char *name)
{
	int group = genl_ctrl_resolve_grp(sock, KVT_NL_FAMILY, name);

	return group < 0 ? group : nl_socket_add_membership(sock, group);
}

static struct nl_sock *make_socket(void)
{
	struct nl_sock *sock = nl_socket_alloc();

	nl_socket_disable_seq_check(sock);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, hear, NULL);
	return genl_connect(sock) ? NULL : sock;
}

FIXTURE_SETUP(netlink)
{
	KST_START();
	self->sock = make_socket();
	ASSERT_NE(NULL, self->sock);
	ASSERT_EQ(0, join(self->sock, KVT_NL_GROUP_EVENTS));
	ASSERT_EQ(0, join(self->sock, KVT_NL_GROUP_BLOCKS));
	ASSERT_EQ(0, kst_make(BS, 4, 0));
	self->fd = kst_open(KST_SPACE, O_RDWR);
	ASSERT_LE(0, self->fd);
}

FIXTURE_TEARDOWN_PARENT(netlink)
{
	EXPECT_EQ(0, kst_cleanup());
}

/* Tiers and spaces come and go. */
TEST_F(netlink, events)
{
	ASSERT_EQ(0, listen_for(self->sock, 2));
	EXPECT_EQ(KVT_NL_CMD_TIER_ADDED, heard[0].cmd);
	EXPECT_STREQ(KST_DRAM, heard[0].tier);
	EXPECT_EQ(KVT_NL_CMD_SPACE_CREATED, heard[nr_heard - 1].cmd);
	EXPECT_STREQ(KST_SPACE, heard[nr_heard - 1].space);
	nr_heard = 0;
	close(self->fd);
	self->fd = -1;
	ASSERT_EQ(0, kst_space_delete(KST_SPACE));
	ASSERT_EQ(0, kst_tier_remove(KST_DRAM));
	ASSERT_EQ(0, listen_for(self->sock, 2));
	ASSERT_EQ(2, nr_heard);
	EXPECT_EQ(KVT_NL_CMD_SPACE_DELETED, heard[0].cmd);
	EXPECT_EQ(KVT_NL_CMD_TIER_REMOVED, heard[1].cmd);
}

/* Helpers of remote tiers come and go, and spaces choose among such tiers. */
TEST_F(netlink, remote)
{
	struct kvt_remote_attach attach = { .size = sizeof(attach), .depth = 1 };
	static const int up[] = { -1, 1, -1, 0, 1, 0, -1 };
	struct kvt_remote_add add = { .size = sizeof(add) };
	int i, fd, control = open(KST_CONTROL, O_RDWR);

	ASSERT_EQ(0, listen_for(self->sock, 2));
	nr_heard = 0;
	kst_name(add.name, "kst_remote");
	kst_name(attach.name, "kst_remote");
	ASSERT_EQ(0, kst_control(KVT_IOC_REMOTE_ADD, &add));
	fd = ioctl(control, KVT_IOC_REMOTE_ATTACH, &attach);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", "kst_remote"));
	close(fd);
	ASSERT_EQ(0, listen_for(self->sock, 4));
	/* As soon as it is told that one has gone, another may come. */
	fd = ioctl(control, KVT_IOC_REMOTE_ATTACH, &attach);
	ASSERT_LE(0, fd);
	close(fd);
	ASSERT_EQ(0, listen_for(self->sock, 6));
	ASSERT_EQ(0, kst_knob(KST_SPACE, "remote", "none"));
	ASSERT_EQ(0, listen_for(self->sock, 7));
	ASSERT_EQ(7, nr_heard);
	for (i = 0; i < 7; i++) {
		EXPECT_EQ(up[i], heard[i].up);
		EXPECT_EQ(i == 0 ? KVT_NL_CMD_TIER_ADDED :
			  i == 2 || i == 6 ? KVT_NL_CMD_SPACE_CHANGED :
			  KVT_NL_CMD_HELPER, heard[i].cmd);
	}
	EXPECT_STREQ("kst_remote", heard[1].tier);
	EXPECT_STREQ(KST_SPACE, heard[2].space);
	EXPECT_STREQ("kst_remote", heard[2].remote);
	EXPECT_STREQ("", heard[6].remote);
}

static int put(int fd, unsigned int n)
{
	struct kst_key none = {};

	return kst_put_pattern(fd, kst_key(1, n), n ? kst_key(1, n - 1) : none,
			       BS, n);
}

/* A chain is stored, its end dropped: in this order, with keys and parents. */
TEST_F(netlink, blocks)
{
	static const __u8 none[32];
	unsigned int n;

	ASSERT_EQ(0, listen_for(self->sock, 2));
	nr_heard = 0;
	for (n = 0; n < 3; n++) {
		ASSERT_LE(0, put(self->fd, n));
	}
	ASSERT_EQ(0, kst_drop(self->fd, kst_key(1, 2), 0));
	ASSERT_EQ(0, listen_for(self->sock, 4));
	ASSERT_EQ(4, nr_heard);
	for (n = 0; n < 4; n++) {
		struct kst_key key = kst_key(1, n < 3 ? n : 2);
		struct kst_key parent = kst_key(1, n - 1);

		EXPECT_EQ(KVT_NL_CMD_BLOCKS, heard[n].cmd);
		EXPECT_STREQ(KST_SPACE, heard[n].space);
		EXPECT_EQ(heard[0].seq + n, heard[n].seq);
		EXPECT_EQ(n < 3 ? KVT_NL_BLOCK_STORED : KVT_NL_BLOCK_REMOVED,
			  heard[n].block.what);
		EXPECT_EQ(0, memcmp(&key, heard[n].block.key, 32));
		EXPECT_EQ(0, memcmp(n == 1 || n == 2 ? (void *)&parent : none,
				    heard[n].block.parent, 32));
	}
	EXPECT_EQ(0, lost);
}

/* @nr blocks at once, each without a parent. */
static int put_many(int fd, __u64 chain, unsigned int first, unsigned int nr)
{
	static char data[BS];
	struct kvt_entry e[16];
	struct kvt_batch b;
	unsigned int i;

	kst_entries(e, nr, chain, first);
	for (i = 0; i < nr; i++)
		e[i].addr = kst_ptr(data);
	kst_batch(&b, KVT_OP_PUT, e, nr);
	b.flags = KVT_F_FLAT;
	return kst_submit(fd, &b) ?: b.ok == nr ? 0 : -EPROTO;
}

/*
 * Blocks are numbered, whatever message tells of them: each begins where the one
 * before it ended, after long ones and after short ones.
 */
TEST_F(netlink, numbers)
{
	unsigned int round, events = 2;

	ASSERT_EQ(0, listen_for(self->sock, events));
	for (round = 0; round < 100 && (longest < 2 || nr_messages < 4); round++) {
		ASSERT_EQ(0, put_many(self->fd, 5, 17 * round, 16));
		events += 16;
		ASSERT_EQ(0, listen_for(self->sock, events));
		ASSERT_EQ(0, put_many(self->fd, 5, 17 * round + 16, 1));
		events++;
		ASSERT_EQ(0, listen_for(self->sock, events));
	}
	EXPECT_LE(2, longest);
	EXPECT_LE(4, nr_messages);
	EXPECT_EQ(0, nr_gaps);
	EXPECT_EQ(0, lost);
}

/* What has been heard of so far. */
static unsigned int count_blocks(unsigned int what)
{
	unsigned int n, nr = 0;

	for (n = 0; n < nr_heard; n++)
		nr += heard[n].cmd == KVT_NL_CMD_BLOCKS &&
		      heard[n].block.what == what;
	return nr;
}

/* Blocks that are evicted to make room are told of, too. */
TEST_F(netlink, evicted)
{
	unsigned int n;

	for (n = 0; n < 200; n++) {
		ASSERT_LE(0, kst_put_pattern(self->fd, kst_key(2, n),
					     (struct kst_key){}, BS, n));
		ASSERT_EQ(0, hear_all(self->sock, 0));
	}
	EXPECT_TRUE(KST_UNTIL(!hear_all(self->sock, 0) &&
			      count_blocks(KVT_NL_BLOCK_STORED) == 200));
	EXPECT_TRUE(KST_UNTIL(!hear_all(self->sock, 0) &&
			      count_blocks(KVT_NL_BLOCK_REMOVED) ==
			      200 - kst_attr(KST_SPACE, "blocks")));
	EXPECT_EQ(0, nr_gaps);
}

/* Who does not listen fast enough can tell how much is missing. */
TEST_F(netlink, lost)
{
	struct nl_sock *slow = make_socket();
	__u64 first = 0, last = 0;
	unsigned int n, seen = 0;

	ASSERT_NE(NULL, slow);
	ASSERT_EQ(0, nl_socket_set_buffer_size(slow, 4096, 0));
	ASSERT_EQ(0, join(slow, KVT_NL_GROUP_BLOCKS));
	/* All is told before it listens; who does can follow. */
	for (n = 1; n <= 1000; n++) {
		ASSERT_LE(0, kst_put_pattern(self->fd, kst_key(3, n),
					     (struct kst_key){}, BS, n));
		if (n % 50 == 0)
			ASSERT_TRUE(KST_UNTIL(!hear_all(self->sock, 0) &&
					      count_blocks(KVT_NL_BLOCK_STORED) == n));
	}
	ASSERT_EQ(0, hear_all(self->sock, 200));
	EXPECT_EQ(0, nr_gaps);
	nr_heard = 0;
	nr_messages = 0;
	ASSERT_EQ(0, listen_for(slow, 1));
	seen = nr_heard;
	ASSERT_LT(0, seen);
	first = heard[0].seq;
	EXPECT_GT(1000, seen);
	/* One more, when it listens again: its number shows the gap. */
	ASSERT_LE(0, put(self->fd, 0));
	ASSERT_EQ(0, listen_for(slow, seen + 1));
	ASSERT_LT(seen, nr_heard);
	last = heard[(nr_heard - 1) % MAX].seq;
	EXPECT_LE(1000, last - first);
	nl_socket_free(slow);
}

/* How often it was told that the space is short, or not any more. */
static unsigned int count_pressure(int is_short)
{
	unsigned int n, nr = 0;

	for (n = 0; n < nr_heard; n++)
		nr += heard[n].cmd == KVT_NL_CMD_PRESSURE &&
		      heard[n].is_short == is_short;
	return nr;
}

/* Short of frames when all are being filled, and not any more when they are not. */
TEST_F(netlink, pressure)
{
	struct kvt_entry e[64];
	struct kvt_batch b;

	ASSERT_EQ(0, kst_knob(KST_SPACE, "lease_quota", "1000"));
	kst_entries(e, 64, 4, 0);
	kst_batch(&b, KVT_OP_RESERVE, e, 64);
	b.flags = KVT_F_FLAT;
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	ASSERT_EQ(64, b.ok);
	EXPECT_TRUE(KST_UNTIL(!hear_all(self->sock, 0) && count_pressure(1)));
	ASSERT_EQ(0, hear_all(self->sock, 500));
	EXPECT_EQ(1, count_pressure(1));
	EXPECT_EQ(0, count_pressure(0));
	kst_batch(&b, KVT_OP_ABORT, e, 64);
	ASSERT_EQ(0, kst_submit(self->fd, &b));
	EXPECT_TRUE(KST_UNTIL(!hear_all(self->sock, 0) && count_pressure(0)));
	ASSERT_EQ(0, hear_all(self->sock, 500));
	EXPECT_EQ(1, count_pressure(1));
	EXPECT_EQ(1, count_pressure(0));
}

/* ------------------------------------------------------------------------- dumps */

struct dumped {
	long long block_size, blocks, free, frames, commits;
	char space[KVT_NAME_SIZE], tier[KVT_NAME_SIZE];
	int kind, node, tiers, spaces;
};

static void take_counter(struct dumped *d, struct nlattr *nest)
{
	struct nlattr *a[KVT_NL_A_BLOCKS + 1];

	if (nla_parse_nested(a, KVT_NL_A_BLOCKS, nest, NULL) ||
	    !a[KVT_NL_A_NAME] || !a[KVT_NL_A_VALUE])
		return;
	if (!strcmp(nla_get_string(a[KVT_NL_A_NAME]), "commits"))
		d->commits = nla_get_u64(a[KVT_NL_A_VALUE]);
}

static void take_arena(struct dumped *d, struct nlattr *nest)
{
	struct nlattr *a[KVT_NL_A_BLOCKS + 1];

	if (nla_parse_nested(a, KVT_NL_A_BLOCKS, nest, NULL) ||
	    !a[KVT_NL_A_FRAMES] || !a[KVT_NL_A_FREE] || !a[KVT_NL_A_HELD])
		return;
	d->frames = nla_get_u32(a[KVT_NL_A_FRAMES]);
	d->free = nla_get_u32(a[KVT_NL_A_FREE]);
	d->blocks = nla_get_u32(a[KVT_NL_A_HELD]);
}

static void take_space(struct dumped *d, struct nlmsghdr *h)
{
	struct nlattr *pos;
	int rest;

	nlmsg_for_each_attr(pos, h, GENL_HDRLEN, rest) {
		switch (nla_type(pos)) {
		case KVT_NL_A_SPACE:
			strncpy(d->space, nla_get_string(pos), sizeof(d->space) - 1);
			break;
		case KVT_NL_A_BLOCK_SIZE:
			d->block_size = nla_get_u32(pos);
			break;
		case KVT_NL_A_ARENA:
			take_arena(d, pos);
			break;
		case KVT_NL_A_COUNTER:
			take_counter(d, pos);
			break;
		}
	}
	d->spaces++;
}

static int take(struct nl_msg *msg, void *arg)
{
	struct genlmsghdr *head = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *a[KVT_NL_A_BLOCKS + 1];
	struct dumped *d = arg;

	if (head->cmd == KVT_NL_CMD_GET_SPACE) {
		take_space(d, nlmsg_hdr(msg));
	} else if (!genlmsg_parse(nlmsg_hdr(msg), 0, a, KVT_NL_A_BLOCKS, NULL)) {
		d->tiers++;
		d->kind = nla_get_u32(a[KVT_NL_A_KIND]);
		d->node = nla_get_u32(a[KVT_NL_A_NODE]);
		strncpy(d->tier, nla_get_string(a[KVT_NL_A_TIER]), sizeof(d->tier) - 1);
	}
	return NL_OK;
}

static int dump(struct dumped *d, int cmd)
{
	struct nl_sock *sock = nl_socket_alloc();
	int err;

	err = genl_connect(sock);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, take, d);
	if (!err)
		err = genl_send_simple(sock, genl_ctrl_resolve(sock, KVT_NL_FAMILY),
				       cmd, KVT_NL_VERSION, NLM_F_DUMP);
	if (err >= 0)
		err = nl_recvmsgs_default(sock);
	nl_socket_free(sock);
	return err < 0 ? err : 0;
}

TEST_F(netlink, dumps)
{
	struct dumped d = {};
	unsigned int n;

	for (n = 0; n < 5; n++) {
		ASSERT_LE(0, put(self->fd, n));
	}
	ASSERT_EQ(0, dump(&d, KVT_NL_CMD_GET_TIER));
	EXPECT_EQ(1, d.tiers);
	EXPECT_STREQ(KST_DRAM, d.tier);
	EXPECT_EQ(KVT_TIER_DRAM, d.kind);
	EXPECT_EQ(0, d.node);
	ASSERT_EQ(0, dump(&d, KVT_NL_CMD_GET_SPACE));
	EXPECT_EQ(1, d.spaces);
	EXPECT_STREQ(KST_SPACE, d.space);
	EXPECT_EQ(BS, d.block_size);
	EXPECT_EQ(5, d.blocks);
	EXPECT_EQ(kst_arena(KST_SPACE, 0, "frames"), d.frames);
	EXPECT_EQ(kst_arena(KST_SPACE, 0, "free"), d.free);
	EXPECT_EQ(kst_stat(KST_SPACE, "commits"), d.commits);
}

/* More spaces than go into one message of the dump. */
TEST_F(netlink, many)
{
	struct dumped d = {};
	char name[32];
	int i;

	ASSERT_EQ(0, kst_tier_add("kst_more", KVT_TIER_DRAM, 0, 80 * KST_MIB));
	for (i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "kst_many%d", i);
		ASSERT_EQ(0, kst_space_simple(name, BS, "kst_more", 2 * KST_MIB));
	}
	ASSERT_EQ(0, dump(&d, KVT_NL_CMD_GET_SPACE));
	EXPECT_EQ(41, d.spaces);
	ASSERT_EQ(0, dump(&d, KVT_NL_CMD_GET_TIER));
	EXPECT_EQ(2, d.tiers);
}

/* ---------------------------------------------------------------- dumps of blocks */

#define SMALL		4096U
#define SMALL_SPACE	"kst_small"
#define NR_SMALL	300
#define CHAINS		4

/*
 * What a dump tells of SMALL_SPACE, which has blocks of several chains in order; after
 * each message @meanwhile is called.
 */
struct told {
	unsigned int messages, blocks, strange;
	unsigned char times[CHAINS][2 * NR_SMALL];
	int error;
	int fd;
	void (*meanwhile)(struct told *t);
};

static bool is_key(const __u8 *key, __u64 chain, unsigned int n)
{
	struct kst_key is = kst_key(chain, n);

	return !memcmp(&is, key, sizeof(is));
}

static void tell_block(struct told *t, const struct kvt_nl_block *b)
{
	unsigned int chain, n;

	t->blocks++;
	for (chain = 0; chain < CHAINS; chain++)
		for (n = 0; n < 2 * NR_SMALL; n++)
			if (is_key(b->key, chain, n))
				goto found;
	t->strange++;
	return;
found:
	t->times[chain][n]++;
	t->strange += b->what != KVT_NL_BLOCK_STORED ||
		      !(n ? is_key(b->parent, chain, n - 1) :
			    !memcmp(b->parent, kst_root.b, sizeof(b->parent)));
}

static int tell_blocks(struct nl_msg *msg, void *arg)
{
	struct nlattr *a[KVT_NL_A_REMOTE + 1];
	struct told *t = arg;
	unsigned int i, nr;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, a, KVT_NL_A_REMOTE, NULL) ||
	    !a[KVT_NL_A_SPACE] || !a[KVT_NL_A_BLOCKS] ||
	    strcmp(nla_get_string(a[KVT_NL_A_SPACE]), SMALL_SPACE)) {
		t->strange++;
		return NL_OK;
	}
	nr = nla_len(a[KVT_NL_A_BLOCKS]) / sizeof(struct kvt_nl_block);
	for (i = 0; i < nr; i++)
		tell_block(t, (struct kvt_nl_block *)nla_data(a[KVT_NL_A_BLOCKS]) + i);
	t->messages++;
	t->strange += !nr;
	if (t->meanwhile)
		t->meanwhile(t);
	return NL_OK;
}

/* The last message says how it ended. */
static int tell_end(struct nl_msg *msg, void *arg)
{
	((struct told *)arg)->error = *(int *)nlmsg_data(nlmsg_hdr(msg));
	return NL_OK;
}

static int tell_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	(void)from;
	((struct told *)arg)->error = e->error;
	return NL_STOP;
}

/* @space: NULL: none is named. Returns how it ended. */
static int dump_blocks(struct told *t, const char *space)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct nl_msg *msg = nlmsg_alloc();
	int err;

	if (genl_connect(sock))
		return -EPROTO;
	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ,
		    genl_ctrl_resolve(sock, KVT_NL_FAMILY), 0, NLM_F_DUMP,
		    KVT_NL_CMD_GET_BLOCK, KVT_NL_VERSION);
	if (space)
		nla_put_string(msg, KVT_NL_A_SPACE, space);
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, tell_blocks, t);
	nl_socket_modify_cb(sock, NL_CB_FINISH, NL_CB_CUSTOM, tell_end, t);
	nl_socket_modify_err_cb(sock, NL_CB_CUSTOM, tell_error, t);
	err = nl_send_auto(sock, msg);
	if (err >= 0)
		err = nl_recvmsgs_default(sock);
	nlmsg_free(msg);
	nl_socket_free(sock);
	return t->error ?: err < 0 ? -EPROTO : 0;
}

static int put_small(int fd, __u64 chain, unsigned int nr)
{
	static char data[SMALL];
	struct kst_key parent = kst_root;
	unsigned int n;
	int err = 0;

	for (n = 0; n < nr && !err; n++) {
		err = kst_put(fd, kst_key(chain, n), parent, data);
		parent = kst_key(chain, n);
		err = err < 0 ? err : 0;
	}
	return err;
}

static int make_small(struct told *t)
{
	int err = kst_tier_add("kst_more", KVT_TIER_DRAM, 0, 8 * KST_MIB);

	err = err ?: kst_space_simple(SMALL_SPACE, SMALL, "kst_more", 8 * KST_MIB);
	if (err)
		return err;
	t->fd = kst_open(SMALL_SPACE, O_RDWR);
	return t->fd < 0 ? t->fd : put_small(t->fd, 1, NR_SMALL);
}

static unsigned int told_once(const struct told *t, __u64 chain)
{
	unsigned int n, nr = 0;

	for (n = 0; n < NR_SMALL; n++)
		nr += t->times[chain][n] == 1;
	return nr;
}

/* All of one space, each once, and what is being filled is nobody's. */
TEST_F(netlink, blocks_of_a_space)
{
	static struct told t;
	struct kvt_entry e;

	ASSERT_LE(0, put(self->fd, 7));
	ASSERT_EQ(0, make_small(&t));
	ASSERT_LE(0, kst_reserve(t.fd, kst_key(2, 0), kst_root, &e));
	ASSERT_EQ(0, dump_blocks(&t, SMALL_SPACE));
	EXPECT_EQ(NR_SMALL, t.blocks);
	EXPECT_EQ(NR_SMALL, told_once(&t, 1));
	EXPECT_EQ(0, t.strange);
	EXPECT_LT(4, t.messages);

	/* None at all. */
	kst_drop(t.fd, kst_key(1, 0), KVT_F_CHAIN);
	t.blocks = 0;
	EXPECT_EQ(0, dump_blocks(&t, SMALL_SPACE));
	EXPECT_EQ(0, t.blocks);
	EXPECT_EQ(0, t.strange);
}

/* From the second message on others go, and come. */
static void change(struct told *t)
{
	if (t->messages == 2) {
		kst_drop(t->fd, kst_key(2, 0), KVT_F_CHAIN);
		put_small(t->fd, 3, NR_SMALL);
	}
}

/* What is there all the while is told once, whatever else comes and goes. */
TEST_F(netlink, blocks_that_change)
{
	static struct told t = { .meanwhile = change };
	unsigned int n;

	ASSERT_EQ(0, make_small(&t));
	ASSERT_EQ(0, put_small(t.fd, 2, NR_SMALL));
	ASSERT_EQ(0, dump_blocks(&t, SMALL_SPACE));
	EXPECT_EQ(NR_SMALL, told_once(&t, 1));
	for (n = 0; n < NR_SMALL; n++) {
		EXPECT_GE(1, t.times[2][n]);
		EXPECT_GE(1, t.times[3][n]);
	}
	EXPECT_GT(NR_SMALL, told_once(&t, 2));
	EXPECT_EQ(0, t.strange);
}

static void delete(struct told *t)
{
	if (t->messages > 2 || t->fd < 0)
		return;
	close(t->fd);
	t->fd = -1;
	t->strange += kst_space_delete(SMALL_SPACE) != 0;
}

/* It goes in the middle: then there are no more, and that is all. */
TEST_F(netlink, blocks_of_a_space_that_goes)
{
	static struct told t = { .meanwhile = delete };

	ASSERT_EQ(0, make_small(&t));
	EXPECT_EQ(0, dump_blocks(&t, SMALL_SPACE));
	EXPECT_EQ(-1, t.fd);
	EXPECT_GT(NR_SMALL, t.blocks);
	EXPECT_EQ(0, t.strange);
	EXPECT_EQ(-ENOENT, dump_blocks(&t, SMALL_SPACE));
}

static int blocks_as_nobody(struct kst_child *c, void *arg)
{
	struct told t = {};

	(void)c;
	(void)arg;
	if (kst_become_nobody())
		return 255;
	return -dump_blocks(&t, KST_SPACE);
}

TEST_F(netlink, blocks_refused)
{
	struct told t = {};
	struct kst_child c;

	EXPECT_EQ(-ENOENT, dump_blocks(&t, "kst_none"));
	t.error = 0;
	EXPECT_EQ(-EINVAL, dump_blocks(&t, NULL));
	t.error = 0;
	EXPECT_EQ(-EINVAL, dump_blocks(&t, "kst_a_name_that_is_longer_than_any"));
	EXPECT_EQ(0, t.messages);
	/* It tells keys. */
	ASSERT_EQ(0, kst_spawn(&c, blocks_as_nobody, NULL));
	EXPECT_EQ(EPERM, kst_join(&c));
}

static int as_nobody(struct kst_child *c, void *arg)
{
	struct dumped d = {};
	struct nl_sock *sock;

	(void)c;
	(void)arg;
	if (kst_become_nobody())
		return 1;
	sock = make_socket();
	if (!sock || join(sock, KVT_NL_GROUP_EVENTS))
		return 2;
	if (!join(sock, KVT_NL_GROUP_BLOCKS))
		return 3;
	return dump(&d, KVT_NL_CMD_GET_SPACE) || d.spaces != 1 ? 4 : 0;
}

TEST_F(netlink, unprivileged)
{
	struct kst_child c;

	ASSERT_EQ(0, kst_spawn(&c, as_nobody, NULL));
	EXPECT_EQ(0, kst_join(&c));
}

TEST_HARNESS_MAIN
