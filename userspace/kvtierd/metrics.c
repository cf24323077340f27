// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"
#include "metrics.h"

#define FIRST_BUCKET_NS	(100 * 1000ULL)

static const char *const op_names[KVD_NR_OPS] = {
	[KVT_REMOTE_EXISTS] = "exists",
	[KVT_REMOTE_FETCH] = "fetch",
	[KVT_REMOTE_SPILL] = "spill",
	[KVT_REMOTE_DROP] = "drop",
};

static unsigned int bucket_of(uint64_t ns)
{
	unsigned int i = 0;

	while (i < KVD_NR_BUCKETS - 1 && ns > FIRST_BUCKET_NS << i)
		i++;
	return i;
}

static void count_block(struct kvd_op_count *c, int32_t status)
{
	c->blocks++;
	c->good += !status;
	c->absent += status == -ENOENT;
	c->late += status == -ETIMEDOUT;
	c->unreachable += status == -ENOLINK;
}

void kvd_metrics_count(struct kvd *d, const struct kvd_request *rq)
{
	uint64_t ns = kvp_now() - rq->began_at;
	struct kvd_op_count *c;
	unsigned int i;

	if (rq->desc->op >= KVD_NR_OPS)
		return;
	c = &d->count[rq->desc->op];
	c->requests++;
	c->ns += ns;
	c->bucket[bucket_of(ns)]++;
	for (i = 0; i < rq->desc->nr; i++)
		count_block(c, rq->status[i]);
	d->hot_copies += rq->nr_copied;
}

static void head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP kvtierd_%s %s\n# TYPE kvtierd_%s %s\n", name, help, name, type);
}

static void write_blocks(FILE *f, const struct kvd *d)
{
	unsigned int i;

	head(f, "blocks_total", "counter", "Blocks of requests of the kernel, by what became of them.");
	for (i = 0; i < KVD_NR_OPS; i++) {
		const struct kvd_op_count *c = &d->count[i];
		uint64_t other = c->blocks - c->good - c->absent - c->late - c->unreachable;
#define LINE(result, value) \
		fprintf(f, "kvtierd_blocks_total{op=\"%s\",result=\"%s\"} %" PRIu64 "\n", \
			op_names[i], result, value)
		LINE("ok", c->good);
		LINE("absent", c->absent);
		LINE("late", c->late);
		LINE("unreachable", c->unreachable);
		LINE("error", other);
#undef LINE
	}
}

static void write_latency(FILE *f, const struct kvd *d)
{
	unsigned int i, b;

	head(f, "request_seconds", "histogram", "Time from the kernel's request to its answer.");
	for (i = 0; i < KVD_NR_OPS; i++) {
		const struct kvd_op_count *c = &d->count[i];
		uint64_t sum = 0;

		for (b = 0; b < KVD_NR_BUCKETS - 1; b++) {
			sum += c->bucket[b];
			fprintf(f, "kvtierd_request_seconds_bucket{op=\"%s\",le=\"%g\"} %" PRIu64 "\n",
				op_names[i], (double)(FIRST_BUCKET_NS << b) / KVP_S, sum);
		}
		fprintf(f, "kvtierd_request_seconds_bucket{op=\"%s\",le=\"+Inf\"} %" PRIu64 "\n",
			op_names[i], c->requests);
		fprintf(f, "kvtierd_request_seconds_sum{op=\"%s\"} %g\n", op_names[i],
			(double)c->ns / KVP_S);
		fprintf(f, "kvtierd_request_seconds_count{op=\"%s\"} %" PRIu64 "\n",
			op_names[i], c->requests);
	}
}

/**
 * struct peer_metric - one number of each member of each space
 * @name: of the metric
 * @type: of the metric
 * @help: in words
 * @offset: of the number, in struct kvd_peer_count
 */
struct peer_metric {
	const char *name;
	const char *type;
	const char *help;
	size_t offset;
};

static const struct peer_metric peer_metrics[] = {
	{ "member_up", "gauge", "1: the pool node answers for the space.",
	  offsetof(struct kvd_peer_count, up) },
	{ "member_messages_total", "counter", "Messages sent to the pool node.",
	  offsetof(struct kvd_peer_count, calls) },
	{ "member_connects_total", "counter", "Times that it was connected.",
	  offsetof(struct kvd_peer_count, connects) },
	{ "member_losses_total", "counter", "Times that it was lost.",
	  offsetof(struct kvd_peer_count, losses) },
	{ "rdma_read_bytes_total", "counter", "Bytes of blocks that came by RDMA READ.",
	  offsetof(struct kvd_peer_count, bytes.read) },
	{ "rdma_written_bytes_total", "counter", "Bytes of blocks that went by RDMA WRITE.",
	  offsetof(struct kvd_peer_count, bytes.written) },
	{ "message_bytes_total", "counter", "Bytes of messages, sent and received.",
	  offsetof(struct kvd_peer_count, bytes.messages) },
};

static uint64_t peer_number(const struct kvd_peer *peer, size_t offset)
{
	struct kvd_peer_count count;

	kvd_peer_count(peer, &count);
	return *(uint64_t *)((char *)&count + offset);
}

static void write_peers(FILE *f, const struct kvd *d, const struct peer_metric *m)
{
	const struct kvd_space *s;
	unsigned int i;

	head(f, m->name, m->type, m->help);
	for (s = d->spaces; s; s = s->next) {
		for (i = 0; s->view && i < s->view->nr; i++) {
			const struct kvd_peer *p = s->view->peers[i];

			fprintf(f, "kvtierd_%s{space=\"%s\",member=\"%s\"} %" PRIu64 "\n",
				m->name, s->name, kvd_peer_how(p)->member,
				peer_number(p, m->offset));
		}
	}
}

static void write_all(FILE *f, const struct kvd *d)
{
	size_t i;

	write_blocks(f, d);
	write_latency(f, d);
	for (i = 0; i < sizeof(peer_metrics) / sizeof(*peer_metrics); i++)
		write_peers(f, d, &peer_metrics[i]);
	head(f, "hot_copies_total", "counter", "Hot blocks copied to an extra pool node.");
	fprintf(f, "kvtierd_hot_copies_total %" PRIu64 "\n", d->hot_copies);
	head(f, "requests_under_way", "gauge", "Requests of the kernel that are not answered.");
	fprintf(f, "kvtierd_requests_under_way %u\n", d->nr_busy);
}

static int write_file(const struct kvd *d, const char *path)
{
	FILE *f = fopen(path, "we");
	int err;

	if (!f)
		return errno;
	write_all(f, d);
	err = ferror(f) ? EIO : 0;
	return fclose(f) ? errno : err;
}

void kvd_metrics_write(struct kvd *d, const char *path)
{
	char temporary[KVP_PATH + 8];
	int err;

	snprintf(temporary, sizeof(temporary), "%s.new", path);
	err = write_file(d, temporary);
	if (!err && rename(temporary, path))
		err = errno;
	if (err)
		unlink(temporary);
	/* Once for each reason: it is tried again soon. */
	if (err && err != d->metrics_err)
		kvp_log(KVP_WARN, "metrics cannot be written", "file=%s why=%s",
			kvp_quote(path), kvp_quote(strerror(err)));
	d->metrics_err = err;
}
