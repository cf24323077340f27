/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef KVT_SHA256_H
#define KVT_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define KVT_SHA256_SIZE	32

/* Digest @len bytes at once. */
void kvt_sha256(const void *data, size_t len, uint8_t digest[KVT_SHA256_SIZE]);

#endif /* KVT_SHA256_H */
