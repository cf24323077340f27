// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rule.h"

/* Longest times that a rule may name: a day. */
#define MAX_SECONDS 86400.0

static const char no_number[] = "is no number";

/* The knobs that a rule may set: nothing that loses blocks at once. */
static const char *const knobs[] = {
	"default_class", "low_watermark", "high_watermark", "lease_quota",
	"promote", "checksum", "verify", "policy", "remote_write", "remote_rate",
	"remote_timeout_ms",
};

/**
 * kvd_rule_begin() - before its keys are set
 * @r: the rule
 * @name: of its section
 */
void kvd_rule_begin(struct kvd_rule *r, const char *name)
{
	memset(r, 0, sizeof(*r));
	snprintf(r->name, sizeof(r->name), "%s", name);
	strcpy(r->space, "*");
	r->back = NAN;
	r->hold_s = 10;
	r->rest_s = 60;
}

/* A number and nothing else. */
static bool get_number(const char *text, double *to)
{
	char *end;

	errno = 0;
	*to = strtod(text, &end);
	return end != text && !*end && !errno && isfinite(*to);
}

static const char *get_text(const char *text, char *to)
{
	size_t i, len = strlen(text);

	if (!len || len >= KVD_RULE_NAME)
		return "is empty, or longer than 31 characters";
	for (i = 0; i < len; i++)
		if (!isgraph((unsigned char)text[i]))
			return "has a space, or an odd character in it";
	memcpy(to, text, len + 1);
	return NULL;
}

static const char *get_seconds(const char *text, double *to)
{
	double s;

	if (!get_number(text, &s))
		return no_number;
	if (s < 0 || s > MAX_SECONDS)
		return "is not within 0 and 86400 seconds";
	*to = s;
	return NULL;
}

/* "metric > number" or "metric < number". */
static const char *get_condition(const char *text, char *metric, bool *is_above,
				 double *limit)
{
	size_t len = strcspn(text, " \t<>");
	const char *op = text + len + strspn(text + len, " \t");
	char name[KVD_RULE_NAME];

	if (!len || len >= sizeof(name) || (*op != '<' && *op != '>'))
		return "is not 'METRIC > NUMBER' or 'METRIC < NUMBER'";
	memcpy(name, text, len);
	name[len] = '\0';
	*is_above = *op++ == '>';
	op += strspn(op, " \t");
	if (!get_number(op, limit))
		return "does not end in a number";
	strcpy(metric, name);
	return NULL;
}

static const char *set_when(struct kvd_rule *r, const char *value)
{
	return get_condition(value, r->metric, &r->is_above, &r->limit);
}

static const char *set_back(struct kvd_rule *r, const char *value)
{
	return get_number(value, &r->back) ? NULL : no_number;
}

/* "knob value". */
static const char *set_set(struct kvd_rule *r, const char *value)
{
	size_t len = strcspn(value, " \t"), i;
	const char *rest = value + len + strspn(value + len, " \t");

	for (i = 0; i < sizeof(knobs) / sizeof(*knobs); i++)
		if (strlen(knobs[i]) == len && !memcmp(knobs[i], value, len))
			break;
	if (i == sizeof(knobs) / sizeof(*knobs))
		return "names no knob that a rule may set";
	strcpy(r->knob, knobs[i]);
	return get_text(rest, r->value);
}

/**
 * kvd_rule_set() - one line of a rule
 * @r: begun
 * @key: "space", "when", "back", "for", "rest", "set" or "otherwise"
 * @value: without white space around it
 *
 * Return: NULL, or what is wrong with it.
 */
const char *kvd_rule_set(struct kvd_rule *r, const char *key, const char *value)
{
	if (!strcmp(key, "space"))
		return get_text(value, r->space);
	if (!strcmp(key, "when"))
		return set_when(r, value);
	if (!strcmp(key, "back"))
		return set_back(r, value);
	if (!strcmp(key, "for"))
		return get_seconds(value, &r->hold_s);
	if (!strcmp(key, "rest"))
		return get_seconds(value, &r->rest_s);
	if (!strcmp(key, "set"))
		return set_set(r, value);
	if (!strcmp(key, "otherwise"))
		return get_text(value, r->otherwise);
	return "is not known";
}

/**
 * kvd_rule_check() - after its last line
 * @r: the rule; "back" is @limit if it was not stated
 *
 * Return: NULL, or what is wrong with it.
 */
const char *kvd_rule_check(struct kvd_rule *r)
{
	if (!*r->metric)
		return "has no 'when'";
	if (!*r->knob)
		return "has no 'set'";
	if (isnan(r->back))
		r->back = r->limit;
	if (r->is_above ? r->back > r->limit : r->back < r->limit)
		return "has 'back' on the wrong side of its limit: it would flap";
	return NULL;
}

bool kvd_rule_is_for(const struct kvd_rule *r, const char *space)
{
	return !strcmp(r->space, "*") || !strcmp(r->space, space);
}

/* Is the metric where the rule would change? */
static bool is_past(const struct kvd_rule *r, const struct kvd_rule_state *s,
		    double metric)
{
	if (s->is_on)
		return r->is_above ? metric <= r->back : metric >= r->back;
	return r->is_above ? metric > r->limit : metric < r->limit;
}

/**
 * kvd_rule_step() - look at the metric
 * @r: checked
 * @s: of the space
 * @now: seconds, of a clock that never goes back
 * @metric: its value; NAN: it is not known, which changes nothing
 *
 * Return: whether the knob is to get kvd_rule_value(). If that has worked (or was only
 * said, in a dry run) kvd_rule_changed() is to follow; else the next step says it again.
 */
bool kvd_rule_step(const struct kvd_rule *r, struct kvd_rule_state *s, double now,
		   double metric)
{
	bool past = !isnan(metric) && is_past(r, s, metric);

	if (past && !s->is_past)
		s->past_since = now;
	s->is_past = past;
	return past && now - s->past_since >= r->hold_s &&
	       (!s->has_changed || now - s->changed_at >= r->rest_s);
}

/**
 * kvd_rule_changed() - the knob has its new value
 * @s: of the space
 * @now: as for kvd_rule_step()
 * @before: what it had
 */
void kvd_rule_changed(struct kvd_rule_state *s, double now, const char *before)
{
	if (!s->is_on)
		snprintf(s->before, sizeof(s->before), "%s", before);
	s->is_on = !s->is_on;
	s->is_past = false;
	s->has_changed = true;
	s->changed_at = now;
}

/* What the knob gets with the change that is due. */
const char *kvd_rule_value(const struct kvd_rule *r,
			   const struct kvd_rule_state *s)
{
	if (!s->is_on)
		return r->value;
	return *r->otherwise ? r->otherwise : s->before;
}

/**
 * kvd_rule_reason() - why the change is due, for people
 * @r: the rule
 * @s: before kvd_rule_changed()
 * @metric: its value
 * @buf: out
 * @room: bytes at @buf
 *
 * Return: as snprintf().
 */
int kvd_rule_reason(const struct kvd_rule *r, const struct kvd_rule_state *s,
		    double metric, char *buf, size_t room)
{
	const char *side = s->is_on ? "back past" : r->is_above ? "above" : "below";

	return snprintf(buf, room, "%s is %g, %s %g for %g s", r->metric, metric,
			side, s->is_on ? r->back : r->limit, r->hold_s);
}
