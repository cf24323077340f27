/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Rules of the policy agent: what is seen decides how a knob is set, with
 * hysteresis. Pure code: who calls it reads metrics, and writes knobs.
 *
 * A rule watches one metric. When the metric has been past its limit for @hold_s, the rule
 * is on and its knob gets @value; when it has been back behind its other limit for as
 * long, the rule is off and the knob gets @otherwise, or what it had before. After each
 * change the rule rests for @rest_s.
 */
#ifndef KVD_RULE_H
#define KVD_RULE_H

#include <stdbool.h>
#include <stddef.h>

#define KVD_RULE_NAME	32	/* bytes of names and values, NUL included */

/**
 * struct kvd_rule - one rule, of one space
 * @name: as the configuration has it
 * @space: a space's name; "*": each space
 * @metric: what is watched
 * @is_above: the rule goes on above @limit; else below it
 * @limit: see @is_above
 * @back: where it goes off: not on @limit's far side
 * @hold_s: so long the metric has to be there, seconds
 * @rest_s: least time between two changes, seconds
 * @knob: attribute of the space in sysfs
 * @value: what is written to it when the rule goes on
 * @otherwise: when it goes off; empty: what was there before
 */
struct kvd_rule {
	char name[KVD_RULE_NAME];
	char space[KVD_RULE_NAME];
	char metric[KVD_RULE_NAME];
	bool is_above;
	double limit;
	double back;
	double hold_s;
	double rest_s;
	char knob[KVD_RULE_NAME];
	char value[KVD_RULE_NAME];
	char otherwise[KVD_RULE_NAME];
};

/**
 * struct kvd_rule_state - how far a rule is with one space; zero at first
 * @is_on: its knob has its value
 * @is_past: the metric is where the rule would change
 * @past_since: since when, seconds; valid with @is_past
 * @has_changed: at least once
 * @changed_at: the last change, seconds
 * @before: what the knob had when the rule went on
 */
struct kvd_rule_state {
	bool is_on;
	bool is_past;
	double past_since;
	bool has_changed;
	double changed_at;
	char before[KVD_RULE_NAME];
};

void kvd_rule_begin(struct kvd_rule *r, const char *name);
const char *kvd_rule_set(struct kvd_rule *r, const char *key, const char *value);
const char *kvd_rule_check(struct kvd_rule *r);

bool kvd_rule_is_for(const struct kvd_rule *r, const char *space);
bool kvd_rule_step(const struct kvd_rule *r, struct kvd_rule_state *s, double now,
		   double metric);
void kvd_rule_changed(struct kvd_rule_state *s, double now, const char *before);
const char *kvd_rule_value(const struct kvd_rule *r,
			   const struct kvd_rule_state *s);
int kvd_rule_reason(const struct kvd_rule *r, const struct kvd_rule_state *s,
		    double metric, char *buf, size_t room);

#endif /* KVD_RULE_H */
