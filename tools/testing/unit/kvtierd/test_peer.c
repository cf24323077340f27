// SPDX-License-Identifier: GPL-2.0
/* One pool node: greeting, asking, being asked whether it lives, and being lost. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "fake_clock.h"
#include "fake_link.h"
#include "log.h"
#include "peer.h"
#include "tap.h"

static struct kvp_timers timers;
static struct kvd_peer *peer;
static struct kvd_peer_how how = {
	.member = "a", .space = "kvpool", .host = "here", .secret = "secret",
	.identity = "what", .block_size = 8192, .to.ss_family = AF_INET,
};

struct asked {
	struct kvd_call call;
	unsigned int answers;
	int err;
	bool ask_again;
};

static void answered(struct kvd_call *call, int err, const struct kvp_message *answer)
{
	struct asked *a = (struct asked *)((char *)call - offsetof(struct asked, call));

	a->answers++;
	a->err = err;
	must(!err == !!answer);
	if (a->ask_again && kvd_peer_call(peer, call))
		a->err = -EXDEV;
}

static int ask(struct asked *a, uint8_t type)
{
	memset(a, 0, sizeof(*a));
	a->call.answered = answered;
	kvp_begin(&a->call.request, type, kvd_peer_id(peer));
	if (type != KVP_PING)
		memset(kvp_add(&a->call.request), 1, KVP_KEY_SIZE);
	return kvd_peer_call(peer, &a->call);
}

static void answer(const struct kvp_message *request, unsigned int credits)
{
	struct kvp_message m;
	uint32_t i;

	kvp_begin_answer(&m, request);
	m.head.credits = htole32(credits);
	for (i = 0; i < kvp_nr(request); i++)
		kvp_add(&m);
	fake_message(&m, kvp_length(&m));
}

static void answer_next(unsigned int credits)
{
	struct kvp_message request = fake_take();

	answer(&request, credits);
}

static void pass(uint64_t ns)
{
	fake_now += ns;
	kvp_timers_run(&timers, fake_now);
}

/* The other end of the greeting; with another key if that is wrong. */
static void greet(char key)
{
	struct kvp_message hello, prove, m;
	uint8_t secret[KVP_SECRET_SIZE] = "secret";
	struct kvp_challenge challenge = { "random" };
	struct kvp_proof proof;

	fake_link->how.ops->up(fake_link, fake_link->how.user);
	hello = fake_take();
	kvp_begin_answer(&m, &hello);
	m.head.credits = htole32(4);
	memcpy(kvp_add(&m), &challenge, sizeof(challenge));
	fake_message(&m, kvp_length(&m));
	prove = fake_take();
	secret[0] = key;
	kvp_proof_make(secret, KVP_SERVER, KVP_ENTRIES(&hello, hello), &challenge, &proof);
	kvp_begin_answer(&m, &prove);
	m.head.credits = htole32(4);
	memcpy(kvp_add(&m), &proof, sizeof(proof));
	fake_message(&m, kvp_length(&m));
}

static void begin(void)
{
	fake_connects = 0;
	peer = kvd_peer_create(NULL, &timers, &how);
	must(peer && fake_link);
}

static void begin_ready(void)
{
	begin();
	greet('s');
	must(kvd_peer_ready(peer));
}

static void end(const char *what)
{
	kvd_peer_put(peer);
	ok(!fake_link && !timers.first, "%s: nothing is left", what);
}

static void test_greeting(void)
{
	struct kvp_challenge challenge;
	struct kvp_message hello, m;
	struct kvp_hello *h;
	struct asked a;

	memset(&challenge, 7, sizeof(challenge));

	begin();
	ok(!kvd_peer_ready(peer) && ask(&a, KVP_LOOKUP) == -ENOLINK,
	   "not connected: told at once");
	fake_link->how.ops->up(fake_link, fake_link->how.user);
	hello = fake_take();
	h = KVP_ENTRIES(&hello, hello);
	ok(!kvp_judge(&hello, kvp_length(&hello)) && hello.head.type == KVP_HELLO &&
	   !strcmp((char *)h->space, "kvpool") && le32toh(h->block_size) == 8192,
	   "HELLO says who and what");
	kvp_begin_answer(&m, &hello);
	memset(kvp_add(&m), 7, sizeof(struct kvp_challenge));
	fake_message(&m, kvp_length(&m));
	m = fake_take();
	ok(m.head.type == KVP_PROVE &&
	   kvp_proof_good(how.secret, KVP_CLIENT, h,
			  &challenge, KVP_ENTRIES(&m, proof)), "PROVE shows the key");
	end("greeting");
}

static void test_wrong_key(void)
{
	begin();
	greet('x');
	ok(!kvd_peer_ready(peer) && !fake_link, "a server without the key is left");
	end("wrong key");
}

static void test_odd_greeting(void)
{
	struct kvp_message hello, m;

	begin();
	fake_link->how.ops->up(fake_link, fake_link->how.user);
	hello = fake_take();
	kvp_begin_answer(&m, &hello);
	kvp_add(&m);
	m.head.id = htole64(le64toh(m.head.id) + 1);
	fake_message(&m, kvp_length(&m));
	ok(!fake_link, "an answer to another greeting: left");
	end("odd greeting");
}

static void test_refused(void)
{
	struct kvp_message hello, m;

	begin();
	fake_link->how.ops->up(fake_link, fake_link->how.user);
	hello = fake_take();
	kvp_refuse(&m, &hello, EACCES);
	fake_message(&m, kvp_length(&m));
	ok(!fake_link, "refused: left");
	pass(200 * KVP_MS);
	ok(fake_link, "and tried again");
	end("refused");
}

static void test_calls(void)
{
	struct asked a[6];
	unsigned int i;

	begin_ready();
	for (i = 0; i < 6; i++)
		is(ask(&a[i], KVP_LOOKUP), 0, "ask %u", i);
	is(fake_link->nr_sent, 4, "no more than there are credits");
	answer_next(1);
	ok(a[0].answers == 1 && !a[0].err, "the first is answered");
	is(fake_link->nr_sent, 3, "fewer credits: nothing more is sent");
	answer_next(4);
	is(fake_link->nr_sent, 4, "more credits: the rest");
	for (i = 0; i < 4; i++)
		answer_next(4);
	for (i = 0; i < 6; i++)
		ok(a[i].answers == 1 && !a[i].err, "answered once: %u", i);
	end("calls");
}

static void test_any_order(void)
{
	struct kvp_message first, second;
	struct asked a, b;

	begin_ready();
	ask(&a, KVP_LOOKUP);
	ask(&b, KVP_DROP);
	first = fake_take();
	second = fake_take();
	answer(&second, 4);
	ok(!a.answers && b.answers == 1, "answers come in any order");
	answer(&first, 4);
	is(a.answers, 1, "each to its request");
	end("any order");
}

static void test_refusal(void)
{
	struct kvp_message request, m;
	struct asked a;

	begin_ready();
	ask(&a, KVP_LOOKUP);
	request = fake_take();
	kvp_refuse(&m, &request, EBUSY);
	fake_message(&m, kvp_length(&m));
	ok(a.answers == 1 && a.err == -EBUSY && kvd_peer_ready(peer),
	   "all of it failed: told, and the connection stays");
	end("refusal");
}

/* Each of these ends the connection, and what was asked is answered. */
static void test_hostile(void)
{
	unsigned int what;

	for (what = 0; what < 7; what++) {
		struct kvp_message request, m;
		struct asked a;
		size_t bytes;

		begin_ready();
		ask(&a, KVP_LOOKUP);
		request = fake_take();
		kvp_begin_answer(&m, &request);
		kvp_add(&m);
		if (what == 0)
			m.head.id = htole64(999999);
		if (what == 1)
			m.head.type = KVP_DROP | KVP_ANSWER;
		if (what == 2)
			kvp_add(&m);
		if (what == 3)
			m.head.magic = 0;
		if (what == 4)
			m = request;
		if (what == 5)
			m.head.status = htole32(5000);
		bytes = what == 6 ? 3 : kvp_length(&m);
		fake_message(&m, bytes);
		ok(!fake_link && a.answers == 1 && a.err == -ENOLINK,
		   "hostile answer %u: lost, and told once", what);
		end("hostile");
	}
}

static void test_lost(void)
{
	struct asked a, b[3], waiting;
	unsigned int i;

	begin_ready();
	for (i = 0; i < 3; i++)
		ask(&b[i], KVP_PING);
	ask(&a, KVP_LOOKUP);
	ask(&waiting, KVP_LOOKUP);
	a.ask_again = true;
	fake_link->how.ops->down(fake_link, fake_link->how.user, -ECONNRESET, "reset");
	ok(a.answers == 1 && a.err == -EXDEV, "lost: who asks again is told that it is not ready");
	ok(b[2].err == -ENOLINK && waiting.answers == 1 && waiting.err == -ENOLINK,
	   "lost: also who waited for a credit is told");
	ok(!kvd_peer_ready(peer), "lost: not ready");
	pass(40 * KVP_MS);
	ok(!fake_link, "lost: a pause");
	pass(100 * KVP_MS);
	ok(fake_link, "lost: then it is tried again");
	greet('s');
	ok(kvd_peer_ready(peer), "and ready again");
	end("lost");
}

static void test_back_off(void)
{
	uint64_t begun = fake_now;

	begin();
	while (fake_now - begun < 60 * KVP_S) {
		if (fake_link)
			fake_link->how.ops->down(fake_link, fake_link->how.user,
						 -ECONNREFUSED, "refused");
		pass(10 * KVP_MS);
	}
	ok(fake_connects > 12 && fake_connects < 60, "back-off: %u tries in a minute",
	   fake_connects);
	end("back-off");
	fake_no_connect = true;
	peer = kvd_peer_create(NULL, &timers, &how);
	ok(peer && !fake_link, "no device: it waits");
	fake_no_connect = false;
	pass(KVP_S);
	ok(fake_link, "and tries again");
	end("no device");
}

static void test_no_address(void)
{
	struct kvd_peer_how nowhere = how;

	memset(&nowhere.to, 0, sizeof(nowhere.to));
	fake_connects = 0;
	peer = kvd_peer_create(NULL, &timers, &nowhere);
	must(peer);
	pass(60 * KVP_S);
	ok(!fake_connects && !kvd_peer_ready(peer), "no address: never connected");
	end("no address");
}

static void test_unanswered_greeting(void)
{
	struct kvp_link *first;

	begin();
	first = fake_link;
	fake_link->how.ops->up(fake_link, fake_link->how.user);
	pass(11 * KVP_S);
	pass(KVP_S);
	ok(fake_connects == 2 || fake_link != first, "who does not greet is left");
	end("no greeting");
}

static void test_ping(void)
{
	begin_ready();
	pass(1100 * KVP_MS);
	is(fake_link->nr_sent, 1, "silence: it is asked whether it lives");
	is(fake_link->sent[0].head.type, KVP_PING, "by PING");
	answer_next(4);
	pass(500 * KVP_MS);
	is(fake_link->nr_sent, 0, "not more often than it must");
	pass(KVP_S);
	pass(KVP_S);
	is(fake_link->nr_sent, 1, "once at a time");
	pass(10 * KVP_S);
	ok(!kvd_peer_ready(peer), "no answer: it is lost");
	end("ping");
}

static void test_doubt(void)
{
	struct asked a;

	begin_ready();
	fake_now += KVP_MS;
	ask(&a, KVP_LOOKUP);
	kvd_peer_doubt(peer, &a.call);
	ok(!kvd_peer_ready(peer), "it has not answered: in doubt");
	is(fake_link->sent[1].head.type, KVP_PING, "it is asked whether it lives");
	answer_next(4);
	ok(kvd_peer_ready(peer), "it has said something: ready");
	answer_next(4);
	ask(&a, KVP_LOOKUP);
	kvd_peer_doubt(peer, &a.call);
	ok(kvd_peer_ready(peer), "it has said something since: no doubt");
	end("doubt");
}

/* What was under way is answered when the last holder goes. */
static void test_put(void)
{
	struct asked a;

	begin_ready();
	ask(&a, KVP_LOOKUP);
	end("put");
	ok(a.answers == 1 && a.err == -ENOLINK, "put: what it was asked is answered");
}

int main(void)
{
	kvp_log_level(0);
	test_greeting();
	test_wrong_key();
	test_odd_greeting();
	test_refused();
	test_calls();
	test_any_order();
	test_refusal();
	test_hostile();
	test_lost();
	test_back_off();
	test_no_address();
	test_unanswered_greeting();
	test_ping();
	test_doubt();
	test_put();
	return done();
}
