# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # check.sh's
# The pages are well-formed reStructuredText.

rst2html=$(command -v rst2html || command -v rst2html.py)

malformed() {
	local page
	for page in Documentation/*.rst; do
		{ "$rst2html" --halt=2 --report=1 "$page" > /dev/null; } 2>&1
	done
}

if [[ $rst2html ]]; then
	malformed | check "the pages are well-formed"
else
	skip "the pages are well-formed" "no rst2html: install python3-docutils"
fi
