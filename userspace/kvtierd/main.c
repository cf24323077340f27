// SPDX-License-Identifier: GPL-2.0
/*
 * kvtierd: the helper of a remote tier. It takes the kernel's requests from the tier's
 * channel and carries them out at the pool nodes, by RDMA. See kvtierd(8).
 */
#include <errno.h>
#include <gcrypt.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent.h"
#include "clock.h"
#include "daemon.h"
#include "events.h"
#include "metrics.h"
#include "notify.h"
#include "tags.h"

#define DEFAULT_CONFIG	"/etc/kvtier/kvtierd.conf"
#define STOP_NS		(5 * KVD_S)	/* for what is under way at the end */
#define SCAN_NS		(2 * KVD_S)
#define METRICS_NS	(10 * KVD_S)

#ifndef PR_SET_IO_FLUSHER
#define PR_SET_IO_FLUSHER 57
#endif

#define D_OF(member, p) \
	((struct kvd *)((char *)(p) - offsetof(struct kvd, member)))

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

/* ------------------------------------------------------------------------ process */

/* The kernel frees memory by this daemon: it must not wait for memory to be freed. */
static void keep_out_of_reclaim(void)
{
	if (prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0))
		kvd_log(KVD_WARN, "PR_SET_IO_FLUSHER failed: with little memory left spills may stall (CAP_SYS_RESOURCE is needed)",
			"why=%s", kvd_quote(strerror(errno)));
	if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		kvd_log(KVD_WARN, "mlockall failed: set LimitMEMLOCK=infinity (ulimit -l unlimited)",
			"why=%s", kvd_quote(strerror(errno)));
}

static void check_memlock(void)
{
	struct rlimit limit;

	if (!getrlimit(RLIMIT_MEMLOCK, &limit) && limit.rlim_cur != RLIM_INFINITY)
		kvd_log(KVD_INFO, "locked memory is limited: windows may not be registered without CAP_IPC_LOCK; LimitMEMLOCK=infinity lifts it",
			"bytes=%llu", (unsigned long long)limit.rlim_cur);
}

static void end(struct kvd *d, int code)
{
	d->loop.ended = true;
	d->code = code;
}

/* ------------------------------------------------------------------------- reload */

static bool needs_restart(const struct kvd_config *a, const struct kvd_config *b)
{
	return strcmp(a->tier, b->tier) || a->depth != b->depth;
}

static void reload(struct kvd *d)
{
	char wrong[KVD_WRONG];
	struct kvd_config *config = kvd_config_read(d->config_path, wrong);

	if (!config) {
		kvd_log(KVD_ERROR, "configuration is no good: the old one stays in force",
			"why=%s", kvd_quote(wrong));
		return;
	}
	if (needs_restart(d->config, config))
		kvd_log(KVD_WARN, "tier and depth change with a restart only", "file=%s",
			kvd_quote(d->config_path));
	strcpy(config->tier, d->config->tier);
	config->depth = d->config->depth;
	kvd_agent_stop(d);
	kvd_config_free(d->config);
	d->config = config;
	kvd_log_level(config->log);
	kvd_spaces_reload(d);
	kvd_agent_start(d);
	kvd_log(KVD_INFO, "configuration read", "file=%s members=%u spaces=%u",
		kvd_quote(d->config_path), config->nr_members, config->nr_spaces);
}

/* ------------------------------------------------------------------------ stopping */

static void stop_now(struct kvd_timer *timer)
{
	struct kvd *d = D_OF(stop_timer, timer);

	kvd_log(KVD_WARN, "requests are given up", "requests=%u", d->nr_busy);
	end(d, KVD_OK);
}

static void stop(struct kvd *d)
{
	if (d->is_stopping)
		return;
	kvp_notify("STOPPING=1");
	kvd_log(KVD_INFO, "stopping", "requests=%u", d->nr_busy);
	d->is_stopping = true;
	kvd_timer_set(&d->loop.timers, &d->stop_timer, kvd_now() + STOP_NS);
	if (!d->nr_busy)
		end(d, KVD_OK);
}

static void signalled(struct kvd_event *event, int res)
{
	struct kvd *d = D_OF(signals, event);
	struct signalfd_siginfo info;

	(void)res;
	while (read(event->fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGHUP) {
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
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	d->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (d->signals.fd < 0)
		return -errno;
	d->signals.happened = signalled;
	kvd_loop_watch(&d->loop, &d->signals);
	return 0;
}

/* -------------------------------------------------------------------------- timers */

static void scan_again(struct kvd_timer *timer)
{
	struct kvd *d = D_OF(scan_timer, timer);

	kvd_spaces_scan(d);
	kvd_timer_set(&d->loop.timers, timer, kvd_now() + SCAN_NS);
}

static void spaces_changed(void *user)
{
	kvd_spaces_scan(user);
}

static void metrics_due(struct kvd_timer *timer)
{
	struct kvd *d = D_OF(metrics_timer, timer);

	kvd_metrics_write(d, d->metrics_path);
	kvd_timer_set(&d->loop.timers, timer, kvd_now() + METRICS_NS);
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
	kvp_rdma_run(D_OF(rdma_event, event)->rdma);
}

static int start_rdma(struct kvd *d)
{
	int rc = kvp_rdma_create(&d->rdma);

	if (rc) {
		kvd_log(KVD_ERROR, "no RDMA", "why=%s advice=%s", kvd_quote(strerror(-rc)),
			kvd_quote(kvp_rdma_advice(rc)));
		return rc == -ENODEV ? KVD_NO_RDMA : KVD_FAILED;
	}
	d->rdma_event.fd = kvp_rdma_fd(d->rdma);
	d->rdma_event.happened = rdma_ready;
	kvd_loop_watch(&d->loop, &d->rdma_event);
	return KVD_OK;
}

static int start_channel(struct kvd *d)
{
	const char *wrong = kvd_channel_open(&d->channel, d->config->tier,
					     d->config->depth);
	int rc;

	if (wrong) {
		kvd_log(KVD_ERROR, "the tier cannot be served", "tier=%s why=%s",
			d->config->tier, kvd_quote(wrong));
		return KVD_FAILED;
	}
	rc = kvp_memory_add(d->rdma, d->channel.map, d->channel.map_bytes, 0,
			    &d->channel_memory);
	if (!rc)
		return KVD_OK;
	kvd_log(KVD_ERROR, "the channel cannot be registered", "why=%s advice=%s",
		kvd_quote(strerror(-rc)), kvd_quote(kvp_rdma_advice(rc)));
	kvd_channel_close(&d->channel);
	return KVD_FAILED;
}

/* Spaces first, so that members are connected when the first request comes. */
static int serve(struct kvd *d)
{
	struct kvd_events *events;
	int rc;

	if (watch_signals(d) || kvd_tags_create(d))
		return KVD_FAILED;
	events = kvd_events_open(&d->loop, spaces_changed, d);
	start_timers(d);
	kvd_tags_arm(d);
	kvd_agent_start(d);
	kvd_log(KVD_INFO, "serving", "tier=%s depth=%u members=%u version=%s",
		d->config->tier, d->config->depth, d->config->nr_members, KVTIER_VERSION);
	kvp_notify("READY=1");
	rc = kvd_loop_run(&d->loop);
	if (rc) {
		kvd_log(KVD_ERROR, "io_uring failed", "why=%s", kvd_quote(strerror(-rc)));
		d->code = KVD_FAILED;
	}
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
	check_memlock();
	code = start_channel(d);
	if (!code) {
		keep_out_of_reclaim();
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
	int rc = kvd_loop_init(&d->loop), code;

	if (rc) {
		kvd_log(KVD_ERROR, "no io_uring (sysctl kernel.io_uring_disabled=0)",
			"why=%s", kvd_quote(strerror(-rc)));
		return KVD_FAILED;
	}
	code = start(d);
	kvd_loop_exit(&d->loop);
	return code;
}

/* ---------------------------------------------------------------------- arguments */

static int read_config(struct kvd *d, bool only_check)
{
	char wrong[KVD_WRONG];

	d->config = kvd_config_read(d->config_path, wrong);
	if (!d->config) {
		kvd_log(KVD_ERROR, "configuration is no good", "why=%s", kvd_quote(wrong));
		return KVD_CONFIG;
	}
	kvd_log_level(d->config->log);
	if (only_check)
		printf("%s: good: %u members, %u spaces\n", d->config_path,
		       d->config->nr_members, d->config->nr_spaces);
	return KVD_OK;
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
			return KVD_OK;
		case OPT_HELP:
		case 'h':
			fputs(usage, stdout);
			return KVD_OK;
		default:
			fputs(usage, stderr);
			return KVD_USAGE;
		}
	if (optind == argc)
		return -1;
	fprintf(stderr, "kvtierd: '%s' is one argument too many\n%s", argv[optind], usage);
	return KVD_USAGE;
}

int main(int argc, char **argv)
{
	static struct kvd d = { .config_path = DEFAULT_CONFIG, .channel.fd = -1 };
	bool only_check = false;
	int code = parse_args(&d, argc, argv, &only_check);

	if (code >= 0)
		return code;
	if (d.metrics_path && strlen(d.metrics_path) >= KVD_PATH) {
		fputs("kvtierd: the metrics file's path is too long\n", stderr);
		return KVD_USAGE;
	}
	gcry_check_version(NULL);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
	srandom((unsigned int)kvd_now() ^ (unsigned int)getpid());
	code = read_config(&d, only_check);
	if (!code && !only_check)
		code = run(&d);
	kvd_config_free(d.config);
	return code;
}
