/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KVT_IO_H
#define _KVT_IO_H

#include <linux/blk_types.h>
#include "kvt.h"
#include "turn.h"

struct kvt_device;

/**
 * struct kvt_io - transfers to or from one device that end together
 * @dev: the device
 * @pending: bios under way, and one while more are being added
 * @status: the first error, or BLK_STS_OK
 * @is_write: it writes
 * @class_id: writing: retention class of the blocks
 * @urgency: when it goes to the device: KVT_AT_ONCE, unless who began it says
 *	otherwise before it adds something
 * @done: called when the last has ended; in interrupt context, or in that of
 *	kvt_io_end()
 */
struct kvt_io {
	struct kvt_device *dev;
	atomic_t pending;
	blk_status_t status;
	bool is_write;
	u8 class_id;
	enum kvt_urgency urgency;
	void (*done)(struct kvt_io *io);
};

int kvt_io_init(void);
void kvt_io_exit(void);

void kvt_io_begin(struct kvt_io *io, struct kvt_device *dev,
		  void (*done)(struct kvt_io *io));
void kvt_io_add_run(struct kvt_io *io, blk_opf_t opf, u64 pos,
		    struct kvt_arena *a, u32 frame, u32 begin, u32 end);
void kvt_io_add_frame(struct kvt_io *io, blk_opf_t opf, u64 pos,
		      struct kvt_arena *a, u32 frame);
void kvt_io_add_buf(struct kvt_io *io, blk_opf_t opf, u64 pos, void *buf,
		    u32 len);
void kvt_io_end(struct kvt_io *io);
int kvt_io_sync(struct kvt_device *dev, blk_opf_t opf, u64 pos, void *buf,
		u32 len);

#endif /* _KVT_IO_H */
