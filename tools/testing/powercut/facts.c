// SPDX-License-Identifier: GPL-2.0
/*
 * The journal: a letter, a key's number, a version, line by line. It is on the
 * host's file system, where the cut does not reach it. Who is about to do
 * something says so before; what must be there is said when it is known. So
 * facts allow too much for a moment, never too little.
 */
#include "powercut.h"

struct fact facts[KEYS];

static int journal = -1;
static char buffer[1 << 20];
static size_t used;

/* ------------------------------------------------------------------------- rules */

static void each(void (*rule)(struct fact *f))
{
	unsigned int k;

	for (k = 0; k < KEYS; k++)
		rule(&facts[k]);
}

static void demand(struct fact *f)
{
	f->must = true;
}

static void forget(struct fact *f)
{
	f->must = false;
}

static void bury(struct fact *f)
{
	f->dead = f->next;
	f->must = false;
}

static void put(struct fact *f, unsigned int version)
{
	f->last = version;
	f->next = version;
	f->must = false;
}

static void find(struct fact *f, unsigned int version)
{
	f->last = version;
	f->dead = version - 1;
	f->must = true;
}

/*
 * What a line of the journal means. @what: its letter; @all: it is about all keys;
 * @with: what it does with the version; @without: or without one.
 */
static const struct rule {
	char what;
	bool all;
	void (*with)(struct fact *f, unsigned int version);
	void (*without)(struct fact *f);
} rules[] = {
	{ 'P', .with = put },			/* is being put */
	{ 'D', .without = demand },		/* is durable */
	{ 'X', .without = forget },		/* is being dropped */
	{ 'T', .without = bury },		/* is dropped, durably */
	{ 'F', .with = find },			/* was found after a cut */
	{ 'N', .without = bury },		/* was not */
	{ 'R', .all = true, .without = forget }, /* the space is being deleted */
	{ 'Z', .all = true, .without = bury },	/* it is gone */
	{ 'Q', .all = true, .without = forget }, /* reclaim may take any */
	{}
};

static void apply(char what, unsigned int k, unsigned int version)
{
	const struct rule *r = rules;

	while (r->what && r->what != what)
		r++;
	if (!r->what)
		die("the journal has a line '%c'", what);
	if (r->all)
		each(r->without);
	else if (r->with)
		r->with(&facts[k], version);
	else
		r->without(&facts[k]);
}

/* ----------------------------------------------------------------------- journal */

void journal_open(const char *path)
{
	unsigned int k, version;
	char line[64], what;
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (!strchr(line, '\n'))
			break;	/* cut short */
		if (sscanf(line, "%c %u %u", &what, &k, &version) != 3 || k >= KEYS)
			die("%s: bad line: %s", path, line);
		apply(what, k, version);
	}
	if (f)
		fclose(f);
	journal = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (journal < 0)
		die("%s: %m", path);
}

void facts_write(void)
{
	if (used && write(journal, buffer, used) != (ssize_t)used)
		die("the journal cannot be written: %m");
	used = 0;
}

static void note(char what, unsigned int k, unsigned int version)
{
	if (used + 64 > sizeof(buffer))
		facts_write();
	used += snprintf(buffer + used, 64, "%c %u %u\n", what, k, version);
	apply(what, k, version);
}

void fact_putting(unsigned int k)
{
	note('P', k, facts[k].next + 1);
}

void fact_durable(unsigned int k)
{
	note('D', k, 0);
}

void fact_dropping(unsigned int k)
{
	note('X', k, 0);
}

void fact_buried(unsigned int k)
{
	note('T', k, 0);
}

void fact_found(unsigned int k, unsigned int version)
{
	note('F', k, version);
}

void fact_absent(unsigned int k)
{
	note('N', k, 0);
}

void fact_deleting(void)
{
	note('R', 0, 0);
	facts_write();
}

void fact_deleted(void)
{
	note('Z', 0, 0);
	facts_write();
}

void fact_reclaiming(void)
{
	note('Q', 0, 0);
	facts_write();
}
