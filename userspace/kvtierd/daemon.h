/* SPDX-License-Identifier: GPL-2.0 */
/* All there is of the daemon. */
#ifndef KVD_DAEMON_H
#define KVD_DAEMON_H

#include "channel.h"
#include "config.h"
#include "process.h"
#include "request.h"
#include "space.h"

struct kvd;
struct kvd_policy;

/**
 * struct kvd_tag - one of the channel's, and its request
 * @event: there is a request
 * @d: the daemon
 * @tag: its number
 * @id: of the request
 * @is_busy: there is one
 * @space: of the request, or NULL
 * @rq: the request
 */
struct kvd_tag {
	struct kvd_event event;
	struct kvd *d;
	unsigned int tag;
	uint64_t id;
	bool is_busy;
	struct kvd_space *space;
	struct kvd_request rq;
};

#define KVD_NR_OPS	4	/* enum kvt_remote_op */
#define KVD_NR_BUCKETS	16	/* of latencies */

/**
 * struct kvd_op_count - requests of one kind
 * @requests: that have ended
 * @blocks: of them
 * @good: blocks of status 0
 * @absent: ENOENT
 * @late: ETIMEDOUT
 * @unreachable: ENOLINK
 * @ns: the time they took, all together
 * @bucket: requests that took up to 100 us << its number; the last: and more
 */
struct kvd_op_count {
	uint64_t requests;
	uint64_t blocks;
	uint64_t good;
	uint64_t absent;
	uint64_t late;
	uint64_t unreachable;
	uint64_t ns;
	uint64_t bucket[KVD_NR_BUCKETS];
};

/**
 * struct kvd - the daemon
 * @loop: the loop
 * @config: in force
 * @config_path: where it comes from
 * @metrics_path: where metrics go; NULL: nowhere
 * @metrics_err: why they could not be written the last time; 0: they were
 * @rdma: devices
 * @rdma_event: they want something
 * @channel: to the kernel
 * @channel_memory: its map, registered, as trailers are there
 * @tags: of the channel
 * @nr_busy: tags with a request
 * @spaces: open ones
 * @bad_space: the last one that could not be opened, and was told of; empty: none
 * @etcd: asks for members, or NULL
 * @etcd_event: it has news
 * @announced: members that it told of
 * @signals: a signalfd
 * @stop_timer: end of patience with requests
 * @scan_timer: look at spaces from time to time, whatever events say
 * @metrics_timer: write metrics
 * @policy: rules, or NULL
 * @policy_timer: look at them
 * @is_stopping: no requests are taken any more
 * @code: to exit with
 * @count: by enum kvt_remote_op
 * @hot_copies: blocks that were copied to extra members
 */
struct kvd {
	struct kvd_loop loop;
	struct kvd_config *config;
	const char *config_path;
	const char *metrics_path;
	int metrics_err;
	struct kvp_rdma *rdma;
	struct kvd_event rdma_event;
	struct kvd_channel channel;
	struct kvp_memory *channel_memory;
	struct kvd_tag *tags;
	unsigned int nr_busy;
	struct kvd_space *spaces;
	char bad_space[KVT_NAME_SIZE];
	struct kvp_etcd *etcd;
	struct kvd_event etcd_event;
	struct kvp_members announced;
	struct kvd_event signals;
	struct kvp_timer stop_timer;
	struct kvp_timer scan_timer;
	struct kvp_timer metrics_timer;
	struct kvd_policy *policy;
	struct kvp_timer policy_timer;
	bool is_stopping;
	int code;
	struct kvd_op_count count[KVD_NR_OPS];
	uint64_t hot_copies;
};

#endif /* KVD_DAEMON_H */
