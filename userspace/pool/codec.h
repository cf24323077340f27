/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Making and judging messages of the pool protocol. Pure code. What comes from
 * the network is hostile until a function here has said otherwise.
 */
#ifndef KVP_CODEC_H
#define KVP_CODEC_H

#include <endian.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/**
 * struct kvp_message - a message, as it is sent and received
 * @head: begins it
 * @entries: @head.nr of what @head.type says
 */
struct kvp_message {
	struct kvp_head head;
	uint8_t entries[KVP_MESSAGE_SIZE - sizeof(struct kvp_head)];
};

static_assert(sizeof(struct kvp_message) == KVP_MESSAGE_SIZE, "wire format");

void kvp_begin(struct kvp_message *m, uint8_t type, uint64_t id);
void *kvp_add(struct kvp_message *m);
void kvp_begin_answer(struct kvp_message *m, const struct kvp_message *request);
void kvp_refuse(struct kvp_message *m, const struct kvp_message *request,
		int err);

uint32_t kvp_max_entries(uint8_t type);
const char *kvp_judge(const struct kvp_message *m, size_t bytes);
const char *kvp_judge_answer(const struct kvp_message *m, size_t bytes,
			     const struct kvp_message *request);

const char *kvp_type_name(uint8_t type);

/* The entries of a judged message, by the type of its head. */
#define KVP_ENTRIES(m, kind) ((struct kvp_##kind *)(void *)(m)->entries)

static inline uint32_t kvp_nr(const struct kvp_message *m)
{
	return le32toh(m->head.nr);
}

static inline uint32_t kvp_length(const struct kvp_message *m)
{
	return le32toh(m->head.length);
}

#endif /* KVP_CODEC_H */
