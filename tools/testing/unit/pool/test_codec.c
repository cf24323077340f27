// SPDX-License-Identifier: GPL-2.0
/* Messages of the pool protocol: good ones pass, all others are refused. */
#include <errno.h>
#include <string.h>

#include "codec.h"
#include "tap.h"

static const uint8_t types[] = {
	KVP_HELLO, KVP_PROVE, KVP_LOOKUP, KVP_ACQUIRE, KVP_RELEASE, KVP_RESERVE,
	KVP_COMMIT, KVP_ABORT, KVP_DROP, KVP_PING,
};

#define NR_TYPES (sizeof(types) / sizeof(*types))

/* Something good in the first bytes of any entry that wants a key. */
static void fill(uint8_t type, void *entry)
{
	struct kvp_hello *h = entry;

	switch (type) {
	case KVP_HELLO:
		snprintf((char *)h->space, sizeof(h->space), "llama-70b");
		h->host[0] = 1;
		h->block_size = htole32(2 << 20);
		break;
	case KVP_LOOKUP:
	case KVP_ACQUIRE:
	case KVP_DROP:
	case KVP_RESERVE:
		*(uint8_t *)entry = 1;
		break;
	}
}

static void make(struct kvp_message *m, uint8_t type, uint32_t nr)
{
	memset(m, 0xa5, sizeof(*m));
	kvp_begin(m, type, 77);
	while (nr--)
		fill(type, kvp_add(m));
}

static void make_answer(struct kvp_message *m, const struct kvp_message *request)
{
	uint32_t i;

	memset(m, 0xa5, sizeof(*m));
	kvp_begin_answer(m, request);
	for (i = 0; i < kvp_nr(request); i++)
		kvp_add(m);
}

static const char *judge(const struct kvp_message *m)
{
	return kvp_judge(m, kvp_length(m));
}

static void test_good(void)
{
	struct kvp_message m, answer;
	unsigned int i;

	for (i = 0; i < NR_TYPES; i++) {
		const char *name = kvp_type_name(types[i]);
		uint32_t max = kvp_max_entries(types[i]);

		make(&m, types[i], max);
		ok(!judge(&m), "%s: as many as go in", name);
		make_answer(&answer, &m);
		ok(!kvp_judge_answer(&answer, kvp_length(&answer), &m),
		   "%s: its answer", name);
		kvp_refuse(&answer, &m, EACCES);
		ok(!kvp_judge_answer(&answer, kvp_length(&answer), &m),
		   "%s: its refusal", name);
	}
	ok(kvp_max_entries(KVP_RESERVE) >= 100, "100 blocks a message");
}

struct bad {
	const char *why;
	const char *said;
	uint8_t type;
	unsigned int at;
	uint8_t byte;
};

#define HEAD(field) offsetof(struct kvp_head, field)
#define HELLO(field) (sizeof(struct kvp_head) + offsetof(struct kvp_hello, field))
#define CHAIN(field) (sizeof(struct kvp_head) + offsetof(struct kvp_chain, field))

static const struct bad bads[] = {
	{ "magic", "not the pool protocol", KVP_PING, HEAD(magic), 1 },
	{ "version 0", "version", KVP_PING, HEAD(version), 0 },
	{ "a later version", "version", KVP_PING, HEAD(version), 2 },
	{ "type 0", "type", KVP_PING, HEAD(type), 0 },
	{ "a type beyond the last", "type", KVP_PING, HEAD(type), KVP_NR_TYPES },
	{ "padding", "padding", KVP_PING, HEAD(pad), 1 },
	{ "a flag of another command", "flags", KVP_LOOKUP, HEAD(flags), KVP_F_WAIT },
	{ "an unknown flag", "flags", KVP_ACQUIRE, HEAD(flags), 0x80 },
	{ "waiting without saying so", "time to wait", KVP_ACQUIRE,
	  HEAD(wait_ms), 1 },
	{ "a status in a request", "status in a request", KVP_PING, HEAD(status), 1 },
	{ "credits in a request", "status in a request", KVP_PING, HEAD(credits), 1 },
	{ "entries where none are", "entries where there are none", KVP_PING,
	  HEAD(nr), 1 },
	{ "no entries", "number of entries", KVP_LOOKUP, HEAD(nr), 0 },
	{ "more entries than are sent", "length", KVP_LOOKUP, HEAD(nr), 3 },
	{ "more than may be", "number of entries", KVP_LOOKUP, HEAD(nr) + 3, 1 },
	{ "another length", "length", KVP_LOOKUP, HEAD(length), 1 },
	{ "a key of zeroes", "key", KVP_LOOKUP, sizeof(struct kvp_head), 0 },
	{ "an upper-case name", "name of a space", KVP_HELLO, HELLO(space), 'A' },
	{ "a name with more behind it", "name of a space", KVP_HELLO,
	  HELLO(space) + 20, 'a' },
	{ "no host", "host", KVP_HELLO, HELLO(host), 0 },
	{ "an odd block size", "block size", KVP_HELLO, HELLO(block_size), 1 },
	{ "padding of HELLO", "padding", KVP_HELLO, HELLO(pad), 1 },
	{ "class 16", "class", KVP_RESERVE, CHAIN(class_id), 16 },
	{ "padding of RESERVE", "padding", KVP_RESERVE, CHAIN(pad), 1 },
};

static void test_bad(void)
{
	struct kvp_message m;
	unsigned int i;

	for (i = 0; i < sizeof(bads) / sizeof(*bads); i++) {
		const struct bad *b = &bads[i];
		size_t bytes;
		const char *said;

		make(&m, b->type, b->type == KVP_PING ? 0 : 1);
		bytes = kvp_length(&m);
		((uint8_t *)&m)[b->at] = b->byte;
		said = kvp_judge(&m, bytes);
		ok(said && !strcmp(said, b->said), "%s: %s", b->why,
		   said ? said : "passed");
	}
}

static void test_lengths(void)
{
	struct kvp_message m;
	size_t bytes;
	int refused = 1;

	make(&m, KVP_ACQUIRE, 5);
	for (bytes = 0; bytes < kvp_length(&m); bytes++)
		refused &= !!kvp_judge(&m, bytes);
	ok(refused, "a message that is cut short");
	ok(kvp_judge(&m, kvp_length(&m) + 1), "a message that is too long");
	ok(kvp_judge(&m, KVP_MESSAGE_SIZE + 1), "longer than any");
}

static void test_answers(void)
{
	struct kvp_message m, other, answer;
	struct kvp_place *p;

	make(&m, KVP_ACQUIRE, 3);
	make(&other, KVP_ACQUIRE, 2);
	make_answer(&answer, &other);
	ok(kvp_judge_answer(&answer, kvp_length(&answer), &m),
	   "fewer answers than were asked for");
	make(&other, KVP_RESERVE, 3);
	make_answer(&answer, &other);
	ok(kvp_judge_answer(&answer, kvp_length(&answer), &m), "of another type");
	make_answer(&answer, &m);
	answer.head.id = htole64(78);
	ok(kvp_judge_answer(&answer, kvp_length(&answer), &m), "to another request");
	ok(kvp_judge_answer(&m, kvp_length(&m), &m), "a request is no answer");
	make_answer(&answer, &m);
	p = KVP_ENTRIES(&answer, place);
	p[1].status = htole32(ENOENT);
	ok(!judge(&answer), "one is not there");
	p[1].rkey = 1;
	ok(judge(&answer), "not there, but a place");
	p[1].rkey = 0;
	p[1].status = htole32(5000);
	ok(judge(&answer), "an errno that none is");
}

static void test_places(void)
{
	struct kvp_message m, answer;
	struct kvp_place *p;

	make(&m, KVP_ACQUIRE, 2);
	make_answer(&answer, &m);
	p = &KVP_ENTRIES(&answer, place)[1];
	p->uses = htole32(UINT32_MAX);
	ok(!judge(&answer), "a block that was lent often");
	p->pad = 1;
	ok(judge(&answer), "padding of a place");
	p->pad = 0;
	p->status = htole32(ENOENT);
	ok(judge(&answer), "not there, but lent");
	make(&m, KVP_RESERVE, 1);
	make_answer(&answer, &m);
	KVP_ENTRIES(&answer, place)->uses = 1;
	ok(judge(&answer), "a new block that was lent");
}

/* Whatever comes in: it is judged without reading what was not received. */
static void test_noise(unsigned int rounds)
{
	unsigned int i, j, passed = 0;
	uint64_t x = 88172645463325252ULL;

	for (i = 0; i < rounds; i++) {
		struct kvp_message m;
		size_t bytes;
		uint8_t *copy;

		make(&m, types[i % NR_TYPES],
		     kvp_max_entries(types[i % NR_TYPES]) ? 1 : 0);
		for (j = 0; j < i % 4; j++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			((uint8_t *)&m)[x % 256] = x >> 32;
		}
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		bytes = i & 4 ? x % sizeof(m) : kvp_length(&m) % sizeof(m);
		/* Of its own, so that ASan sees its end. */
		copy = malloc(bytes ?: 1);
		memcpy(copy, &m, bytes);
		passed += !kvp_judge((void *)copy, bytes);
		free(copy);
	}
	ok(passed && passed < rounds, "%u of %u damaged messages pass", passed,
	   rounds);
}

int main(void)
{
	const char *rounds = getenv("KVTIER_FUZZ_ROUNDS");

	test_good();
	test_bad();
	test_lengths();
	test_answers();
	test_places();
	test_noise(rounds ? strtoul(rounds, NULL, 0) : 20000);
	return done();
}
