/* SPDX-License-Identifier: GPL-2.0 */
/* The policy agent, run by the daemon: see policy.h. */
#ifndef KVD_AGENT_H
#define KVD_AGENT_H

struct kvd;

/* With the rules of the configuration; also anew, after another one was read. */
void kvd_agent_start(struct kvd *d);

void kvd_agent_stop(struct kvd *d);

#endif /* KVD_AGENT_H */
