// SPDX-License-Identifier: GPL-2.0
/*
 * Redis on a unix socket, nothing saved, some requests under way at a time. In
 * Debian the server's program is redis-tools' redis-check-rdb by another name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "peer.h"
#include "program.h"

#define PROGRAM "/usr/bin/redis-check-rdb"
#define PIPELINE 8
#define START_SECONDS 30

/**
 * struct redis - a run
 * @server: process
 * @socket: to it
 */
struct redis {
	pid_t server;
	int socket;
};

static int say(const char *what)
{
	fprintf(stderr, "kvtier-bench: redis: %s\n", what);
	return -1;
}

static int send_all(int fd, const char *at, size_t len)
{
	ssize_t n;

	for (; len; at += n, len -= (size_t)n) {
		n = send(fd, at, len, MSG_NOSIGNAL);
		if (n <= 0)
			return say("cannot send");
	}
	return 0;
}

static int receive_all(int fd, char *to, size_t len)
{
	ssize_t n;

	for (; len; to += n, len -= (size_t)n) {
		n = recv(fd, to, len, MSG_WAITALL);
		if (n <= 0)
			return say("the server is gone");
	}
	return 0;
}

/* A line without its end: what is peeked at is what is taken. */
static int receive_line(int fd, char *line, size_t room)
{
	ssize_t n, len;
	char *end;

	do {
		n = recv(fd, line, room - 1, MSG_PEEK);
		if (n <= 0)
			return say("the server is gone");
		line[n] = '\0';
		end = strstr(line, "\r\n");
	} while (!end && n < (ssize_t)room - 1);
	if (!end)
		return say("an answer that is no line");
	len = end + 2 - line;
	if (receive_all(fd, line, (size_t)len))
		return -1;
	*end = '\0';
	return 0;
}

static int send_set(struct peers *p, uint32_t i)
{
	struct redis *r = p->priv;
	char head[128];
	int n;

	n = snprintf(head, sizeof(head),
		     "*3\r\n$3\r\nSET\r\n$8\r\n%08x\r\n$%llu\r\n", i,
		     (unsigned long long)p->block);
	return send_all(r->socket, head, (size_t)n) ?:
	       send_all(r->socket, peer_from(p, i), p->block) ?:
	       send_all(r->socket, "\r\n", 2);
}

static int take_ok(struct peers *p, uint32_t n)
{
	struct redis *r = p->priv;
	char line[64];

	(void)n;
	if (receive_line(r->socket, line, sizeof(line)))
		return -1;
	return strcmp(line, "+OK") ? say(line) : 0;
}

static int send_get(struct peers *p, uint32_t i)
{
	struct redis *r = p->priv;
	char head[64];
	int n = snprintf(head, sizeof(head), "*2\r\n$3\r\nGET\r\n$8\r\n%08x\r\n",
			 i);

	return send_all(r->socket, head, (size_t)n);
}

static int take_block(struct peers *p, uint32_t n)
{
	struct redis *r = p->priv;
	char line[64], end[2];

	if (receive_line(r->socket, line, sizeof(line)))
		return -1;
	if (line[0] != '$' || strtoull(line + 1, NULL, 10) != p->block)
		return say(line);
	return receive_all(r->socket, peer_to(p, n), p->block) ?:
	       receive_all(r->socket, end, sizeof(end));
}

/* PIPELINE requests, their answers, and so on. */
static int run(struct peers *p, int (*ask)(struct peers *p, uint32_t i),
	       int (*take)(struct peers *p, uint32_t n))
{
	uint32_t n, first, end;

	for (first = 0; first < p->nr; first = end) {
		end = first + PIPELINE < p->nr ? first + PIPELINE : p->nr;
		for (n = first; n < end; n++)
			if (ask(p, p->order[n]))
				return -1;
		for (n = first; n < end; n++)
			if (take(p, n))
				return -1;
	}
	return 0;
}

static int put_redis(struct peers *p)
{
	return run(p, send_set, take_ok);
}

static int get_redis(struct peers *p)
{
	return run(p, send_get, take_block);
}

static int connect_to(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int i, fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	for (i = 0; i < START_SECONDS * 20; i++) {
		if (!connect(fd, (struct sockaddr *)&to, sizeof(to)))
			return fd;
		usleep(50000);
	}
	close(fd);
	return say("it does not listen");
}

static int open_redis(struct peers *p)
{
	char program[96], path[96];
	const char *const argv[] = {
		program, "--port", "0", "--unixsocket", path, "--save", "",
		"--appendonly", "no", NULL,
	};
	struct redis *r = calloc(1, sizeof(*r));

	p->priv = r;
	if (!r)
		return -1;
	r->socket = -1;
	snprintf(program, sizeof(program), "%s/redis-server", p->dir);
	snprintf(path, sizeof(path), "%s/socket", p->dir);
	if (symlink(PROGRAM, program))
		return say(strerror(errno));
	r->server = program_start(argv);
	if (r->server > 0)
		r->socket = connect_to(path);
	return r->socket < 0 ? -1 : 0;
}

static void close_redis(struct peers *p)
{
	struct redis *r = p->priv;
	char path[96];

	if (r && r->server > 0)
		program_end(r->server);
	if (r)
		close(r->socket);
	snprintf(path, sizeof(path), "%s/socket", p->dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/redis-server", p->dir);
	unlink(path);
	free(r);
}

const struct peer peer_redis = {
	.name = "Redis, unix socket",
	.open = open_redis,
	.put = put_redis,
	.get = get_redis,
	.close = close_redis,
};
