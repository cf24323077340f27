// SPDX-License-Identifier: GPL-2.0
/* Words for errors. */
#include "fake.h"
#include "tap.h"

static bool says(int call, int err, const char *part)
{
	const char *text = kvt_strerror(call, err);

	if (strstr(text, part))
		return true;
	printf("# '%s' does not say '%s'\n", text, part);
	return false;
}

/* Whatever is asked, there is an answer, on one line and without a full stop. */
static void always(void)
{
	int call, err, bad = 0;

	for (call = -1; call < 0x300; call++)
		for (err = -140; err < 140; err++) {
			const char *text = kvt_strerror(call, err);

			bad += !text || !*text || strchr(text, '\n') ||
			       text[strlen(text) - 1] == '.';
		}
	is(bad, 0, "every call and errno has words");
}

/* Each that struct kvt_nvme_add lists has words of its own. */
static void nvme_add(void)
{
	static const int errs[] = {
		EEXIST, ESTALE, ENOENT, EACCES, ENOTBLK, EBUSY, EROFS,
		EMEDIUMTYPE, EPROTONOSUPPORT, EUCLEAN, EOVERFLOW, EXDEV,
		EREMOTE, EIO, EOPNOTSUPP,
	};
	unsigned int i, bad = 0;

	for (i = 0; i < sizeof(errs) / sizeof(*errs); i++)
		bad += !strcmp(kvt_strerror(KVT_CALL_NVME_ADD, errs[i]),
			       strerror(errs[i]));
	is(bad, 0, "NVME_ADD: every documented errno");
}

int main(void)
{
	ok(says(KVT_OP_COMMIT, -ENOENT, "not filling"), "COMMIT's ENOENT");
	ok(says(KVT_OP_RELEASE, -ENOENT, "no lease"), "RELEASE's");
	ok(says(KVT_OP_DROP, -ENOENT, "no such block"), "any command's");
	ok(says(KVT_CALL_OPEN, -ENOENT, "modprobe"), "kvt_open()'s");
	ok(says(KVT_CALL_SPACE_CREATE, ENOENT, "tier"), "positive will do");
	ok(says(KVT_CALL_TIER_ADD, -EPERM, "root"), "any control call's");
	ok(says(KVT_CALL_NVME_ADD, -EMEDIUMTYPE, "tier format"), "NVME_ADD's");
	ok(says(KVT_CALL_NVME_ADD, -EPERM, "root"), "and any control call's");
	ok(says(KVT_CALL_HOST_ID, -ENOENT, "machine-id"), "the host's name");
	ok(says(KVT_CALL_TIER_RESIZE, -EOPNOTSUPP, "nvme"), "no resize of nvme");
	nvme_add();
	ok(says(KVT_CALL_OPEN, -EMFILE, "open files"), "the C library's");
	ok(says(KVT_CALL_OPEN, -99999, "unknown"), "no errno");
	ok(says(KVT_CALL_OPEN, -2147483647 - 1, "unknown"), "the least int");
	always();
	ok(!strcmp(kvt_tier_kind_name(KVT_TIER_CXL), "cxl"), "tier kinds");
	ok(!strcmp(kvt_tier_kind_name(99), "unknown"), "or none");
	ok(!strcmp(kvt_lib_version(), VERSION), "version is VERSION's");
	return done();
}
