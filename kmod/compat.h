/* SPDX-License-Identifier: GPL-2.0 */
/* Every difference between the kernels kvtier builds for: 6.12 to 7.3. */
#ifndef _KVT_COMPAT_H
#define _KVT_COMPAT_H

#include <linux/version.h>
#include <linux/bio.h>
#include <linux/blkdev.h>
#include <linux/mm.h>
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#include <linux/pfn_t.h>
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

#endif /* _KVT_COMPAT_H */
