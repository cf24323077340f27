# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # check.sh's
# Attributes: the ABI document against the module's source. A line of a list is
# "CLASS ATTRIBUTE MODE".

abi=Documentation/ABI/testing/sysfs-class-kvtier
src=kmod/sysfs.c
src_tier=kmod/sysfs_tier.c
src_class=kmod/sysfs_class.c

doc_attributes() {
	awk -F '/' '
	/^What:/ { what = $0; class = $4; attr = $0
		sub(/.*<(tier|space)>\//, "", attr)
		sub(/arena<N>\//, "arena ", attr)
		sub(/class<N>\//, "class ", attr)
		sub(/drain\//, "drain ", attr)
		sub(/stats\/<counter>/, "", attr) }
	/^Description:/ && attr { match($0, /\((RO|RW)\)/)
		print class, attr, substr($0, RSTART + 1, 2) }
	' "$abi"
	# the table of counters
	sed -nE '/<counter>$/,$s/^\t\t([a-z_]+)  +[a-zA-Z].*/kvtier stats \1 RO/p' "$abi"
}

# array CLASS NAME FILE: entries of an array of attributes: dev_attr_X, knob_X, choice_X ...
array() {
	sed -nE "/$2\[\] = \{/,/NULL/s/^\t&(dev_attr|knob|choice|mem|nvme|remote)_([a-z_]+)\..*/\1 \2/p" "$3" |
		while read -r how name; do
			mode=RO
			[[ $how =~ ^(knob|choice)$ ]] || grep -q "DEVICE_ATTR_RW($name)" "$3" && mode=RW
			echo "$1 $name $mode"
		done
}

code_attributes() {
	{
		array kvtier_tier mem_attrs $src_tier
		array kvtier_tier nvme_attrs $src_tier
		array kvtier_tier remote_attrs $src_tier
	} | sort -u
	array kvtier kvt_space_attrs $src
	array "kvtier drain" drain_attrs $src
	sed -nE 's/^\tCLASS_ATTR\(([a-z_]+), .*/kvtier class \1 RW/p' $src_class
	sed -n '/arena_names\[/,/};/p' "$src" | grep -oE '"[a-z]+"' | tr -d '"' |
		sed 's/.*/kvtier arena & RO/'
	sed -nE 's/^\tX\(([a-z_]+)\).*/kvtier stats \1 RO/p' kmod/stats.h
}

# "NAME LEAST..GREATEST" of each knob that is a number
code_ranges() {
	sed -nE 's/^KNOB\(([a-z_]+), ([0-9]+), ([0-9A-Z_]+)\);/\1 \2..\3/p' "$src" |
		sed "s/KVT_MAX_CLASS/$(awk '/define KVT_MAX_CLASS/ { print $3 }' "$uapi")/"
}

# "NAME VALUE" of each knob that has a default
code_defaults() {
	sed -nE '/^static void set_defaults/,/^}/s/^\t\t\.([a-z_]+) = ([0-9]+),/\1 \2/p' kmod/space.c
}

# The document's text on one attribute of a space, as one line
described() {
	awk -v attr="/$1" '/^What:/ { on = substr($0, length($0) - length(attr) + 1) == attr } on' \
		"$abi" | tr -s '\n\t ' ' '
}

wrong_knobs() {
	local name value
	while read -r name value; do
		[[ $(described "$name") == *" $value"[.,\ ]* ]] || echo "$name: not described as $value"
	done < <(code_ranges)
	while read -r name value; do
		[[ $(described "$name") == *"Default $value."* ]] || echo "$name: default is not described as $value"
	done < <(code_defaults)
}

# Attributes that a page gives with their path
unknown_attributes() {
	local class attr
	while read -r class attr; do
		doc_attributes | sed -E 's/^([a-z_]+) (arena|class|stats|drain) /\1 \2\//' |
			grep -q "^$class $attr " || echo "there is no /sys/class/$class/.../$attr"
	done < <(grep -ohP '/sys/class/kvtier(_tier)?/[a-z0-9<>_]+/[a-z_]+(<N>|[0-9])?(/[a-z_]+)?' "${pages[@]}" |
		sed -E 's/(arena|class)(<N>|[0-9])/\1/' | cut -d / -f 4,6- | sed 's/\// /' |
		grep -vxE 'kvtier (arena|class|stats)' | sort -u)
}

{
	lacks "the module has %s, $abi has not" <(code_attributes) <(doc_attributes)
	lacks "$abi has %s, the module has not" <(doc_attributes) <(code_attributes)
} | check "the ABI document lists the attributes that there are"
wrong_knobs | check "it has the ranges and defaults of the knobs"
unknown_attributes | check "every attribute that the pages name exists"
