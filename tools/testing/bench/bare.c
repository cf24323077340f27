// SPDX-License-Identifier: GPL-2.0
/* Linux AIO by its system calls: three of them, and no library. */
#include <errno.h>
#include <linux/aio_abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bare.h"
#include "bench.h"

#define MAX_DEPTH 64

static int submit(const struct bare *bare, aio_context_t ctx, struct iocb *cb,
		  void *to, uint32_t i)
{
	*cb = (struct iocb){
		.aio_data = (uintptr_t)cb,
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = (uint32_t)bare->fd,
		.aio_buf = (uintptr_t)to,
		.aio_nbytes = bare->bytes,
		.aio_offset = (int64_t)bare->at(bare->arg, i),
	};
	return syscall(SYS_io_submit, ctx, 1, &cb) == 1 ? 0 : -1;
}

/* Each place of @buf and its control block go from read to read. */
static int read_all(const struct bare *bare, aio_context_t ctx, char *buf)
{
	struct io_event done[MAX_DEPTH];
	struct iocb cb[MAX_DEPTH];
	uint32_t begun, ended = 0;
	long n, i;

	for (begun = 0; begun < bare->depth && begun < bare->nr; begun++)
		if (submit(bare, ctx, &cb[begun], buf + begun * bare->bytes, begun))
			return -1;
	for (; ended < bare->nr; ended += n) {
		n = syscall(SYS_io_getevents, ctx, 1, MAX_DEPTH, done, NULL);
		if (n < 1)
			return -1;
		for (i = 0; i < n; i++) {
			struct iocb *was = (void *)(uintptr_t)done[i].data;

			errno = EIO;
			if (done[i].res != (int64_t)bare->bytes)
				return -1;
			if (begun < bare->nr &&
			    submit(bare, ctx, was, (void *)(uintptr_t)was->aio_buf,
				   begun++))
				return -1;
		}
	}
	return 0;
}

/* Returns 0 and how long they took, or -1 and has said why. */
int bare_read(const struct bare *bare, uint64_t *ns)
{
	char *buf = aligned_alloc(4096, (size_t)bare->depth * bare->bytes);
	aio_context_t ctx = 0;
	int err = -1;

	if (buf && !syscall(SYS_io_setup, MAX_DEPTH, &ctx)) {
		memset(buf, 0, (size_t)bare->depth * bare->bytes);
		*ns = now_ns();
		err = read_all(bare, ctx, buf);
		*ns = now_ns() - *ns;
	}
	if (err)
		fprintf(stderr, "kvtier-bench: cannot read the device: %s\n",
			strerror(errno));
	if (ctx)
		syscall(SYS_io_destroy, ctx);
	free(buf);
	return err;
}
