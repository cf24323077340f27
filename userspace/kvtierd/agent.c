// SPDX-License-Identifier: GPL-2.0
#include <libgen.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"
#include "clock.h"
#include "daemon.h"
#include "policy.h"

#define LOOK_NS	(2 * KVP_S)

/* Mean of what requests of a space have taken of late; see kvd_space_took(). */
static double latency_ms(const struct kvd_space *s)
{
	return s->latency_ns ? (double)s->latency_ns / KVP_MS : NAN;
}

/* Of its members, how many answer, 0 to 1. */
static double up(const struct kvd_space *s)
{
	if (!s->view || !s->view->nr)
		return 0;
	return (double)kvd_view_ready(s->view) / s->view->nr;
}

static double get_metric(void *arg, const char *space, const char *name)
{
	const struct kvd *d = arg;
	const struct kvd_space *s;

	for (s = d->spaces; s && strcmp(s->name, space); s = s->next)
		;
	if (!s)
		return NAN;
	if (!strcmp(name, "pool_latency_ms"))
		return latency_ms(s);
	return strcmp(name, "pool_up") ? NAN : up(s);
}

static void look(struct kvp_timer *timer)
{
	struct kvd *d = container_of(timer, struct kvd, policy_timer);

	kvd_policy_tick(d->policy, (double)kvp_now() / KVP_S);
	kvp_timer_set(&d->loop.timers, timer, kvp_now() + LOOK_NS);
}

/* systemd makes it; who starts the daemon by hand has none. */
static void make_directory(const char *file)
{
	char path[KVP_PATH];

	strcpy(path, file);
	mkdir(dirname(path), 0755);
}

void kvd_agent_start(struct kvd *d)
{
	struct kvd_policy_env env = {
		.sysfs = "/sys/class", .status = d->config->status_file,
		.is_dry = d->config->dry_run, .metric = get_metric, .arg = d,
	};

	kvd_agent_stop(d);
	if (!d->config->nr_rules)
		return;
	d->policy = kvd_policy_new(&env, d->config->rules, d->config->nr_rules);
	if (!d->policy) {
		kvp_log(KVP_ERROR, "no memory for rules", "rules=%u", d->config->nr_rules);
		return;
	}
	make_directory(d->config->status_file);
	d->policy_timer.fire = look;
	look(&d->policy_timer);
}

void kvd_agent_stop(struct kvd *d)
{
	if (!d->policy)
		return;
	kvp_timer_stop(&d->policy_timer);
	kvd_policy_free(d->policy);
	d->policy = NULL;
	unlink(d->config->status_file);
}
