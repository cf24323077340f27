// SPDX-License-Identifier: GPL-2.0
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "http.h"
#include "server.h"
#include "tap.h"

#define STARTS	60	/* s; a busy machine is slow */

const char *server_program(void)
{
	const char *program = getenv("KVTIER_ETCD");

	return program && *program ? program : NULL;
}

/* One that nobody has now. */
static int free_port(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && !bind(fd, (struct sockaddr *)&at, len) &&
	     !getsockname(fd, (struct sockaddr *)&at, &len));
	close(fd);
	return ntohs(at.sin_port);
}

static void shell(const struct server *s, const char *command)
{
	char line[1024];

	snprintf(line, sizeof(line), "cd %s && { %s; } > shell.log 2>&1", s->dir, command);
	must(!system(line));
}

static bool is_tls(const struct server *s)
{
	return !strncmp(s->url, "https", 5);
}

void server_create(struct server *s, bool tls)
{
	*s = (struct server){ .dir = "/tmp/kvtier-etcd.XXXXXX" };
	must(mkdtemp(s->dir));
	snprintf(s->url, sizeof(s->url), "http%s://127.0.0.1:%d", tls ? "s" : "", free_port());
	snprintf(s->peer_url, sizeof(s->peer_url), "http://127.0.0.1:%d", free_port());
	if (tls)
		shell(s, "openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1");
}

void server_ca(const struct server *s, char path[96])
{
	snprintf(path, 96, "%s%s", is_tls(s) ? s->dir : "", is_tls(s) ? "/cert" : "");
}

static void exec_server(const struct server *s, pid_t parent)
{
	char cluster[96];
	int fd;

	snprintf(cluster, sizeof(cluster), "default=%s", s->peer_url);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || chdir(s->dir))
		_exit(1);
	fd = open("log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dup2(fd, 1);
	dup2(fd, 2);
	execl(server_program(), "etcd", "--data-dir", "data", "--listen-client-urls", s->url,
	      "--advertise-client-urls", s->url, "--listen-peer-urls", s->peer_url,
	      "--initial-advertise-peer-urls", s->peer_url, "--initial-cluster", cluster,
	      is_tls(s) ? "--cert-file=cert" : NULL, "--key-file=key", NULL);
	_exit(1);
}

void server_start(struct server *s)
{
	pid_t parent = getpid();
	int i;

	s->pid = fork();
	must(s->pid >= 0);
	if (!s->pid)
		exec_server(s, parent);
	for (i = 0; i < STARTS * 10; i++) {
		/* with users a range is refused, but answered */
		if (server_ask(s, "/v3/kv/range", "{\"key\":\"YQ==\"}", NULL))
			return;
		must(!waitpid(s->pid, NULL, WNOHANG));
		usleep(100000);
	}
	must(!"etcd answers");
}

void server_stop(struct server *s)
{
	if (!s->pid)
		return;
	kill(s->pid, SIGKILL);
	must(waitpid(s->pid, NULL, 0) == s->pid);
	s->pid = 0;
}

void server_forget(struct server *s)
{
	shell(s, "rm -rf data");
}

void server_destroy(struct server *s)
{
	char line[128];

	server_stop(s);
	snprintf(line, sizeof(line), "rm -rf %s", s->dir);
	must(!system(line));
}

/* ------------------------------------------------------------------------ requests */

static bool never(void *user)
{
	(void)user;
	return false;
}

/* Of a stream the first line that has more than that it has begun. */
static bool take_line(void *user, const char *text, size_t len)
{
	char *answer = user;

	if (len > 4095)
		len = 4095;
	memcpy(answer, text, len);
	answer[len] = '\0';
	return !!strstr(answer, "\"created\":true");
}

static long ask(struct kvp_http *http, struct kvp_http_post *post, char *answer)
{
	const char *wrong = kvp_http_post(http, post);

	if (answer && !post->line)
		snprintf(answer, 4096, "%.*s", (int)post->len, post->text);
	return wrong ? 0 : post->status;
}

long server_ask(struct server *s, const char *path, const char *body, char answer[4096])
{
	char url[128], ca[96];
	struct kvp_http_how how = { .ca = ca, .cert = "", .key = "",
				    .is_ended = never };
	struct kvp_http_post post = {
		.url = url, .token = "", .body = body, .ms = 10000,
		.line = strcmp(path, "/v3/watch") ? NULL : take_line, .user = answer,
	};
	struct kvp_http *http;
	long status;

	server_ca(s, ca);
	http = kvp_http_create(&how);
	must(http);
	snprintf(url, sizeof(url), "%s%s", s->url, path);
	status = ask(http, &post, answer);
	kvp_http_destroy(http);
	return status;
}
