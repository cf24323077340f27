# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # check.sh's
# Names of the user ABI, the library, errors, tracepoints and tests.

doc=Documentation/uapi.rst

# Constants, structs and enums of a header
constants() {
	grep -ohE '\bKVT_[A-Z0-9_]+\b' "$@" | sort -u
}

# In text, a line may end between the two words.
types() {
	cat "$@" | tr -s ' \t\n' ' ' | grep -oE '\b(struct|enum) kvt_[a-z_]+' | sort -u
}

# A page may write KVT_F_* for all that begin so.
unknown_constants() {
	local known name
	known=$(constants "$uapi" "$uapi_remote" "$lib" kmod/*.[ch])
	while read -r name; do
		grep -qE "^${name%_}$([[ $name == *_ ]] || echo '$')" <<< "$known" ||
			echo "there is no $name"
	done < <(constants "${pages[@]}")
}

# Tests, tools and variables of the environment
unknown_variables() {
	local name
	while read -r name; do
		grep -rqw "$name" tools userspace/*/*.c || echo "nothing uses $name"
	done < <(grep -ohE '\bKVTIER_[A-Z_]+\b' "${pages[@]}" | sort -u)
}

undescribed() {
	lacks "$doc does not tell of %s" <(constants "$uapi" "$uapi_remote" | grep -vE '_$|_UAPI_') <(constants "$doc")
	lacks "$doc does not tell of %s" <(types "$uapi" "$uapi_remote") <(types "$doc")
}

unknown_types() {
	lacks "there is no %s" <(types "${pages[@]}") <(types "$uapi" "$uapi_remote" "$lib" kmod/*.h)
}

functions() {
	grep -ohE '\bkvt_[a-z_]+\(' "$@" | tr -d '(' | sort -u
}

unknown_functions() {
	lacks "there is no %s()" <(functions "${pages[@]}") <(functions "$lib" kmod/*.[ch])
}

# EAGAIN, EBADMSG, EILSEQ, ENODATA and ENOLINK only go between functions of the module.
errnos() {
	grep -ohE '\bE[A-Z0-9]{3,}\b' "$@" | grep -xE "$errno_names" | grep -vxE 'EAGAIN|EBADMSG|EILSEQ|EMSGSIZE|ENODATA|ENOLINK' | sort -u
}

errno_names=$(echo '#include <errno.h>' | "${CC:-cc}" -E -dM - | awk '/#define E[A-Z]/ { print $2 }' |
	paste -sd '|')

undescribed_errnos() {
	lacks "$doc does not tell of %s, which $uapi names" <(errnos "$uapi" "$uapi_remote") <(errnos "$doc")
	lacks "$doc does not tell of %s, which kmod/ returns" \
		<(grep -ohE -e '-E[A-Z0-9]{3,}\b' kmod/*.c | errnos -) <(errnos "$doc")
}

exported() {
	sed -nE 's/^\t(kvt_[a-z_]+);/\1/p' userspace/lib/libkvtier.map
}

# The names in NAME of a man page
man_names() {
	sed -n '/^\.SH NAME/{n;s/ *\\-.*//;s/, */\n/g;p;}' Documentation/man/*.3
}

# A page may tell of an inline function of the header, too.
wrong_man_names() {
	lacks "no man page for %s()" <(exported) <(man_names)
	lacks "the man pages tell of %s(), which is not in $lib" <(man_names) <(functions "$lib")
}

tracepoints() {
	grep -ohE '(KVT_BLOCK_EVENT|TRACE_EVENT)\(kvt_[a-z]+' kmod/trace.h | sed 's/.*(//'
}

wrong_tracepoints() {
	grep -ohE '\bkvtier:kvt_[a-z]+' Documentation/admin-guide.rst | sed 's/.*://' > "$OUT/trace"
	lacks "the admin guide does not tell of kvtier:%s" <(tracepoints) "$OUT/trace"
	lacks "there is no kvtier:%s" "$OUT/trace" <(tracepoints)
}

# Directories of tools/testing, and the programs of its largest suite
unnamed_suites() {
	local path
	for path in tools/testing/{,unit/,selftests/}*/; do
		grep -q "${path%/}" Documentation/testing.rst || echo "it does not tell of $path"
	done
	for path in tools/testing/selftests/kvtier/*.c; do
		[[ $path == */kst_* ]] && continue # shared by some of them
		grep -q "^$(basename "$path" .c) " Documentation/testing.rst ||
			echo "it does not tell of $path"
	done
}

unknown_constants | check "every KVT_ constant that the pages name exists"
unknown_variables | check "every KVTIER_ variable that they name is used"
unknown_types | check "every struct and enum that they name exists"
unknown_functions | check "every function that they name exists"
undescribed | check "uapi.rst tells of all of uapi/kvtier.h and kvtier_remote.h"
undescribed_errnos | check "uapi.rst tells of every errno"
wrong_man_names | check "every symbol of libkvtier has a man page"
wrong_tracepoints | check "the admin guide tells of every tracepoint"
unnamed_suites | check "testing.rst tells of every suite"
