// SPDX-License-Identifier: GPL-2.0
#include <linux/loop.h>

#include "../nvme.h"

/*
 * Kept open for reading only: who holds a device for writing can keep others from
 * attaching it.
 */
static int configure(struct kst_loop *l, bool read_only)
{
	struct loop_config c = { .fd = l->file, .block_size = 4096 };
	int fd = open(l->path, O_RDWR | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	c.info.lo_flags = LO_FLAGS_AUTOCLEAR |
			  (read_only ? LO_FLAGS_READ_ONLY : 0);
	if (ioctl(fd, LOOP_CONFIGURE, &c))
		err = -errno;
	l->fd = err ? -1 : open(l->path, O_RDONLY | O_CLOEXEC);
	close(fd);
	return err;
}

int kst_loop_open(struct kst_loop *l, int file, bool read_only)
{
	int control, n, err;

	if (access("/dev/loop-control", F_OK) &&
	    system("modprobe -q loop 2> /dev/null"))
		return -ENODEV;
	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	if (control < 0)
		return -errno;
	l->file = file;
	do {
		n = ioctl(control, LOOP_CTL_GET_FREE);
		if (n < 0) {
			err = -errno;
			break;
		}
		snprintf(l->path, sizeof(l->path), "/dev/loop%d", n);
		err = configure(l, read_only);
	} while (err == -EBUSY);	/* somebody else was faster */
	close(control);
	return err;
}

int kst_loop_make(struct kst_loop *l, __u64 bytes)
{
	int file = memfd_create("kst_loop", MFD_CLOEXEC);
	int err;

	if (file < 0 || ftruncate(file, bytes))
		return -errno;
	err = kst_loop_open(l, file, false);
	if (err)
		close(file);
	return err;
}

void kst_loop_close(struct kst_loop *l)
{
	close(l->fd);
}

int kst_copy_memory(int from)
{
	int to = memfd_create("kst_copy", MFD_CLOEXEC);
	off_t data = 0, hole, size = lseek(from, 0, SEEK_END);

	if (to < 0 || ftruncate(to, size))
		return -errno;
	while ((data = lseek(from, data, SEEK_DATA)) >= 0) {
		hole = lseek(from, data, SEEK_HOLE);
		while (data < hole) {
			static char buf[65536];
			ssize_t n = hole - data;

			if (n > (ssize_t)sizeof(buf))
				n = sizeof(buf);
			if (pread(from, buf, n, data) != n ||
			    pwrite(to, buf, n, data) != n)
				return -EIO;
			data += n;
		}
	}
	return to;
}
