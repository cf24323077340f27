/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kvtier-powercut: what a power cut must leave.
 *
 *	main.c    options; from boot to the cut
 *	facts.c   what is known of each key, in a journal that survives the cut
 *	load.c    puts, gets, drops, restarts of the tier, until the cut comes
 *	verify.c  after it: is what was found allowed, and what must be there?
 */
#ifndef POWERCUT_H
#define POWERCUT_H

#include "nvme.h"

#define BLOCK		65536U
#define DRAM_MIB	4
#define NVME_MIB	192
#define SMALL_MIB	24	/* quota of a boot that reclaims */
#define KEYS		1200U
#define CHAIN		77	/* of kst_key() */

/**
 * struct fact - what is known of a key
 * @next: the highest version there ever was; 0: none
 * @last: no later one must be found: what was put, or found, last
 * @dead: versions up to this one must not be found
 * @must: version @last must be found, or one after @dead
 * @there: it is present, as far as this boot knows
 */
struct fact {
	unsigned int next;
	unsigned int last;
	unsigned int dead;
	bool must;
	bool there;
};

extern struct fact facts[KEYS];

/* facts.c: journal first, then act; it is on media when the function returns. */
void journal_open(const char *path);
void fact_putting(unsigned int k);	/* it will be version facts[k].last */
void fact_durable(unsigned int k);
void fact_dropping(unsigned int k);
void fact_buried(unsigned int k);
void fact_deleting(void);
void fact_deleted(void);
void fact_reclaiming(void);
void fact_found(unsigned int k, unsigned int version);
void fact_absent(unsigned int k);
void facts_write(void);			/* what the others have noted */

/* load.c */
struct load {
	int fd;
	const char *device;
	bool reclaims;
};

int load_attach(const struct load *l);	/* the tier; 0 or -errno, as the next */
int load_open(struct load *l);		/* the space on dram and nvme */
void load_run(struct load *l, unsigned int seed);	/* for ever */

/* verify.c: how many facts were found to be wrong. */
unsigned int verify(struct load *l);

/* Version of key @k that is present; 0: none; -1: bytes of no version */
int version_of(int fd, unsigned int k);
__u64 seed_of(unsigned int k, unsigned int version);
void die(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif /* POWERCUT_H */
