// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "container.h"
#include "log.h"
#include "peer.h"

#define UNDER_WAY	32		/* calls at most, whatever the credits */
#define CONNECT_MS	5000		/* to be connected, and to be ready */
#define PING_NS		KVP_S		/* nothing was heard for so long */
#define SILENCE_NS	(10 * KVP_S)	/* and then it is lost */
#define FIRST_PAUSE_NS	(100 * KVP_MS)
#define LAST_PAUSE_NS	(5 * KVP_S)

/**
 * enum state - how far it is
 * @AWAY: not connected; the timer ends the pause
 * @CONNECTING: there is a link, which is not up
 * @GREETING: HELLO was sent
 * @PROVING: PROVE was sent
 * @READY: may be asked
 */
enum state {
	AWAY,
	CONNECTING,
	GREETING,
	PROVING,
	READY,
};

/* In the order they came in. */
STAILQ_HEAD(calls, kvd_call);

/**
 * struct kvd_peer - see above
 * @how: constant
 * @rdma: constant
 * @timers: constant
 * @nr_holders: who has it
 * @state: how far it is
 * @doubted: it has let a request wait: see kvd_peer_doubt()
 * @said_why: words for the loss that was logged last, so that it is logged once
 * @link: NULL with AWAY
 * @timer: AWAY: end of the pause; READY: see look_after(); else: end of patience
 * @pause: the next one, ns
 * @last_id: of a message
 * @heard_at: the last message
 * @credits: calls that it takes
 * @nr_sent: in @sent
 * @sent: not answered
 * @waiting: for a credit
 * @hello: as it was sent
 * @challenge: as it came
 * @ping: asks whether it lives
 * @pinging: @ping is under way
 * @count: so far; of former links, as far as bytes go
 */
struct kvd_peer {
	struct kvd_peer_how how;
	struct kvp_rdma *rdma;
	struct kvp_timers *timers;
	unsigned int nr_holders;
	enum state state;
	bool doubted;
	const char *said_why;
	struct kvp_link *link;
	struct kvp_timer timer;
	uint64_t pause;
	uint64_t last_id;
	uint64_t heard_at;
	unsigned int credits;
	unsigned int nr_sent;
	struct calls sent;
	struct calls waiting;
	struct kvp_hello hello;
	struct kvp_challenge challenge;
	struct kvd_call ping;
	bool pinging;
	struct kvd_peer_count count;
};

/* ------------------------------------------------------------------------- calls */

/* Its answer has that id; or NULL. */
static struct kvd_call *take_sent(struct kvd_peer *p, uint64_t id)
{
	struct kvd_call *call;

	STAILQ_FOREACH(call, &p->sent, next)
		if (le64toh(call->request.head.id) == id)
			break;
	if (!call)
		return NULL;
	STAILQ_REMOVE(&p->sent, call, kvd_call, next);
	p->nr_sent--;
	return call;
}

static void fail_calls(struct calls *calls, int err)
{
	struct kvd_call *call;

	while ((call = STAILQ_FIRST(calls))) {
		STAILQ_REMOVE_HEAD(calls, next);
		call->answered(call, err, NULL);
	}
}

static void send_waiting(struct kvd_peer *p)
{
	struct kvd_call *call;

	while ((call = STAILQ_FIRST(&p->waiting)) && p->nr_sent < p->credits &&
	       !kvp_link_send(p->link, &call->request)) {
		STAILQ_REMOVE_HEAD(&p->waiting, next);
		STAILQ_INSERT_TAIL(&p->sent, call, next);
		p->nr_sent++;
		p->count.calls++;
	}
}

/* -------------------------------------------------------------- losing and connecting */

static void connect_to(struct kvd_peer *p);

/* So that hosts that have lost a pool node together do not come back together. */
static uint64_t some_of(uint64_t ns)
{
	return ns / 2 + (uint64_t)random() % (ns / 2);
}

static void pause_now(struct kvd_peer *p)
{
	p->state = AWAY;
	kvp_timer_set(p->timers, &p->timer, kvp_now() + some_of(p->pause));
	p->pause *= 2;
	if (p->pause > LAST_PAUSE_NS)
		p->pause = LAST_PAUSE_NS;
}

static void tell_loss(struct kvd_peer *p, bool was_ready, const char *why)
{
	bool again = !was_ready && p->said_why && !strcmp(why, p->said_why);

	p->said_why = why;
	kvp_log(again ? KVP_DEBUG : KVP_WARN,
		was_ready ? "member lost" : "member cannot be connected",
		"member=%s pool_space=%s why=%s", p->how.member, p->how.space,
		kvp_quote(why));
}

static void add_bytes(struct kvp_link_count *to, const struct kvp_link *link)
{
	struct kvp_link_count count;

	kvp_link_count(link, &count);
	to->read += count.read;
	to->written += count.written;
	to->messages += count.messages;
}

/*
 * Its link ends: operations first, then calls. Their owners may ask again, and
 * are told that it is not ready.
 */
static void drop_link(struct kvd_peer *p)
{
	struct kvp_link *link = p->link;

	p->state = AWAY;
	p->doubted = false;
	p->nr_sent = 0;
	kvp_timer_stop(&p->timer);
	if (link) {
		add_bytes(&p->count.bytes, link);
		p->link = NULL;
		kvp_link_destroy(link);
	}
	fail_calls(&p->sent, -ENOLINK);
	fail_calls(&p->waiting, -ENOLINK);
}

void kvd_peer_break(struct kvd_peer *p, const char *why)
{
	bool was_ready = p->state == READY;

	if (p->state == AWAY)
		return;
	kvd_peer_hold(p);
	tell_loss(p, was_ready, why);
	p->count.losses += was_ready;
	drop_link(p);
	if (p->nr_holders > 1)
		pause_now(p);
	kvd_peer_put(p);
}

/* ---------------------------------------------------------------------- greeting */

static const char no_access[] =
	"it refuses: wrong key, no such space, another identity or block size, or not on its list";

/* What is sent when it is not ready: one after the other, so no credits. */
static void send_alone(struct kvd_peer *p, const struct kvp_message *m,
		       enum state state)
{
	if (kvp_link_send(p->link, m))
		kvd_peer_break(p, "a message could not be sent");
	else
		p->state = state;
}

static void greet(struct kvd_peer *p)
{
	struct kvp_message m;

	memset(&p->hello, 0, sizeof(p->hello));
	memcpy(p->hello.space, p->how.space, KVP_NAME_SIZE);
	memcpy(p->hello.identity, p->how.identity, KVP_IDENTITY_SIZE);
	memcpy(p->hello.host, p->how.host, KVP_HOST_SIZE);
	p->hello.block_size = htole32(p->how.block_size);
	kvp_nonce(p->hello.nonce);
	kvp_begin(&m, KVP_HELLO, kvd_peer_id(p));
	memcpy(kvp_add(&m), &p->hello, sizeof(p->hello));
	send_alone(p, &m, GREETING);
}

static void prove(struct kvd_peer *p, const struct kvp_message *answer)
{
	struct kvp_proof proof;
	struct kvp_message m;

	p->challenge = *KVP_ENTRIES(answer, challenge);
	if (kvp_proof_make(p->how.secret, KVP_CLIENT, &p->hello, &p->challenge,
			   &proof)) {
		kvd_peer_break(p, "a proof could not be made");
		return;
	}
	kvp_begin(&m, KVP_PROVE, kvd_peer_id(p));
	memcpy(kvp_add(&m), &proof, sizeof(proof));
	send_alone(p, &m, PROVING);
}

static void become_ready(struct kvd_peer *p, const struct kvp_message *answer)
{
	if (!kvp_proof_good(p->how.secret, KVP_SERVER, &p->hello, &p->challenge,
			    KVP_ENTRIES(answer, proof))) {
		kvd_peer_break(p, "it does not know the space's key");
		return;
	}
	p->state = READY;
	p->pause = FIRST_PAUSE_NS;
	p->said_why = NULL;
	p->count.connects++;
	kvp_timer_set(p->timers, &p->timer, kvp_now() + PING_NS);
	kvp_log(KVP_INFO, "member ready", "member=%s pool_space=%s address=%s credits=%u",
		p->how.member, p->how.space, kvp_link_peer(p->link), p->credits);
}

/* The answer to HELLO or PROVE; the two are never under way together. */
static void take_greeting(struct kvd_peer *p, const struct kvp_message *m)
{
	uint8_t type = p->state == GREETING ? KVP_HELLO : KVP_PROVE;

	if (m->head.type != (type | KVP_ANSWER) ||
	    le64toh(m->head.id) != p->last_id)
		kvd_peer_break(p, "an answer to what it was not asked");
	else if (m->head.status)
		kvd_peer_break(p, le32toh(m->head.status) == EACCES ? no_access : "it refuses");
	else if (p->state == GREETING)
		prove(p, m);
	else
		become_ready(p, m);
}

/* ------------------------------------------------------------------ being connected */

static void take_credits(struct kvd_peer *p, const struct kvp_message *m)
{
	p->credits = le32toh(m->head.credits);
	if (p->credits > UNDER_WAY)
		p->credits = UNDER_WAY;
	if (!p->credits)
		p->credits = 1;
}

static void take_answer(struct kvd_peer *p, const struct kvp_message *m, size_t bytes)
{
	struct kvd_call *call = take_sent(p, le64toh(m->head.id));
	const char *bad;
	int err;

	if (!call) {
		kvd_peer_break(p, "an answer to what it was not asked");
		return;
	}
	bad = kvp_judge_answer(m, bytes, &call->request);
	err = bad ? -ENOLINK : -(int)le32toh(m->head.status);
	kvd_peer_hold(p);
	call->answered(call, err, err ? NULL : m);
	if (bad)
		kvd_peer_break(p, bad);
	else if (p->state == READY)
		send_waiting(p);
	kvd_peer_put(p);
}

static void heard(struct kvp_link *link, void *user, const struct kvp_message *m,
		  size_t bytes)
{
	struct kvd_peer *p = user;
	const char *bad = kvp_judge(m, bytes);

	(void)link;
	if (!bad && !(m->head.type & KVP_ANSWER))
		bad = "a request, where answers belong";
	if (bad) {
		kvd_peer_break(p, bad);
		return;
	}
	p->heard_at = kvp_now();
	p->doubted = false;
	take_credits(p, m);
	if (p->state == READY)
		take_answer(p, m, bytes);
	else
		take_greeting(p, m);
}

static void up(struct kvp_link *link, void *user)
{
	(void)link;
	greet(user);
}

static void down(struct kvp_link *link, void *user, int err, const char *why)
{
	(void)link;
	(void)err;
	kvd_peer_break(user, why);
}

static const struct kvp_link_ops link_ops = {
	.up = up,
	.message = heard,
	.down = down,
};

static void pinged(struct kvd_call *call, int err, const struct kvp_message *answer)
{
	struct kvd_peer *p = container_of(call, struct kvd_peer, ping);

	(void)err;
	(void)answer;
	p->pinging = false;
}

static void send_ping(struct kvd_peer *p)
{
	p->ping.answered = pinged;
	kvp_begin(&p->ping.request, KVP_PING, kvd_peer_id(p));
	p->pinging = !kvd_peer_call(p, &p->ping);
}

/* While it is ready, each PING_NS. */
static void look_after(struct kvd_peer *p)
{
	uint64_t now = kvp_now(), quiet = now - p->heard_at;

	if (p->pinging && quiet > SILENCE_NS) {
		kvd_peer_break(p, "it is silent");
		return;
	}
	if (!p->pinging && quiet >= PING_NS)
		send_ping(p);
	send_waiting(p);
	kvp_timer_set(p->timers, &p->timer, now + PING_NS);
}

static void time_is_over(struct kvp_timer *timer)
{
	struct kvd_peer *p = container_of(timer, struct kvd_peer, timer);

	if (p->state == AWAY)
		connect_to(p);
	else if (p->state == READY)
		look_after(p);
	else
		kvd_peer_break(p, "it does not answer");
}

static void connect_to(struct kvd_peer *p)
{
	struct kvp_link_how how = {
		.ops = &link_ops, .user = p, .depth = 2 * UNDER_WAY,
		.timeout_ms = CONNECT_MS,
	};

	p->state = CONNECTING;
	p->credits = 1;
	p->heard_at = kvp_now();
	kvp_timer_set(p->timers, &p->timer, p->heard_at + 2 * CONNECT_MS * KVP_MS);
	if (p->how.to.ss_family == AF_UNSPEC) {
		kvd_peer_break(p, "its address is not known");
	} else if (kvp_link_connect(p->rdma, (struct sockaddr *)&p->how.to, &how, &p->link)) {
		p->link = NULL;
		kvd_peer_break(p, "no connection could be begun");
	}
}

/* ------------------------------------------------------------------------- others */

struct kvd_peer *kvd_peer_create(struct kvp_rdma *rdma, struct kvp_timers *timers,
				 const struct kvd_peer_how *how)
{
	struct kvd_peer *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->how = *how;
	p->rdma = rdma;
	p->timers = timers;
	p->nr_holders = 1;
	p->pause = FIRST_PAUSE_NS;
	p->timer.fire = time_is_over;
	STAILQ_INIT(&p->sent);
	STAILQ_INIT(&p->waiting);
	connect_to(p);
	return p;
}

struct kvd_peer *kvd_peer_hold(struct kvd_peer *p)
{
	p->nr_holders++;
	return p;
}

void kvd_peer_put(struct kvd_peer *p)
{
	if (!p || p->nr_holders-- > 1)
		return;
	p->nr_holders = 1;	/* for who is called from here */
	drop_link(p);
	explicit_bzero(&p->how.secret, sizeof(p->how.secret));
	free(p);
}

const struct kvd_peer_how *kvd_peer_how(const struct kvd_peer *p)
{
	return &p->how;
}

void kvd_peer_count(const struct kvd_peer *p, struct kvd_peer_count *count)
{
	*count = p->count;
	count->up = kvd_peer_ready(p);
	if (p->link)
		add_bytes(&count->bytes, p->link);
}

bool kvd_peer_ready(const struct kvd_peer *p)
{
	return p->state == READY && !p->doubted;
}

uint64_t kvd_peer_id(struct kvd_peer *p)
{
	return ++p->last_id;
}

int kvd_peer_call(struct kvd_peer *p, struct kvd_call *call)
{
	if (p->state != READY)
		return -ENOLINK;
	call->asked_at = kvp_now();
	STAILQ_INSERT_TAIL(&p->waiting, call, next);
	send_waiting(p);
	return 0;
}

int kvd_peer_move(struct kvd_peer *p, struct kvp_op *op)
{
	return p->state == READY ? kvp_link_start(p->link, op) : -ENOLINK;
}

void kvd_peer_doubt(struct kvd_peer *p, const struct kvd_call *call)
{
	if (p->state != READY || p->heard_at >= call->asked_at)
		return;
	if (p->doubted)
		return;
	p->doubted = true;
	kvp_log(KVP_WARN, "member does not answer", "member=%s pool_space=%s",
		p->how.member, p->how.space);
	if (!p->pinging)
		send_ping(p);
}
