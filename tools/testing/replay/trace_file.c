// SPDX-License-Identifier: GPL-2.0
/* A trace's file: lines out of plain text or gzip, bounded in length. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "trace.h"

/**
 * struct line_reader - where the lines come from
 * @gz: the file; zlib reads plain text as it is
 * @path: its name, for messages
 * @number: of the current line, from 1
 * @line: the current line, TRACE_MAX_LINE + 1 bytes
 * @len: bytes of it
 * @chunk: bytes read ahead
 * @pos: first unused byte in @chunk
 * @end: end of the bytes in @chunk
 */
struct line_reader {
	gzFile gz;
	const char *path;
	unsigned long number;
	char *line;
	size_t len;
	char chunk[1 << 16];
	unsigned int pos;
	unsigned int end;
};

static int fail_errno(const char *path, struct trace_error *error)
{
	snprintf(error->text, sizeof(error->text), "cannot read trace %s: %s",
		 path, strerror(errno));
	return -1;
}

static int fail_gz(struct line_reader *r, struct trace_error *error)
{
	int code;
	const char *why = gzerror(r->gz, &code);

	if (code == Z_ERRNO)
		return fail_errno(r->path, error);
	snprintf(error->text, sizeof(error->text),
		 "cannot read trace %s after line %lu: %s", r->path, r->number,
		 code == Z_BUF_ERROR ? "the gzip file is cut off" : why);
	return -1;
}

static int fail_line(struct line_reader *r, struct trace_error *error)
{
	struct trace_error inner = *error;

	snprintf(error->text, sizeof(error->text), "trace %.200s, line %lu: %.200s",
		 r->path, r->number, inner.text);
	return -1;
}

/* Return: 1 if there are bytes, 0 at the end, -1 on error. */
static int refill(struct line_reader *r, struct trace_error *error)
{
	int code, n;

	if (r->pos < r->end)
		return 1;
	n = gzread(r->gz, r->chunk, sizeof(r->chunk));
	if (n < 0)
		return fail_gz(r, error);
	gzerror(r->gz, &code);
	if (!n && code != Z_OK && code != Z_STREAM_END)
		return fail_gz(r, error);
	r->pos = 0;
	r->end = n;
	return n > 0;
}

/* Take what the chunk has of the line. Return: whether the line is whole. */
static int take(struct line_reader *r)
{
	char *from = r->chunk + r->pos;
	char *nl = memchr(from, '\n', r->end - r->pos);
	size_t n = nl ? (size_t)(nl - from) : r->end - r->pos;
	size_t room = TRACE_MAX_LINE + 1 - r->len;

	r->pos += n + !!nl;
	if (n > room)
		n = room;
	memcpy(r->line + r->len, from, n);
	r->len += n;
	return !!nl;
}

static void strip(struct line_reader *r)
{
	while (r->len && strchr(" \t\r", r->line[r->len - 1]) &&
	       r->line[r->len - 1])
		r->len--;
}

/* A line that is too long is kept one byte too long, and refused as such. */
static int next_line(struct line_reader *r, struct trace_error *error)
{
	int more;

	r->len = 0;
	r->number++;
	while ((more = refill(r, error)) > 0)
		if (take(r) || r->len > TRACE_MAX_LINE)
			break;
	if (more < 0)
		return -1;
	if (more || r->len) {
		strip(r);
		return 1;
	}
	return 0;
}

static int read_lines(struct line_reader *r, struct trace *trace,
		      struct trace_error *error)
{
	int more;

	while ((more = next_line(r, error)) > 0)
		if (r->len && trace_add(trace, r->line, r->len, error))
			return fail_line(r, error);
	if (!more && !trace->nr_requests) {
		snprintf(error->text, sizeof(error->text),
			 "trace %s has no requests", r->path);
		return -1;
	}
	return more;
}

static gzFile open_gz(const char *path)
{
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) :
				     dup(STDIN_FILENO);
	gzFile gz;

	if (fd < 0)
		return NULL;
	gz = gzdopen(fd, "rb");
	if (!gz)
		close(fd);
	return gz;
}

int trace_load(struct trace *trace, const char *path,
	       struct trace_error *error)
{
	struct line_reader *r = calloc(1, sizeof(*r));
	int ret = -1;

	memset(trace, 0, sizeof(*trace));
	errno = ENOMEM;
	if (!r)
		return fail_errno(path, error);
	r->path = path;
	r->line = malloc(TRACE_MAX_LINE + 1);
	r->gz = r->line ? open_gz(path) : NULL;
	if (!r->gz) {
		fail_errno(path, error);
		goto out;
	}
	ret = read_lines(r, trace, error);
	gzclose(r->gz);
	if (ret)
		trace_free(trace);
out:
	free(r->line);
	free(r);
	return ret;
}
