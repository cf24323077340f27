/* SPDX-License-Identifier: GPL-2.0 */
/* Attaching formatted devices: "tier add nvme". */
#ifndef CTL_NVME_ADD_H
#define CTL_NVME_ADD_H

#include "kvtier.h"

/**
 * struct nvme_wanted - what the options state
 * @add: devices and flags
 * @name: of the tier; NULL: the first of nvme0, nvme1 ... that is not taken
 * @grade: what the devices must have been formatted as; NULL: anything
 */
struct nvme_wanted {
	struct kvt_nvme_add add;
	const char *name;
	const char *grade;
};

/** arg_device() - parse_fn: one more device; @to: struct kvt_nvme_add * */
const char *arg_device(const char *text, void *to);

/** arg_grade() - parse_fn: fast or bulk; @to: const char ** */
const char *arg_grade(const char *text, void *to);

/** nvme_add() - do it; prints the name if it chose it. Returns the exit code */
int nvme_add(struct nvme_wanted *wanted);

#endif /* CTL_NVME_ADD_H */
