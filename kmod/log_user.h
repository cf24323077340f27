/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What log_codec.c and log_scan.c need of the kernel, outside of it.
 */
#ifndef _KVT_LOG_USER_H
#define _KVT_LOG_USER_H

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <linux/types.h>

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#define cpu_to_le32(x)	((__le32)htole32(x))
#define cpu_to_le64(x)	((__le64)htole64(x))
#define le32_to_cpu(x)	((u32)le32toh(x))
#define le64_to_cpu(x)	((u64)le64toh(x))

#define min(a, b) ({				\
	typeof(a) a_ = (a);			\
	typeof(b) b_ = (b);			\
	a_ < b_ ? a_ : b_;			\
})
#define max(a, b) ({				\
	typeof(a) a_ = (a);			\
	typeof(b) b_ = (b);			\
	a_ > b_ ? a_ : b_;			\
})

/* Four bits at a time: for processors without an instruction for it. */
static inline u32 crc32c_plain(u32 crc, const u8 *p, size_t len)
{
	static const u32 table[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1,
		0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
		0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
		0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};

	while (len--) {
		crc ^= *p++;
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return crc;
}

#ifdef __x86_64__

__attribute__((target("sse4.2")))
static inline u32 crc32c_sse42(u32 crc, const u8 *p, size_t len)
{
	unsigned long long wide = crc, word;

	for (; len >= sizeof(word); len -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		wide = __builtin_ia32_crc32di(wide, word);
	}
	crc = wide;
	while (len--)
		crc = __builtin_ia32_crc32qi(crc, *p++);
	return crc;
}

#endif /* __x86_64__ */

/* As the kernel's: no inversion, neither before nor after. */
static inline u32 crc32c(u32 crc, const void *p, size_t len)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		return crc32c_sse42(crc, p, len);
#endif
	return crc32c_plain(crc, p, len);
}

#endif /* _KVT_LOG_USER_H */
