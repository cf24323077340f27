/* SPDX-License-Identifier: GPL-2.0 */
/* File systems on the device. */
#ifndef _BENCH_DISK_H
#define _BENCH_DISK_H

int disk_mount(const char *device, const char *type, const char *dir);
void disk_unmount(const char *dir);

#endif /* _BENCH_DISK_H */
