// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <string.h>

#include "codec.h"

#define MAX_ERRNO 4095
#define MAX_CLASS 15

/**
 * struct form - what a type of message looks like
 * @name: for people
 * @entry: bytes of an entry of the request
 * @answer: bytes of an entry of the answer
 * @single: there is exactly one entry
 * @flags: that the request may have
 */
struct form {
	const char *name;
	uint16_t entry;
	uint16_t answer;
	bool single;
	uint32_t flags;
};

static const struct form forms[KVP_NR_TYPES] = {
	[KVP_HELLO] = { "HELLO", sizeof(struct kvp_hello),
			sizeof(struct kvp_challenge), true, 0 },
	[KVP_PROVE] = { "PROVE", sizeof(struct kvp_proof),
			sizeof(struct kvp_proof), true, 0 },
	[KVP_LOOKUP] = { "LOOKUP", sizeof(struct kvp_key),
			 sizeof(struct kvp_result), false, 0 },
	[KVP_ACQUIRE] = { "ACQUIRE", sizeof(struct kvp_key),
			  sizeof(struct kvp_place), false, KVP_F_WAIT },
	[KVP_RELEASE] = { "RELEASE", sizeof(struct kvp_lease),
			  sizeof(struct kvp_result), false, KVP_F_TOUCH },
	[KVP_RESERVE] = { "RESERVE", sizeof(struct kvp_chain),
			  sizeof(struct kvp_place), false, 0 },
	[KVP_COMMIT] = { "COMMIT", sizeof(struct kvp_lease),
			 sizeof(struct kvp_result), false, 0 },
	[KVP_ABORT] = { "ABORT", sizeof(struct kvp_lease),
			sizeof(struct kvp_result), false, 0 },
	[KVP_DROP] = { "DROP", sizeof(struct kvp_key),
		       sizeof(struct kvp_result), false, KVP_F_CHAIN },
	[KVP_PING] = { "PING", 0, 0, false, 0 },
};

static const struct form *form_of(uint8_t type)
{
	type &= ~KVP_ANSWER;
	return type < KVP_NR_TYPES && forms[type].name ? &forms[type] : NULL;
}

static bool is_answer(uint8_t type)
{
	return type & KVP_ANSWER;
}

static uint16_t entry_size(uint8_t type)
{
	const struct form *f = form_of(type);

	return is_answer(type) ? f->answer : f->entry;
}

/* Name of a type, answer or not; for logs. */
const char *kvp_type_name(uint8_t type)
{
	const struct form *f = form_of(type);

	return f ? f->name : "unknown";
}

/**
 * kvp_max_entries() - how many entries a message may have
 * @type: enum kvp_type, a known one
 *
 * So many that both request and answer fit into a message.
 *
 * Return: entries.
 */
uint32_t kvp_max_entries(uint8_t type)
{
	const struct form *f = form_of(type);
	uint16_t larger = f->entry > f->answer ? f->entry : f->answer;

	if (!larger || f->single)
		return f->single;
	return (KVP_MESSAGE_SIZE - sizeof(struct kvp_head)) / larger;
}

/* ------------------------------------------------------------------------ making */

/* Begin a request without entries. */
void kvp_begin(struct kvp_message *m, uint8_t type, uint64_t id)
{
	memset(&m->head, 0, sizeof(m->head));
	m->head.magic = htole32(KVP_MAGIC);
	m->head.version = KVP_VERSION;
	m->head.type = type;
	m->head.length = htole32(sizeof(m->head));
	m->head.id = htole64(id);
}

/* Begin the answer to a judged request. */
void kvp_begin_answer(struct kvp_message *m, const struct kvp_message *request)
{
	kvp_begin(m, request->head.type | KVP_ANSWER, le64toh(request->head.id));
}

/* The answer is that all of it failed. @err: an errno, positive. */
void kvp_refuse(struct kvp_message *m, const struct kvp_message *request,
		int err)
{
	kvp_begin_answer(m, request);
	m->head.status = htole32(err);
}

/**
 * kvp_add() - one entry more
 * @m: begun, with fewer than kvp_max_entries()
 *
 * Return: the entry, zeroed.
 */
void *kvp_add(struct kvp_message *m)
{
	uint32_t at = kvp_length(m) - sizeof(m->head);
	uint16_t size = entry_size(m->head.type);

	m->head.length = htole32(kvp_length(m) + size);
	m->head.nr = htole32(kvp_nr(m) + 1);
	return memset(m->entries + at, 0, size);
}

/* ----------------------------------------------------------------------- judging */

static bool is_zero(const void *p, size_t bytes)
{
	const uint8_t *byte = p;

	while (bytes--)
		if (*byte++)
			return false;
	return true;
}

static const char *judge_nr(const struct kvp_head *h, const struct form *f)
{
	uint32_t nr = le32toh(h->nr);

	if (is_answer(h->type) && h->status)
		return nr ? "entries in a refusal" : NULL;
	if (!f->entry)
		return nr ? "entries where there are none" : NULL;
	if (!nr || nr > kvp_max_entries(h->type))
		return "number of entries";
	return NULL;
}

static const char *judge_answer_head(const struct kvp_head *h)
{
	if (h->flags || h->wait_ms)
		return "flags in an answer";
	if (le32toh(h->status) > MAX_ERRNO)
		return "status";
	if (le32toh(h->credits) > KVP_MAX_CREDITS)
		return "credits";
	return NULL;
}

static const char *judge_request_head(const struct kvp_head *h,
				      const struct form *f)
{
	uint32_t wait = le32toh(h->wait_ms);

	if (h->status || h->credits)
		return "status in a request";
	if (le32toh(h->flags) & ~f->flags)
		return "flags";
	if (wait > (le32toh(h->flags) & KVP_F_WAIT ? KVP_MAX_WAIT_MS : 0))
		return "time to wait";
	return NULL;
}

static const char *judge_head(const struct kvp_head *h, size_t bytes)
{
	const struct form *f;
	const char *bad;

	if (bytes < sizeof(*h) || bytes > KVP_MESSAGE_SIZE)
		return "length";
	if (le32toh(h->magic) != KVP_MAGIC)
		return "not the pool protocol";
	if (h->version != KVP_VERSION)
		return "version";
	f = form_of(h->type);
	if (!f)
		return "type";
	if (h->pad)
		return "padding";
	bad = judge_nr(h, f);
	if (bad)
		return bad;
	if (le32toh(h->length) != bytes ||
	    bytes != sizeof(*h) + (size_t)le32toh(h->nr) * entry_size(h->type))
		return "length";
	return is_answer(h->type) ? judge_answer_head(h) :
				    judge_request_head(h, f);
}

/* 1..31 characters of [a-z0-9_-], first a letter; zero after that. */
static bool is_name(const uint8_t *name)
{
	size_t len = strnlen((const char *)name, KVP_NAME_SIZE);
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return len && len < KVP_NAME_SIZE && name[0] >= 'a' && name[0] <= 'z' &&
	       strspn((const char *)name, good) == len &&
	       is_zero(name + len, KVP_NAME_SIZE - len);
}

static const char *judge_hello(const struct kvp_hello *h)
{
	if (!is_name(h->space))
		return "name of a space";
	if (is_zero(h->host, sizeof(h->host)))
		return "host";
	if (!h->block_size || le32toh(h->block_size) % 4096)
		return "block size";
	return h->pad ? "padding" : NULL;
}

static const char *judge_chain(const struct kvp_chain *c)
{
	if (is_zero(c->key, sizeof(c->key)))
		return "key";
	if (c->class_id > MAX_CLASS)
		return "class";
	return is_zero(c->pad, sizeof(c->pad)) ? NULL : "padding";
}

static const char *judge_place(uint8_t type, const struct kvp_place *p)
{
	if (le32toh(p->status) > MAX_ERRNO)
		return "status";
	if (p->status && (p->addr || p->lease || p->rkey || p->uses))
		return "a place in spite of a status";
	if (p->uses && type != (KVP_ACQUIRE | KVP_ANSWER))
		return "uses of a new block";
	return p->pad ? "padding" : NULL;
}

static const char *judge_entry(uint8_t type, const void *entry)
{
	switch (type) {
	case KVP_HELLO:
		return judge_hello(entry);
	case KVP_LOOKUP:
	case KVP_ACQUIRE:
	case KVP_DROP:
		return is_zero(entry, KVP_KEY_SIZE) ? "key" : NULL;
	case KVP_RESERVE:
		return judge_chain(entry);
	case KVP_ACQUIRE | KVP_ANSWER:
	case KVP_RESERVE | KVP_ANSWER:
		return judge_place(type, entry);
	case KVP_LOOKUP | KVP_ANSWER:
	case KVP_RELEASE | KVP_ANSWER:
	case KVP_COMMIT | KVP_ANSWER:
	case KVP_ABORT | KVP_ANSWER:
	case KVP_DROP | KVP_ANSWER:
		return le32toh(((const struct kvp_result *)entry)->status) >
		       MAX_ERRNO ? "status" : NULL;
	default:
		return NULL;
	}
}

/**
 * kvp_judge() - is a message as the protocol wants it?
 * @m: as received
 * @bytes: so many were received
 *
 * Return: NULL, or what is wrong with it.
 */
const char *kvp_judge(const struct kvp_message *m, size_t bytes)
{
	const char *bad = judge_head(&m->head, bytes);
	uint32_t i;

	for (i = 0; !bad && i < kvp_nr(m); i++)
		bad = judge_entry(m->head.type, m->entries +
				  (size_t)i * entry_size(m->head.type));
	return bad;
}

/* The same, and does it answer @request? */
const char *kvp_judge_answer(const struct kvp_message *m, size_t bytes,
			     const struct kvp_message *request)
{
	const char *bad = kvp_judge(m, bytes);

	if (bad)
		return bad;
	if (m->head.type != (request->head.type | KVP_ANSWER))
		return "answer of another type";
	if (m->head.id != request->head.id)
		return "answer to another request";
	if (!m->head.status && m->head.nr != request->head.nr)
		return "number of answers";
	return NULL;
}
