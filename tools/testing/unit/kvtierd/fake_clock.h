/* SPDX-License-Identifier: GPL-2.0 */
/* A clock that tests move. */
#ifndef FAKE_CLOCK_H
#define FAKE_CLOCK_H

#include "clock.h"

extern uint64_t fake_now;

#endif /* FAKE_CLOCK_H */
