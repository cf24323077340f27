// SPDX-License-Identifier: GPL-2.0
/* kvtier-bench: what kvtier costs, each row beside what it is to be held against. */
#include <string.h>
#include <unistd.h>

#include "bed.h"
#include "bench.h"

enum {
	EXIT_OK,
	EXIT_MISSED,
	EXIT_USAGE,
	EXIT_FAILED,
};

static bool is_named(const struct bench *b, const struct row *row)
{
	size_t len = strlen(row->name);
	const char *at = b->rows;

	if (!at)
		return true;
	while ((at = strstr(at, row->name))) {
		if ((at == b->rows || at[-1] == ',') &&
		    (!at[len] || at[len] == ','))
			return true;
		at += len;
	}
	return false;
}

static int run_row(struct bench *b, const struct row *row)
{
	if (!(row->clocks & b->clock)) {
		if (b->rows)
			printf("%s: says nothing %s --icount\n", row->name,
			       b->clock == CLOCK_ICOUNT ? "with" : "without");
		return 0;
	}
	printf("%s: %s\n", row->name, row->what);
	fflush(stdout);
	b->row = row;
	return row->run(b);
}

static int run_rows(struct bench *b)
{
	unsigned int i, failed = 0;

	for (i = 0; i < nr_rows; i++)
		if (is_named(b, &rows[i]))
			failed += !!run_row(b, &rows[i]);
	if (failed)
		return EXIT_FAILED;
	return b->missed ? EXIT_MISSED : EXIT_OK;
}

int main(int argc, char **argv)
{
	struct bench b;
	int status;

	if (options_parse(&b, argc, argv))
		return EXIT_USAGE;
	b.ctl = kvt_open_control();
	if (b.ctl < 0) {
		fprintf(stderr, "kvtier-bench: cannot open /dev/kvtier-control: %s\n",
			kvt_strerror(KVT_CALL_OPEN_CONTROL, b.ctl));
		return EXIT_FAILED;
	}
	status = bed_clear(&b) ? EXIT_FAILED : run_rows(&b);
	close(b.ctl);
	if (b.json && fclose(b.json)) {
		fprintf(stderr, "kvtier-bench: cannot write the results\n");
		status = EXIT_FAILED;
	}
	return status;
}
