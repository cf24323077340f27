/* SPDX-License-Identifier: GPL-2.0 */
/* sd_notify(3), as far as daemons here need it. */
#ifndef KVP_NOTIFY_H
#define KVP_NOTIFY_H

/*
 * Tell the service manager: "READY=1", "STOPPING=1", "STATUS=..."; see sd_notify(3).
 * Nothing happens where there is none.
 */
void kvp_notify(const char *state);

/* "RELOADING=1" with the time that the manager wants to know, too. "READY=1" ends it. */
void kvp_notify_reloading(void);

#endif /* KVP_NOTIFY_H */
