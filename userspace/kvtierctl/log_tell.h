/* SPDX-License-Identifier: GPL-2.0 */
/* What check and dump both say about devices and segments, as JSON. */
#ifndef CTL_LOG_TELL_H
#define CTL_LOG_TELL_H

#include <json-c/json.h>

#include "log_set.h"
#include "out.h"

/** log_columns - of rows that log_tell_devices() made */
extern const struct column log_device_columns[];

/** log_tell_set() - an object: set, class, segment_size, nr_devices */
json_object *log_tell_set(const struct log_set *set);

/** log_tell_devices() - an array: a row for each device, segments by state */
json_object *log_tell_devices(const struct log_set *set, const struct log_walk *w);

/** log_state_text() - "free", "open", "closed" or "damaged" */
const char *log_state_text(const struct log_segment *s);

/** log_fate_text() - of enum log_fate */
const char *log_fate_text(u8 fate);

/** log_hex() - 32 bytes as hex digits; @text has 65; returns it */
const char *log_hex(const u8 bytes[32], char text[65]);

/** log_title_set() - print what log_tell_set() made, for people */
void log_title_set(const struct log_set *set);

/** log_missing() - say on stderr that devices of the set were not named */
void log_missing(const struct log_set *set);

#endif /* CTL_LOG_TELL_H */
