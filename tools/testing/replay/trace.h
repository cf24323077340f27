/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_TRACE_H
#define REPLAY_TRACE_H

#include <stddef.h>
#include <stdint.h>

#define TRACE_MAX_LINE	(1u << 20)	/* bytes of one request's line */
#define TRACE_MAX_CHAIN	16384		/* blocks of one request */
#define TRACE_MAX_IDS	(1u << 30)	/* block references of a trace */
#define TRACE_MAX_MS	1e12		/* latest timestamp: 31 years */

/**
 * struct trace_request - one request
 * @time_ns: arrival, since some begin
 * @first: index of its first block in &trace.ids
 * @nr: blocks of its prompt
 */
struct trace_request {
	uint64_t time_ns;
	size_t first;
	uint32_t nr;
};

/**
 * struct trace - all requests of a trace, in order of arrival
 * @requests: the requests
 * @nr_requests: how many
 * @max_requests: room in @requests
 * @ids: block numbers of all requests, one request after the other
 * @nr_ids: how many
 * @max_ids: room in @ids
 */
struct trace {
	struct trace_request *requests;
	size_t nr_requests;
	size_t max_requests;
	uint64_t *ids;
	size_t nr_ids;
	size_t max_ids;
};

/** struct trace_error - what is wrong with a trace, for people */
struct trace_error {
	char text[512];
};

/**
 * trace_load - read a trace
 * @trace: receives it; to be freed with trace_free() if this succeeds
 * @path: a file of JSON lines, plain or gzip; "-" is standard input
 * @error: says what is wrong, where, if this fails
 *
 * Each line is an object with "timestamp" (ms) and "hash_ids" (an array of
 * block numbers, 0..2^64-2, equal numbers mean equal prefixes); other fields
 * are ignored, as are empty lines.
 *
 * Return: 0, or -1 with @error filled in and @trace empty.
 */
int trace_load(struct trace *trace, const char *path,
	       struct trace_error *error);

/**
 * trace_add - append one request
 * @trace: the trace
 * @line: the request in JSON, without the newline
 * @len: bytes of it
 * @error: as in trace_load(), without the file's name
 *
 * Return: 0, or -1.
 */
int trace_add(struct trace *trace, const char *line, size_t len,
	      struct trace_error *error);

/**
 * trace_cut - keep a part of the requests only
 * @trace: the trace
 * @fraction: of the requests to keep, > 0, at most 1; rounded up
 * @skip: requests to leave out at the begin, after that
 * @limit: requests to keep at most, after that; 0: any number
 */
void trace_cut(struct trace *trace, double fraction, size_t skip,
	       size_t limit);

void trace_free(struct trace *trace);

#endif /* REPLAY_TRACE_H */
