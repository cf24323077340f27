# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# bash completion for kvtierctl. Options are those that its help names.

_kvtierctl_names() {
	local dir
	for dir in /sys/class/"$1"/*/; do
		[[ -d $dir ]] && basename "$dir"
	done
}

# Words for the place that the command leaves at $COMP_CWORD.
_kvtierctl_words() {
	local cmd=${COMP_WORDS[1]} sub=${COMP_WORDS[2]} at=$COMP_CWORD
	case $cmd in
	tier)
		((at == 2)) && echo add remove resize list
		((at == 3)) && [[ $sub == remove || $sub == resize ]] && _kvtierctl_names kvtier_tier
		;;
	space)
		((at == 2)) && echo create delete resize set list show
		((at == 3)) && [[ $sub != create ]] && _kvtierctl_names kvtier
		((at > 3)) && [[ $sub == set ]] && printf '%s=\n' default_class \
			low_watermark high_watermark lease_quota fill_timeout_ms \
			quarantine_ms promote policy
		;;
	stat | put | get | lookup | drop)
		((at == 2)) && _kvtierctl_names kvtier
		;;
	help)
		((at == 2)) && echo tier space stat put get lookup drop version
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
	--quota) words=$(_kvtierctl_names kvtier_tier | sed 's/$/=/') ;;
	*)
		if ((COMP_CWORD == 1)); then
			words='tier space stat put get lookup drop version help'
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
