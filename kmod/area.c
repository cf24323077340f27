// SPDX-License-Identifier: GPL-2.0
/*
 * The areas of a space that processes map: windows, status words, slots.
 *
 * All of a space's maps hang off one inode on a pseudo file system of ours, so
 * that its mapping's invalidate_lock and unmap_mapping_range() reach them in
 * every process, and its size covers every area.
 *
 * A window is made of real pages, so that devices can pin it. Slots are a PFN
 * map without pages, so that nobody can, and a zap takes a block back at once.
 * A slot fault looks the block up and inserts its pfns under the shared
 * invalidate_lock; who moves or frees a block changes its place first and then
 * zaps under the exclusive one. Checking after the insertion would not do.
 */
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/uaccess.h>

#include "area.h"
#include "chunk.h"
#include "compat.h"
#include "file.h"
#include "load.h"
#include "space.h"

#define KVT_FS_MAGIC 0x6b767469		/* "kvti" */

static struct vfsmount *area_mnt;
static int area_mnt_count;

static int init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, KVT_FS_MAGIC) ? 0 : -ENOMEM;
}

/* No .owner: a mount of ours would keep the module from being unloaded. */
static struct file_system_type area_fs = {
	.name = "kvtier",
	.init_fs_context = init_fs_context,
	.kill_sb = kill_anon_super,
};

int kvt_area_init(void)
{
	return simple_pin_fs(&area_fs, &area_mnt, &area_mnt_count);
}

void kvt_area_exit(void)
{
	simple_release_fs(&area_mnt, &area_mnt_count);
}

/* An inode whose mapping is to hold one space's maps. */
struct inode *kvt_area_inode(void)
{
	struct inode *inode = alloc_anon_inode(area_mnt->mnt_sb);

	if (IS_ERR(inode))
		return inode;
	inode->i_mode |= S_IFREG;
	i_size_write(inode, KVT_SLOTS_BASE + KVT_SLOTS_MAX);
	mapping_set_unevictable(inode->i_mapping);
	return inode;
}

static struct kvt_space *vma_space(struct vm_area_struct *vma)
{
	return ((struct kvt_file *)vma->vm_file->private_data)->space;
}

static u64 fault_offset(struct vm_fault *vmf)
{
	return (u64)vmf->pgoff << PAGE_SHIFT;
}

/* ------------------------------------------------------------------ windows */

static vm_fault_t window_fault(struct vm_fault *vmf)
{
	struct kvt_space *space = vma_space(vmf->vma);
	struct address_space *mapping = space->inode->i_mapping;
	u64 off = fault_offset(vmf);
	struct page *page;

	kvt_stat_inc(space, window_faults);
	filemap_invalidate_lock_shared(mapping);
	page = kvt_arena_page(&space->arenas[off / KVT_WINDOW_MAX],
			      off % KVT_WINDOW_MAX);
	if (page) {
		/* Locked until it is mapped: see kvt_chunk_quiesce(). */
		folio_lock(page_folio(page));
		get_page(page);
	}
	filemap_invalidate_unlock_shared(mapping);
	if (!page)
		return VM_FAULT_SIGBUS;
	if (PageHWPoison(page)) {
		folio_unlock(page_folio(page));
		put_page(page);
		return VM_FAULT_HWPOISON;
	}
	vmf->page = page;
	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct window_ops = {
	.fault = window_fault,
};

/* ------------------------------------------------------------------- status */

/* Status pages live as long as the space. */
static vm_fault_t status_fault(struct vm_fault *vmf)
{
	struct kvt_space *space = vma_space(vmf->vma);
	u64 off = fault_offset(vmf) - KVT_STATUS_BASE;
	struct kvt_arena *a = &space->arenas[off / KVT_STATUS_MAX];
	struct page *page;

	page = xa_load(&a->status, off % KVT_STATUS_MAX >> PAGE_SHIFT);
	if (!page)
		return VM_FAULT_SIGBUS;
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct status_ops = {
	.fault = status_fault,
};

/* -------------------------------------------------------------------- slots */

/**
 * struct slot_place - where the byte of a slot is
 * @slot: the slot
 * @arena: of its frame; NULL: it is on nvme
 * @off: in the arena's window
 * @in_block: the byte in the block
 */
struct slot_place {
	u64 slot;
	struct kvt_arena *arena;
	u64 off;
	u64 in_block;
};

/*
 * Under invalidate_lock: it stays there until that is given up. Without an arena:
 * it is on nvme.
 */
static bool find_slot(struct kvt_space *space, u64 off,
		      struct slot_place *place)
{
	struct kvt_block *b;
	u32 in_block;
	bool found;

	off -= KVT_SLOTS_BASE;
	place->slot = div_u64_rem(off, space->block_size, &in_block);
	place->in_block = in_block;
	rcu_read_lock();
	b = place->slot <= U32_MAX ? xa_load(&space->slots, place->slot) : NULL;
	found = b && kvt_block_is_sealed(b);
	if (found && kvt_block_in_memory(space, b)) {
		WRITE_ONCE(b->bits, b->bits | KVT_BITS_MAPPED);
		place->arena = kvt_block_arena(space, b);
		place->off = (u64)b->frame * space->block_size +
			     place->in_block;
	}
	rcu_read_unlock();
	return found;
}

/* Map page @in_block of the block at user address @addr. */
static vm_fault_t insert_page(struct vm_fault *vmf, struct slot_place *p,
			      s64 delta)
{
	struct page *page = kvt_arena_page(p->arena, p->off + delta);

	if (PageHWPoison(page))
		return VM_FAULT_HWPOISON;
	return vmf_insert_pfn(vmf->vma, vmf->address + delta,
			      page_to_pfn(page));
}

/*
 * Could another thread have mapped the 2 MiB at @delta with one entry? Then no
 * page may be inserted there. It takes a whole aligned range of the block.
 */
static bool may_be_huge(struct vm_fault *vmf, struct slot_place *p, s64 delta)
{
	s64 fault = vmf->address & (PMD_SIZE - 1) & PAGE_MASK;
	s64 start = round_down(delta + fault, (s64)PMD_SIZE) - fault;
	s64 first = start + (s64)(p->in_block & PAGE_MASK);
	s64 end = first + PMD_SIZE;

	return start != -fault && first >= 0 &&
	       end <= p->arena->space->block_size;
}

/*
 * The faulting page, then, as a favour, the rest of the block: MAP_POPULATE does
 * nothing on a PFN map, and a fault a page would cost more than the copy.
 */
static vm_fault_t insert_block(struct vm_fault *vmf, struct slot_place *p)
{
	struct vm_area_struct *vma = vmf->vma;
	s64 first = -(s64)min(p->in_block & PAGE_MASK,
			      (u64)(vmf->address - vma->vm_start) & PAGE_MASK);
	s64 end = min_t(u64, p->arena->space->block_size -
			(p->in_block & PAGE_MASK),
			vma->vm_end - (vmf->address & PAGE_MASK));
	vm_fault_t ret = insert_page(vmf, p, 0);
	s64 delta;

	for (delta = first; ret == VM_FAULT_NOPAGE && delta < end;
	     delta += PAGE_SIZE)
		if (delta && !may_be_huge(vmf, p, delta) &&
		    insert_page(vmf, p, delta) != VM_FAULT_NOPAGE)
			break;
	return ret;
}

/*
 * Bring the block up, without the lock that the fault came with, and let it fault
 * again. If that was tried already, with it: so a wait for a device that hangs
 * ends, and with SIGBUS.
 */
static vm_fault_t wait_for_block(struct vm_fault *vmf, u64 slot)
{
	struct kvt_space *space = vma_space(vmf->vma);
	struct file *file;

	if (!(vmf->flags & FAULT_FLAG_ALLOW_RETRY) ||
	    vmf->flags & FAULT_FLAG_TRIED)
		return kvt_load_slot(space, slot) ? VM_FAULT_SIGBUS : 0;
	if (vmf->flags & FAULT_FLAG_RETRY_NOWAIT)
		return VM_FAULT_RETRY;
	file = get_file(vmf->vma->vm_file);
	release_fault_lock(vmf);
	kvt_load_slot(space, slot);
	fput(file);
	return VM_FAULT_RETRY | VM_FAULT_MAJOR;
}

/* What the slot has, into the page tables. 0: it is on nvme. */
static vm_fault_t try_slot(struct vm_fault *vmf, struct slot_place *place)
{
	struct kvt_space *space = vma_space(vmf->vma);
	struct address_space *mapping = space->inode->i_mapping;
	vm_fault_t ret = VM_FAULT_SIGBUS;

	*place = (struct slot_place){};
	filemap_invalidate_lock_shared(mapping);
	if (find_slot(space, fault_offset(vmf), place))
		ret = place->arena ? insert_block(vmf, place) : 0;
	filemap_invalidate_unlock_shared(mapping);
	if (ret)
		kvt_stat_inc(space, slot_faults);
	return ret;
}

static vm_fault_t slot_fault(struct vm_fault *vmf)
{
	struct slot_place place;
	vm_fault_t ret;

	do {
		ret = try_slot(vmf, &place);
		if (!ret)
			ret = wait_for_block(vmf, place.slot);
	} while (!ret);
	return ret;
}

/* Is the whole 2 MiB around the fault in one block, one page, and the VMA? */
static bool fits_pmd(struct vm_fault *vmf, struct slot_place *p)
{
	unsigned long start = vmf->address & PMD_MASK;
	u64 delta = vmf->address - start;

	return start >= vmf->vma->vm_start &&
	       start + PMD_SIZE <= vmf->vma->vm_end &&
	       p->in_block >= delta &&
	       p->in_block - delta + PMD_SIZE <= p->arena->space->block_size &&
	       IS_ALIGNED(p->off - delta, PMD_SIZE);
}

static vm_fault_t insert_pmd(struct vm_fault *vmf, struct slot_place *p)
{
	u64 off = p->off & ~(u64)(PMD_SIZE - 1);
	struct kvt_chunk *c = xa_load(&p->arena->chunks, off >> KVT_CHUNK_SHIFT);

	if (!fits_pmd(vmf, p) || c->order != PMD_ORDER ||
	    kvt_chunk_is_poisoned(c))
		return VM_FAULT_FALLBACK;
	return kvt_insert_pfn_pmd(vmf, page_to_pfn(c->pages[0]));
}

static vm_fault_t slot_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct kvt_space *space = vma_space(vmf->vma);
	struct address_space *mapping = space->inode->i_mapping;
	vm_fault_t ret = VM_FAULT_FALLBACK;
	struct slot_place place = {};

	if (order != PMD_ORDER)
		return VM_FAULT_FALLBACK;
	filemap_invalidate_lock_shared(mapping);
	/* From nvme it is brought up by slot_fault(), then comes back here. */
	if (find_slot(space, fault_offset(vmf), &place) && place.arena)
		ret = insert_pmd(vmf, &place);
	filemap_invalidate_unlock_shared(mapping);
	if (ret != VM_FAULT_FALLBACK)
		kvt_stat_inc(space, slot_faults);
	return ret;
}

/* Debuggers read PFN maps through this. */
static int slot_access(struct vm_area_struct *vma, unsigned long addr,
		       void *buf, int len, int write)
{
	struct kvt_space *space = vma_space(vma);
	struct address_space *mapping = space->inode->i_mapping;
	u64 off = ((u64)vma->vm_pgoff << PAGE_SHIFT) + addr - vma->vm_start;
	u64 in_page = PAGE_SIZE - (off & ~PAGE_MASK);
	struct slot_place place = {};
	int ret = -EIO;

	if (write)
		return -EPERM;
	len = min_t(u64, len, in_page);
	kvt_load_slot(space, div_u64(off - KVT_SLOTS_BASE, space->block_size));
	filemap_invalidate_lock_shared(mapping);
	if (find_slot(space, off, &place) && place.arena &&
	    !PageHWPoison(kvt_arena_page(place.arena, place.off)) &&
	    !copy_mc_to_kernel(buf, kvt_arena_piece(place.arena, place.off,
						    &in_page), len))
		ret = len;
	filemap_invalidate_unlock_shared(mapping);
	return ret;
}

static const struct vm_operations_struct slot_ops = {
	.fault = slot_fault,
	.huge_fault = slot_huge_fault,
	.access = slot_access,
};

static void unmap_slot(struct kvt_space *space, u32 slot)
{
	unmap_mapping_range(space->inode->i_mapping, KVT_SLOTS_BASE +
			    (u64)slot * space->block_size,
			    space->block_size, 0);
}

/* Take a block's pages out of every slot map. Under exclusive invalidate_lock. */
void kvt_area_zap_block_locked(struct kvt_space *space, struct kvt_block *b)
{
	if (b->bits & KVT_BITS_MAPPED)
		unmap_slot(space, b->slot);
	WRITE_ONCE(b->bits, b->bits & ~KVT_BITS_MAPPED);
}

void kvt_area_zap_block(struct kvt_space *space, struct kvt_block *b)
{
	filemap_invalidate_lock(space->inode->i_mapping);
	kvt_area_zap_block_locked(space, b);
	filemap_invalidate_unlock(space->inode->i_mapping);
}

/*
 * The same for a hidden block that is not the caller's, so that it may be gone
 * by now. A block that got the slot since is only faulted in once more.
 */
void kvt_area_zap_slot(struct kvt_space *space, u32 slot)
{
	filemap_invalidate_lock(space->inode->i_mapping);
	unmap_slot(space, slot);
	filemap_invalidate_unlock(space->inode->i_mapping);
}

/* --------------------------------------------------------------------- mmap */

static int window_mmap(struct kvt_space *space, struct vm_area_struct *vma,
		       u64 off, u64 len)
{
	struct kvt_arena *a = &space->arenas[off / KVT_WINDOW_MAX];

	if (off % KVT_WINDOW_MAX + len > kvt_arena_bytes(a))
		return -EINVAL;
	vma->vm_ops = &window_ops;
	return 0;
}

static int read_only(struct vm_area_struct *vma)
{
	if (vma->vm_flags & VM_WRITE)
		return -EACCES;
	vm_flags_clear(vma, VM_MAYWRITE);
	return 0;
}

static int status_mmap(struct kvt_space *space, struct vm_area_struct *vma,
		       u64 off, u64 len)
{
	struct kvt_arena *a = &space->arenas[off / KVT_STATUS_MAX];
	u64 size = READ_ONCE(a->nr_frames) * sizeof(struct kvt_status);

	if (off % KVT_STATUS_MAX + len > PAGE_ALIGN(size))
		return -EINVAL;
	vma->vm_ops = &status_ops;
	return read_only(vma);
}

static int slots_mmap(struct vm_area_struct *vma, u64 off, u64 len)
{
	if (off + len > KVT_SLOTS_MAX)
		return -EINVAL;
	vm_flags_set(vma, VM_PFNMAP);
	vma->vm_ops = &slot_ops;
	return read_only(vma);
}

int kvt_area_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct kvt_file *f = file->private_data;
	u64 len = vma->vm_end - vma->vm_start, off;

	if (vma->vm_pgoff >= (KVT_SLOTS_BASE + KVT_SLOTS_MAX) >> PAGE_SHIFT)
		return -EINVAL;
	/* VM_SHARED is cleared for files opened read-only: not the test. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EACCES;
	vm_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP | VM_DONTCOPY,
		     VM_MAYEXEC);

	off = (u64)vma->vm_pgoff << PAGE_SHIFT;
	if (off >= KVT_SLOTS_BASE)
		return slots_mmap(vma, off - KVT_SLOTS_BASE, len);
	if (off >= KVT_STATUS_BASE + KVT_MAX_ARENAS * KVT_STATUS_MAX)
		return -EINVAL;
	if (off >= KVT_STATUS_BASE)
		return status_mmap(f->space, vma, off - KVT_STATUS_BASE, len);
	if (off >= KVT_MAX_ARENAS * KVT_WINDOW_MAX)
		return -EINVAL;
	return window_mmap(f->space, vma, off, len);
}
