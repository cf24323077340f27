/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kvtier-faults: what its files share.
 *
 *   faults.c        makes each call fail at every allocation on its way
 *   faults_calls.c  calls to tiers of memory and a space on them
 *   faults_tiers.c  the same of an nvme tier, a remote one, and by io_uring
 */
#ifndef FAULTS_H
#define FAULTS_H

#include "torture.h"

#define BLOCK		65536U
#define NR		6		/* blocks of a batch */
#define TIER_BYTES	(8 * CHUNK)
#define QUOTA		(2 * CHUNK)

/* A call, and what makes it possible to call it again, whether it succeeded or not. */
struct step {
	const char *name;
	int (*call)(void);
	void (*again)(void);
};

extern struct plan plan;
extern int fd;			/* of the space */
extern struct kvt_entry entries[NR];
extern char buf[NR * BLOCK];

void run_steps(const struct step *s, size_t nr);

void set_entries(bool data);
int batch(uint32_t op, uint32_t flags);
int batch_error(const struct kvt_batch *b);	/* 0, or why not all was done */
void reopen(void);
void nothing(void);
int put(void);
int get(void);
int drop(void);
int acquire(void);
int prefetch(void);

void run_memory(void);
void run_nvme(void);
void run_remote(void);
void run_last(void);

#endif /* FAULTS_H */
