// SPDX-License-Identifier: GPL-2.0
/* Rules of the policy agent: when they change a knob, and when they must not. */
#include <math.h>
#include <string.h>

#include "rule.h"
#include "tap.h"

static struct kvd_rule rule;
static struct kvd_rule_state state;

/* Keys and values by turns, then NULL. Returns what is wrong, or NULL. */
static const char *make(const char *const *lines)
{
	const char *err = NULL;

	memset(&state, 0, sizeof(state));
	kvd_rule_begin(&rule, "r");
	for (; *lines && !err; lines += 2)
		err = kvd_rule_set(&rule, lines[0], lines[1]);
	return err ? err : kvd_rule_check(&rule);
}

#define MAKE(...) make((const char *const []){ __VA_ARGS__, NULL })

#define SLOW "when", "pool_latency_ms > 50", "back", "20", "for", "10", \
	     "rest", "60", "set", "remote_write none"

static bool step(double now, double metric)
{
	return kvd_rule_step(&rule, &state, now, metric);
}

static void test_parse(void)
{
	ok(!MAKE(SLOW), "a rule");
	ok(!strcmp(rule.metric, "pool_latency_ms") && rule.is_above &&
	   rule.limit == 50 && rule.back == 20, "its condition");
	ok(!strcmp(rule.knob, "remote_write") && !strcmp(rule.value, "none"),
	   "what it sets");
	ok(kvd_rule_is_for(&rule, "any"), "of all spaces, if none is named");
	ok(!MAKE(SLOW, "space", "a") && kvd_rule_is_for(&rule, "a") &&
	   !kvd_rule_is_for(&rule, "ab"), "of one space");
	ok(!MAKE("when", "hit_ratio<.5", "set", "promote always") &&
	   !rule.is_above && rule.back == .5, "without white space, nor back");
}

static void test_refused(void)
{
	ok(MAKE("set", "promote off"), "no condition");
	ok(MAKE("when", "x > 1"), "nothing to set");
	ok(MAKE("when", "x = 1", "set", "promote off"), "no such comparison");
	ok(MAKE("when", "> 1", "set", "promote off"), "no metric");
	ok(MAKE("when", "x > 1 or so", "set", "promote off"), "no number");
	ok(MAKE("when", "x > nan", "set", "promote off"), "not a number");
	ok(MAKE("when", "x > inf", "set", "promote off"), "infinite");
	ok(MAKE("when", "x > 1e999", "set", "promote off"), "out of range");
	ok(MAKE("when", "x > 1", "set", "fill_timeout_ms 1"),
	   "a knob that is none of its business");
	ok(MAKE("when", "x > 1", "set", "../../size 1"), "a path");
	ok(MAKE("when", "x > 1", "set", "promote"), "no value");
	ok(MAKE("when", "x > 1", "set", "promote a b"), "two values");
	ok(MAKE("when", "x > 1", "set", "promote off", "for", "-1"),
	   "negative time");
	ok(MAKE("when", "x > 1", "set", "promote off", "rest", "90000"),
	   "too long a time");
	ok(MAKE("when", "x > 1", "set", "promote off", "back", "2"),
	   "back above the limit");
	ok(MAKE("when", "x < 1", "set", "promote off", "back", "0"),
	   "back below the limit");
	ok(MAKE("when", "x > 1", "set", "promote off", "until", "0"),
	   "a key that is not known");
	ok(MAKE("when", "x234567890123456789012345678901234567890 > 1", "set",
		"promote off"), "too long a name");
}

static void test_hold(void)
{
	MAKE(SLOW);
	ok(!step(0, 60) && !step(9, 60), "not before its time");
	ok(!step(9.5, 50) && !step(10, 60) && !step(19, 60),
	   "a moment back begins the time anew");
	ok(step(20, 60) && step(21, 60), "it is due until it is done");
	ok(!strcmp(kvd_rule_value(&rule, &state), "none"), "its value");
	kvd_rule_changed(&state, 21, "back");
	ok(!step(22, 60) && !step(200, 60), "once");
}

static void test_hysteresis(void)
{
	MAKE(SLOW);
	step(0, 60);
	kvd_rule_changed(&state, 10, "through");
	ok(!step(100, 21) && !step(200, 21), "between the limits nothing changes");
	ok(!step(300, 20) && step(310, 5), "back behind the other limit");
	ok(!strcmp(kvd_rule_value(&rule, &state), "through"),
	   "what it had before");
	kvd_rule_changed(&state, 310, "none");
	ok(!state.is_on, "off");
	ok(!step(311, 60) && !step(340, 60), "it rests");
	ok(step(370, 60), "no longer than it has to");
}

static void test_otherwise(void)
{
	ok(!MAKE(SLOW, "otherwise", "back"), "with a value for when it is off");
	step(0, 60);
	kvd_rule_changed(&state, 10, "through");
	ok(!strcmp(kvd_rule_value(&rule, &state), "back"), "it is used");
}

static void test_unknown(void)
{
	MAKE(SLOW);
	ok(!step(0, 60) && !step(5, NAN) && !step(11, 60) && step(21, 60),
	   "a metric that is not known begins the time anew");
}

/* Whatever the metric does, changes are never closer than the rest. */
static void test_flapping(void)
{
	unsigned int i, changes = 0, close = 0;
	double last = -1e9;

	MAKE(SLOW);
	for (i = 0; i < 100000; i++) {
		double now = i, metric = (i / 11) % 2 ? 100 : 0;

		if (!step(now, metric))
			continue;
		close += now - last < rule.rest_s;
		last = now;
		kvd_rule_changed(&state, now, "back");
		changes++;
	}
	is(close, 0, "no two changes closer than the rest");
	ok(changes > 100, "it does change: %u", changes);
}

static void test_reason(void)
{
	char buf[200];

	MAKE(SLOW);
	kvd_rule_reason(&rule, &state, 61.5, buf, sizeof(buf));
	ok(!strcmp(buf, "pool_latency_ms is 61.5, above 50 for 10 s"), "%s", buf);
	kvd_rule_changed(&state, 0, "back");
	kvd_rule_reason(&rule, &state, 3, buf, sizeof(buf));
	ok(!strcmp(buf, "pool_latency_ms is 3, back past 20 for 10 s"), "%s", buf);
}

int main(void)
{
	test_parse();
	test_refused();
	test_hold();
	test_hysteresis();
	test_otherwise();
	test_unknown();
	test_flapping();
	test_reason();
	return done();
}
