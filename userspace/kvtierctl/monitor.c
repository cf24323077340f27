// SPDX-License-Identifier: GPL-2.0
/* What happens, as it happens: events by generic netlink. */
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "args.h"
#include "device.h"
#include "kvtier.h"
#include "kvtier_netlink.h"
#include "key.h"
#include "out.h"
#include "say.h"

/* Of the socket: a burst of so many bytes is not lost. */
#define ROOM (4 << 20)

/**
 * struct monitor - what is listened to
 * @sock: joined to the groups
 * @json: print objects
 * @left: events to print before it ends; -1: no end
 * @next: number of the block that is told of next; 0: not known yet
 */
struct monitor {
	struct nl_sock *sock;
	bool json;
	long left;
	uint64_t next;
};

static const char *const event_names[] = {
	[KVT_NL_CMD_TIER_ADDED]		= "tier_added",
	[KVT_NL_CMD_TIER_REMOVED]	= "tier_removed",
	[KVT_NL_CMD_SPACE_CREATED]	= "space_created",
	[KVT_NL_CMD_SPACE_DELETED]	= "space_deleted",
	[KVT_NL_CMD_DEVICE_FAILED]	= "device_failed",
	[KVT_NL_CMD_PRESSURE]		= "pressure",
	[KVT_NL_CMD_BLOCKS]		= "blocks",
	[KVT_NL_CMD_HELPER]		= "helper",
	[KVT_NL_CMD_SPACE_CHANGED]	= "space_changed",
};

static const char *const kind_names[] = {
	[KVT_TIER_DRAM]		= "dram",
	[KVT_TIER_CXL]		= "cxl",
	[KVT_TIER_NVME]		= "nvme",
	[KVT_TIER_REMOTE]	= "remote",
};

static const struct nla_policy policy[KVT_NL_A_REMOTE + 1] = {
	[KVT_NL_A_TIER]		= { .type = NLA_STRING },
	[KVT_NL_A_KIND]		= { .type = NLA_U32 },
	[KVT_NL_A_SPACE]	= { .type = NLA_STRING },
	[KVT_NL_A_FREE]		= { .type = NLA_U32 },
	[KVT_NL_A_DEVICE]	= { .type = NLA_STRING },
	[KVT_NL_A_SHORT]	= { .type = NLA_U8 },
	[KVT_NL_A_SEQ]		= { .type = NLA_U64 },
	[KVT_NL_A_LOST]		= { .type = NLA_U64 },
	[KVT_NL_A_UP]		= { .type = NLA_U8 },
	[KVT_NL_A_REMOTE]	= { .type = NLA_STRING },
};

/* ---------------------------------------------------------------------- printing */

static void put_now(json_object *event)
{
	char text[64], whole[32];
	struct timeval now;
	struct tm tm;

	gettimeofday(&now, NULL);
	localtime_r(&now.tv_sec, &tm);
	strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, sizeof(text), "%s.%03ld", whole, now.tv_usec / 1000);
	put_text(event, "time", text);
}

static const char *kind_name(uint32_t kind)
{
	return kind < sizeof(kind_names) / sizeof(*kind_names) ?
	       kind_names[kind] : "unknown";
}

/* Attributes of all events, as far as this one has them. */
static void put_attrs(json_object *event, struct nlattr **a)
{
	if (a[KVT_NL_A_SPACE])
		put_text(event, "space", nla_get_string(a[KVT_NL_A_SPACE]));
	if (a[KVT_NL_A_TIER])
		put_text(event, "tier", nla_get_string(a[KVT_NL_A_TIER]));
	if (a[KVT_NL_A_KIND])
		put_text(event, "kind", kind_name(nla_get_u32(a[KVT_NL_A_KIND])));
	if (a[KVT_NL_A_DEVICE])
		put_text(event, "device", nla_get_string(a[KVT_NL_A_DEVICE]));
	if (a[KVT_NL_A_SHORT])
		put_text(event, "state", nla_get_u8(a[KVT_NL_A_SHORT]) ?
			 "short" : "relieved");
	if (a[KVT_NL_A_FREE])
		put_int(event, "free_frames", nla_get_u32(a[KVT_NL_A_FREE]));
	if (a[KVT_NL_A_UP])
		put_text(event, "state", nla_get_u8(a[KVT_NL_A_UP]) ? "up" : "down");
	if (a[KVT_NL_A_REMOTE])
		put_text(event, "remote", *nla_get_string(a[KVT_NL_A_REMOTE]) ?
			 nla_get_string(a[KVT_NL_A_REMOTE]) : "none");
}

static void print(struct monitor *m, json_object *event)
{
	if (m->json) {
		out_json_line(event);
	} else {
		json_object_object_foreach(event, name, value) {
			bool bare = !strcmp(name, "time") || !strcmp(name, "event");

			if (bare)
				printf("%s ", json_object_get_string(value));
			else
				printf(" %s=%s", name,
				       json_object_get_string(value));
		}
		putchar('\n');
	}
	fflush(stdout);
	json_object_put(event);
	if (m->left > 0)
		m->left--;
}

static json_object *new_event(const char *name)
{
	json_object *event = json_object_new_object();

	put_now(event);
	put_text(event, "event", name);
	return event;
}

/* So many blocks came or went that nobody will tell of. */
static void print_loss(struct monitor *m, int64_t lost)
{
	json_object *event = new_event("lost");

	if (lost)
		put_int(event, "blocks", lost);
	print(m, event);
}

static void print_block(struct monitor *m, const char *space, uint64_t seq,
			const struct kvt_nl_block *b)
{
	static const uint8_t none[KVT_KEY_SIZE];
	bool stored = b->what == KVT_NL_BLOCK_STORED;
	json_object *event = new_event(stored ? "stored" : "removed");
	char text[HEX_TEXT];

	put_text(event, "space", space);
	put_int(event, "seq", seq);
	put_text(event, "key", hex_text(b->key, text));
	if (stored && memcmp(b->parent, none, sizeof(none)))
		put_text(event, "parent", hex_text(b->parent, text));
	print(m, event);
}

static void print_blocks(struct monitor *m, struct nlattr **a)
{
	const struct kvt_nl_block *b;
	uint64_t seq;
	int nr, i;

	if (!a[KVT_NL_A_SPACE] || !a[KVT_NL_A_SEQ] || !a[KVT_NL_A_BLOCKS])
		return;
	seq = nla_get_u64(a[KVT_NL_A_SEQ]);
	b = nla_data(a[KVT_NL_A_BLOCKS]);
	nr = nla_len(a[KVT_NL_A_BLOCKS]) / (int)sizeof(*b);
	if (m->next && seq != m->next)
		print_loss(m, (int64_t)(seq - m->next));
	m->next = seq + nr;
	for (i = 0; i < nr && m->left; i++)
		print_block(m, nla_get_string(a[KVT_NL_A_SPACE]), seq + i, &b[i]);
}

static int heard(struct nl_msg *msg, void *arg)
{
	struct genlmsghdr *head = nlmsg_data(nlmsg_hdr(msg));
	struct nlattr *a[KVT_NL_A_REMOTE + 1];
	struct monitor *m = arg;
	json_object *event;

	if (!m->left || genlmsg_parse(nlmsg_hdr(msg), 0, a, KVT_NL_A_REMOTE, policy))
		return NL_OK;
	if (head->cmd == KVT_NL_CMD_BLOCKS) {
		print_blocks(m, a);
		return NL_OK;
	}
	if (head->cmd >= sizeof(event_names) / sizeof(*event_names) ||
	    !event_names[head->cmd])
		return NL_OK;	/* of a later module */
	event = new_event(event_names[head->cmd]);
	put_attrs(event, a);
	print(m, event);
	return NL_OK;
}

/* --------------------------------------------------------------------- listening */

static int join(struct monitor *m, const char *group)
{
	int err = genl_ctrl_resolve_grp(m->sock, KVT_NL_FAMILY, group);

	if (err >= 0)
		err = nl_socket_add_membership(m->sock, err);
	if (err == -NLE_PERM || err == -NLE_NOACCESS)
		return fail(CTL_DENIED, "to hear of blocks takes CAP_SYS_ADMIN: their keys are told");
	if (err < 0)
		return cannot(CTL_FAILED, "group \"%s\": %s", group,
			      nl_geterror(err));
	return CTL_OK;
}

static int set_up(struct monitor *m, bool blocks)
{
	int code;

	m->sock = nl_socket_alloc();
	if (!m->sock)
		return cannot(CTL_FAILED, "%s", strerror(ENOMEM));
	nl_socket_disable_seq_check(m->sock);
	nl_socket_modify_cb(m->sock, NL_CB_VALID, NL_CB_CUSTOM, heard, m);
	if (genl_connect(m->sock))
		return cannot(CTL_FAILED, "no generic netlink here");
	nl_socket_set_buffer_size(m->sock, ROOM, 0);
	code = join(m, KVT_NL_GROUP_EVENTS);
	if (!code && blocks)
		code = join(m, KVT_NL_GROUP_BLOCKS);
	return code;
}

/* Until enough was heard. What came too fast is lost, and said to be. */
static int listen_on(struct monitor *m)
{
	while (m->left) {
		int err = nl_recvmsgs_default(m->sock);

		if (err == -NLE_NOMEM)
			print_loss(m, 0);
		else if (err < 0 && err != -NLE_INTR)
			return cannot(CTL_FAILED, "%s", nl_geterror(err));
	}
	return CTL_OK;
}

int monitor_run(const struct command *cmd, int argc, char **argv)
{
	struct monitor m = { .left = -1 };
	unsigned int count = 0;
	bool blocks = false;
	struct opt opts[] = {
		OPT("blocks", NULL, &blocks),
		OPT("count", arg_u32, &count),
		OPT("json", NULL, &m.json),
		{}
	};
	int code;

	if (args_parse(cmd, argc, argv, opts, &code) < 0)
		return code;
	doing("listen to events");
	if (no_module())
		return CTL_NO_MODULE;
	if (count)
		m.left = count;
	code = set_up(&m, blocks);
	if (!code)
		code = listen_on(&m);
	nl_socket_free(m.sock);
	return code;
}
