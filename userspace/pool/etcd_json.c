// SPDX-License-Identifier: GPL-2.0
#include <json-c/json.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd_json.h"

#define MOST_KEYS	"256"	/* of a range: bad ones are not to keep out all good ones */
#define MOST_KEY	512	/* bytes of a key, or of a value, that are looked at */
#define DEPTH		16	/* of objects in objects */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* ------------------------------------------------------------------------- base64 */

/* A key of a configuration is much shorter than that. */
#define KEY_TEXT	(MOST_KEY / 3 * 4 + 8)

static const char *encode(const char *key, char text[KEY_TEXT])
{
	size_t len = strlen(key), i;
	char *to = text;

	for (i = 0; i < len; i += 3) {
		unsigned int left = len - i, bits = (unsigned char)key[i] << 16;

		if (left > 1)
			bits |= (unsigned char)key[i + 1] << 8;
		if (left > 2)
			bits |= (unsigned char)key[i + 2];
		*to++ = digits[bits >> 18];
		*to++ = digits[bits >> 12 & 63];
		*to++ = left > 1 ? digits[bits >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[bits & 63] : '=';
	}
	*to = '\0';
	return text;
}

/* Returns the number of bytes, or -1: it is no base64, or there are more. */
static int decode(const char *text, char bytes[MOST_KEY])
{
	unsigned int bits = 0, nr = 0;
	const char *digit;
	int len = 0;

	if (strlen(text) % 4)
		return -1;
	for (; *text && *text != '='; text++) {
		digit = strchr(digits, *text);
		if (!digit || len == MOST_KEY)
			return -1;
		bits = bits << 6 | (unsigned int)(digit - digits);
		nr += 6;
		if (nr < 8)
			continue;
		nr -= 8;
		bytes[len++] = bits >> nr;
	}
	return !*text || !strcmp(text, "=") || !strcmp(text, "==") ? len : -1;
}

/* ----------------------------------------------------------------------- requests */

/* Names and values, NULL at the end. */
static struct json_object *make(const char *name, ...)
{
	struct json_object *object = json_object_new_object();
	va_list args;

	va_start(args, name);
	for (; object && name; name = va_arg(args, const char *))
		json_object_object_add(object, name,
				       json_object_new_string(va_arg(args, const char *)));
	va_end(args);
	return object;
}

/* Without memory the body is empty, which etcd refuses. */
static void write_body(char body[KVP_ETCD_BODY], struct json_object *object)
{
	const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);

	snprintf(body, KVP_ETCD_BODY, "%s", text ? text : "");
	json_object_put(object);
}

static const char *number(int64_t value, char text[32])
{
	snprintf(text, 32, "%lld", (long long)value);
	return text;
}

/* The first key behind all that begin with @prefix: it ends with a slash. */
static const char *end_of(const char *prefix, char text[KEY_TEXT])
{
	char key[MOST_KEY];
	size_t len = strlen(prefix);

	memcpy(key, prefix, len + 1);
	key[len - 1]++;
	return encode(key, text);
}

void kvp_etcd_ask_login(char body[KVP_ETCD_BODY], const char *user, const char *password)
{
	write_body(body, make("name", user, "password", password, NULL));
}

void kvp_etcd_ask_range(char body[KVP_ETCD_BODY], const char *prefix)
{
	char key[KEY_TEXT], end[KEY_TEXT];

	write_body(body, make("key", encode(prefix, key), "range_end", end_of(prefix, end),
			      "limit", MOST_KEYS, NULL));
}

void kvp_etcd_ask_watch(char body[KVP_ETCD_BODY], const char *prefix, int64_t revision)
{
	char key[KEY_TEXT], end[KEY_TEXT], text[32];
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "create_request",
			       make("key", encode(prefix, key), "range_end",
				    end_of(prefix, end), "start_revision",
				    number(revision, text), NULL));
	write_body(body, object);
}

void kvp_etcd_ask_grant(char body[KVP_ETCD_BODY], unsigned int ttl)
{
	char text[32];

	write_body(body, make("TTL", number(ttl, text), NULL));
}

void kvp_etcd_ask_lease(char body[KVP_ETCD_BODY], int64_t lease)
{
	char text[32];

	write_body(body, make("ID", number(lease, text), NULL));
}

void kvp_etcd_ask_put(char body[KVP_ETCD_BODY], const char *prefix, const char *at,
		      const char *name, int64_t lease)
{
	char key[MOST_KEY], key_text[KEY_TEXT], name_text[KEY_TEXT], text[32];

	snprintf(key, sizeof(key), "%s%s", prefix, at);
	write_body(body, make("key", encode(key, key_text), "value",
			      encode(name, name_text), "lease", number(lease, text), NULL));
}

/* ------------------------------------------------------------------------ answers */

/* An object, to be put; or NULL. */
static struct json_object *parse(const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH);
	struct json_object *object = NULL;

	if (tokener && len <= INT_MAX)
		object = json_tokener_parse_ex(tokener, text, len);
	if (tokener)
		json_tokener_free(tokener);
	if (json_object_is_type(object, json_type_object))
		return object;
	json_object_put(object);
	return NULL;
}

/* Or NULL, if @object is NULL, no object, or has none. */
static struct json_object *get(struct json_object *object, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(object, name, &value) ? value : NULL;
}

/* The gateway writes 64 bits as strings, and leaves out what is 0. */
static int64_t get_number(struct json_object *object, const char *name)
{
	return json_object_get_int64(get(object, name));
}

/* One with a NUL in it is none. */
static const char *get_string(struct json_object *object, const char *name)
{
	struct json_object *value = get(object, name);
	const char *text = "";

	if (json_object_is_type(value, json_type_string))
		text = json_object_get_string(value);
	return *text && strlen(text) == (size_t)json_object_get_string_len(value) ? text : "";
}

static void add_member(struct kvp_members *members, const char *prefix,
		       struct json_object *kv)
{
	char key[MOST_KEY], value[MOST_KEY];
	int key_len = decode(get_string(kv, "key"), key);
	int value_len = decode(get_string(kv, "value"), value);
	int len = strlen(prefix);

	if (key_len > len && value_len >= 0 && !memcmp(key, prefix, len))
		kvp_member_add(members, key + len, key_len - len, value, value_len);
	else
		members->nr_bad++;
}

bool kvp_etcd_members(const char *text, size_t len, const char *prefix,
		      struct kvp_members *members, int64_t *revision)
{
	struct json_object *root = parse(text, len), *kvs = get(root, "kvs");
	size_t i;

	memset(members, 0, sizeof(*members));
	*revision = get_number(get(root, "header"), "revision");
	if (json_object_is_type(kvs, json_type_array))
		for (i = 0; i < json_object_array_length(kvs); i++)
			add_member(members, prefix, json_object_array_get_idx(kvs, i));
	else if (kvs)
		*revision = 0;
	if (json_object_get_boolean(get(root, "more")))
		members->nr_bad++;
	json_object_put(root);
	return *revision > 0 && *revision < INT64_MAX;
}

bool kvp_etcd_lease(const char *text, size_t len, int64_t *lease, int64_t *ttl)
{
	struct json_object *root = parse(text, len), *result = get(root, "result");

	if (!result)
		result = root;
	*lease = get_number(result, "ID");
	*ttl = get_number(result, "TTL");
	json_object_put(root);
	return *lease > 0 && *ttl >= 0;
}

/* It becomes a line of a request's head. */
bool kvp_etcd_token(const char *text, size_t len, char token[KVP_ETCD_TOKEN])
{
	struct json_object *root = parse(text, len);
	const char *got = get_string(root, "token");
	size_t nr = strlen(got), i;
	bool good = nr && nr < KVP_ETCD_TOKEN;

	for (i = 0; i < nr && good; i++)
		good = got[i] > ' ' && got[i] <= '~';
	if (good)
		memcpy(token, got, nr + 1);
	json_object_put(root);
	return good;
}

static void copy_words(const char *from, char why[KVP_ETCD_WHY])
{
	size_t i;

	for (i = 0; from[i] && i < KVP_ETCD_WHY - 1; i++)
		why[i] = from[i] >= ' ' && from[i] <= '~' ? from[i] : '?';
	why[i] = '\0';
}

static bool get_error(struct json_object *root, char why[KVP_ETCD_WHY])
{
	struct json_object *error = get(root, "error");

	if (json_object_is_type(error, json_type_object))
		copy_words(get_string(error, "message"), why);
	else
		copy_words(get_string(root, "error"), why);
	return error && *why;
}

bool kvp_etcd_error(const char *text, size_t len, char why[KVP_ETCD_WHY])
{
	struct json_object *root = parse(text, len);
	bool found = get_error(root, why);

	json_object_put(root);
	return found;
}

/* A watch that begins at what was compacted is cancelled, and says where it might. */
static enum kvp_etcd_event judge(struct json_object *root, char why[KVP_ETCD_WHY])
{
	struct json_object *result = get(root, "result"), *events = get(result, "events");

	if (get_error(root, why))
		return KVP_ETCD_REFUSED;
	strcpy(why, "the watch is cancelled");
	if (json_object_get_boolean(get(result, "canceled"))) {
		if (*get_string(result, "cancel_reason"))
			copy_words(get_string(result, "cancel_reason"), why);
		return get(result, "compact_revision") ? KVP_ETCD_CHANGED : KVP_ETCD_REFUSED;
	}
	strcpy(why, "the watch's answer is none");
	if (!json_object_is_type(result, json_type_object))
		return KVP_ETCD_REFUSED;
	return events ? KVP_ETCD_CHANGED : KVP_ETCD_QUIET;
}

enum kvp_etcd_event kvp_etcd_event(const char *text, size_t len, char why[KVP_ETCD_WHY])
{
	struct json_object *root = parse(text, len);
	enum kvp_etcd_event event = judge(root, why);

	json_object_put(root);
	return event;
}
