// SPDX-License-Identifier: GPL-2.0
/* The policy agent over a directory that looks like sysfs. */
#include <json-c/json.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "policy.h"
#include "tap.h"

static char root[] = "/tmp/kvtier-policy-XXXXXX";
static char status[PATH_MAX];
static char last_line[1024];
static unsigned int nr_lines;
static double latency;

__attribute__((format(printf, 2, 3)))
static void put(const char *value, const char *format, ...)
{
	char path[PATH_MAX], tail[200], *slash;
	va_list args;
	FILE *f;

	va_start(args, format);
	vsnprintf(tail, sizeof(tail), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/%s", root, tail);
	for (slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(path, 0700);
		*slash = '/';
	}
	f = fopen(path, "w");
	must(f);
	fprintf(f, "%s\n", value);
	must(!fclose(f));
}

static const char *get(const char *tail)
{
	static char text[100];
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, tail);
	f = fopen(path, "r");
	if (!f)
		return "(none)";
	memset(text, 0, sizeof(text));
	must(fread(text, 1, sizeof(text) - 1, f) < sizeof(text));
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void put_counters(const char *space, unsigned int acquires,
			 unsigned int hits)
{
	char text[20];

	snprintf(text, sizeof(text), "%u", acquires);
	put(text, "kvtier/%s/stats/acquires", space);
	snprintf(text, sizeof(text), "%u", hits);
	put(text, "kvtier/%s/stats/acquire_hits", space);
}

static void make_space(const char *space)
{
	put_counters(space, 0, 0);
	put("dram0", "kvtier/%s/arena0/tier", space);
	put("100", "kvtier/%s/arena0/frames", space);
	put("50", "kvtier/%s/arena0/free", space);
	put("nv", "kvtier/%s/arena1/tier", space);
	put("back", "kvtier/%s/remote_write", space);
	put("free", "kvtier/%s/promote", space);
	put("1000", "kvtier_tier/nv/write_budget");
	put("900", "kvtier_tier/nv/budget_left");
}

static double metric(void *arg, const char *space, const char *name)
{
	(void)arg;
	return !strcmp(name, "pool_latency_ms") && !strcmp(space, "a") ?
		latency : NAN;
}

void kvp_log(enum kvp_level level, const char *what, const char *format, ...)
{
	int len = snprintf(last_line, sizeof(last_line), "%d %s: ", level, what);
	va_list args;

	nr_lines++;
	va_start(args, format);
	vsnprintf(last_line + len, sizeof(last_line) - len, format, args);
	va_end(args);
}

const char *kvp_quote(const char *text)
{
	return text;
}

/* One rule: "when", and "set". */
static struct kvd_policy *start(const char *when, const char *set, bool is_dry)
{
	const struct kvd_policy_env env = {
		.sysfs = root,
		.status = status,
		.is_dry = is_dry,
		.metric = metric,
	};
	struct kvd_policy *p;
	struct kvd_rule r;

	kvd_rule_begin(&r, "one");
	must(!kvd_rule_set(&r, "when", when));
	must(!kvd_rule_set(&r, "set", set));
	must(!kvd_rule_set(&r, "for", "5"));
	must(!kvd_rule_set(&r, "rest", "0"));
	must(!kvd_rule_check(&r));
	nr_lines = 0;
	p = kvd_policy_new(&env, &r, 1);
	must(p);
	return p;
}

static void test_daemon_metric(void)
{
	struct kvd_policy *p = start("pool_latency_ms > 50", "remote_write none",
				     false);

	latency = 100;
	kvd_policy_tick(p, 0);
	ok(!strcmp(get("kvtier/a/remote_write"), "back"), "not at once");
	kvd_policy_tick(p, 5);
	ok(!strcmp(get("kvtier/a/remote_write"), "none"), "after its time");
	ok(!strcmp(get("kvtier/b/remote_write"), "back"),
	   "not where the metric is not known");
	is(nr_lines, 1, "told once");
	ok(strstr(last_line, "rule=one space=a knob=remote_write value=none done=1") &&
	   strstr(last_line, "pool_latency_ms is 100"), "%s", last_line);
	kvd_policy_tick(p, 10);
	is(nr_lines, 1, "no more of it");
	latency = 1;
	kvd_policy_tick(p, 15);
	kvd_policy_tick(p, 20);
	ok(!strcmp(get("kvtier/a/remote_write"), "back"), "and back");
	kvd_policy_free(p);
}

static void test_ratio(void)
{
	struct kvd_policy *p = start("hit_ratio < .5", "promote always", false);
	unsigned int i;

	for (i = 0; i < 4; i++) {
		put_counters("a", 100 * i, 90 * i);
		put_counters("b", 100 * i, 10 * i);
		kvd_policy_tick(p, 5 * i);
	}
	ok(!strcmp(get("kvtier/a/promote"), "free"), "enough hits");
	ok(!strcmp(get("kvtier/b/promote"), "always"), "too few");
	kvd_policy_tick(p, 30);
	kvd_policy_tick(p, 60);
	ok(!strcmp(get("kvtier/b/promote"), "always"),
	   "nobody asks: nothing changes");
	kvd_policy_free(p);
	put("free", "kvtier/b/promote");
}

static void test_gauges(void)
{
	struct kvd_policy *p = start("free_percent < 10", "promote off", false);

	kvd_policy_tick(p, 0);
	kvd_policy_tick(p, 9);
	ok(!strcmp(get("kvtier/a/promote"), "free"), "room enough");
	put("9", "kvtier/a/arena0/free");
	kvd_policy_tick(p, 10);
	kvd_policy_tick(p, 15);
	ok(!strcmp(get("kvtier/a/promote"), "off"), "little room");
	kvd_policy_free(p);

	put("free", "kvtier/a/promote");
	p = start("wear_left < 20", "promote off", false);
	put("199", "kvtier_tier/nv/budget_left");
	kvd_policy_tick(p, 0);
	kvd_policy_tick(p, 5);
	ok(!strcmp(get("kvtier/a/promote"), "off"), "the write budget");
	put("0", "kvtier_tier/nv/write_budget");
	kvd_policy_tick(p, 6);
	kvd_policy_tick(p, 60);
	ok(!strcmp(get("kvtier/a/promote"), "off"), "unlimited: not known");
	kvd_policy_free(p);
	put("free", "kvtier/a/promote");
}

static void test_rate(void)
{
	struct kvd_policy *p = start("rate.lost > 2", "promote off", false);

	put("0", "kvtier/a/stats/lost");
	kvd_policy_tick(p, 0);
	put("30", "kvtier/a/stats/lost");
	kvd_policy_tick(p, 10);
	put("60", "kvtier/a/stats/lost");
	kvd_policy_tick(p, 20);
	ok(!strcmp(get("kvtier/a/promote"), "off"), "3 a second are more than 2");
	kvd_policy_free(p);
	put("free", "kvtier/a/promote");
}

static void test_dry(void)
{
	struct kvd_policy *p = start("pool_latency_ms > 50", "remote_write none",
				     true);
	json_object *all, *rows, *row, *v;

	latency = 100;
	kvd_policy_tick(p, 0);
	kvd_policy_tick(p, 5);
	ok(!strcmp(get("kvtier/a/remote_write"), "back"), "dry: left alone");
	ok(strstr(last_line, "dry_run=1"), "and said so");
	all = json_object_from_file(status);
	must(all && json_object_object_get_ex(all, "rules", &rows));
	is(json_object_array_length(rows), 2, "a row for each space");
	row = json_object_array_get_idx(rows, 0);
	must(json_object_object_get_ex(row, "space", &v));
	if (strcmp(json_object_get_string(v), "a"))
		row = json_object_array_get_idx(rows, 1);
	ok(json_object_object_get_ex(row, "on", &v) && json_object_get_boolean(v),
	   "the rule is on");
	ok(json_object_object_get_ex(row, "reason", &v) &&
	   strstr(json_object_get_string(v), "above 50"), "why");
	json_object_put(all);
	kvd_policy_free(p);
}

/* A knob that cannot be written, a space that goes. */
static void test_gone(void)
{
	struct kvd_policy *p = start("free_percent < 90", "verify 10", false);

	kvd_policy_tick(p, 0);
	kvd_policy_tick(p, 5);
	kvd_policy_tick(p, 10);
	is(nr_lines, 2, "told once for each space, tried again in silence");
	put("0", "kvtier/a/verify");
	kvd_policy_tick(p, 15);
	ok(!strcmp(get("kvtier/a/verify"), "10"), "until it works");
	kvd_policy_free(p);
}

/* A directory that is not there yet: told once, and told anew when it is gone again. */
static void test_status(void)
{
	struct kvd_policy *p;

	snprintf(status, sizeof(status), "%s/run/policy.json", root);
	p = start("free_percent < 1", "verify 10", false);
	kvd_policy_tick(p, 0);
	ok(strstr(last_line, "status of rules cannot be written"), "%s", last_line);
	kvd_policy_tick(p, 5);
	is(nr_lines, 1, "told once");
	put("", "run/other");
	kvd_policy_tick(p, 10);
	ok(!access(status, R_OK) && nr_lines == 1, "it works, which needs no words");
	must(!unlink(status) && !mkdir(status, 0700));
	kvd_policy_tick(p, 15);
	is(nr_lines, 2, "told anew");
	kvd_policy_free(p);
}

int main(void)
{
	char command[PATH_MAX];

	must(mkdtemp(root));
	snprintf(status, sizeof(status), "%s/policy.json", root);
	make_space("a");
	make_space("b");
	test_daemon_metric();
	test_ratio();
	test_gauges();
	test_rate();
	test_dry();
	test_gone();
	test_status();
	snprintf(command, sizeof(command), "rm -rf %s", root);
	must(!system(command));
	return done();
}
