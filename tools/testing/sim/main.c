// SPDX-License-Identifier: GPL-2.0
/* kvtier-sim: what a cache of some size, or a host's tiers, make of a trace. */
#include <stdio.h>

#include "output.h"

static int run_all(const struct args *a, const struct sim_input *in)
{
	struct json_object *report = output_begin(a, in);
	int ret = output_policies(a, in, report);

	if (!ret)
		ret = output_hosts(a, in, report);
	if (!ret)
		ret = output_end(a, report);
	json_object_put(report);
	return ret;
}

int main(int argc, char **argv)
{
	struct sim_input in = { 0 };
	struct trace_error error;
	struct args args;
	int ret = 3;

	if (args_parse(&args, argc, argv))
		return 2;
	if (trace_load(&in.trace, args.trace, &error)) {
		fprintf(stderr, "kvtier-sim: %s\n", error.text);
		return 2;
	}
	trace_cut(&in.trace, args.fraction, args.skip, args.limit);
	if (sim_prepare(&in))
		fprintf(stderr, "kvtier-sim: out of memory\n");
	else if (!run_all(&args, &in))
		ret = 0;
	sim_free(&in);
	trace_free(&in.trace);
	return ret;
}
