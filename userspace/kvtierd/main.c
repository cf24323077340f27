// SPDX-License-Identifier: GPL-2.0
/*
 * kvtierd: the helper of a remote tier. It takes the kernel's requests from the tier's
 * channel and carries them out at the pool nodes, by RDMA. See kvtierd(8).
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "clock.h"
#include "daemon.h"
#include "events.h"
#include "members.h"
#include "metrics.h"
#include "notify.h"
#include "say.h"
#include "tags.h"

#define DEFAULT_CONFIG	"/etc/kvtier/kvtierd.conf"
#define STOP_NS		(5 * KVP_S)	/* for what is under way at the end */
#define SCAN_NS		(2 * KVP_S)
#define METRICS_NS	(10 * KVP_S)

static const char usage[] =
"Usage: kvtierd [--config FILE] [--metrics FILE] [--check-config]\n"
"\n"
"Serve a remote tier of kvtier: move its blocks to and from pool nodes by RDMA.\n"
"\n"
"  --config FILE   the configuration; default: " DEFAULT_CONFIG "\n"
"  --metrics FILE  write metrics for Prometheus to FILE, each 10 s\n"
"  --check-config  only say whether the configuration is good\n"
"  --version       print the version\n"
"\n"
"Exits with 0 when asked to end, 2: usage, 3: configuration, 4: no RDMA device, 1: else.\n";

static void end(struct kvd *d, int code)
{
	d->loop.ended = true;
	d->code = code;
}

/* ------------------------------------------------------------------------- reload */

static bool needs_restart(const struct kvd_config *a, const struct kvd_config *b)
{
	return strcmp(a->tier, b->tier) || a->depth != b->depth ||
	       memcmp(&a->etcd, &b->etcd, sizeof(a->etcd));
}

static void reload(struct kvd *d)
{
	char wrong[KVP_WRONG];
	struct kvd_config *config = kvd_config_read(d->config_path, wrong);

	if (!config) {
		kvp_log(KVP_ERROR, "configuration is no good: the old one stays in force",
			"why=%s", kvp_quote(wrong));
		return;
	}
	if (needs_restart(d->config, config))
		kvp_log(KVP_WARN, "tier, depth and [etcd] change with a restart only", "file=%s",
			kvp_quote(d->config_path));
	strcpy(config->tier, d->config->tier);
	config->depth = d->config->depth;
	config->etcd = d->config->etcd;
	kvd_config_announce(config, &d->announced);
	kvd_agent_stop(d);
	kvd_config_free(d->config);
	d->config = config;
	kvp_log_level(config->log);
	kvd_spaces_reload(d);
	kvd_agent_start(d);
	kvp_log(KVP_INFO, "configuration read", "file=%s members=%u spaces=%u",
		kvp_quote(d->config_path), config->nr_members, config->nr_spaces);
}

/* ------------------------------------------------------------------------ stopping */

static void stop_now(struct kvp_timer *timer)
{
	struct kvd *d = container_of(timer, struct kvd, stop_timer);

	kvp_log(KVP_WARN, "requests are given up", "requests=%u", d->nr_busy);
	end(d, KVP_OK);
}

static void stop(struct kvd *d)
{
	if (d->is_stopping)
		return;
	kvp_notify("STOPPING=1");
	kvp_log(KVP_INFO, "stopping", "requests=%u", d->nr_busy);
	d->is_stopping = true;
	kvp_timer_set(&d->loop.timers, &d->stop_timer, kvp_now() + STOP_NS);
	if (!d->nr_busy)
		end(d, KVP_OK);
}

static void signalled(struct kvd_event *event, int res)
{
	struct kvd *d = container_of(event, struct kvd, signals);
	int signo;

	(void)res;
	while ((signo = kvp_signals_next(event->fd))) {
		if (signo != SIGHUP) {
			stop(d);
			continue;
		}
		kvp_notify_reloading();
		reload(d);
		kvp_notify("READY=1");
	}
}

static int watch_signals(struct kvd *d)
{
	d->signals.fd = kvp_signals_open();
	if (d->signals.fd < 0)
		return d->signals.fd;
	d->signals.happened = signalled;
	kvd_loop_watch(&d->loop, &d->signals);
	return 0;
}

/* -------------------------------------------------------------------------- timers */

static void scan_again(struct kvp_timer *timer)
{
	struct kvd *d = container_of(timer, struct kvd, scan_timer);

	kvd_spaces_scan(d);
	kvp_timer_set(&d->loop.timers, timer, kvp_now() + SCAN_NS);
}

static void spaces_changed(void *user)
{
	kvd_spaces_scan(user);
}

static void metrics_due(struct kvp_timer *timer)
{
	struct kvd *d = container_of(timer, struct kvd, metrics_timer);

	kvd_metrics_write(d, d->metrics_path);
	kvp_timer_set(&d->loop.timers, timer, kvp_now() + METRICS_NS);
}

static void start_timers(struct kvd *d)
{
	d->stop_timer.fire = stop_now;
	d->scan_timer.fire = scan_again;
	d->metrics_timer.fire = metrics_due;
	scan_again(&d->scan_timer);
	if (d->metrics_path)
		metrics_due(&d->metrics_timer);
}

/* --------------------------------------------------------------------------- start */

static void rdma_ready(struct kvd_event *event, int res)
{
	(void)res;
	kvp_rdma_run(container_of(event, struct kvd, rdma_event)->rdma);
}

static int start_rdma(struct kvd *d)
{
	int rc = kvp_rdma_create(&d->rdma);

	if (rc) {
		kvp_say_rdma("no RDMA", "rdma_cm", rc);
		return kvp_exit_code(rc);
	}
	d->rdma_event.fd = kvp_rdma_fd(d->rdma);
	d->rdma_event.happened = rdma_ready;
	kvd_loop_watch(&d->loop, &d->rdma_event);
	return KVP_OK;
}

static int start_channel(struct kvd *d)
{
	const char *wrong = kvd_channel_open(&d->channel, d->config->tier,
					     d->config->depth);
	int rc;

	if (wrong) {
		kvp_log(KVP_ERROR, "the tier cannot be served", "tier=%s why=%s",
			d->config->tier, kvp_quote(wrong));
		return KVP_FAILED;
	}
	rc = kvp_memory_add(d->rdma, d->channel.map, d->channel.map_bytes, 0,
			    &d->channel_memory);
	if (!rc)
		return KVP_OK;
	kvp_say_rdma("the channel cannot be registered", d->config->tier, rc);
	kvd_channel_close(&d->channel);
	return KVP_FAILED;
}

/* Spaces first, so that members are connected when the first request comes. */
static int serve(struct kvd *d)
{
	struct kvd_events *events;
	int rc;

	if (watch_signals(d) || kvd_tags_create(d))
		return KVP_FAILED;
	events = kvd_events_open(&d->loop, spaces_changed, d);
	start_timers(d);
	rc = kvd_members_start(d);
	if (rc)
		kvp_log(KVP_ERROR, "etcd will not be asked", "why=%s",
			kvp_quote(strerror(-rc)));
	kvd_tags_arm(d);
	kvd_agent_start(d);
	kvp_log(KVP_INFO, "serving", "tier=%s depth=%u members=%u version=%s",
		d->config->tier, d->config->depth, d->config->nr_members, KVTIER_VERSION);
	kvp_notify("READY=1");
	rc = kvd_loop_run(&d->loop);
	if (rc) {
		kvp_log(KVP_ERROR, "io_uring failed", "why=%s", kvp_quote(strerror(-rc)));
		d->code = KVP_FAILED;
	}
	kvd_members_stop(d);
	kvd_agent_stop(d);
	kvd_tags_end(d);
	kvd_events_close(events);
	return d->code;
}

static int start(struct kvd *d)
{
	int code = start_rdma(d);

	if (code)
		return code;
	code = start_channel(d);
	if (!code) {
		kvp_process_out_of_reclaim();
		code = serve(d);
		kvd_spaces_close(d);
		kvp_memory_remove(d->channel_memory);
		kvd_channel_close(&d->channel);
	}
	kvp_rdma_destroy(d->rdma);
	return code;
}

static int run(struct kvd *d)
{
	int rc, code;

	kvp_process_begin();
	rc = kvd_loop_init(&d->loop);
	if (rc) {
		kvp_log(KVP_ERROR, "no io_uring (sysctl kernel.io_uring_disabled=0)",
			"why=%s", kvp_quote(strerror(-rc)));
		return KVP_FAILED;
	}
	code = start(d);
	kvd_loop_exit(&d->loop);
	return code;
}

/* ---------------------------------------------------------------------- arguments */

static int read_config(struct kvd *d, bool only_check)
{
	char wrong[KVP_WRONG];

	d->config = kvd_config_read(d->config_path, wrong);
	if (!d->config) {
		kvp_log(KVP_ERROR, "configuration is no good", "why=%s", kvp_quote(wrong));
		return KVP_BAD_CONFIG;
	}
	kvp_log_level(d->config->log);
	if (only_check)
		printf("%s: good: %u members, %u spaces\n", d->config_path,
		       d->config->nr_members, d->config->nr_spaces);
	return KVP_OK;
}

enum { OPT_CONFIG = 1, OPT_METRICS, OPT_CHECK, OPT_VERSION, OPT_HELP };

static const struct option options[] = {
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "metrics", required_argument, NULL, OPT_METRICS },
	{ "check-config", no_argument, NULL, OPT_CHECK },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{}
};

/* Returns what to exit with, or -1: go on. */
static int parse_args(struct kvd *d, int argc, char **argv, bool *only_check)
{
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (c) {
		case OPT_CONFIG:
			d->config_path = optarg;
			break;
		case OPT_METRICS:
			d->metrics_path = optarg;
			break;
		case OPT_CHECK:
			*only_check = true;
			break;
		case OPT_VERSION:
			puts("kvtierd " KVTIER_VERSION);
			return KVP_OK;
		case OPT_HELP:
		case 'h':
			fputs(usage, stdout);
			return KVP_OK;
		default:
			fputs(usage, stderr);
			return KVP_USAGE;
		}
	if (optind == argc)
		return -1;
	fprintf(stderr, "kvtierd: '%s' is one argument too many\n%s", argv[optind], usage);
	return KVP_USAGE;
}

int main(int argc, char **argv)
{
	static struct kvd d = { .config_path = DEFAULT_CONFIG, .channel.fd = -1 };
	bool only_check = false;
	int code = parse_args(&d, argc, argv, &only_check);

	if (code >= 0)
		return code;
	if (d.metrics_path && strlen(d.metrics_path) >= KVP_PATH) {
		fputs("kvtierd: the metrics file's path is too long\n", stderr);
		return KVP_USAGE;
	}
	srandom((unsigned int)kvp_now() ^ (unsigned int)getpid());
	code = read_config(&d, only_check);
	if (!code && !only_check)
		code = run(&d);
	kvd_config_free(d.config);
	return code;
}
