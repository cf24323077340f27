// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kvtier.h"
#include "size.h"

static const char units[] = "KMGTPE";

/* Returns the shift that a suffix stands for, or -1. */
static int suffix_shift(const char *suffix)
{
	const char *unit;

	if (!*suffix)
		return 0;
	unit = strchr(units, toupper((unsigned char)*suffix));
	if (!unit || (suffix[1] && strcmp(suffix + 1, "iB")))
		return -1;
	return 10 * (unit - units + 1);
}

const char *arg_size(const char *text, void *to)
{
	unsigned long long number;
	char *end;
	int shift;

	if (*text == '-')
		return "a size is not negative";
	if (!isdigit((unsigned char)*text))
		return "not a size (write 4K, 2M, 1G, 1T)";
	errno = 0;
	number = strtoull(text, &end, 10);
	if (*end == '.')
		return "a size has no fraction (write 1536M for 1.5G)";
	shift = suffix_shift(end);
	if (shift < 0)
		return "not a size (units are K, M, G, T of 1024, or KiB, MiB, ...)";
	if (errno || number > UINT64_MAX >> shift)
		return "too large a size";
	*(uint64_t *)to = number << shift;
	return NULL;
}

const char *arg_tier_size(const char *text, void *to)
{
	const char *wrong = arg_size(text, to);

	if (wrong)
		return wrong;
	if (!*(uint64_t *)to)
		return "the size must not be 0";
	if (*(uint64_t *)to % TIER_GRAIN)
		return "not a multiple of 2M";
	return NULL;
}

const char *arg_block_size(const char *text, void *to)
{
	const char *wrong = arg_size(text, to);
	uint64_t bytes;

	if (wrong)
		return wrong;
	bytes = *(uint64_t *)to;
	if (bytes < KVT_BLOCK_SIZE_MIN || bytes > KVT_BLOCK_SIZE_MAX)
		return "a block has 4K to 64M";
	if (bytes % KVT_BLOCK_SIZE_MIN)
		return "not a multiple of 4K";
	return NULL;
}

const char *size_text(uint64_t bytes, char *text)
{
	double size = bytes;
	int unit = -1;

	/* 1023.95 and more would be printed as 1024.0 */
	while (size >= (unit < 0 ? 1024 : 1023.95)) {
		size /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(text, SIZE_TEXT, "%u B", (unsigned int)bytes);
	else
		snprintf(text, SIZE_TEXT, "%.1f %ciB", size, units[unit]);
	return text;
}

const char *size_exact(uint64_t bytes, char *text)
{
	int unit = -1;

	while (bytes && !(bytes % 1024)) {
		bytes /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(text, SIZE_TEXT, "%llu B", (unsigned long long)bytes);
	else
		snprintf(text, SIZE_TEXT, "%llu %ciB", (unsigned long long)bytes,
			 units[unit]);
	return text;
}
