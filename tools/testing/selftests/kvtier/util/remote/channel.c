// SPDX-License-Identifier: GPL-2.0
#include "remote.h"
#include "uring.h"

int kst_remote_add(const char *name)
{
	struct kvt_remote_add a = { .size = sizeof(a) };

	kst_name(a.name, name);
	return kst_control(KVT_IOC_REMOTE_ADD, &a);
}

int kst_remote_attach(const char *tier, __u32 depth,
		      struct kvt_remote_attach *arg)
{
	struct kvt_remote_attach a = { .size = sizeof(a), .depth = depth };
	int control = open(KST_CONTROL, O_RDWR | O_CLOEXEC), fd;

	if (control < 0)
		return -errno;
	kst_name(a.name, tier);
	fd = ioctl(control, KVT_IOC_REMOTE_ATTACH, &a);
	if (fd < 0)
		fd = -errno;
	close(control);
	if (arg)
		*arg = a;
	return fd;
}

/* The last helper may be on its way out still. */
static int attach_when_free(const char *tier, __u32 depth,
			    struct kvt_remote_attach *arg)
{
	int fd;

	KST_UNTIL((fd = kst_remote_attach(tier, depth, arg)) != -EBUSY);
	return fd;
}

int kst_channel_open(struct kst_channel *c, const char *tier, __u32 depth)
{
	int err = io_uring_queue_init(2 * depth, &c->ring, 0);

	if (err)
		return err;
	c->fd = attach_when_free(tier, depth, &c->arg);
	if (c->fd < 0) {
		io_uring_queue_exit(&c->ring);
		return c->fd;
	}
	c->map = mmap(NULL, c->arg.map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		      c->fd, 0);
	if (c->map != MAP_FAILED)
		return 0;
	err = -errno;
	io_uring_queue_exit(&c->ring);
	close(c->fd);
	return err;
}

int kst_channel_close(struct kst_channel *c)
{
	char tier[KVT_NAME_SIZE];

	memcpy(tier, c->arg.name, sizeof(tier));
	io_uring_queue_exit(&c->ring);
	munmap(c->map, c->arg.map_bytes);
	close(c->fd);
	return KST_UNTIL(kst_tier_attr(tier, "helper") <= 0) ? 0 : -ETIMEDOUT;
}

struct kvt_remote_desc *kst_desc(struct kst_channel *c, __u32 tag)
{
	return (void *)(c->map + (size_t)tag * c->arg.stride);
}

void *kst_trailer(struct kst_channel *c, __u32 tag, __u32 i)
{
	struct kvt_remote_desc *d = kst_desc(c, tag);

	return (char *)d + KVT_REMOTE_TRAILERS + (size_t)i * d->trailer_size;
}

struct io_uring_sqe *kst_remote_sqe(struct kst_channel *c, __u32 cmd, __u32 tag,
				    __u64 id)
{
	struct kvt_uring_remote u = { .tag = tag, .id = id };
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&c->ring)))
		io_uring_submit(&c->ring);
	io_uring_prep_rw(IORING_OP_URING_CMD, sqe, c->fd, NULL, 0, 0);
	sqe->cmd_op = cmd;
	sqe->user_data = tag;
	memcpy(sqe->cmd, &u, sizeof(u));
	return sqe;
}

void kst_remote_arm(struct kst_channel *c, __u32 tag)
{
	kst_remote_sqe(c, KVT_URING_FETCH_REQ, tag, 0);
	io_uring_submit(&c->ring);
}

void kst_remote_answer(struct kst_channel *c, __u32 tag, __u64 id)
{
	kst_remote_sqe(c, KVT_URING_COMMIT_REQ, tag, id);
	io_uring_submit(&c->ring);
}

int kst_remote_next(struct kst_channel *c, unsigned int ms, __u32 *tag, int *res)
{
	__u64 data;
	int err = kst_reap(&c->ring, ms, &data, res);

	if (!err)
		*tag = data;
	return err;
}
