/* SPDX-License-Identifier: GPL-2.0 */
/* Every difference between the kernels kvtier builds for: 6.12 to 7.3. */
#ifndef _KVT_COMPAT_H
#define _KVT_COMPAT_H

#include <linux/version.h>
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

#endif /* _KVT_COMPAT_H */
