// SPDX-License-Identifier: GPL-2.0
/*
 * The trace in memory, and what one line of it may hold. Traces come from
 * anywhere: every number, length and type is checked before it is used.
 */
#include <json-c/json.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"

#define JSON_DEPTH	8

__attribute__((format(printf, 2, 3)))
static int fail(struct trace_error *error, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(error->text, sizeof(error->text), fmt, args);
	va_end(args);
	return -1;
}

static int grow(void **array, size_t *max, size_t need, size_t size)
{
	size_t wanted = *max ? *max : 1024;
	void *bigger;

	if (need <= *max)
		return 0;
	while (wanted < need)
		wanted *= 2;
	bigger = reallocarray(*array, wanted, size);
	if (!bigger)
		return -1;
	*array = bigger;
	*max = wanted;
	return 0;
}

static int make_room(struct trace *trace, size_t nr, struct trace_error *error)
{
	if (nr > TRACE_MAX_CHAIN)
		return fail(error, "%zu hash_ids, more than the %u that one request may have",
			    nr, TRACE_MAX_CHAIN);
	if (trace->nr_ids + nr > TRACE_MAX_IDS)
		return fail(error, "more than %u block references in the trace",
			    TRACE_MAX_IDS);
	if (grow((void **)&trace->requests, &trace->max_requests,
		 trace->nr_requests + 1, sizeof(*trace->requests)) ||
	    grow((void **)&trace->ids, &trace->max_ids, trace->nr_ids + nr,
		 sizeof(*trace->ids)))
		return fail(error, "out of memory");
	return 0;
}

static int get_time(struct json_object *object, uint64_t *time_ns,
		    struct trace_error *error)
{
	struct json_object *value;
	double ms;

	if (!json_object_object_get_ex(object, "timestamp", &value))
		return fail(error, "no \"timestamp\"");
	if (!json_object_is_type(value, json_type_int) &&
	    !json_object_is_type(value, json_type_double))
		return fail(error, "\"timestamp\" is not a number");
	ms = json_object_get_double(value);
	if (!isfinite(ms) || ms < 0 || ms > TRACE_MAX_MS)
		return fail(error, "\"timestamp\" is not within 0..%.0f ms",
			    TRACE_MAX_MS);
	*time_ns = (uint64_t)(ms * 1e6);
	return 0;
}

static int get_id(struct json_object *value, size_t i, uint64_t *id,
		  struct trace_error *error)
{
	if (!json_object_is_type(value, json_type_int))
		return fail(error, "hash_ids[%zu] is not an integer", i);
	if (json_object_get_int64(value) < 0)
		return fail(error, "hash_ids[%zu] is negative", i);
	*id = json_object_get_uint64(value);
	if (*id == UINT64_MAX)	/* what json-c makes of all that is larger */
		return fail(error, "hash_ids[%zu] is above 2^64 - 2", i);
	return 0;
}

static int add_request(struct trace *trace, struct json_object *object,
		       struct trace_error *error)
{
	struct trace_request request = { .first = trace->nr_ids };
	struct json_object *ids;
	size_t i, nr;

	if (get_time(object, &request.time_ns, error))
		return -1;
	if (!json_object_object_get_ex(object, "hash_ids", &ids) ||
	    !json_object_is_type(ids, json_type_array))
		return fail(error, "no array \"hash_ids\"");
	nr = json_object_array_length(ids);
	if (make_room(trace, nr, error))
		return -1;
	for (i = 0; i < nr; i++)
		if (get_id(json_object_array_get_idx(ids, i), i,
			   &trace->ids[trace->nr_ids + i], error))
			return -1;
	request.nr = nr;
	trace->requests[trace->nr_requests++] = request;
	trace->nr_ids += nr;
	return 0;
}

static struct json_object *parse(const char *line, size_t len,
				 struct trace_error *error)
{
	struct json_tokener *tok = json_tokener_new_ex(JSON_DEPTH);
	struct json_object *object;
	enum json_tokener_error why;

	if (!tok) {
		fail(error, "out of memory");
		return NULL;
	}
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tok, line, len);
	why = json_tokener_get_error(tok);
	if (why == json_tokener_continue)
		fail(error, "not valid JSON: the line ends too early");
	else if (why != json_tokener_success)
		fail(error, "not valid JSON: %s", json_tokener_error_desc(why));
	else if (!object)
		fail(error, "not a JSON object");
	else if (json_tokener_get_parse_end(tok) != len)
		fail(error, "not valid JSON: more after the object's end");
	else
		goto out;
	json_object_put(object);
	object = NULL;
out:
	json_tokener_free(tok);
	return object;
}

static bool begins_object(const char *line, size_t len)
{
	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	return len && *line == '{';
}

int trace_add(struct trace *trace, const char *line, size_t len,
	      struct trace_error *error)
{
	struct json_object *object;
	int ret;

	if (len > TRACE_MAX_LINE)
		return fail(error, "the line is longer than %u bytes",
			    TRACE_MAX_LINE);
	if (!begins_object(line, len))
		return fail(error, "not a JSON object");
	object = parse(line, len, error);
	if (!object)
		return -1;
	ret = add_request(trace, object, error);
	json_object_put(object);
	return ret;
}

static void cut_end(struct trace *trace, size_t keep)
{
	if (keep >= trace->nr_requests)
		return;
	trace->nr_requests = keep;
	trace->nr_ids = trace->requests[keep].first;
}

static void cut_begin(struct trace *trace, size_t skip)
{
	size_t ids, i;

	if (!skip || !trace->nr_requests)
		return;
	if (skip > trace->nr_requests)
		skip = trace->nr_requests;
	ids = skip < trace->nr_requests ? trace->requests[skip].first :
					  trace->nr_ids;
	trace->nr_requests -= skip;
	trace->nr_ids -= ids;
	memmove(trace->requests, trace->requests + skip,
		trace->nr_requests * sizeof(*trace->requests));
	memmove(trace->ids, trace->ids + ids,
		trace->nr_ids * sizeof(*trace->ids));
	for (i = 0; i < trace->nr_requests; i++)
		trace->requests[i].first -= ids;
}

void trace_cut(struct trace *trace, double fraction, size_t skip, size_t limit)
{
	cut_end(trace, (size_t)ceil((double)trace->nr_requests * fraction));
	cut_begin(trace, skip);
	if (limit)
		cut_end(trace, limit);
}

void trace_free(struct trace *trace)
{
	free(trace->requests);
	free(trace->ids);
	memset(trace, 0, sizeof(*trace));
}
