// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "channel.h"
#include "libkvtier.h"

static const char *attach(struct kvd_channel *ch, const char *tier, unsigned int depth)
{
	struct kvt_remote_attach arg = { .depth = depth };
	int ctl = kvt_open_control();

	if (ctl < 0)
		return kvt_strerror(KVT_CALL_OPEN_CONTROL, ctl);
	memcpy(arg.name, tier, strnlen(tier, sizeof(arg.name) - 1));
	ch->fd = kvt_remote_attach(ctl, &arg);
	close(ctl);
	ch->depth = depth;
	ch->stride = arg.stride;
	ch->map_bytes = arg.map_bytes;
	return ch->fd < 0 ? kvt_strerror(KVT_CALL_REMOTE_ATTACH, ch->fd) : NULL;
}

const char *kvd_channel_open(struct kvd_channel *ch, const char *tier,
			     unsigned int depth)
{
	const char *wrong = attach(ch, tier, depth);
	void *map;

	if (wrong)
		return wrong;
	map = mmap(NULL, ch->map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ch->fd, 0);
	if (map == MAP_FAILED) {
		wrong = strerror(errno);
		close(ch->fd);
		ch->fd = -1;
		return wrong;
	}
	ch->map = map;
	return NULL;
}

void kvd_channel_close(struct kvd_channel *ch)
{
	if (ch->fd < 0)
		return;
	munmap(ch->map, ch->map_bytes);
	close(ch->fd);
	ch->fd = -1;
}

static void command(struct kvd_channel *ch, struct kvd_loop *loop, uint32_t cmd_op,
		    const struct kvt_uring_remote *cmd, struct kvd_event *event)
{
	struct io_uring_sqe *sqe = kvd_loop_sqe(loop, event);

	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = ch->fd;
	sqe->cmd_op = cmd_op;
	memcpy(sqe->cmd, cmd, sizeof(*cmd));
}

void kvd_channel_arm(struct kvd_channel *ch, struct kvd_loop *loop, unsigned int tag,
		     struct kvd_event *event)
{
	struct kvt_uring_remote cmd = { .tag = tag };

	command(ch, loop, KVT_URING_FETCH_REQ, &cmd, event);
}

void kvd_channel_commit(struct kvd_channel *ch, struct kvd_loop *loop,
			unsigned int tag, uint64_t id, struct kvd_event *event)
{
	struct kvt_uring_remote cmd = { .tag = tag, .id = id };

	command(ch, loop, KVT_URING_COMMIT_REQ, &cmd, event);
}
