// SPDX-License-Identifier: GPL-2.0
/* Messages of the pool protocol: what is judged to be good is as long as it says. */
#include "../../../userspace/pool/codec.h"
#include "fuzz.h"

enum { FIX_HEAD = 1, FIX_LENGTH = 2, ANSWERS = 4, FIX_ANSWER = 8 };

static void fix(struct kvp_message *m, size_t bytes, uint8_t how)
{
	if (bytes < sizeof(m->head))
		return;
	if (how & FIX_HEAD) {
		m->head.magic = htole32(KVP_MAGIC);
		m->head.version = KVP_VERSION;
	}
	if (how & FIX_LENGTH)
		m->head.length = htole32(bytes);
}

static void check_good(const struct kvp_message *m, size_t bytes)
{
	must(bytes == kvp_length(m) && bytes <= KVP_MESSAGE_SIZE);
	must(kvp_nr(m) <= kvp_max_entries(m->head.type & ~KVP_ANSWER));
	must(strcmp(kvp_type_name(m->head.type), "unknown"));
}

/* To a good request: an answer that is judged to be good has the same entries. */
static void judge_answer(struct input *in, const struct kvp_message *request, uint8_t how)
{
	size_t bytes = in->size;
	struct kvp_message *m = take_alone(in, bytes);

	fix(m, bytes, how);
	if (how & FIX_ANSWER && bytes >= sizeof(m->head)) {
		m->head.type = request->head.type | KVP_ANSWER;
		m->head.id = request->head.id;
	}
	if (!kvp_judge_answer(m, bytes, request)) {
		check_good(m, bytes);
		must(m->head.status || kvp_nr(m) == kvp_nr(request));
		must(!m->head.status || !kvp_nr(m));
	}
	free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t how = take_byte(&in);
	size_t bytes = how & ANSWERS ? take_byte(&in) * 4 : in.size;
	struct kvp_message *m = take_alone(&in, bytes);

	fix(m, bytes, how);
	if (!kvp_judge(m, bytes)) {
		check_good(m, bytes);
		if (how & ANSWERS && !(m->head.type & KVP_ANSWER))
			judge_answer(&in, m, how);
	}
	free(m);
	return 0;
}

/* ---------------------------------------------------------------------- seeds */

/* Two entries, or the one that there has to be, that are no zeros. */
static void fill(struct kvp_message *m)
{
	uint8_t type = m->head.type & ~KVP_ANSWER;
	uint32_t nr = kvp_max_entries(type) < 2 ? kvp_max_entries(type) : 2;
	struct kvp_hello *h;

	while (nr--) {
		uint8_t *entry = kvp_add(m);

		if (m->head.type == KVP_HELLO) {
			h = (void *)entry;
			memcpy(h->space, "chat", 4);
			h->host[0] = 1;
			h->block_size = htole32(65536 + 4096);
		} else {
			entry[0] = 1;
		}
	}
}

static void seed_of(seed_fn seed, uint8_t type, bool answered)
{
	struct kvp_message request, answer;
	uint8_t text[2 + 2 * KVP_MESSAGE_SIZE];
	size_t at = 1;
	char name[32];

	kvp_begin(&request, type, 7);
	fill(&request);
	text[0] = FIX_HEAD | FIX_LENGTH;
	if (answered) {
		text[0] |= ANSWERS | FIX_ANSWER;
		text[at++] = kvp_length(&request) / 4;
	}
	memcpy(text + at, &request, kvp_length(&request));
	at += kvp_length(&request);
	kvp_begin_answer(&answer, &request);
	fill(&answer);
	if (answered) {
		memcpy(text + at, &answer, kvp_length(&answer));
		at += kvp_length(&answer);
	}
	snprintf(name, sizeof(name), "%s%s", kvp_type_name(type), answered ? "-answer" : "");
	seed(name, text, at);
}

void fuzz_seeds(seed_fn seed)
{
	uint8_t type;

	for (type = KVP_HELLO; type < KVP_NR_TYPES; type++) {
		seed_of(seed, type, false);
		seed_of(seed, type, true);
	}
}
