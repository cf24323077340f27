// SPDX-License-Identifier: GPL-2.0
#include <blkid/blkid.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "signature.h"

#define MOST_SIGNATURES	64	/* a device that takes no writes has them for ever */

static blkid_probe probe_new(const struct media *m)
{
	blkid_probe probe = blkid_new_probe();

	if (!probe)
		return NULL;
	if (blkid_probe_set_device(probe, m->fd, 0, 0)) {
		blkid_free_probe(probe);
		return NULL;
	}
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_USAGE |
					  BLKID_SUBLKS_LABEL | BLKID_SUBLKS_MAGIC);
	blkid_probe_enable_partitions(probe, 1);
	blkid_probe_set_partitions_flags(probe, BLKID_PARTS_MAGIC | BLKID_PARTS_FORCE_GPT);
	return probe;
}

static const char *value(blkid_probe probe, const char *name)
{
	const char *text;

	return blkid_probe_lookup_value(probe, name, &text, NULL) ? NULL : text;
}

static const char *usage_words(const char *usage)
{
	if (!usage)
		return "signature";
	if (!strcmp(usage, "filesystem"))
		return "file system";
	if (!strcmp(usage, "raid"))
		return "RAID or volume group member";
	if (!strcmp(usage, "crypto"))
		return "encrypted volume";
	return "signature";
}

static void describe(blkid_probe probe, char *text)
{
	const char *type = value(probe, "TYPE"), *table = value(probe, "PTTYPE");
	const char *label = value(probe, "LABEL");

	if (type && label)
		snprintf(text, SIGNATURE_TEXT, "%s %s labelled \"%s\"", type,
			 usage_words(value(probe, "USAGE")), label);
	else if (type)
		snprintf(text, SIGNATURE_TEXT, "%s %s", type,
			 usage_words(value(probe, "USAGE")));
	else if (table)
		snprintf(text, SIGNATURE_TEXT, "%s partition table", table);
	else
		snprintf(text, SIGNATURE_TEXT, "signature that is known, of no known type");
}

int signature_find(const struct media *m, char *text)
{
	blkid_probe probe = probe_new(m);
	int found;

	if (!probe) {
		snprintf(text, SIGNATURE_TEXT, "%s", strerror(errno));
		return -1;
	}
	found = blkid_do_safeprobe(probe);
	if (!found)
		describe(probe, text);
	else if (found == -2)
		snprintf(text, SIGNATURE_TEXT, "signatures of several file systems or partition tables");
	else if (found < 0)
		snprintf(text, SIGNATURE_TEXT, "%s", strerror(errno ? errno : EIO));
	blkid_free_probe(probe);
	return found == 1 ? 0 : found == -1 ? -1 : 1;
}

int signature_wipe(const struct media *m)
{
	blkid_probe probe = probe_new(m);
	int i, err = 0;

	if (!probe)
		return -EIO;
	for (i = 0; !err && i < MOST_SIGNATURES && !blkid_do_probe(probe); i++)
		if (blkid_do_wipe(probe, 0))
			err = -EIO;
	blkid_free_probe(probe);
	return i < MOST_SIGNATURES ? err : -EIO;
}
