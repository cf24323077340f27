// SPDX-License-Identifier: GPL-2.0
/*
 * kvtier-powercut --device DEVICE --dir DIR [--seed N]
 *
 * Attach DEVICE, verify what is on it against DIR/journal, create DIR/ready, and
 * work until the power goes; without --seed detach instead. Exits with 1 if
 * anything is wrong.
 */
#include <stdarg.h>

#include "powercut.h"

struct options {
	const char *device;
	const char *dir;
	unsigned int seed;
	bool last;
};

void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("kvtier-powercut: ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
	fflush(stdout);
	exit(1);
}

static const char *value_of(int argc, char **argv, const char *name)
{
	int i;

	for (i = 1; i + 1 < argc; i++) {
		if (!strcmp(argv[i], name))
			return argv[i + 1];
	}
	return NULL;
}

/* tools/testing/powercut/run is the only caller. */
static void parse(struct options *o, int argc, char **argv)
{
	const char *seed = value_of(argc, argv, "--seed");

	o->device = value_of(argc, argv, "--device");
	o->dir = value_of(argc, argv, "--dir");
	if (!o->device || !o->dir)
		die("--device and --dir are needed");
	o->seed = seed ? strtoul(seed, NULL, 0) : 0;
	o->last = !seed;
}

static void attach(struct load *l)
{
	int err = load_attach(l);

	if (err)
		die("attaching %s failed: %s", l->device, strerror(-err));
	err = load_open(l);
	if (err)
		die("making the space failed: %s", strerror(-err));
}

static void tell_ready(const char *dir)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/ready", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0)
		die("%s: %m", path);
	close(fd);
}

int main(int argc, char **argv)
{
	struct options o = {};
	struct load l = {};
	char path[256];
	int err;

	parse(&o, argc, argv);
	setvbuf(stdout, NULL, _IOLBF, 0);
	l.device = o.device;
	snprintf(path, sizeof(path), "%s/journal", o.dir);
	journal_open(path);
	attach(&l);
	if (verify(&l))
		return 1;
	if (!o.last) {
		tell_ready(o.dir);
		load_run(&l, o.seed);
	}
	close(l.fd);
	err = kst_tier_remove(KST_NVME);
	if (err)
		die("tier remove: %s", strerror(-err));
	return 0;
}
