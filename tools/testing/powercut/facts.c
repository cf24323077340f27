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

static void apply(char what, unsigned int k, unsigned int version)
{
	struct fact *f = &facts[k];

	switch (what) {
	case 'P': put(f, version); break;	/* is being put */
	case 'D': f->must = true; break;	/* is durable */
	case 'X': forget(f); break;		/* is being dropped */
	case 'T': bury(f); break;		/* is dropped, durably */
	case 'F': find(f, version); break;	/* was found after a cut */
	case 'N': bury(f); break;		/* was not */
	case 'R': each(forget); break;		/* the space is being deleted */
	case 'Z': each(bury); break;		/* and is gone */
	case 'Q': each(forget); break;		/* reclaim may take any */
	default: die("the journal has a line '%c'", what);
	}
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
