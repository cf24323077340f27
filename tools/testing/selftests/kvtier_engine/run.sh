#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Usage: run.sh
#
# kvtier-engine with the kernel module: the same logits, to the last bit, without a
# cache, cold, warm, by another process, after the module was unloaded and loaded
# again, and in company; and the first token comes as early as it has to. A model
# that is smaller still than that of tools/testing/engine/run, whose layers are
# no whole pages. TAP. To be run as root in a machine that may be broken.

set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../../../.." && pwd)
build=${KVTIER_BUILD:-$repo/build}

"$repo/tools/testing/engine/measure" --tap --tokens 250,1024 \
	--out "$build/check/engine" -- \
	--layers 4 --global-every 4 --heads 1 --kv-heads 1
status=$?
# Tests that come after this one find the module loaded.
[[ -e /dev/kvtier-control ]] ||
	insmod "${KVTIER_KO:-$build/kmod/kvtier.ko}" || status=1
exit $status
