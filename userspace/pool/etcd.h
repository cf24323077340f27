/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The members of a pool in etcd (v3, by its JSON gateway): a pool node keeps a key
 * PREFIX/ADDRESS:PORT, whose value is its name or nothing, under a lease; who wants to
 * know reads all keys of the prefix, watches from there, and reads them again when
 * something has changed. A watch is ended after a minute, so whatever got lost is found.
 *
 * One thread does that, and waits there: no wait is longer than WATCH_MS (etcd.c), each is
 * ended by kvp_etcd_stop(). It hands struct kvp_etcd_news to the daemon's own thread
 * by an eventfd, under the one mutex struct kvp_etcd.lock, which is held to copy them and
 * for nothing else. It does not log, nor call anything of the daemon.
 *
 * Memory reclaim may wait for kvtierd: a thread inherits PR_SET_IO_FLUSHER, so start it
 * after that was set. It has a small stack; what is allocated here is small.
 */
#ifndef KVP_ETCD_H
#define KVP_ETCD_H

#include "conf.h"
#include "etcd_json.h"
#include "member.h"

#define KVP_ETCD_ENDPOINTS	8
#define KVP_ETCD_PREFIX		128	/* bytes, NUL included */
#define KVP_ETCD_USER		64	/* bytes, NUL included */
#define KVP_ETCD_PASSWORD	128	/* bytes, NUL included */

/**
 * struct kvp_etcd_endpoints - where etcd is: whichever answers
 * @nr: of @list
 * @list: http://HOST:PORT or https://HOST:PORT
 */
struct kvp_etcd_endpoints {
	unsigned int nr;
	char list[KVP_ETCD_ENDPOINTS][KVP_PATH];
};

/**
 * struct kvp_etcd_user - who etcd is told that we are
 * @name: empty: nobody
 * @password: goes to https:// only
 */
struct kvp_etcd_user {
	char name[KVP_ETCD_USER];
	char password[KVP_ETCD_PASSWORD];
};

/**
 * struct kvp_etcd_config - section [etcd]
 * @endpoints: none: there is no such section
 * @pool: what @prefix is made of by default
 * @prefix: of members' keys; begins and ends with a slash
 * @ca_file: see struct kvp_http_how
 * @cert_file: likewise
 * @key_file: likewise
 * @user_file: what is in it
 * @ttl: seconds; a pool node's, as are @address and @name
 * @address: that others reach it at
 * @name: see struct kvp_member; empty: none
 */
struct kvp_etcd_config {
	struct kvp_etcd_endpoints endpoints;
	char pool[KVP_NAME_SIZE];
	char prefix[KVP_ETCD_PREFIX];
	char ca_file[KVP_PATH];
	char cert_file[KVP_PATH];
	char key_file[KVP_PATH];
	struct kvp_etcd_user user_file;
	unsigned int ttl;
	char address[KVP_PATH];
	char name[KVP_NAME_SIZE];
};

/* Of struct kvp_etcd_config. */
extern const struct kvp_conf_key kvp_etcd_keys[];

/**
 * kvp_etcd_check() - fill in what is not said, when all of a file was read
 * @config: the section; good if it is not there
 * @listen: of a pool node: what it listens on, may be empty; NULL: it is none
 * @wrong: out: KVP_WRONG bytes: what is wrong with it
 *
 * Return: it is good.
 */
bool kvp_etcd_check(struct kvp_etcd_config *config, const char *listen, char *wrong);

/**
 * struct kvp_etcd_news - how it stands
 * @why: words for why etcd could not be asked; empty: it was
 * @members: as of the last time that it could be asked; of a pool node: empty
 */
struct kvp_etcd_news {
	char why[KVP_ETCD_WHY];
	struct kvp_members members;
};

struct kvp_etcd;

/**
 * kvp_etcd_start() - begin
 * @config: is copied
 * @at: announce it, see kvp_member_at(); NULL: watch members
 * @etcd: out
 *
 * Return: 0 or negative errno. Whether etcd is there does not matter.
 */
int kvp_etcd_start(const struct kvp_etcd_config *config, const char *at,
		   struct kvp_etcd **etcd);

/* Readable when there are news. */
int kvp_etcd_fd(const struct kvp_etcd *etcd);

/* The news, to be taken by one thread. False: they are what they were. */
bool kvp_etcd_take(struct kvp_etcd *etcd, struct kvp_etcd_news *news);

/* Who is announced is so no more: if etcd is mute that takes some seconds. Or NULL. */
void kvp_etcd_stop(struct kvp_etcd *etcd);

#endif /* KVP_ETCD_H */
