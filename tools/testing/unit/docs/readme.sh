# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2016,SC2154 # check.sh's
# The C example of README.md is examples/hello.c, and compiles.

readme_block() {
	sed -n '/^```c$/,/^```$/p' README.md | sed '1d;$d'
}

compile() {
	"${CC:-cc}" -std=gnu11 -Wall -Wextra -Werror -pedantic -Iuapi -Iuserspace/lib \
		-o "$OUT/readme" "$OUT/readme.c" "$LIB" -pthread 2>&1
}

says_why() {
	local text
	text=$("$OUT/readme" no-such-space 2>&1 < /dev/null) && echo "it exits with 0"
	[[ $text == *kvtier* ]] || echo "it says: $text"
}

readme_block > "$OUT/readme.c"
diff -u "$OUT/readme.c" examples/hello.c | check "README.md shows examples/hello.c as it is"
compile | check "README.md's example compiles and links without a warning"
says_why | check "README.md's example says why it cannot open a space"
