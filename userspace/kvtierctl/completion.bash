# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# bash completion for kvtierctl. Options are those that its help names.

_kvtierctl_names() {
	local dir
	for dir in /sys/class/"$1"/*/; do
		[[ -d $dir ]] && basename "$dir"
	done
}

# What a knob of a retention class is called, for class 0 to 15.
_kvtierctl_classes() {
	printf 'class%s=\n' {0..15}/{ttl_s,priority,floor}
}

# Words for the place that the command leaves at $COMP_CWORD.
_kvtierctl_words() {
	local cmd=${COMP_WORDS[1]} sub=${COMP_WORDS[2]} at=$COMP_CWORD
	case $cmd in
	tier)
		((at == 2)) && echo add remove resize set list show stat wait format check dump
		((at == 3)) && [[ $sub == add ]] && echo nvme
		((at == 3)) && [[ $sub =~ ^(remove|resize|set|show|stat|wait)$ ]] && _kvtierctl_names kvtier_tier
		((at > 3)) && [[ $sub == set ]] && printf '%s=\n' admission admit_classes \
			write_budget carry_over flush_ms verify
		;;
	space)
		((at == 2)) && echo create delete resize set list show
		((at == 3)) && [[ $sub != create ]] && _kvtierctl_names kvtier
		((at > 3)) && [[ $sub == set ]] && printf '%s=\n' default_class \
			low_watermark high_watermark lease_quota fill_timeout_ms \
			quarantine_ms promote checksum verify remote remote_write \
			remote_rate remote_timeout_ms policy && _kvtierctl_classes
		;;
	stat | drain | restore | put | get | lookup | drop)
		((at == 2)) && _kvtierctl_names kvtier
		;;
	help)
		((at == 2)) && echo tier space stat monitor policy drain restore put get lookup drop version
		;;
	esac
}

_kvtierctl_options() {
	local words=("${COMP_WORDS[1]}")
	[[ ${words[0]} == tier || ${words[0]} == space ]] && words+=("${COMP_WORDS[2]}")
	kvtierctl help "${words[@]}" 2> /dev/null | grep -oE -- '--[a-z][a-z-]+' | sort -u
}

_kvtierctl() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words
	COMPREPLY=()
	case $prev in
	--kind) words='dram cxl' ;;
	--device) words=$(compgen -f -- "$cur") ;;
	--class) [[ ${COMP_WORDS[1]} == tier ]] && words='fast bulk' ;;
	--quota) words=$(_kvtierctl_names kvtier_tier | sed 's/$/=/') ;;
	*)
		if ((COMP_CWORD == 1)); then
			words='tier space stat monitor policy drain restore put get lookup drop version help'
		elif [[ $cur == -* ]]; then
			words=$(_kvtierctl_options)
		else
			words=$(_kvtierctl_words)
		fi
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
	[[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
	return 0
}

complete -o default -F _kvtierctl kvtierctl
