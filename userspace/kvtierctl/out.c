// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "out.h"
#include "say.h"
#include "size.h"

#define JSON_STYLE	(JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE)
#define CELL_TEXT	160

static bool want_colour(void)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
	       term && strcmp(term, "dumb");
}

static void bold(bool on)
{
	if (want_colour())
		fputs(on ? "\033[1m" : "\033[0m", stdout);
}

static const char *cell(json_object *row, const struct column *column, char *text)
{
	json_object *value;

	if (!json_object_object_get_ex(row, column->field, &value) || !value)
		return strcpy(text, "-");
	switch (column->form) {
	case COL_SIZE:
		return size_text(json_object_get_int64(value), text);
	case COL_RATE:
		snprintf(text, CELL_TEXT, "%.1f", json_object_get_double(value));
		return text;
	default:
		snprintf(text, CELL_TEXT, "%s", json_object_get_string(value));
		return text;
	}
}

/* Without headings too: the table may go on one that had them. */
static int column_width(json_object *rows, const struct column *column)
{
	size_t i, nr = json_object_array_length(rows);
	int width = column->width;
	char text[CELL_TEXT];

	if ((int)strlen(column->heading) > width)
		width = strlen(column->heading);
	for (i = 0; i < nr; i++) {
		int len = strlen(cell(json_object_array_get_idx(rows, i), column, text));

		if (len > width)
			width = len;
	}
	return width;
}

static void print_cell(const struct column *column, int width, const char *text)
{
	const char *gap = column[1].heading ? "  " : "";

	if (column->form != COL_TEXT)
		printf("%*s%s", width, text, gap);
	else if (*gap)
		printf("%-*s%s", width, text, gap);
	else
		printf("%s", text);
}

static void print_row(json_object *row, const struct column *columns, const int *widths)
{
	char text[CELL_TEXT];
	int i;

	for (i = 0; columns[i].heading; i++)
		print_cell(&columns[i], widths[i], cell(row, &columns[i], text));
	putchar('\n');
}

static void print_headings(const struct column *columns, const int *widths)
{
	int i;

	bold(true);
	for (i = 0; columns[i].heading; i++)
		print_cell(&columns[i], widths[i], columns[i].heading);
	bold(false);
	putchar('\n');
}

void out_table(json_object *rows, const struct column *columns, bool headings)
{
	size_t i, nr = json_object_array_length(rows);
	int widths[32], c;

	for (c = 0; columns[c].heading; c++)
		widths[c] = column_width(rows, &columns[c]);
	if (headings)
		print_headings(columns, widths);
	for (i = 0; i < nr; i++)
		print_row(json_object_array_get_idx(rows, i), columns, widths);
}

void out_pairs(json_object *row, const struct column *columns)
{
	char text[CELL_TEXT];
	int i, width = 0;

	for (i = 0; columns[i].heading; i++)
		if ((int)strlen(columns[i].heading) > width)
			width = strlen(columns[i].heading);
	for (i = 0; columns[i].heading; i++)
		printf("%-*s  %s\n", width, columns[i].heading,
		       cell(row, &columns[i], text));
}

void out_json(json_object *value)
{
	puts(json_object_to_json_string_ext(value, JSON_STYLE | JSON_C_TO_STRING_PRETTY));
}

void out_json_line(json_object *value)
{
	puts(json_object_to_json_string_ext(value, JSON_STYLE));
}

void out_title(const char *text)
{
	bold(true);
	fputs(text, stdout);
	bold(false);
	putchar('\n');
}

int out_close(int code)
{
	if (!fflush(stdout) && !ferror(stdout))
		return code;
	return fail(CTL_FAILED, "cannot write the output: %s", strerror(errno));
}

void put_text(json_object *to, const char *field, const char *text)
{
	json_object_object_add(to, field, text ? json_object_new_string(text) : NULL);
}

void put_int(json_object *to, const char *field, int64_t value)
{
	json_object_object_add(to, field, json_object_new_int64(value));
}

void put_real(json_object *to, const char *field, double value)
{
	json_object *real = json_object_new_double(value);

	json_object_set_serializer(real, json_object_double_to_json_string, "%.3f", NULL);
	json_object_object_add(to, field, real);
}

int64_t get_int(json_object *from, const char *field)
{
	json_object *value;

	if (!json_object_object_get_ex(from, field, &value))
		return 0;
	return json_object_get_int64(value);
}

const char *get_text(json_object *from, const char *field)
{
	json_object *value;

	if (!json_object_object_get_ex(from, field, &value) || !value)
		return "";
	return json_object_get_string(value);
}
