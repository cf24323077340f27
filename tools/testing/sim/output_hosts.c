// SPDX-License-Identifier: GPL-2.0
/* The table of hosts with several tiers: a row for each way to run one. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "output.h"

static void print_head(const struct args *a)
{
	printf("\nBlocks of %u KiB, segments of %u MiB with %u blocks each\n\n",
	       a->block_size >> 10, a->segment_size >> 20,
	       seglog_segment_blocks(&a->knobs.layout));
	printf("%8s %8s %9s  %-9s %-6s %5s  %8s  %8s %8s %8s  %9s  %9s  %5s\n",
	       "dram", "cxl", "nvme", "copies", "admit", "carry", "hits", "dram",
	       "cxl", "nvme", "loads", "written", "ampl.");
}

static void print_row(const struct tiers_config *c,
		      const struct tiers_result *r)
{
	double all = r->blocks ? (double)r->blocks / 100 : 1;

	printf("%8u %8u %9u  %-9s %-6s %5u  %6.2f %%", c->frames[TIERS_DRAM],
	       c->frames[TIERS_CXL],
	       c->segments * seglog_segment_blocks(&c->layout),
	       c->exclusive ? "exclusive" : "inclusive",
	       admission_names[c->admission], c->carry_over,
	       100 * tiers_hit_ratio(r));
	printf("  %6.2f %% %6.2f %% %6.2f %%  %9" PRIu64 "  %9" PRIu64 "  %.3f\n",
	       r->hits[TIERS_DRAM] / all, r->hits[TIERS_CXL] / all,
	       r->hits[TIERS_NVME] / all, r->loads, r->writeouts,
	       tiers_amplification(r));
}

static struct json_object *hits_object(const struct tiers_result *r)
{
	struct json_object *o = json_object_new_object();

	put_count(o, "dram", r->hits[TIERS_DRAM]);
	put_count(o, "cxl", r->hits[TIERS_CXL]);
	put_count(o, "nvme", r->hits[TIERS_NVME]);
	return o;
}

static struct json_object *result_object(const struct tiers_config *c,
					 const struct tiers_result *r)
{
	struct json_object *o = json_object_new_object();

	put_count(o, "dram_frames", c->frames[TIERS_DRAM]);
	put_count(o, "cxl_frames", c->frames[TIERS_CXL]);
	put_count(o, "nvme_segments", c->segments);
	put_count(o, "segment_blocks", seglog_segment_blocks(&c->layout));
	put_string(o, "mode", c->exclusive ? "exclusive" : "inclusive");
	put_string(o, "admission", admission_names[c->admission]);
	put_count(o, "carry_over", c->carry_over);
	put_ratio(o, "hit_ratio", tiers_hit_ratio(r));
	put_count(o, "hits", tiers_hits(r));
	json_object_object_add(o, "tier_hits", hits_object(r));
	put_count(o, "stored", r->stored);
	put_count(o, "not_stored", r->not_stored);
	put_count(o, "demotions", r->demotions);
	put_count(o, "promotions", r->promotions);
	put_count(o, "loads", r->loads);
	put_count(o, "writeouts", r->writeouts);
	put_count(o, "write_skips", r->write_skips);
	put_count(o, "not_admitted", r->not_admitted);
	put_count(o, "evictions", r->evictions);
	put_count(o, "reclaimed", r->reclaimed);
	put_count(o, "carried", r->carried);
	put_count(o, "flushed", r->flushed);
	put_count(o, "blocks_after_restart", r->blocks_after);
	put_count(o, "hits_after_restart", r->hits_after);
	put_count(o, "bytes_written", r->bytes_written);
	put_count(o, "block_bytes_written", r->block_bytes_written);
	put_ratio(o, "write_amplification", tiers_amplification(r));
	return o;
}

/* The tiers' sizes. Return: 0, or -1 after a message. */
static int make_config(struct tiers_config *c, const struct args *a,
		       const struct host *host, const struct sim_input *in)
{
	const struct capacity *nvme = &host->tier[TIERS_NVME];
	unsigned int i;

	*c = a->knobs;
	for (i = 0; i < TIERS_MEM_KINDS; i++)
		c->frames[i] = capacity_blocks(&host->tier[i], in,
					       a->block_size);
	c->segments = nvme->bytes ? nvme->bytes / a->segment_size :
		capacity_blocks(nvme, in, a->block_size) /
		seglog_segment_blocks(&c->layout);
	if (a->restart_at > 0)
		c->restart_at = ceil(a->restart_at * in->trace.nr_requests);
	if (c->segments >= 2 ||
	    (!nvme->bytes && !nvme->blocks && nvme->percent <= 0))
		return 0;
	fprintf(stderr, "kvtier-sim: --tiers: nvme has room for less than two segments of %u blocks; a smaller --segment-size or --block-size may help\n",
		seglog_segment_blocks(&c->layout));
	return -1;
}

static int run_one(const struct args *a, const struct sim_input *in,
		   const struct tiers_config *c, struct json_object *results)
{
	struct tiers_result r;

	if (tiers_run(in, c, &r)) {
		fprintf(stderr, "kvtier-sim: out of memory\n");
		return -1;
	}
	json_object_array_add(results, result_object(c, &r));
	if (output_is_table(a))
		print_row(c, &r);
	return 0;
}

static int run_host(const struct args *a, const struct sim_input *in,
		    const struct host *host, struct json_object *results)
{
	unsigned int mode, admission, carry;
	struct tiers_config c;
	int ret = make_config(&c, a, host, in);

	for (mode = 0; mode < a->nr_exclusive; mode++)
		for (admission = 0; admission < a->nr_admissions; admission++)
			for (carry = 0; carry < a->nr_carry_overs && !ret;
			     carry++) {
				c.exclusive = a->exclusive[mode];
				c.admission = a->admission[admission];
				c.carry_over = a->carry_over[carry];
				ret = run_one(a, in, &c, results);
			}
	return ret;
}

int output_hosts(const struct args *a, const struct sim_input *in,
		 struct json_object *report)
{
	struct json_object *results = json_object_new_array();
	unsigned int i;
	int ret = 0;

	json_object_object_add(report, "hosts", results);
	if (a->nr_hosts && output_is_table(a))
		print_head(a);
	for (i = 0; i < a->nr_hosts && !ret; i++)
		ret = run_host(a, in, &a->host[i], results);
	return ret;
}
