/* SPDX-License-Identifier: GPL-2.0 */
/* Every difference between the kernels kvtier builds for: 6.12 to 7.3. */
#ifndef _KVT_COMPAT_H
#define _KVT_COMPAT_H

#include <linux/version.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/io_uring/cmd.h>
#include <linux/mm.h>
#include <linux/workqueue.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#include <linux/pfn_t.h>
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
#define system_dfl_wq system_unbound_wq
#endif

static inline vm_fault_t kvt_insert_pfn_pmd(struct vm_fault *vmf,
					    unsigned long pfn)
{
#ifndef CONFIG_TRANSPARENT_HUGEPAGE
	return VM_FAULT_FALLBACK;
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
	return vmf_insert_pfn_pmd(vmf, pfn_to_pfn_t(pfn), false);
#else
	return vmf_insert_pfn_pmd(vmf, pfn, false);
#endif
}

/*
 * Data of one retention class go together and away from those of others, where
 * kernel and device have write streams; the hint is what older ones have.
 */
static inline void kvt_bio_set_class(struct bio *bio, unsigned int class_id)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)
	unsigned int nr = bdev_max_write_streams(bio->bi_bdev);

	if (nr)
		bio->bi_write_stream = 1 + class_id % nr;
#endif
	bio->bi_write_hint = WRITE_LIFE_SHORT + class_id % 4;
}

/* The memory @addr..@addr + @len of the registered buffer that a command names. */
static inline int kvt_uring_import(struct io_uring_cmd *io, int rw, u64 addr,
				   size_t len, struct iov_iter *iter,
				   unsigned int issue_flags)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
	return io_uring_cmd_import_fixed(addr, len, rw, iter, io);
#else
	return io_uring_cmd_import_fixed(addr, len, rw, iter, io, issue_flags);
#endif
}

static inline void kvt_uring_done(struct io_uring_cmd *io, int ret,
				  unsigned int issue_flags)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 18, 0)
	io_uring_cmd_done(io, ret, 0, issue_flags);
#else
	io_uring_cmd_done(io, ret, issue_flags);
#endif
}

/*
 * A function for io_uring_cmd_complete_in_task() that calls
 * @fn(io, issue_flags, whether the ring or its task is going).
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define KVT_URING_TASK_WORK(name, fn)					\
static void name(struct io_uring_cmd *io, unsigned int issue_flags)	\
{									\
	fn(io, issue_flags, issue_flags & IO_URING_F_TASK_DEAD);	\
}
#else
#define KVT_URING_TASK_WORK(name, fn)					\
static void name(struct io_tw_req tw_req, io_tw_token_t tw)		\
{									\
	fn(io_uring_cmd_from_tw(tw_req),				\
	   IO_URING_CMD_TASK_WORK_ISSUE_FLAGS, tw.cancel);		\
}
#endif

#endif /* _KVT_COMPAT_H */
