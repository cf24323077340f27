/* SPDX-License-Identifier: GPL-2.0 */
#ifndef ENGINE_REPORT_H
#define ENGINE_REPORT_H

#include <stdio.h>

#include "options.h"

/* What a space for this model has to be, as JSON. */
void report_shape(FILE *out, const struct shape *shape);

/* @answers: of server 0: a prompt each; of server 1 ... */
void report_json(FILE *out, const struct options *o, const struct answer *answers);
void report_text(FILE *out, const struct options *o, const struct answer *answers);

#endif /* ENGINE_REPORT_H */
