/* SPDX-License-Identifier: GPL-2.0 */
/* Block devices: what the kernel counts of them, and formatting them for kvtier. */
#ifndef _BENCH_DEVICE_H
#define _BENCH_DEVICE_H

#include <stdint.h>
#include <sys/types.h>

/**
 * struct device_stat - what a device has done
 * @read: bytes read
 * @written: bytes written
 */
struct device_stat {
	uint64_t read;
	uint64_t written;
};

int device_stat(const char *path, struct device_stat *done);
int device_format(const char *path, const char *segment_size);
int device_prime(const char *path, uint64_t bytes);
uint64_t device_first_segment(const char *path);

#endif /* _BENCH_DEVICE_H */
