/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KVP_CONTAINER_H
#define KVP_CONTAINER_H

#include <stddef.h>

/* The struct that @pointer's target is the @member of. */
#define container_of(pointer, type, member) \
	((type *)(void *)((char *)(pointer) - offsetof(type, member)))

#endif /* KVP_CONTAINER_H */
