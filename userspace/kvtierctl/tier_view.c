// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <stdio.h>

#include "out.h"
#include "rates.h"
#include "tier_view.h"

static void add_condition(json_object *tier)
{
	long long left = get_int(tier, "recovering");
	char text[64];

	snprintf(text, sizeof(text), "%.16s, %lld to recover", get_text(tier, "state"), left);
	put_text(tier, "condition", left ? text : get_text(tier, "state"));
}

/* Where nothing was written there is no ratio. */
static void add_amplification(json_object *tier, json_object *counts)
{
	double blocks = field_number(counts, "block_bytes_written");
	char text[32];

	if (blocks > 0)
		snprintf(text, sizeof(text), "%.2f",
			 field_number(counts, "bytes_written") / blocks);
	put_text(tier, "amplification", blocks > 0 ? text : NULL);
}

void tier_view_add(json_object *tier, json_object *counts)
{
	double errors = field_number(counts, "io_errors") +
			field_number(counts, "crc_errors") +
			field_number(counts, "bad_records");

	add_condition(tier);
	add_amplification(tier, counts);
	put_int(tier, "errors", llround(errors));
}
