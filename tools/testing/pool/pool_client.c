// SPDX-License-Identifier: GPL-2.0
/*
 * kvtier-pool-client: a client of kvtier-poold, and one that breaks every rule. Runs on
 * the pool node itself, so that it can see in sysfs what the node holds for it. The
 * space has to be empty, and to be its alone. TAP on the standard output.
 */
#include <errno.h>
#include <gcrypt.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "link.h"
#include "proof.h"
#include "tap.h"

#define PATIENCE_S	120	/* for anything: machines may be slow */
#define MAX_IN		256
#define CHAIN		8
#define DEPTH		128	/* messages: more than its credits */

/**
 * struct peer - one connection
 * @link: NULL when it is down
 * @is_up: it was
 * @down: negative errno, when it is not any more
 * @nr_in: of @in
 * @credits: from the last answer
 * @in: answers that nobody has taken
 */
struct peer {
	struct kvp_link *link;
	bool is_up;
	int down;
	unsigned int nr_in;
	unsigned int credits;
	struct kvp_message in[MAX_IN];
};

/**
 * struct move - a READ or WRITE
 * @op: it
 * @over: it has ended
 * @err: so
 */
struct move {
	struct kvp_op op;
	bool over;
	int err;
};

static struct kvp_rdma *rdma;
static struct sockaddr_storage to;
static const char *space, *local_space, *self;
static char **self_argv;
static uint8_t secret[KVP_SECRET_SIZE];
static uint32_t block_size;
static unsigned int max_leases;
static uint64_t last_id;
static char *frames;		/* CHAIN blocks, registered */

/* ------------------------------------------------------------------------- turning */

static time_t give_up_at;

static bool turn(void)
{
	struct pollfd p = { .fd = kvp_rdma_fd(rdma), .events = POLLIN };

	poll(&p, 1, 100);
	kvp_rdma_run(rdma);
	return time(NULL) < give_up_at;
}

/* Returns whether it came true. */
#define wait_for(cond) ({						\
	bool came_;							\
									\
	give_up_at = time(NULL) + PATIENCE_S;				\
	while (!(came_ = !!(cond)) && turn())				\
		;							\
	came_;								\
})

static void link_up(struct kvp_link *link, void *user)
{
	struct peer *peer = user;

	(void)link;
	peer->is_up = true;
}

static void link_message(struct kvp_link *link, void *user,
			 const struct kvp_message *m, size_t bytes)
{
	struct peer *peer = user;
	const char *bad = kvp_judge(m, bytes);

	(void)link;
	if (bad || peer->nr_in == MAX_IN) {
		printf("Bail out! the pool node sends %s\n", bad ? bad : "too much");
		exit(1);
	}
	peer->credits = le32toh(m->head.credits);
	peer->in[peer->nr_in++] = *m;
}

static void link_down(struct kvp_link *link, void *user, int err,
		      const char *why)
{
	struct peer *peer = user;

	printf("# down: %s (%s)\n", why, strerror(-err));
	peer->down = err;
	peer->link = NULL;
	kvp_link_destroy(link);
}

static const struct kvp_link_ops ops = { link_up, link_message, link_down };

static struct peer *dial(void)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	struct kvp_link_how how = {
		.ops = &ops, .user = peer, .depth = DEPTH,
		.timeout_ms = PATIENCE_S * 1000,
	};

	must(peer);
	must(!kvp_link_connect(rdma, (struct sockaddr *)&to, &how, &peer->link));
	must(wait_for(peer->is_up || peer->down));
	must(peer->is_up);
	return peer;
}

static void hang_up(struct peer *peer)
{
	kvp_link_destroy(peer->link);
	free(peer);
}

static bool is_cut_off(struct peer *peer)
{
	return wait_for(peer->down);
}

/* ------------------------------------------------------------------------ messages */

static void begin(struct kvp_message *m, uint8_t type)
{
	kvp_begin(m, type, ++last_id);
}

/* Out of the answers that are here; NULL: not there. The next call may change it. */
static struct kvp_message *take(struct peer *peer, uint64_t id)
{
	static struct kvp_message answer;
	unsigned int i;

	for (i = 0; i < peer->nr_in; i++) {
		if (le64toh(peer->in[i].head.id) != id)
			continue;
		answer = peer->in[i];
		peer->in[i] = peer->in[--peer->nr_in];
		return &answer;
	}
	return NULL;
}

/* Send, and wait for the answer; NULL: cut off. */
static struct kvp_message *ask(struct peer *peer, const struct kvp_message *m)
{
	uint64_t id = le64toh(m->head.id);
	struct kvp_message *answer = NULL;

	if (!peer->link || kvp_link_send(peer->link, m))
		return NULL;
	must(wait_for((answer = take(peer, id)) || peer->down));
	if (answer && kvp_judge_answer(answer, kvp_length(answer), m)) {
		printf("# not an answer to this request\n");
		return NULL;
	}
	return answer;
}

static void fill_hello(struct kvp_hello *hello)
{
	memset(hello, 0, sizeof(*hello));
	strncpy((char *)hello->space, space, KVP_NAME_SIZE - 1);
	memcpy(hello->host, "test", 4);
	kvp_nonce(hello->nonce);
	hello->block_size = htole32(block_size);
}

/* Status of the answer to PROVE; -1: cut off. */
static int introduce_as(struct peer *peer, const struct kvp_hello *hello,
			const uint8_t key[KVP_SECRET_SIZE])
{
	struct kvp_challenge challenge;
	struct kvp_message m, *answer;

	begin(&m, KVP_HELLO);
	memcpy(kvp_add(&m), hello, sizeof(*hello));
	answer = ask(peer, &m);
	if (!answer || answer->head.status)
		return answer ? (int)le32toh(answer->head.status) : -1;
	challenge = *KVP_ENTRIES(answer, challenge);
	begin(&m, KVP_PROVE);
	must(!kvp_proof_make(key, KVP_CLIENT, hello, &challenge, kvp_add(&m)));
	answer = ask(peer, &m);
	if (!answer || answer->head.status)
		return answer ? (int)le32toh(answer->head.status) : -1;
	return kvp_proof_good(key, KVP_SERVER, hello, &challenge,
			      KVP_ENTRIES(answer, proof)) ? 0 : -2;
}

static struct peer *connect_peer(void)
{
	struct peer *peer = dial();
	struct kvp_hello hello;

	fill_hello(&hello);
	must(!introduce_as(peer, &hello, secret));
	return peer;
}

static void make_key(uint8_t key[KVP_KEY_SIZE], uint64_t chain, unsigned int i)
{
	memset(key, 0, KVP_KEY_SIZE);
	memcpy(key, &chain, sizeof(chain));
	key[8] = i + 1;
}

/* A chain's blocks from 0 on; those of holes have another key. */
static void add_keys(struct kvp_message *m, uint64_t chain, unsigned int nr,
		     unsigned int hole)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct kvp_key *k = kvp_add(m);

		make_key(k->key, i == hole ? UINT64_MAX : chain, i);
	}
}

#define NO_HOLE	UINT32_MAX

/* A struct place each; the answer's status, or -1. */
static int get_places(struct peer *peer, const struct kvp_message *m,
		      struct kvp_place *places)
{
	struct kvp_message *answer = ask(peer, m);

	if (!answer || answer->head.status)
		return answer ? (int)le32toh(answer->head.status) : -1;
	memcpy(places, answer->entries, kvp_nr(answer) * sizeof(*places));
	return 0;
}

static int reserve(struct peer *peer, uint64_t chain, unsigned int nr,
		   struct kvp_place *places)
{
	struct kvp_message m;
	unsigned int i;

	begin(&m, KVP_RESERVE);
	for (i = 0; i < nr; i++) {
		struct kvp_chain *c = kvp_add(&m);

		make_key(c->key, chain, i);
		if (i)
			make_key(c->parent, chain, i - 1);
	}
	return get_places(peer, &m, places);
}

static int acquire(struct peer *peer, uint64_t chain, unsigned int nr,
		   struct kvp_place *places)
{
	struct kvp_message m;

	begin(&m, KVP_ACQUIRE);
	add_keys(&m, chain, nr, NO_HOLE);
	return get_places(peer, &m, places);
}

/* RELEASE, COMMIT or ABORT; statuses in @results, or NULL: they all must be 0. */
static int end_leases(struct peer *peer, uint8_t type,
		      const struct kvp_place *places, unsigned int nr,
		      struct kvp_result *results)
{
	struct kvp_message m, *answer;
	unsigned int i;
	int bad = 0;

	begin(&m, type);
	for (i = 0; i < nr; i++)
		((struct kvp_lease *)kvp_add(&m))->lease = places[i].lease;
	answer = ask(peer, &m);
	if (!answer || answer->head.status)
		return answer ? (int)le32toh(answer->head.status) : -1;
	for (i = 0; i < nr; i++)
		bad |= !!KVP_ENTRIES(answer, result)[i].status;
	if (!results)
		return bad;
	memcpy(results, answer->entries, nr * sizeof(*results));
	return 0;
}

static unsigned int count_good(const struct kvp_place *places, unsigned int nr)
{
	unsigned int i, good = 0;

	for (i = 0; i < nr; i++)
		good += !places[i].status;
	return good;
}

/* --------------------------------------------------------------------------- bytes */

static void fill_frame(char *frame, uint64_t chain, unsigned int i)
{
	uint64_t *word = (uint64_t *)frame, at;

	for (at = 0; at < block_size / sizeof(*word); at++)
		word[at] = (chain << 40 | (uint64_t)i << 32) + at * 0x9e3779b97f4a7c15ULL;
}

static bool frame_is(const char *frame, uint64_t chain, unsigned int i)
{
	static char *want;

	if (!want)
		want = malloc(block_size);
	must(want);
	fill_frame(want, chain, i);
	return !memcmp(want, frame, block_size);
}

static void moved(struct kvp_op *op, int err)
{
	struct move *move = (struct move *)((char *)op - offsetof(struct move, op));

	move->err = err;
	move->over = true;
}

/* In two pieces, as a helper does: the block and its trailer. */
static int start_move(struct peer *peer, struct move *move, enum kvp_verb verb,
		      char *frame, const struct kvp_place *place)
{
	memset(move, 0, sizeof(*move));
	move->op.verb = verb;
	move->op.nr = 2;
	move->op.local[0].addr = frame;
	move->op.local[0].length = block_size - 4096;
	move->op.local[1].addr = frame + block_size - 4096;
	move->op.local[1].length = 4096;
	move->op.remote = le64toh(place->addr);
	move->op.rkey = le32toh(place->rkey);
	move->op.done = moved;
	return peer->link ? kvp_link_start(peer->link, &move->op) : -ENOTCONN;
}

static int move_blocks(struct peer *peer, enum kvp_verb verb,
		       const struct kvp_place *places, unsigned int nr)
{
	struct move moves[CHAIN];
	unsigned int i;
	int err = 0;

	for (i = 0; i < nr && !err; i++)
		err = start_move(peer, &moves[i], verb, frames + (size_t)i * block_size,
				 &places[i]);
	while (i--) {
		must(wait_for(moves[i].over || err));
		if (!err)
			err = moves[i].err;
	}
	return err;
}

static int store(struct peer *peer, uint64_t chain, unsigned int nr)
{
	struct kvp_place places[CHAIN];
	unsigned int i;

	for (i = 0; i < nr; i++)
		fill_frame(frames + (size_t)i * block_size, chain, i);
	if (reserve(peer, chain, nr, places) || count_good(places, nr) != nr)
		return -1;
	if (move_blocks(peer, KVP_WRITE, places, nr))
		return -2;
	return end_leases(peer, KVP_COMMIT, places, nr, NULL);
}

/* Blocks that are there, from the first on, with the right bytes; -1: wrong ones. */
static int load(struct peer *peer, uint64_t chain, unsigned int nr)
{
	struct kvp_place places[CHAIN];
	unsigned int i, good;

	memset(frames, 0, (size_t)CHAIN * block_size);
	if (acquire(peer, chain, nr, places))
		return -2;
	good = count_good(places, nr);
	if (!good)
		return 0;
	if (move_blocks(peer, KVP_READ, places, good))
		return -3;
	for (i = 0; i < good; i++)
		if (!frame_is(frames + (size_t)i * block_size, chain, i))
			return -1;
	return end_leases(peer, KVP_RELEASE, places, good, NULL) ? -4 : (int)good;
}

/* ----------------------------------------------------------------- what the node has */

static long held(const char *what)
{
	char path[256];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/kvtier/%s/%s", local_space, what);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%ld", &n) != 1)
		printf("# cannot read %s\n", path);
	if (f)
		fclose(f);
	return n;
}

static bool holds(long leases, long filling)
{
	return held("leases") == leases && held("filling") == filling;
}

/* ---------------------------------------------------------------------- what is good */

static void test_bytes(void)
{
	struct peer *peer = connect_peer();
	struct kvp_place places[CHAIN];
	struct kvp_link_count count;
	unsigned int i;
	int same = 1;

	is(store(peer, 1, CHAIN), 0, "RESERVE, WRITE, COMMIT");
	is(load(peer, 1, CHAIN), CHAIN, "ACQUIRE, READ, RELEASE: the same bytes");
	is(reserve(peer, 1, CHAIN, places), 0, "RESERVE of what is here");
	for (i = 0; i < CHAIN; i++)
		same &= le32toh(places[i].status) == EEXIST;
	ok(same, "is EEXIST");
	ok(wait_for(holds(0, 0)), "nothing is left of it");
	kvp_link_count(peer->link, &count);
	is(count.read, (long long)CHAIN * block_size, "bytes READ");
	is(count.written, (long long)CHAIN * block_size, "bytes WRITTEN");
	ok(count.messages < block_size, "%llu bytes of messages, no block among them",
	   (unsigned long long)count.messages);
	hang_up(peer);
}

static void test_holes(void)
{
	struct peer *peer = connect_peer();
	struct kvp_place places[CHAIN];
	struct kvp_message m, *answer;
	int right = 1;
	unsigned int i;

	begin(&m, KVP_LOOKUP);
	add_keys(&m, 1, CHAIN, 3);
	answer = ask(peer, &m);
	must(answer);
	for (i = 0; i < CHAIN; i++)
		right &= le32toh(KVP_ENTRIES(answer, result)[i].status) ==
			 (i == 3 ? ENOENT : 0);
	ok(right, "LOOKUP of a chain with a hole");
	begin(&m, KVP_ACQUIRE);
	add_keys(&m, 1, CHAIN, 3);
	is(get_places(peer, &m, places), 0, "ACQUIRE of a chain with a hole");
	is(count_good(places, CHAIN), CHAIN - 1, "leases all but one");
	is(le32toh(places[3].status), ENOENT, "which is not there");
	hang_up(peer);
	ok(wait_for(holds(0, 0)), "who hangs up gives all leases back");
}

static void test_drop(void)
{
	struct peer *peer = connect_peer();
	struct kvp_message m, *answer;

	is(store(peer, 2, CHAIN), 0, "another chain");
	begin(&m, KVP_DROP);
	add_keys(&m, 2, 1, NO_HOLE);
	m.head.flags = htole32(KVP_F_CHAIN);
	answer = ask(peer, &m);
	ok(answer && !KVP_ENTRIES(answer, result)->status, "DROP of all of it");
	is(load(peer, 2, CHAIN), 0, "it is gone");
	is(load(peer, 1, CHAIN), CHAIN, "the other one is not");
	hang_up(peer);
}

static void test_abort(void)
{
	struct peer *peer = connect_peer();
	struct kvp_place places[CHAIN];

	is(reserve(peer, 3, CHAIN, places), 0, "frames");
	ok(holds(0, CHAIN), "are being filled");
	is(end_leases(peer, KVP_ABORT, places, CHAIN, NULL), 0, "ABORT");
	ok(holds(0, 0), "and are not any more");
	is(load(peer, 3, CHAIN), 0, "nothing is there");
	is(held("quarantined"), 0, "no frame is kept from reuse");
	hang_up(peer);
}

static void send_wait(struct peer *peer, uint64_t chain, unsigned int i,
		      unsigned int wait_ms, struct kvp_message *m)
{
	begin(m, KVP_ACQUIRE);
	make_key(((struct kvp_key *)kvp_add(m))->key, chain, i);
	m->head.flags = htole32(KVP_F_WAIT);
	m->head.wait_ms = htole32(wait_ms);
	must(!kvp_link_send(peer->link, m));
}

static void test_wait(void)
{
	struct peer *reader = connect_peer(), *writer = connect_peer();
	struct kvp_message absent, filling, never, *answer = NULL;
	struct kvp_place places[CHAIN];

	send_wait(reader, 4, 1, PATIENCE_S * 1000, &absent);
	send_wait(reader, 5, 1, 50, &never);
	is(reserve(writer, 4, CHAIN, places), 0, "one writes");
	send_wait(reader, 4, 0, PATIENCE_S * 1000, &filling);
	is(move_blocks(writer, KVP_WRITE, places, CHAIN), 0, "and writes");
	ok(wait_for((answer = take(reader, le64toh(never.head.id)))) &&
	   le32toh(KVP_ENTRIES(answer, place)->status) == ENOENT,
	   "who waits for what does not come is told so");
	is(reader->nr_in, 0, "before COMMIT nothing is there");
	is(end_leases(writer, KVP_COMMIT, places, CHAIN, NULL), 0, "COMMIT");
	ok(wait_for((answer = take(reader, le64toh(absent.head.id)))) &&
	   !KVP_ENTRIES(answer, place)->status,
	   "who waited before it was begun has it");
	ok(wait_for((answer = take(reader, le64toh(filling.head.id)))) &&
	   !KVP_ENTRIES(answer, place)->status,
	   "who waited while it was filled has it");
	hang_up(reader);
	hang_up(writer);
	ok(wait_for(holds(0, 0)), "nothing is left");
}

static void test_two(void)
{
	struct peer *a = connect_peer(), *b = connect_peer();
	struct kvp_place mine[CHAIN], his[CHAIN];
	int wrong = 0, round;

	is(reserve(a, 6, CHAIN, mine), 0, "A fills");
	is(reserve(b, 6, CHAIN, his), 0, "B would, too");
	is(le32toh(his[0].status), EINPROGRESS, "and is told that A does");
	is(end_leases(a, KVP_ABORT, mine, CHAIN, NULL), 0, "A does not");
	for (round = 0; round < 20; round++) {
		struct peer *writer = round & 1 ? a : b, *reader = round & 1 ? b : a;

		wrong += store(writer, 100 + round, CHAIN) != 0;
		wrong += load(reader, 100 + round, CHAIN) != CHAIN;
	}
	is(wrong, 0, "what one writes the other reads");
	hang_up(a);
	hang_up(b);
}

/* ------------------------------------------------------------------- what is forbidden */

/* One READ or WRITE that must not be possible. */
static void try_move(struct peer *peer, enum kvp_verb verb,
		     const struct kvp_place *place, const char *what)
{
	int err;

	memset(frames, 0x55, block_size);
	err = move_blocks(peer, verb, place, 1);
	is(err, -EACCES, "%s faults", what);
	ok(is_cut_off(peer), "and ends the connection");
	hang_up(peer);
}

static void test_keys_of_frames(void)
{
	struct kvp_place places[CHAIN];
	struct peer *peer = connect_peer(), *other;

	must(!acquire(peer, 1, CHAIN, places) && !places[0].status);
	must(!end_leases(peer, KVP_RELEASE, places, CHAIN, NULL));
	try_move(peer, KVP_READ, places, "READ after RELEASE");
	peer = connect_peer();
	must(!acquire(peer, 1, CHAIN, places) && !places[0].status);
	try_move(peer, KVP_WRITE, places, "WRITE to what was ACQUIREd");
	peer = connect_peer();
	must(!reserve(peer, 7, CHAIN, places) && !places[0].status);
	try_move(peer, KVP_READ, places, "READ of what was RESERVEd");
	peer = connect_peer();
	must(!store(peer, 8, 1));
	must(!reserve(peer, 9, 1, places) && !places[0].status);
	must(!move_blocks(peer, KVP_WRITE, places, 1));
	must(!end_leases(peer, KVP_COMMIT, places, 1, NULL));
	try_move(peer, KVP_WRITE, places, "WRITE after COMMIT");
	peer = connect_peer();
	other = connect_peer();
	must(!acquire(peer, 1, CHAIN, places) && !places[0].status);
	try_move(other, KVP_READ, places, "READ by another's lease");
	is(move_blocks(peer, KVP_READ, places, CHAIN), 0, "who has it may still READ");
	hang_up(peer);
	peer = connect_peer();
	is(load(peer, 1, CHAIN), CHAIN, "and what is there is as it was");
	ok(wait_for(holds(0, 0)), "nothing is left");
	hang_up(peer);
}

static void test_numbers(void)
{
	struct peer *peer = connect_peer();
	struct kvp_place places[CHAIN], made[CHAIN];
	struct kvp_result results[CHAIN];
	unsigned int i, refused = 0;

	for (i = 0; i < CHAIN; i++)
		made[i].lease = htole64(i ? 0x1000ULL << (8 * i) | i : 0);
	must(!acquire(peer, 1, CHAIN, places));
	is(end_leases(peer, KVP_RELEASE, made, CHAIN, results), 0, "made up leases");
	for (i = 0; i < CHAIN; i++)
		refused += le32toh(results[i].status) == ENOENT;
	is(refused, CHAIN, "are not known");
	is(end_leases(peer, KVP_COMMIT, places, CHAIN, results), 0, "COMMIT of leases");
	is(le32toh(results[0].status), ENOENT, "that are no fills");
	places[1].lease = places[0].lease;
	is(end_leases(peer, KVP_RELEASE, places, CHAIN, results), 0, "one twice");
	is(le32toh(results[0].status), 0, "is given back");
	is(le32toh(results[1].status), ENOENT, "once");
	ok(wait_for(holds(1, 0)), "the other is held");
	hang_up(peer);
	ok(wait_for(holds(0, 0)), "until the end");
}

static void test_limit(void)
{
	struct peer *peer = connect_peer();
	struct kvp_place *places = calloc(kvp_max_entries(KVP_ACQUIRE), sizeof(*places));
	struct kvp_message m;
	unsigned int i, nr = max_leases + 4;

	must(places && nr < kvp_max_entries(KVP_ACQUIRE));
	begin(&m, KVP_ACQUIRE);
	for (i = 0; i < nr; i++)
		make_key(((struct kvp_key *)kvp_add(&m))->key, 1, 0);
	is(get_places(peer, &m, places), 0, "more leases than one may have");
	is(count_good(places, nr), max_leases, "are not had");
	is(le32toh(places[nr - 1].status), EDQUOT, "EDQUOT");
	is(end_leases(peer, KVP_RELEASE, places, max_leases, NULL), 0, "given back");
	is(load(peer, 1, CHAIN), CHAIN, "there may be others");
	free(places);
	hang_up(peer);
}

static void refused(struct kvp_hello *hello, const uint8_t *key, const char *what)
{
	struct peer *peer = dial();

	is(introduce_as(peer, hello, key), EACCES, "%s: EACCES", what);
	ok(is_cut_off(peer), "and cut off");
	hang_up(peer);
}

static void test_who(void)
{
	uint8_t wrong[KVP_SECRET_SIZE] = { 1 };
	struct kvp_hello hello;

	fill_hello(&hello);
	refused(&hello, wrong, "another key");
	strcpy((char *)hello.space, "nosuchspace");
	refused(&hello, secret, "a space that is not served");
	fill_hello(&hello);
	hello.identity[5] = 1;
	refused(&hello, secret, "another identity");
	fill_hello(&hello);
	hello.block_size = htole32(block_size + 4096);
	refused(&hello, secret, "another block size");
}

/* Breaks a rule by one message, at a time when others are good. */
static void cut_off(struct peer *peer, const struct kvp_message *m, const char *what)
{
	must(!kvp_link_send(peer->link, m));
	ok(is_cut_off(peer), "%s: cut off", what);
	hang_up(peer);
}

static void test_rules(void)
{
	struct kvp_message m;
	struct kvp_hello hello;
	unsigned int i;
	struct peer *peer;

	begin(&m, KVP_PING);
	cut_off(dial(), &m, "PING before HELLO");
	begin(&m, KVP_PROVE);
	kvp_add(&m);
	cut_off(dial(), &m, "PROVE before HELLO");
	begin(&m, KVP_HELLO);
	fill_hello(kvp_add(&m));
	cut_off(connect_peer(), &m, "HELLO when it is over");
	begin(&m, KVP_PING);
	m.head.version = 2;
	cut_off(connect_peer(), &m, "another version");
	begin(&m, KVP_PING);
	m.head.type |= KVP_ANSWER;
	cut_off(connect_peer(), &m, "an answer");
	begin(&m, KVP_LOOKUP);
	add_keys(&m, 1, 2, NO_HOLE);
	m.head.nr = htole32(200);
	cut_off(connect_peer(), &m, "fewer entries than it says");
	peer = dial();
	fill_hello(&hello);
	begin(&m, KVP_HELLO);
	memcpy(kvp_add(&m), &hello, sizeof(hello));
	must(ask(peer, &m));
	begin(&m, KVP_LOOKUP);
	add_keys(&m, 1, 1, NO_HOLE);
	cut_off(peer, &m, "LOOKUP without proof");
	peer = connect_peer();
	for (i = peer->credits + 1; i && peer->link; i--)
		send_wait(peer, 200, 1, PATIENCE_S * 1000, &m);
	ok(is_cut_off(peer), "more requests than credits: cut off");
	hang_up(peer);
}

/* Whatever comes, the node answers or cuts off; and goes on serving. */
static void test_noise(unsigned int rounds)
{
	struct peer *peer = connect_peer();
	unsigned int cut = 0, i;
	struct kvp_message m, *answer;

	for (i = 0; i < rounds; i++) {
		uint16_t at[3];
		unsigned int flips = 3;

		begin(&m, 3 + i % 8);
		memset(m.entries, 0, sizeof(m.entries));
		if (m.head.type != KVP_PING)
			add_keys(&m, 77, 1, NO_HOLE);
		must(getrandom(at, sizeof(at), 0) == sizeof(at));
		while (flips--)
			((uint8_t *)&m)[at[flips] % 128] ^= 1 << at[flips] % 7;
		m.head.wait_ms = 0;
		if (kvp_length(&m) < sizeof(m.head) || kvp_length(&m) > sizeof(m))
			m.head.length = htole32(72);
		must(!kvp_link_send(peer->link, &m));
		must(wait_for(peer->down ||
			      (answer = take(peer, le64toh(m.head.id)))));
		if (peer->down) {
			hang_up(peer);
			peer = connect_peer();
			cut++;
		}
	}
	ok(cut && cut < rounds, "noise: %u of %u cut off", cut, rounds);
	is(load(peer, 1, CHAIN), CHAIN, "and it serves");
	hang_up(peer);
}

/* ------------------------------------------------------------------------- who is gone */

/* The other program: has leases and fills, says so, and does nothing any more. */
static int hold(void)
{
	struct peer *peer = connect_peer();
	struct kvp_place places[CHAIN];

	must(!acquire(peer, 1, CHAIN, places) && !places[0].status);
	must(!reserve(peer, 300, CHAIN, places) && !places[0].status);
	printf("holding\n");
	fflush(stdout);
	for (;;)
		pause();
}

static pid_t start_holder(void)
{
	int out[2];
	char said[16] = "";
	pid_t pid;

	must(!pipe(out));
	fflush(stdout);
	pid = fork();
	must(pid >= 0);
	if (!pid) {
		dup2(out[1], STDOUT_FILENO);
		setenv("POOL_CLIENT_HOLD", "1", 1);
		execv(self, self_argv);
		_exit(127);
	}
	close(out[1]);
	must(read(out[0], said, sizeof(said) - 1) > 0 && !strncmp(said, "hold", 4));
	close(out[0]);
	return pid;
}

static void test_killed(void)
{
	pid_t pid = start_holder();

	ok(holds(CHAIN, CHAIN), "another process has leases and fills");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(wait_for(holds(0, 0)), "it is killed: they come back");
	is(held("quarantined"), 0, "and no frame is kept from reuse");
}

static void test_silent(void)
{
	struct peer *peer = connect_peer();
	struct kvp_place places[CHAIN];
	pid_t pid = start_holder();

	kill(pid, SIGSTOP);
	must(!acquire(peer, 1, 1, places));
	must(!end_leases(peer, KVP_RELEASE, places, 1, NULL));
	ok(wait_for(holds(0, 0)), "it sleeps for longer than the patience: they come back");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ok(is_cut_off(peer), "so does one that says nothing");
	hang_up(peer);
}

/* ------------------------------------------------------------------------------- main */

static int run(void)
{
	test_bytes();
	test_holes();
	test_drop();
	test_abort();
	test_wait();
	test_two();
	test_keys_of_frames();
	test_numbers();
	test_limit();
	test_who();
	test_rules();
	test_noise(getenv("KVTIER_FULL") ? 2000 : 100);
	test_killed();
	test_silent();
	return done();
}

int main(int argc, char **argv)
{
	struct kvp_memory *memory;
	const char *wrong;
	int err;

	if (argc != 7) {
		fprintf(stderr, "Usage: %s ADDRESS SPACE LOCAL-SPACE KEY-FILE BLOCK-SIZE MAX-LEASES\n"
			"Test kvtier-poold, which runs here. Its patience should be short.\n",
			argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	self = "/proc/self/exe";
	self_argv = argv;
	space = argv[2];
	local_space = argv[3];
	block_size = atoi(argv[5]);
	max_leases = atoi(argv[6]);
	gcry_check_version(NULL);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	wrong = kvp_resolve(argv[1], KVP_PORT, &to);
	if (!wrong)
		wrong = kvp_secret_read(argv[4], secret);
	err = wrong ? 0 : kvp_rdma_create(&rdma);
	if (wrong || err) {
		printf("Bail out! %s%s\n", wrong ? wrong : strerror(-err),
		       wrong ? "" : kvp_rdma_advice(err));
		return 1;
	}
	frames = mmap(NULL, (size_t)CHAIN * block_size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(frames != MAP_FAILED);
	must(!kvp_memory_add(rdma, frames, (size_t)CHAIN * block_size, 0, &memory));
	if (getenv("POOL_CLIENT_HOLD"))
		return hold();
	err = run();
	kvp_rdma_destroy(rdma);
	return err;
}
