// SPDX-License-Identifier: GPL-2.0
/*
 * kvtier-faults: each call to the module, with its first, second, third...
 * allocation or user copy failing, until none is left to fail. The call must
 * fail cleanly or do without; then it is undone, and the next one fails. For
 * debug kernels (fail-nth); what was leaked or freed twice is for KASAN and
 * kmemleak to find, what was lost for the counts at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"

#define MAX_FAULTS	5000		/* of one call: more is a loop */

static char *module;
static size_t module_size;
static bool failed;
static const char *begin_with;	/* a step's name; NULL once it was met */

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

void complain(struct shared *sh, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	failed = true;
	if (sh)
		atomic_store(&sh->failed, true);
}

/* ------------------------------------------------------------------ fail-nth */

static int nth_fd = -1;

static void arm(unsigned int nth)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", nth);

	if (pwrite(nth_fd, text, len, 0) != len) {
		perror("kvtier-faults: fail-nth");
		exit(2);
	}
}

/* Returns whether a fault was injected since arm(). */
static bool disarm(void)
{
	char text[16] = "";

	if (pread(nth_fd, text, sizeof(text) - 1, 0) <= 0)
		exit(2);
	arm(0);
	return atoi(text) == 0;
}

/* ---------------------------------------------------------------- loading */

static int load_module(void)
{
	return syscall(SYS_init_module, module, module_size, "") ? -errno : 0;
}

static void unload_module(void)
{
	syscall(SYS_delete_module, "kvtier", O_NONBLOCK);
}

static const struct step load_step = {
	"load the module", load_module, unload_module
};

/* ------------------------------------------------------------------- running */

static bool may_fail_with(int err)
{
	return err == -ENOMEM || err == -EFAULT || err == -EAGAIN ||
	       err == -ENOSPC || err == -EBUSY || err == -ENOENT;
}

/* What later steps need; nothing fails. */
static void make_step(const struct step *s)
{
	int err = s->call();

	if (err)
		complain(NULL, "kvtier-faults: %s: %s", s->name, strerror(-err));
}

static void run_step(const struct step *s)
{
	unsigned int nth, errors = 0;
	bool hit = true;
	int err;

	if (begin_with && strcmp(begin_with, s->name)) {
		make_step(s);
		return;
	}
	begin_with = NULL;
	for (nth = 1; hit && nth < MAX_FAULTS && !failed; nth++) {
		arm(nth);
		err = s->call();
		hit = disarm();
		errors += err != 0;
		if (err && !hit)
			complain(NULL, "kvtier-faults: %s: %s, with no fault", s->name,
				 strerror(-err));
		else if (err && !may_fail_with(err))
			complain(NULL, "kvtier-faults: %s, fault %u: %s", s->name,
				 nth, strerror(-err));
		s->again();
	}
	if (hit && !failed)
		complain(NULL, "kvtier-faults: %s: no end after %u faults",
			 s->name, nth);
	err = s->call();
	if (err)
		complain(NULL, "kvtier-faults: %s: %s, after faults", s->name,
			 strerror(-err));
	printf("%s %s: %u faults, %u errors\n", failed ? "FAIL" : "ok  ", s->name,
	       nth - 2, errors);
	fflush(stdout);
}

void run_steps(const struct step *s, size_t nr)
{
	while (nr-- && !failed)
		run_step(s++);
}

static bool set_point(const char *point, const char *file,
		      unsigned long long value)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", point, file);
	snprintf(text, sizeof(text), "%llu", value);
	return tree_write(path, text);
}

/* Only what is called, at some depth, from this code may fail. */
static bool filter_by(unsigned long long from, unsigned long long end)
{
	static const char *const points[] = {
		"failslab", "fail_page_alloc", "fail_usercopy",
	};
	bool ok = true;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		ok &= set_point(points[i], "require-start", from);
		ok &= set_point(points[i], "require-end", end);
		set_point(points[i], "verbose", 0);
	}
	/* Also allocations that can wait, and those of a single page. */
	set_point("failslab", "ignore-gfp-wait", 0);
	set_point("fail_page_alloc", "ignore-gfp-wait", 0);
	set_point("fail_page_alloc", "min-order", 0);
	return ok;
}

/* By its bytes, so that a file system's reading is not a part of loading it. */
static void read_module(const char *path)
{
	FILE *f = fopen(path, "re");

	if (f && !fseek(f, 0, SEEK_END)) {
		module_size = ftell(f);
		module = malloc(module_size);
		rewind(f);
	}
	if (!module || fread(module, 1, module_size, f) != module_size) {
		fprintf(stderr, "kvtier-faults: cannot read %s: %s\n", path,
			strerror(errno));
		exit(2);
	}
	fclose(f);
}

static unsigned long long module_address(void)
{
	unsigned long long address = 0;
	FILE *f = fopen("/sys/module/kvtier/sections/.text", "re");

	if (!f || fscanf(f, "%llx", &address) != 1) {
		fprintf(stderr, "kvtier-faults: cannot read where kvtier.ko is\n");
		exit(2);
	}
	fclose(f);
	return address;
}

/*
 * Its address is known only once it is loaded, but all modules are near: the
 * debug kernel has no other.
 */
static unsigned long long find_modules(void)
{
	unsigned long long address;
	int err = load_module();

	if (err) {
		fprintf(stderr, "kvtier-faults: cannot load kvtier.ko: %s\n",
			strerror(-err));
		exit(2);
	}
	address = module_address();
	unload_module();
	return address & ~((256ULL << 20) - 1);
}

static void start(void)
{
	nth_fd = open("/proc/self/fail-nth", O_RDWR | O_CLOEXEC);
	if (nth_fd < 0 || !filter_by(find_modules(), ~0ULL)) {
		fprintf(stderr, "kvtier-faults: this kernel has no fault injection, or debugfs is not mounted: see tools/testing/kernel/debug\n");
		exit(2);
	}
	plan.cxl_node = slow_node();
}

static const char usage_text[] =
"Usage: kvtier-faults KVTIER.KO [DEVICE [STEP]]\n"
"\n"
"As root, on a debug kernel (tools/testing/kernel/debug): load the module, and\n"
"make each call to it fail at every allocation and user copy on its way. What\n"
"is leaked by that the kernel's checkers find. The module stays loaded. With a\n"
"device also an nvme tier: ALL THAT IS ON THE DEVICE IS LOST. With a step's name\n"
"as it prints them nothing fails before that step.\n";

int main(int argc, char **argv)
{
	int err;

	if (argc < 2 || argc > 4 || argv[1][0] == '-') {
		fputs(usage_text, stderr);
		return 2;
	}
	begin_with = argc == 4 ? argv[3] : NULL;
	err = argc > 2 ? nvme_open(argv[2]) : 0;
	if (err) {
		fprintf(stderr, "kvtier-faults: cannot use %s: %s\n", argv[2],
			strerror(-err));
		return 2;
	}
	read_module(argv[1]);
	start();
	run_step(&load_step);
	if (failed || control_open())
		return 1;
	run_memory();
	if (argc > 2)
		run_nvme();
	run_remote();
	run_last();
	if (begin_with && !failed) {
		fprintf(stderr, "kvtier-faults: there is no step '%s'\n", begin_with);
		return 2;
	}
	printf("kvtier-faults: %s\n", failed ? "FAILED" : "ok");
	return failed;
}
