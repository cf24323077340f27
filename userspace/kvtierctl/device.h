/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Opening what the module shows, with words for why it is not there. Returns
 * CTL_OK, or the exit code after the message; doing() must have been called.
 */
#ifndef CTL_DEVICE_H
#define CTL_DEVICE_H

#include <stdbool.h>

#include "libkvtier.h"

/** control_open() - open the control device; @ctl is for close(2) */
int control_open(int *ctl);

/** space_open() - open a space; @flags as kvt_open() has them */
int space_open(const char *name, unsigned int flags, struct kvt_space **space);

/** module_loaded() - is it? */
bool module_loaded(void);

/** no_module() - CTL_OK if the module is loaded; else says what to do */
int no_module(void);

/** no_space() - say that there is no such space, or no module */
int no_space(const char *name);

/** no_tier() - say that there is no such tier, or no module */
int no_tier(const char *name);

#endif /* CTL_DEVICE_H */
