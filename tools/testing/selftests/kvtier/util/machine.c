// SPDX-License-Identifier: GPL-2.0
#include "util.h"

const char *kst_missing(void)
{
	if (geteuid())
		return "must be run as root";
	if (access(KST_CONTROL, F_OK))
		return "no " KST_CONTROL ": load kvtier.ko";
	return NULL;
}

__u64 kst_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

void kst_sleep_ms(unsigned int ms)
{
	struct timespec t = { ms / 1000, (ms % 1000) * 1000000L };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

bool kst_sleeps(pid_t thread)
{
	char path[64], text[256], *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", thread);
	if (kst_attr_text(path, text, sizeof(text)))
		return false;
	end = strrchr(text, ')');
	return end && (end[2] == 'S' || end[2] == 'D');
}

int kst_slow_node(void)
{
	char list[128];
	char *last;

	if (kst_attr_text("/sys/devices/system/node/has_normal_memory", list,
			  sizeof(list)))
		return 0;
	last = strpbrk(list, ",-");
	return last ? atoi(last + 1) : 0;
}

bool kst_kernel_has(const char *option)
{
	char cmd[128];

	if (access("/proc/config.gz", R_OK))
		return true;
	snprintf(cmd, sizeof(cmd), "zcat /proc/config.gz | grep -qx CONFIG_%s=y",
		 option);
	return !system(cmd);
}

long kst_meminfo_kb(const char *field)
{
	FILE *f = fopen("/proc/meminfo", "r");
	size_t n = strlen(field);
	char line[128];
	long kb = -1;

	if (!f)
		return -1;
	while (kb < 0 && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, field, n) && line[n] == ':')
			kb = atol(line + n + 1);
	}
	fclose(f);
	return kb;
}
