// SPDX-License-Identifier: GPL-2.0
/* Dumps, groups and garbage by generic netlink, without a library: it would refuse. */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "calls.h"

/* A message with room for an attribute. */
struct message {
	struct nlmsghdr nl;
	struct genlmsghdr genl;
	struct nlattr attr;
	char text[60];
};

static void begin(struct message *m, int family, uint8_t cmd, uint16_t flags)
{
	memset(m, 0, sizeof(*m));
	m->nl.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN;
	m->nl.nlmsg_type = family;
	m->nl.nlmsg_flags = NLM_F_REQUEST | flags;
	m->genl.cmd = cmd;
	m->genl.version = KVT_NL_VERSION;
}

/* The attribute CTRL_ATTR_FAMILY_ID of an answer. */
static int family_of(const char *answer, int bytes)
{
	int at = NLMSG_HDRLEN + GENL_HDRLEN;
	struct nlattr attr;
	uint16_t id;

	while (at + NLA_HDRLEN < bytes) {
		memcpy(&attr, answer + at, sizeof(attr));
		if (attr.nla_type == CTRL_ATTR_FAMILY_ID) {
			memcpy(&id, answer + at + NLA_HDRLEN, sizeof(id));
			return id;
		}
		if (attr.nla_len < NLA_HDRLEN)
			break;
		at += NLA_ALIGN(attr.nla_len);
	}
	return -1;
}

static bool find_family(struct process *p)
{
	struct message m;
	char answer[4096];
	int bytes;

	p->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	begin(&m, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	m.attr.nla_type = CTRL_ATTR_FAMILY_NAME;
	m.attr.nla_len = NLA_HDRLEN + sizeof(KVT_NL_FAMILY);
	strcpy(m.text, KVT_NL_FAMILY);
	m.nl.nlmsg_len += NLA_ALIGN(m.attr.nla_len);
	if (send(p->netlink, &m, m.nl.nlmsg_len, 0) < 0)
		return false;
	bytes = recv(p->netlink, answer, sizeof(answer), 0);
	p->family = bytes > 0 ? family_of(answer, bytes) : -1;
	return p->family > 0;
}

static void set_space(struct thread *t, struct message *m)
{
	m->genl.cmd = KVT_NL_CMD_GET_BLOCK;
	m->attr.nla_type = KVT_NL_A_SPACE;
	m->attr.nla_len = NLA_HDRLEN + KVT_NAME_SIZE;
	strcpy(m->text, space_names[draw_below(t, ARRAY_SIZE(space_names))]);
	m->nl.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN + NLA_ALIGN(m->attr.nla_len);
}

static bool ask(struct thread *t)
{
	struct message m;

	begin(&m, t->p->family, 1 + draw_below(t, KVT_NL_CMD_GET_BLOCK + 1), NLM_F_DUMP);
	if (draw_chance(t, 2))
		set_space(t, &m);
	if (draw_chance(t, 4))
		m.nl.nlmsg_flags = draw_edge(t);
	if (draw_chance(t, 4)) {
		m.attr.nla_type = draw_below(t, 24);
		m.attr.nla_len = NLA_HDRLEN + draw_below(t, sizeof(m.text));
		m.nl.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN + NLA_ALIGN(m.attr.nla_len);
	}
	draw_spoil(t, &m, sizeof(m), 8);
	if (m.nl.nlmsg_len > sizeof(m))
		m.nl.nlmsg_len = sizeof(m);
	return send(t->p->netlink, &m, m.nl.nlmsg_len, MSG_DONTWAIT) > 0;
}

static void listen_to(struct thread *t)
{
	int group = draw_below(t, 40);

	setsockopt(t->p->netlink, SOL_NETLINK,
		   draw_chance(t, 3) ? NETLINK_DROP_MEMBERSHIP : NETLINK_ADD_MEMBERSHIP,
		   &group, sizeof(group));
}

bool step_netlink(struct thread *t)
{
	struct process *p = t->p;
	char bytes[8192];

	if (p->netlink < 0 && !find_family(p))
		return false;
	switch (draw_below(t, 8)) {
	case 0:
		listen_to(t);
		return true;
	case 1 ... 4:
		return recv(p->netlink, bytes, sizeof(bytes), MSG_DONTWAIT) > 0;
	case 5:
		if (!draw_chance(t, 4))
			return false;
		close(p->netlink);
		p->netlink = -1;
		return true;
	default:
		return ask(t);
	}
}
