// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "etcd.h"
#include "http.h"

#define STACK		(512 << 10)	/* bytes: name lookups and TLS are done on it */
#define CALL_MS		5000		/* for an answer */
#define WATCH_MS	60000
#define END_MS		3000		/* the same, to take a member away: END_TRIES times */
#define END_TRIES	2
#define REST_MS		200		/* between two reads, however much changes */
#define FIRST_PAUSE_MS	500		/* after a failure; doubled each time */
#define LAST_PAUSE_MS	10000

/**
 * enum standing - with etcd
 * @UNKNOWN: it was not asked yet
 * @FINE: it does what it is asked
 * @MUTE: it does not answer
 * @REFUSING: it answers, and otherwise than it should
 */
enum standing {
	UNKNOWN,
	FINE,
	MUTE,
	REFUSING,
};

/**
 * struct kvp_etcd - see above
 * @config: constant
 * @at: constant; empty: watch members
 * @fd: constant: an eventfd
 * @http: the thread's; to be woken by others
 * @thread: the thread
 * @turn: the thread's: which endpoint
 * @pause: the thread's: after the next failure, ms
 * @token: the thread's: of a login; empty: there is none
 * @lease: the thread's: that @at has; 0: none
 * @event: the thread's: the last line of a watch
 * @standing: the thread's: after the last request
 * @told: the thread's: what it was when there were news
 * @why: the thread's: what went wrong last
 * @is_leaving: the thread's: what is done now is done in spite of @is_ended
 * @lock: of all below; nothing else is done while it is held
 * @is_ended: the thread is to end
 * @has_news: @news were not taken
 * @news: the last ones
 */
struct kvp_etcd {
	struct kvp_etcd_config config;
	char at[KVP_MEMBER_NAME];
	int fd;
	struct kvp_http *http;
	pthread_t thread;
	unsigned int turn;
	unsigned int pause;
	char token[KVP_ETCD_TOKEN];
	int64_t lease;
	enum kvp_etcd_event event;
	enum standing standing;
	enum standing told;
	char why[KVP_ETCD_WHY];
	bool is_leaving;
	pthread_mutex_t lock;
	bool is_ended;
	bool has_news;
	struct kvp_etcd_news news;
};

static bool is_ended(void *user)
{
	struct kvp_etcd *e = user;
	bool ended;

	pthread_mutex_lock(&e->lock);
	ended = e->is_ended && !e->is_leaving;
	pthread_mutex_unlock(&e->lock);
	return ended;
}

/*
 * What is as it was is no news, nor is it that it fails in other words. @members: NULL: as
 * they were.
 */
static void tell(struct kvp_etcd *e, const struct kvp_members *members)
{
	struct kvp_etcd_news *news = &e->news;
	bool same;

	pthread_mutex_lock(&e->lock);
	same = e->standing == e->told &&
	       (!members || !memcmp(members, &news->members, sizeof(*members)));
	strcpy(news->why, e->standing == FINE ? "" : e->why);
	if (members)
		news->members = *members;
	e->told = e->standing;
	e->has_news |= !same;
	pthread_mutex_unlock(&e->lock);
	if (!same)
		eventfd_write(e->fd, 1);
}

/* -------------------------------------------------------------------------- calls */

/* After a failure the next endpoint has its turn, and a new login. */
static bool fail(struct kvp_etcd *e, enum standing standing, const char *why)
{
	e->standing = standing;
	if (why != e->why)
		snprintf(e->why, sizeof(e->why), "%s", why);
	*e->token = '\0';
	e->turn++;
	return false;
}

/* In the post's text is what @path answers. */
static bool post(struct kvp_etcd *e, const char *path, struct kvp_http_post *p)
{
	char url[KVP_PATH + 32];
	const char *why;

	snprintf(url, sizeof(url), "%s%s",
		 e->config.endpoints.list[e->turn % e->config.endpoints.nr], path);
	p->url = url;
	p->token = e->token;
	p->ms = p->line ? WATCH_MS : e->is_leaving ? END_MS : CALL_MS;
	why = kvp_http_post(e->http, p);
	if (why)
		return fail(e, MUTE, why);
	e->standing = FINE;
	if (p->status == 200)
		return true;
	if (!kvp_etcd_error(p->text, p->len, e->why))
		snprintf(e->why, sizeof(e->why), "HTTP status %ld", p->status);
	return fail(e, REFUSING, e->why);
}

static bool log_in(struct kvp_etcd *e)
{
	char body[KVP_ETCD_BODY];
	struct kvp_http_post p = { .body = body };
	bool good;

	if (!*e->config.user_file.name || *e->token)
		return true;
	kvp_etcd_ask_login(body, e->config.user_file.name, e->config.user_file.password);
	good = post(e, "/v3/auth/authenticate", &p);
	explicit_bzero(body, sizeof(body));
	return good && (kvp_etcd_token(p.text, p.len, e->token) ||
			fail(e, REFUSING, "the login's answer is none"));
}

static bool call(struct kvp_etcd *e, const char *path, struct kvp_http_post *p)
{
	return log_in(e) && post(e, path, p);
}

/* A request about a lease: there is one, or @ttl is 0. */
static bool call_lease(struct kvp_etcd *e, const char *path, const char *body,
		       int64_t *lease, int64_t *ttl)
{
	struct kvp_http_post p = { .body = body };

	return call(e, path, &p) && (kvp_etcd_lease(p.text, p.len, lease, ttl) ||
				     fail(e, REFUSING, "the lease's answer is none"));
}

/* -------------------------------------------------------------------- a pool node */

static bool put(struct kvp_etcd *e)
{
	char body[KVP_ETCD_BODY];
	struct kvp_http_post p = { .body = body };

	kvp_etcd_ask_put(body, e->config.prefix, e->at, e->config.name, e->lease);
	return call(e, "/v3/kv/put", &p);
}

/* A key that may have been written for a lease that is left ends with it. */
static bool announce(struct kvp_etcd *e)
{
	char body[KVP_ETCD_BODY];
	int64_t ttl;

	kvp_etcd_ask_grant(body, e->config.ttl);
	if (!call_lease(e, "/v3/lease/grant", body, &e->lease, &ttl) || !put(e)) {
		e->lease = 0;
		return false;
	}
	return true;
}

static bool keep_alive(struct kvp_etcd *e)
{
	char body[KVP_ETCD_BODY];
	int64_t lease, ttl;

	kvp_etcd_ask_lease(body, e->lease);
	if (!call_lease(e, "/v3/lease/keepalive", body, &lease, &ttl))
		return false;
	if (!ttl)
		e->lease = 0;
	return true;
}

/* Is, and stays, announced for a third of the lease's time. */
static bool stay(struct kvp_etcd *e)
{
	if (e->lease && !keep_alive(e))
		return false;
	if (!e->lease && !announce(e))
		return false;
	tell(e, NULL);
	kvp_http_sleep(e->http, e->config.ttl * 1000 / 3);
	return true;
}

static void leave(struct kvp_etcd *e)
{
	char body[KVP_ETCD_BODY];
	struct kvp_http_post p = { .body = body };
	unsigned int i;

	e->is_leaving = true;
	kvp_etcd_ask_lease(body, e->lease);
	for (i = 0; i < END_TRIES && !call(e, "/v3/lease/revoke", &p); i++)
		;
}

/* ---------------------------------------------------------------- who wants to know */

static bool read_members(struct kvp_etcd *e, int64_t *revision)
{
	char body[KVP_ETCD_BODY];
	struct kvp_http_post p = { .body = body };
	struct kvp_members members;

	kvp_etcd_ask_range(body, e->config.prefix);
	if (!call(e, "/v3/kv/range", &p))
		return false;
	if (!kvp_etcd_members(p.text, p.len, e->config.prefix, &members, revision))
		return fail(e, REFUSING, "the members' answer is none");
	tell(e, &members);
	return true;
}

static bool watch_line(void *user, const char *text, size_t len)
{
	struct kvp_etcd *e = user;

	e->event = kvp_etcd_event(text, len, e->why);
	return e->event == KVP_ETCD_QUIET;
}

/* Until something has changed, or it has been long enough. */
static bool watch(struct kvp_etcd *e, int64_t revision)
{
	char body[KVP_ETCD_BODY];
	struct kvp_http_post p = { .body = body, .line = watch_line, .user = e };

	kvp_etcd_ask_watch(body, e->config.prefix, revision);
	e->event = KVP_ETCD_QUIET;
	if (!call(e, "/v3/watch", &p))
		return false;
	return e->event != KVP_ETCD_REFUSED || fail(e, REFUSING, e->why);
}

static bool follow(struct kvp_etcd *e)
{
	int64_t revision;

	if (!read_members(e, &revision) || !watch(e, revision + 1))
		return false;
	kvp_http_sleep(e->http, REST_MS);
	return true;
}

/* ------------------------------------------------------------------------- thread */

/* Not all at once when etcd is back, and before a lease has ended. */
static void pause_now(struct kvp_etcd *e)
{
	unsigned int most = *e->at ? e->config.ttl * 1000 / 3 : LAST_PAUSE_MS;

	if (most > LAST_PAUSE_MS)
		most = LAST_PAUSE_MS;
	if (e->pause > most)
		e->pause = most;
	kvp_http_sleep(e->http, e->pause / 2 + arc4random_uniform(e->pause / 2));
	e->pause *= 2;
}

static void *run(void *user)
{
	struct kvp_etcd *e = user;

	while (!is_ended(e)) {
		if (*e->at ? stay(e) : follow(e)) {
			e->pause = FIRST_PAUSE_MS;
		} else if (!is_ended(e)) {
			tell(e, NULL);
			pause_now(e);
		}
	}
	if (e->lease)
		leave(e);
	return NULL;
}

/* Signals are the daemon's. */
static int start_thread(struct kvp_etcd *e)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&e->thread, &attr, run, e);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -rc;
}

static void destroy(struct kvp_etcd *e)
{
	kvp_http_destroy(e->http);
	if (e->fd >= 0)
		close(e->fd);
	pthread_mutex_destroy(&e->lock);
	explicit_bzero(e, sizeof(*e));
	free(e);
}

int kvp_etcd_start(const struct kvp_etcd_config *config, const char *at,
		   struct kvp_etcd **etcd)
{
	struct kvp_etcd *e = calloc(1, sizeof(*e));
	int rc = -ENOMEM;

	if (!e)
		return rc;
	e->config = *config;
	snprintf(e->at, sizeof(e->at), "%s", at ? at : "");
	e->pause = FIRST_PAUSE_MS;
	pthread_mutex_init(&e->lock, NULL);
	e->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	e->http = kvp_http_create(&(struct kvp_http_how){
		.ca = e->config.ca_file, .cert = e->config.cert_file,
		.key = e->config.key_file, .is_ended = is_ended, .user = e });
	if (e->fd >= 0 && e->http)
		rc = start_thread(e);
	if (rc)
		destroy(e);
	else
		*etcd = e;
	return rc;
}

int kvp_etcd_fd(const struct kvp_etcd *e)
{
	return e->fd;
}

bool kvp_etcd_take(struct kvp_etcd *e, struct kvp_etcd_news *news)
{
	eventfd_t value;
	bool has;

	eventfd_read(e->fd, &value);
	pthread_mutex_lock(&e->lock);
	has = e->has_news;
	e->has_news = false;
	*news = e->news;
	pthread_mutex_unlock(&e->lock);
	return has;
}

void kvp_etcd_stop(struct kvp_etcd *e)
{
	if (!e)
		return;
	pthread_mutex_lock(&e->lock);
	e->is_ended = true;
	pthread_mutex_unlock(&e->lock);
	kvp_http_wake(e->http);
	pthread_join(e->thread, NULL);
	destroy(e);
}
