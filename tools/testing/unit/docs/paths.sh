# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # check.sh's
# Files, make targets, programs and packages that the pages name.

# Paths below a directory of the tree; * and <...> may stand for anything.
named_paths() {
	grep -ohP '(?<![\w/.~-])(uapi|kmod|userspace|tools|Documentation|examples|packaging|\.ci)/[\w./*<>-]*' \
		"${pages[@]}" | sed -E 's/<[^>]*>?/*/g; s/[.,\/]+$//' | sort -u
	code "${pages[@]}" | grep -xE 'Makefile|Kbuild|VERSION|README\.md|COPYING|LICENSE' | sort -u
}

missing_paths() {
	local path
	while read -r path; do
		compgen -G "$path" > /dev/null || echo "there is no $path"
	done < <(named_paths)
}

# "DIRECTORY TARGET" of each make command
make_commands() {
	code "${pages[@]}" | sed -E 's/(&&|;|\|)/\n/g; s/(^|\n)[ \t]*/\1/g' |
		sed -nE 's/^[ \t]*(sudo )?make( |$)/ /p' | while read -r line; do
		dir=. targets=''
		read -ra words <<< "${line%%#*}"
		while ((${#words[@]})); do
			case ${words[0]} in
			-C) dir=${words[1]-}; words=("${words[@]:1}") ;;
			-* | *=*) ;;
			*) targets+=" ${words[0]}" ;;
			esac
			words=("${words[@]:1}")
		done
		for t in ${targets:-all}; do
			echo "$dir $t"
		done
	done | sort -u
}

missing_targets() {
	local dir target
	while read -r dir target; do
		dir=${dir//<*>/lib}
		grep -qsE "^([a-z ]+ )?$target( [a-z ]+)?:([^=]|$)" "$dir/Makefile" ||
			echo "make -C $dir: there is no target '$target'"
	done < <(make_commands)
}

# "GROUP NAME" or "- NAME" of each command of kvtierctl
ctl_commands() {
	sed -nE 's/^\t\{ (NULL|"([a-z]+)"), "([a-z]+)",.*/\2 \3/p' userspace/kvtierctl/commands.c |
		sed 's/^ //' | sort -u
}

missing_ctl() {
	local words
	while read -r -a words; do
		ctl_commands | grep -qxE "${words[0]}( ${words[1]-.*})?|${words[0]}" ||
			echo "kvtierctl has no '${words[*]}'"
	done < <(code "${pages[@]}" | grep -oP '(?<=kvtierctl )[a-z]+( [a-z]+)?' | sort -u)
}

# --options of tools that the pages show must be in the tool's help.
missing_options() {
	local tool option
	for tool in tools/testing/vm/run tools/testing/check tools/testing/setup \
		tools/testing/newest tools/testing/demo/run tools/testing/kernel/debug; do
		while read -r option; do
			grep -qF -e "$option" "$tool" || echo "$tool has no $option"
		done < <(code "${pages[@]}" | grep -oP "(^|[ ./])\Q$tool\E( --[a-z-]+( [^- ][^ ]*)?)*" |
			grep -oE -e '--[a-z-]+' | sort -u)
	done
}

dkms_version() {
	grep -qx "PACKAGE_VERSION=\"$(< VERSION)\"" packaging/dkms.conf ||
		echo "PACKAGE_VERSION is not $(< VERSION)"
}

missing_paths | check "every file that the pages name exists"
missing_targets | check "every make target that they name exists"
missing_ctl | check "every command of kvtierctl that they name exists"
missing_options | check "every option of the tools that they name exists"
dkms_version | check "packaging/dkms.conf has the version of VERSION"
