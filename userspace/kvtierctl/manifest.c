// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "key.h"
#include "kvtier_netlink.h"
#include "manifest.h"
#include "say.h"

/**
 * struct list - grows as the dump arrives
 * @blocks: malloc'ed
 * @nr: length
 * @room: of @blocks
 * @err: a negative errno that ended it
 */
struct list {
	struct manifest_block *blocks;
	size_t nr;
	size_t room;
	int err;
};

static int add(struct list *l, const void *key, const void *parent)
{
	if (l->nr == l->room) {
		size_t room = l->room ? 2 * l->room : 1024;
		void *p = reallocarray(l->blocks, room, sizeof(*l->blocks));

		if (!p)
			return -ENOMEM;
		l->blocks = p;
		l->room = room;
	}
	memcpy(&l->blocks[l->nr].key, key, sizeof(l->blocks->key));
	memcpy(&l->blocks[l->nr].parent, parent, sizeof(l->blocks->parent));
	l->nr++;
	return 0;
}

/* ----------------------------------------------------------------- from the module */

static int heard(struct nl_msg *msg, void *arg)
{
	struct nlattr *a[KVT_NL_A_BLOCKS + 1];
	const struct kvt_nl_block *b;
	struct list *l = arg;
	size_t i, nr;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, a, KVT_NL_A_BLOCKS, NULL) ||
	    !a[KVT_NL_A_BLOCKS])
		return NL_OK;
	b = nla_data(a[KVT_NL_A_BLOCKS]);
	nr = nla_len(a[KVT_NL_A_BLOCKS]) / sizeof(*b);
	for (i = 0; i < nr && !l->err; i++)
		l->err = add(l, b[i].key, b[i].parent);
	return NL_OK;
}

/* How the kernel ends a dump, libnl does not look at. */
static int ended(struct nl_msg *msg, void *arg)
{
	const struct nlmsghdr *head = nlmsg_hdr(msg);
	struct list *l = arg;
	int err = 0;

	if ((size_t)nlmsg_datalen(head) >= sizeof(err))
		memcpy(&err, nlmsg_data(head), sizeof(err));
	if (!l->err)
		l->err = err;
	return NL_STOP;
}

static int ask(struct nl_sock *sock, const char *space, struct list *l)
{
	struct nl_msg *msg;
	int family, err;

	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, heard, l);
	nl_socket_modify_cb(sock, NL_CB_FINISH, NL_CB_CUSTOM, ended, l);
	err = genl_connect(sock);
	family = err ? err : genl_ctrl_resolve(sock, KVT_NL_FAMILY);
	if (family < 0)
		return family;
	msg = nlmsg_alloc();
	if (!msg)
		return -NLE_NOMEM;
	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, NLM_F_DUMP,
			 KVT_NL_CMD_GET_BLOCK, KVT_NL_VERSION) ||
	    nla_put_string(msg, KVT_NL_A_SPACE, space)) {
		nlmsg_free(msg);
		return -NLE_NOMEM;
	}
	err = nl_send_auto(sock, msg);
	nlmsg_free(msg);
	return err < 0 ? err : nl_recvmsgs_default(sock);
}

long manifest_ask(const char *space, struct manifest_block **blocks)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct list l = { 0 };
	int err = sock ? ask(sock, space, &l) : -NLE_NOMEM;

	nl_socket_free(sock);
	if (err < 0 || l.err) {
		free(l.blocks);
		cannot(CTL_FAILED, "the list of its blocks: %s",
		       err < 0 ? nl_geterror(err) : strerror(-l.err));
		return -1;
	}
	*blocks = l.blocks;
	return l.nr;
}

/* ------------------------------------------------------------------------- as files */

static int put_lines(FILE *f, const struct manifest_block *blocks, size_t nr)
{
	char key[HEX_TEXT], parent[HEX_TEXT];
	size_t i;

	for (i = 0; i < nr; i++)
		fprintf(f, "%s %s\n",
			hex_text((const unsigned char *)&blocks[i].key, key),
			hex_text((const unsigned char *)&blocks[i].parent, parent));
	return fflush(f) || fsync(fileno(f)) ? -errno : 0;
}

int manifest_write(const char *path, const struct manifest_block *blocks, size_t nr)
{
	FILE *f = fopen(path, "we");
	int err;

	if (!f)
		return cannot(CTL_FAILED, "write %s: %s", path, strerror(errno));
	err = put_lines(f, blocks, nr);
	if (fclose(f) && !err)
		err = -errno;
	if (err)
		return cannot(CTL_FAILED, "write %s: %s", path, strerror(-err));
	return CTL_OK;
}

/* 64 hex digits of a line, and the blank or newline behind them. */
static const char *get_hex(const char *text, struct kvt_key *key)
{
	char hex[HEX_TEXT];
	size_t len = strspn(text, "0123456789abcdefABCDEF");

	if (len != HEX_TEXT - 1)
		return NULL;
	memcpy(hex, text, len);
	hex[len] = '\0';
	if (arg_identity(hex, key))
		return NULL;
	text += len;
	return *text == ' ' || *text == '\n' || !*text ? text + !!*text : NULL;
}

static int get_lines(FILE *f, struct list *l, unsigned long *line)
{
	struct manifest_block b;
	char text[256];

	for (*line = 1; fgets(text, sizeof(text), f); ++*line) {
		const char *rest = get_hex(text, &b.key);

		rest = rest ? get_hex(rest, &b.parent) : NULL;
		if (!rest || *rest)
			return -EINVAL;
		if (add(l, &b.key, &b.parent))
			return -ENOMEM;
	}
	return ferror(f) ? -EIO : 0;
}

long manifest_read(const char *path, struct manifest_block **blocks)
{
	FILE *f = fopen(path, "re");
	struct list l = { 0 };
	unsigned long line;
	int err;

	if (!f) {
		cannot(CTL_FAILED, "read %s: %s", path, strerror(errno));
		return -1;
	}
	err = get_lines(f, &l, &line);
	fclose(f);
	if (!err) {
		*blocks = l.blocks;
		return l.nr;
	}
	free(l.blocks);
	if (err == -EINVAL)
		cannot(CTL_FAILED, "%s, line %lu: not two keys of 64 hex digits: it is no list of kvtierctl drain",
		       path, line);
	else
		cannot(CTL_FAILED, "read %s: %s", path, strerror(-err));
	return -1;
}
