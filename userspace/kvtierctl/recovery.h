/* SPDX-License-Identifier: GPL-2.0 */
/* Blocks that come back from nvme, in the background, when a space has a quota. */
#ifndef CTL_RECOVERY_H
#define CTL_RECOVERY_H

/*
 * recovery_wait() - wait until all segments that spaces found on a tier are read
 * @tier: its name; of a memory tier there is nothing to wait for
 * @timeout: seconds; 0: for ever
 *
 * doing() must have been called. Shows its progress.
 *
 * Return: CTL_OK; CTL_PARTIAL (time is over), CTL_MISSING or CTL_FAILED after the
 * message.
 */
int recovery_wait(const char *tier, double timeout);

#endif /* CTL_RECOVERY_H */
