/* SPDX-License-Identifier: GPL-2.0 */
/* What the daemon has counted, in the text format of Prometheus. */
#ifndef KVD_METRICS_H
#define KVD_METRICS_H

#include "daemon.h"

/* A request has ended. */
void kvd_metrics_count(struct kvd *d, const struct kvd_request *rq);

/* Write the file, so that who reads it sees all of it or the one before. */
void kvd_metrics_write(struct kvd *d, const char *path);

#endif /* KVD_METRICS_H */
