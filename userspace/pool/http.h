/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One request after the other, by libcurl: each blocks its thread for a bounded time,
 * and no longer than until it is to give up. Another thread may wake it.
 */
#ifndef KVP_HTTP_H
#define KVP_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#define KVP_HTTP_MOST	(1 << 20)	/* bytes of an answer, or of a line of it */

/**
 * struct kvp_http_how - constant
 * @ca: PEM file of authorities of servers; empty: the system's
 * @cert: PEM file of the client's certificate; empty: none
 * @key: and of its key
 * @is_ended: is it time to give up?
 * @user: for @is_ended
 */
struct kvp_http_how {
	const char *ca;
	const char *cert;
	const char *key;
	bool (*is_ended)(void *user);
	void *user;
};

/**
 * struct kvp_http_post - a request
 * @url: http:// or https://
 * @token: goes with it as Authorization; empty: none
 * @body: JSON
 * @ms: it takes no longer
 * @line: if not NULL the answer is a stream: called with each line of it until it returns
 *	false, which is no failure, as it is none if @ms are over
 * @user: for @line
 * @status: out: of HTTP
 * @text: out: the answer, until the next request
 * @len: out: of @text
 */
struct kvp_http_post {
	const char *url;
	const char *token;
	const char *body;
	unsigned int ms;
	bool (*line)(void *user, const char *text, size_t len);
	void *user;
	long status;
	const char *text;
	size_t len;
};

struct kvp_http;

/* Before there are threads. NULL: no memory. */
struct kvp_http *kvp_http_create(const struct kvp_http_how *how);
void kvp_http_destroy(struct kvp_http *http);	/* or NULL */

/* Returns NULL, or words for why there is no answer. */
const char *kvp_http_post(struct kvp_http *http, struct kvp_http_post *post);

/* For @ms, or until it is time to give up. */
void kvp_http_sleep(struct kvp_http *http, unsigned int ms);

/* From another thread: look at is_ended() now. */
void kvp_http_wake(struct kvp_http *http);

#endif /* KVP_HTTP_H */
