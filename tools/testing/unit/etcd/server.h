/* SPDX-License-Identifier: GPL-2.0 */
/* A server of etcd on loopback, with a directory and ports of its own. */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>
#include <stddef.h>

/**
 * struct server - see above
 * @dir: of its data, certificates and log
 * @url: where it is, or will be
 * @peer_url: for other servers, of which there are none
 * @pid: of it; 0: it does not run
 */
struct server {
	char dir[64];
	char url[64];
	char peer_url[64];
	int pid;
};

/* The program, or NULL. */
const char *server_program(void);

/* Chooses where it is to be; it does not run. @tls: it gets a certificate. */
void server_create(struct server *server, bool tls);

/* Runs it, and waits until it answers. */
void server_start(struct server *server);

/* Kills it. */
void server_stop(struct server *server);

/* Its data are no more. It does not run. */
void server_forget(struct server *server);

/* Stops it, and removes its directory. */
void server_destroy(struct server *server);

/* Where its authority's certificate is, or nothing. */
void server_ca(const struct server *server, char path[96]);

/**
 * server_ask() - send it a request
 * @server: runs
 * @path: of the request
 * @body: its body, JSON
 * @answer: out, if not NULL: the first line of the answer
 *
 * Return: HTTP status; 0: it does not answer.
 */
long server_ask(struct server *server, const char *path, const char *body,
		char answer[4096]);

#endif /* SERVER_H */
