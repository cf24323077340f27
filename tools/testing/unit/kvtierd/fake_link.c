// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "fake_link.h"
#include "tap.h"

struct kvp_link *fake_link;
unsigned int fake_connects;
bool fake_no_connect;

int kvp_link_connect(struct kvp_rdma *rdma, const struct sockaddr *to,
		     const struct kvp_link_how *how, struct kvp_link **link)
{
	(void)rdma;
	(void)to;
	if (fake_no_connect)
		return -ENODEV;
	must(!fake_link);
	fake_link = calloc(1, sizeof(*fake_link));
	must(fake_link);
	fake_link->how = *how;
	fake_connects++;
	*link = fake_link;
	return 0;
}

void kvp_link_destroy(struct kvp_link *link)
{
	if (!link)
		return;
	must(link == fake_link);
	fake_link = NULL;
	if (link->op)
		link->op->done(link->op, -ECANCELED);
	free(link);
}

int kvp_link_send(struct kvp_link *link, const struct kvp_message *m)
{
	must(link == fake_link);
	if (link->nr_sent == FAKE_SENT)
		return -EAGAIN;
	link->sent[link->nr_sent++] = *m;
	return 0;
}

const char *kvp_link_peer(const struct kvp_link *link)
{
	(void)link;
	return "fake";
}

void kvp_link_count(const struct kvp_link *link, struct kvp_link_count *count)
{
	(void)link;
	memset(count, 0, sizeof(*count));
}

int kvp_link_start(struct kvp_link *link, struct kvp_op *op)
{
	link->op = op;
	return 0;
}

const char *kvp_resolve(const char *host, uint16_t port, struct sockaddr_storage *to)
{
	struct sockaddr_in *in = (struct sockaddr_in *)to;

	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	return inet_pton(AF_INET, host, &in->sin_addr) == 1 ? NULL : "no such host";
}

/* ------------------------------------------------------------------ for the test */

struct kvp_message fake_take(void)
{
	struct kvp_message m;

	must(fake_link && fake_link->nr_sent);
	m = fake_link->sent[0];
	memmove(&fake_link->sent[0], &fake_link->sent[1],
		--fake_link->nr_sent * sizeof(m));
	return m;
}

void fake_message(const struct kvp_message *m, size_t bytes)
{
	fake_link->how.ops->message(fake_link, fake_link->how.user, m, bytes);
}
