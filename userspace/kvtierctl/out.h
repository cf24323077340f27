/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Everything that is printed is made as JSON first; a table is a view of it.
 * So what people and programs get cannot differ.
 */
#ifndef CTL_OUT_H
#define CTL_OUT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/**
 * enum column_form - how a field is shown
 * @COL_TEXT: as it is, to the left
 * @COL_COUNT: an integer, to the right
 * @COL_SIZE: bytes, humanised
 * @COL_RATE: a number with one decimal
 */
enum column_form { COL_TEXT, COL_COUNT, COL_SIZE, COL_RATE };

/**
 * struct column - one column of a table
 * @heading: NULL ends a table
 * @field: of the row's JSON object
 * @form: how it is shown
 * @width: the column is at least so wide
 */
struct column {
	const char *heading;
	const char *field;
	enum column_form form;
	int width;
};

/** COLUMN() - a struct column; further members may follow: .width = 8 */
#define COLUMN(text, from, ...) \
	{ .heading = text, .field = from, .form = __VA_ARGS__ }

/** out_table() - print an array of JSON objects, with or without headings */
void out_table(json_object *rows, const struct column *columns, bool headings);

/** out_pairs() - print the fields of one JSON object, one a line */
void out_pairs(json_object *row, const struct column *columns);

/** out_json() - print indented JSON */
void out_json(json_object *value);

/** out_json_line() - print JSON on one line */
void out_json_line(json_object *value);

/** out_title() - print a line as heading, bold where colour is wanted */
void out_title(const char *text);

/*
 * out_close() - write out what is buffered
 *
 * Return: @code, or CTL_FAILED with a message if the output did not take all.
 */
int out_close(int code);

/* json_object_object_add() with less to read. */
void put_text(json_object *to, const char *field, const char *text);
void put_int(json_object *to, const char *field, int64_t value);

/** put_real() - add a number, of which three decimals are shown */
void put_real(json_object *to, const char *field, double value);

/** get_int() - a field as integer, 0 if it is absent */
int64_t get_int(json_object *from, const char *field);

/** get_text() - a field as text, "" if it is absent */
const char *get_text(json_object *from, const char *field);

#endif /* CTL_OUT_H */
