// SPDX-License-Identifier: GPL-2.0
/* kvt_abi_is_zero() and kvt_abi_check_name(). */
#include "good.h"

static void zero(void)
{
	__u8 bytes[64] = { 0 };
	size_t i;
	int found = 0;

	ok(kvt_abi_is_zero(bytes, sizeof(bytes)), "64 zero bytes are zero");
	memset(bytes, 0xff, sizeof(bytes));
	ok(kvt_abi_is_zero(bytes, 0), "no bytes are zero");
	memset(bytes, 0, sizeof(bytes));
	for (i = 0; i < sizeof(bytes); i++) {
		bytes[i] = i % 2 ? 1 : 0x80;
		found += !kvt_abi_is_zero(bytes, sizeof(bytes));
		found += kvt_abi_is_zero(bytes, i);
		found += kvt_abi_is_zero(bytes + i + 1, sizeof(bytes) - i - 1);
		bytes[i] = 0;
	}
	is(found, 3 * 64, "a byte counts wherever it is, and only inside");
}

static int check(const char *text)
{
	__u8 name[KVT_NAME_SIZE];

	set_name(name, text);
	return kvt_abi_check_name(name);
}

static void lengths(void)
{
	is(check(""), -EINVAL, "an empty name");
	is(check("a"), 0, "one character");
	is(check("abcdefghijklmnopqrstuvwxyz01234"), 0, "31 characters");
	is(check("abcdefghijklmnopqrstuvwxyz012345"), -EINVAL,
	   "32 characters, no NUL");
}

/* Each of the 256 characters, as the first, in the middle and as the last. */
static void characters(void)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz";
	static const char later[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
	__u8 name[KVT_NAME_SIZE];
	int c, wrong_first = 0, wrong_later = 0, wrong_last = 0;

	for (c = 1; c < 256; c++) {
		set_name(name, "xyz");
		name[0] = c;
		wrong_first += !kvt_abi_check_name(name) != !!strchr(first, c);
		set_name(name, "xyz");
		name[1] = c;
		wrong_later += !kvt_abi_check_name(name) != !!strchr(later, c);
		set_name(name, "abcdefghijklmnopqrstuvwxyz01234");
		name[KVT_NAME_SIZE - 2] = c;
		wrong_last += !kvt_abi_check_name(name) != !!strchr(later, c);
	}
	is(wrong_first, 0, "a name begins with a-z");
	is(wrong_later, 0, "a name goes on with a-z 0-9 _ -");
	is(wrong_last, 0, "so does character 31");
}

static void after_the_nul(void)
{
	__u8 name[KVT_NAME_SIZE];
	int i, taken = 0;

	for (i = 2; i < KVT_NAME_SIZE; i++) {
		set_name(name, "a");
		name[i] = 'b';
		taken += !kvt_abi_check_name(name);
	}
	is(taken, 0, "nothing may follow the NUL, wherever");
	set_name(name, "");
	name[1] = 'a';
	is(kvt_abi_check_name(name), -EINVAL, "a NUL cannot come first");
}

int main(void)
{
	zero();
	lengths();
	characters();
	after_the_nul();
	return done();
}
