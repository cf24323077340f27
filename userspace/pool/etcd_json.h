/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What etcd's JSON gateway (v3) is asked and answers. Pure code. Answers are any bytes:
 * what is no answer to the question is false, and nothing else happens.
 */
#ifndef KVP_ETCD_JSON_H
#define KVP_ETCD_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "member.h"

#define KVP_ETCD_BODY	2048	/* bytes of a request */
#define KVP_ETCD_TOKEN	512	/* bytes, NUL included */
#define KVP_ETCD_WHY	160	/* bytes of what is wrong, NUL included */

/**
 * enum kvp_etcd_event - what a line of a watch says
 * @KVP_ETCD_QUIET: nothing has changed
 * @KVP_ETCD_CHANGED: read again; also: what was to be told is not known any more
 * @KVP_ETCD_REFUSED: there is no watch
 */
enum kvp_etcd_event {
	KVP_ETCD_QUIET,
	KVP_ETCD_CHANGED,
	KVP_ETCD_REFUSED,
};

/* Requests, into @body. Texts are those of struct kvp_etcd_config: they fit. */
void kvp_etcd_ask_login(char body[KVP_ETCD_BODY], const char *user, const char *password);
void kvp_etcd_ask_range(char body[KVP_ETCD_BODY], const char *prefix);
void kvp_etcd_ask_watch(char body[KVP_ETCD_BODY], const char *prefix, int64_t revision);
void kvp_etcd_ask_grant(char body[KVP_ETCD_BODY], unsigned int ttl);
void kvp_etcd_ask_lease(char body[KVP_ETCD_BODY], int64_t lease);
void kvp_etcd_ask_put(char body[KVP_ETCD_BODY], const char *prefix, const char *at,
		      const char *name, int64_t lease);

/**
 * kvp_etcd_members() - the answer to a range
 * @text: the answer
 * @len: of @text
 * @prefix: that was asked for
 * @members: out: in order of keys
 * @revision: out: at which that was so
 *
 * Return: false: it is none.
 */
bool kvp_etcd_members(const char *text, size_t len, const char *prefix,
		      struct kvp_members *members, int64_t *revision);

/* The answer to a grant, and to a keepalive: @ttl is 0 if there is no such lease. */
bool kvp_etcd_lease(const char *text, size_t len, int64_t *lease, int64_t *ttl);

bool kvp_etcd_token(const char *text, size_t len, char token[KVP_ETCD_TOKEN]);

/* A line of a watch; REFUSED: @why has words. */
enum kvp_etcd_event kvp_etcd_event(const char *text, size_t len, char why[KVP_ETCD_WHY]);

/* What etcd says is wrong. False: nothing. */
bool kvp_etcd_error(const char *text, size_t len, char why[KVP_ETCD_WHY]);

#endif /* KVP_ETCD_JSON_H */
