// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "policy.h"

#define TEXT		256
#define PATH		512
#define MAX_ARENAS	8

/* Counters that metrics are made of; rate.* remembers one more for each rule. */
enum { HITS, ACQUIRES, FETCHES, NR_COUNTERS };

static const char *const counters[NR_COUNTERS] = {
	[HITS]		= "acquire_hits",
	[ACQUIRES]	= "acquires",
	[FETCHES]	= "fetches",
};

/**
 * struct pair - a rule and a space that it is for
 * @state: see rule.h
 * @last: of its rate.COUNTER; NAN: not known
 * @metric: at the last look
 * @reason: of the last change, "" if there was none
 */
struct pair {
	struct kvd_rule_state state;
	double last;
	double metric;
	char reason[TEXT];
};

/**
 * struct watched - a space
 * @next: the next one
 * @name: its name
 * @seen: in this look
 * @at: when the counters were read, seconds
 * @last: counters at the last look but one; NAN: not known
 * @now: at this one
 * @pairs: by rule
 */
struct watched {
	struct watched *next;
	char name[KVD_RULE_NAME];
	bool seen;
	double at;
	double last[NR_COUNTERS];
	double now[NR_COUNTERS];
	struct pair pairs[];
};

/**
 * struct kvd_policy - the agent
 * @env: constant
 * @rules: @nr of them; constant
 * @nr: of @rules; constant
 * @spaces: those that there were at the last look
 * @is_mute: the status could not be written, which was told
 */
struct kvd_policy {
	struct kvd_policy_env env;
	struct kvd_rule *rules;
	unsigned int nr;
	struct watched *spaces;
	bool is_mute;
};

/* ------------------------------------------------------------------ attributes */

__attribute__((format(printf, 3, 4)))
static int read_text(const struct kvd_policy *p, char *text, const char *format,
		     ...)
{
	char path[PATH], tail[PATH / 2];
	va_list args;
	ssize_t len;
	int fd;

	va_start(args, format);
	vsnprintf(tail, sizeof(tail), format, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/%s", p->env.sysfs, tail);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	len = read(fd, text, TEXT - 1);
	close(fd);
	if (len < 0)
		return -EIO;
	text[len] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

/* NAN if it is not a number, or not there. */
#define READ_NUMBER(p, ...) ({					\
	char number_[TEXT], *end_ = NULL;			\
	double value_ = NAN;					\
	if (!read_text(p, number_, __VA_ARGS__)) {		\
		value_ = strtod(number_, &end_);		\
		if (end_ == number_ || *end_)			\
			value_ = NAN;				\
	}							\
	value_;							\
})

static int write_knob(const struct kvd_policy *p, const char *space,
		      const char *knob, const char *value)
{
	ssize_t len = strlen(value);
	char path[PATH];
	int fd, err = 0;

	snprintf(path, sizeof(path), "%s/kvtier/%s/%s", p->env.sysfs, space, knob);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, len) != len)
		err = errno ? -errno : -EIO;
	close(fd);
	return err;
}

/* --------------------------------------------------------------------- metrics */

static double free_percent(const struct kvd_policy *p, const char *space)
{
	double least = NAN, frames, nr_free;
	int i;

	for (i = 0; i < MAX_ARENAS; i++) {
		frames = READ_NUMBER(p, "kvtier/%s/arena%d/frames", space, i);
		nr_free = READ_NUMBER(p, "kvtier/%s/arena%d/free", space, i);
		/* Of an nvme tier there are no frames. */
		if (!(frames > 0) || isnan(nr_free))
			continue;
		least = fmin(least, 100 * nr_free / frames);
	}
	return least;
}

static double wear_left(const struct kvd_policy *p, const char *space)
{
	double least = NAN, budget, left;
	char tier[TEXT];
	int i;

	for (i = 0; i < MAX_ARENAS; i++) {
		if (read_text(p, tier, "kvtier/%s/arena%d/tier", space, i) ||
		    !*tier || strchr(tier, '/'))
			continue;
		budget = READ_NUMBER(p, "kvtier_tier/%s/write_budget", tier);
		left = READ_NUMBER(p, "kvtier_tier/%s/budget_left", tier);
		if (budget > 0)		/* 0: unlimited */
			least = fmin(least, 100 * left / budget);
	}
	return least;
}

/* How many of @part there were for each of @whole, since the last look. */
static double ratio(const struct watched *w, int part, int whole)
{
	double nr = w->now[whole] - w->last[whole];

	return nr > 0 ? (w->now[part] - w->last[part]) / nr : NAN;
}

static double rate(const struct kvd_policy *p, struct watched *w,
		   struct pair *pair, const char *counter, double seconds)
{
	double now = strchr(counter, '/') ? NAN :
		     READ_NUMBER(p, "kvtier/%s/stats/%s", w->name, counter);
	double last = pair->last;

	pair->last = now;
	return seconds > 0 ? (now - last) / seconds : NAN;
}

static double get_metric(const struct kvd_policy *p, struct watched *w,
			 struct pair *pair, const char *name, double seconds)
{
	if (!strcmp(name, "hit_ratio"))
		return ratio(w, HITS, ACQUIRES);
	if (!strcmp(name, "fetch_ratio"))
		return ratio(w, FETCHES, ACQUIRES);
	if (!strcmp(name, "free_percent"))
		return free_percent(p, w->name);
	if (!strcmp(name, "wear_left"))
		return wear_left(p, w->name);
	if (!strncmp(name, "rate.", 5))
		return rate(p, w, pair, name + 5, seconds);
	return p->env.metric ? p->env.metric(p->env.arg, w->name, name) : NAN;
}

/* ----------------------------------------------------------------------- rules */

static void tell(const struct watched *w, const struct kvd_rule *r, const char *how,
		 const char *value, const char *reason)
{
	kvp_log(KVP_INFO, "rule", "rule=%s space=%s knob=%s value=%s %s reason=%s", r->name,
		w->name, r->knob, value, how, kvp_quote(reason));
}

static void change(struct kvd_policy *p, struct watched *w,
		   const struct kvd_rule *r, struct pair *pair, double now)
{
	const char *value = kvd_rule_value(r, &pair->state);
	char before[TEXT] = "", reason[TEXT], how[64] = "done=1";
	int err;

	kvd_rule_reason(r, &pair->state, pair->metric, reason, sizeof(reason));
	err = read_text(p, before, "kvtier/%s/%s", w->name, r->knob);
	if (!err && strlen(before) >= KVD_RULE_NAME)
		err = -EOVERFLOW;
	if (!err && !p->env.is_dry)
		err = write_knob(p, w->name, r->knob, value);
	if (p->env.is_dry)
		strcpy(how, "done=0 dry_run=1");
	if (err)
		snprintf(how, sizeof(how), "done=0 error=%d", -err);
	/* The same failure is told once, and tried again at each look. */
	if (!err || strcmp(pair->reason, how))
		tell(w, r, how, value, reason);
	snprintf(pair->reason, sizeof(pair->reason), "%s", err ? how : reason);
	if (!err)
		kvd_rule_changed(&pair->state, now, before);
}

static void look(struct kvd_policy *p, struct watched *w, double now)
{
	double seconds = now - w->at;
	unsigned int i;
	int c;

	for (c = 0; c < NR_COUNTERS; c++) {
		w->last[c] = w->now[c];
		w->now[c] = READ_NUMBER(p, "kvtier/%s/stats/%s", w->name,
					counters[c]);
	}
	for (i = 0; i < p->nr; i++) {
		const struct kvd_rule *r = &p->rules[i];
		struct pair *pair = &w->pairs[i];

		if (!kvd_rule_is_for(r, w->name))
			continue;
		pair->metric = get_metric(p, w, pair, r->metric, seconds);
		if (kvd_rule_step(r, &pair->state, now, pair->metric))
			change(p, w, r, pair, now);
	}
	w->at = now;
}

/* ---------------------------------------------------------------------- spaces */

static struct watched *new_watched(const struct kvd_policy *p, const char *name)
{
	struct watched *w = calloc(1, sizeof(*w) + p->nr * sizeof(*w->pairs));
	unsigned int i;

	if (!w)
		return NULL;
	/* Who calls has seen to its length. */
	strcpy(w->name, name);
	for (i = 0; i < NR_COUNTERS; i++)
		w->now[i] = NAN;
	for (i = 0; i < p->nr; i++) {
		w->pairs[i].last = NAN;
		w->pairs[i].metric = NAN;
	}
	return w;
}

static struct watched *find_space(struct kvd_policy *p, const char *name)
{
	struct watched **at, *w;

	for (at = &p->spaces; *at; at = &(*at)->next)
		if (!strcmp((*at)->name, name))
			return *at;
	w = new_watched(p, name);
	*at = w;
	return w;
}

static void forget_unseen(struct kvd_policy *p)
{
	struct watched **at = &p->spaces, *w;

	while ((w = *at)) {
		if (w->seen) {
			w->seen = false;
			at = &w->next;
			continue;
		}
		*at = w->next;
		free(w);
	}
}

/* ---------------------------------------------------------------------- status */

static json_object *pair_status(const struct kvd_policy *p,
				const struct watched *w, unsigned int i,
				double now)
{
	const struct pair *pair = &w->pairs[i];
	const struct kvd_rule *r = &p->rules[i];
	json_object *o = json_object_new_object();
	char value[TEXT] = "";

	read_text(p, value, "kvtier/%s/%s", w->name, r->knob);
	json_object_object_add(o, "rule", json_object_new_string(r->name));
	json_object_object_add(o, "space", json_object_new_string(w->name));
	json_object_object_add(o, "metric", json_object_new_string(r->metric));
	if (!isnan(pair->metric))
		json_object_object_add(o, "is",
				       json_object_new_double(pair->metric));
	json_object_object_add(o, "on",
			       json_object_new_boolean(pair->state.is_on));
	json_object_object_add(o, "knob", json_object_new_string(r->knob));
	json_object_object_add(o, "value", json_object_new_string(value));
	if (pair->state.has_changed)
		json_object_object_add(o, "changed_s_ago",
				       json_object_new_int64(now -
							     pair->state.changed_at));
	json_object_object_add(o, "reason", json_object_new_string(pair->reason));
	return o;
}

static json_object *make_status(const struct kvd_policy *p, double now)
{
	json_object *all = json_object_new_object();
	json_object *rows = json_object_new_array();
	const struct watched *w;
	unsigned int i;

	for (w = p->spaces; w; w = w->next)
		for (i = 0; i < p->nr; i++)
			if (kvd_rule_is_for(&p->rules[i], w->name))
				json_object_array_add(rows,
						      pair_status(p, w, i, now));
	json_object_object_add(all, "dry_run",
			       json_object_new_boolean(p->env.is_dry));
	json_object_object_add(all, "pid", json_object_new_int(getpid()));
	json_object_object_add(all, "rules", rows);
	return all;
}

/* Whole or not at all: readers see the old one, or the new one. */
static int replace_file(const char *file, json_object *content)
{
	char path[PATH];

	snprintf(path, sizeof(path), "%s.new", file);
	errno = 0;
	if (!json_object_to_file_ext(path, content, JSON_C_TO_STRING_PRETTY) &&
	    !rename(path, file))
		return 0;
	return errno ? -errno : -EIO;
}

/* What goes wrong is told once, until it works again. */
static void write_status(struct kvd_policy *p, double now)
{
	json_object *status;
	int err;

	if (!p->env.status)
		return;
	status = make_status(p, now);
	err = replace_file(p->env.status, status);
	json_object_put(status);
	if (err && !p->is_mute)
		kvp_log(KVP_WARN, "status of rules cannot be written", "file=%s why=%s",
			kvp_quote(p->env.status), kvp_quote(strerror(-err)));
	p->is_mute = err;
}

/**
 * kvd_policy_tick() - look once
 * @p: the agent
 * @now: seconds, of a clock that never goes back
 *
 * Call it every few seconds. Blocks for sysfs only.
 */
void kvd_policy_tick(struct kvd_policy *p, double now)
{
	char path[PATH];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/kvtier", p->env.sysfs);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		struct watched *w;

		if (*d->d_name == '.' || strlen(d->d_name) >= KVD_RULE_NAME)
			continue;
		w = find_space(p, d->d_name);
		if (!w)
			continue;
		w->seen = true;
		look(p, w, now);
	}
	if (dir)
		closedir(dir);
	forget_unseen(p);
	write_status(p, now);
}

/**
 * kvd_policy_new() - an agent
 * @env: copied, not what it points to
 * @rules: checked ones; copied
 * @nr: of @rules
 *
 * Return: NULL without memory.
 */
struct kvd_policy *kvd_policy_new(const struct kvd_policy_env *env,
				  const struct kvd_rule *rules, unsigned int nr)
{
	struct kvd_policy *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->env = *env;
	p->nr = nr;
	p->rules = calloc(nr ? nr : 1, sizeof(*rules));
	if (!p->rules) {
		free(p);
		return NULL;
	}
	memcpy(p->rules, rules, nr * sizeof(*rules));
	return p;
}

/* Knobs stay as they are; so does the file, without its process. */
void kvd_policy_free(struct kvd_policy *p)
{
	if (!p)
		return;
	/* Unseen all. */
	forget_unseen(p);
	free(p->rules);
	free(p);
}
