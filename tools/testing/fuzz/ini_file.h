/* SPDX-License-Identifier: GPL-2.0 */
/* An input as a file, for those who read files by their names. */
#ifndef FUZZ_INI_H
#define FUZZ_INI_H

#include <stddef.h>
#include <stdint.h>

/* Its path, until the next call. */
const char *ini_file(const uint8_t *data, size_t size);

#endif /* FUZZ_INI_H */
