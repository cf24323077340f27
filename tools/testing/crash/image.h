/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The media of a set's devices, in memory. What is written while a trial is on can
 * be taken back.
 */
#ifndef CRASH_IMAGE_H
#define CRASH_IMAGE_H

#include <stdbool.h>

#include "../../../kmod/log_scan.h"

struct undo;

/**
 * struct image - some devices
 * @nr_devices: how many
 * @bytes: size of each
 * @media: their bytes
 * @trial: writes can be taken back
 * @undo: what they have overwritten, oldest first
 * @nr_undo: how many
 * @room_undo: and how many fit
 */
struct image {
	u32 nr_devices;
	u64 bytes[KVT_LOG_MAX_DEVICES];
	u8 *media[KVT_LOG_MAX_DEVICES];
	bool trial;
	struct undo *undo;
	size_t nr_undo;
	size_t room_undo;
};

/** image_add() - one more device, all zero */
void image_add(struct image *m, u64 bytes);
void image_free(struct image *m);

/** image_copy() - @to is empty; it gets @from's devices and their bytes */
void image_copy(struct image *to, const struct image *from);

/** image_write() - @from NULL: zeros. What is past the device's end is left out */
void image_write(struct image *m, u32 device, u64 pos, const void *from, u64 bytes);

/** image_begin() - from here on image_back() takes back */
void image_begin(struct image *m);
void image_back(struct image *m);

#endif /* CRASH_IMAGE_H */
