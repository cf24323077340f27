/* SPDX-License-Identifier: GPL-2.0 */
#ifndef TESTS_H
#define TESTS_H

#include "chain.h"
#include "node.h"
#include "tap.h"

/* test_good.c: what a client may do */
void test_bytes(void);
void test_holes(void);
void test_drop(void);
void test_abort(void);
void test_wait(void);
void test_two(void);
void test_uses(void);

/* test_forbidden.c: bytes and leases of others */
void test_keys_of_frames(void);
void test_numbers(void);
void test_limit(void);
void test_who(void);

/* test_rules.c: messages */
void test_rules(void);
void test_noise(unsigned int rounds);

/* test_gone.c: who is gone, or says nothing */
void test_killed(void);
void test_silent(void);

/* The other program of test_gone.c. */
int hold(void);

#endif /* TESTS_H */
