/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SIM_TIERS_H
#define SIM_TIERS_H

#include "seglog.h"
#include "sim.h"

/** enum tiers_kind - where a block's bytes are */
enum tiers_kind {
	TIERS_DRAM,
	TIERS_CXL,
	TIERS_NVME,
	TIERS_NOWHERE,
};

#define TIERS_MEM_KINDS	2

enum tiers_admission { TIERS_ADMIT_ALL, TIERS_ADMIT_SECOND };
enum tiers_promote { TIERS_PROMOTE_OFF, TIERS_PROMOTE_FREE, TIERS_PROMOTE_ALWAYS };

/**
 * struct tiers_config - a host's tiers, and the module's knobs
 * @frames: of dram and cxl; one of them may have none
 * @segments: of nvme; none: there is no nvme tier
 * @layout: how blocks lie in these
 * @group: blocks that are written together at most; 0: a summary's
 * @exclusive: a block is in one tier only: every demotion writes, every
 *	promotion gives up the copy. Not what the module does
 * @admission: which blocks that leave memory are written to nvme
 * @promote: what happens to hits on cxl
 * @carry_over: per mille of a segment's blocks that its reclaim may rewrite
 * @low_watermark: per mille of frames; see sysfs
 * @high_watermark: same
 * @lease_quota: per mille of frames that a request may hold
 * @restart_at: number of the request before which the module is unloaded and
 *	loaded again, or SIZE_MAX
 */
struct tiers_config {
	uint32_t frames[TIERS_MEM_KINDS];
	uint32_t segments;
	struct kvt_log_layout layout;
	uint32_t group;
	bool exclusive;
	enum tiers_admission admission;
	enum tiers_promote promote;
	uint32_t carry_over;
	uint32_t low_watermark;
	uint32_t high_watermark;
	uint32_t lease_quota;
	size_t restart_at;
};

/**
 * struct tiers_result - what happened; blocks unless said
 * @blocks: asked for
 * @hits: of those, in the longest present prefix, by where they were found
 * @stored: new ones
 * @not_stored: misses for which no frame was free, or beyond the lease quota
 * @demotions: from dram to cxl
 * @promotions: from cxl to dram
 * @loads: from nvme
 * @writeouts: to nvme, @carried and @flushed included
 * @write_skips: left memory and were on nvme already
 * @not_admitted: left memory and were dropped, by the admission
 * @evictions: left memory and were dropped, as there is no nvme tier
 * @reclaimed: dropped when their segment was freed
 * @carried: rewritten then
 * @flushed: written at the restart
 * @blocks_after: asked for after the restart
 * @hits_after: of those, in the longest present prefix
 * @bytes_written: bytes that went to the nvme device
 * @block_bytes_written: bytes of blocks among them
 */
struct tiers_result {
	uint64_t blocks;
	uint64_t hits[TIERS_NOWHERE];
	uint64_t stored;
	uint64_t not_stored;
	uint64_t demotions;
	uint64_t promotions;
	uint64_t loads;
	uint64_t writeouts;
	uint64_t write_skips;
	uint64_t not_admitted;
	uint64_t evictions;
	uint64_t reclaimed;
	uint64_t carried;
	uint64_t flushed;
	uint64_t blocks_after;
	uint64_t hits_after;
	uint64_t bytes_written;
	uint64_t block_bytes_written;
};

/** tiers_defaults - the module's knobs as they are when nobody turned them */
void tiers_defaults(struct tiers_config *config);

/**
 * tiers_run - simulate one host, one request after the other
 * @in: from sim_prepare()
 * @config: its tiers
 * @result: receives what happened
 *
 * Background work is done at once, and takes no time.
 *
 * Return: 0, or -1 when out of memory.
 */
int tiers_run(const struct sim_input *in, const struct tiers_config *config,
	      struct tiers_result *result);

static inline uint64_t tiers_hits(const struct tiers_result *r)
{
	return r->hits[TIERS_DRAM] + r->hits[TIERS_CXL] + r->hits[TIERS_NVME];
}

static inline double tiers_hit_ratio(const struct tiers_result *r)
{
	return r->blocks ? (double)tiers_hits(r) / r->blocks : 0;
}

/** tiers_amplification - bytes written for each byte of a block; 0 if there are none */
static inline double tiers_amplification(const struct tiers_result *r)
{
	return r->block_bytes_written ?
		(double)r->bytes_written / r->block_bytes_written : 0;
}

#endif /* SIM_TIERS_H */
