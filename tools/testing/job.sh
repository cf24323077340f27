# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2034,SC2154 # shares run's variables
#
# A command in a machine that is made for it: what the run scripts of all kinds
# of machines share. They set me (the name in messages), repo, testing (this
# directory) and logs (where they are kept), and define usage, and
# start_machine, which starts it in the background: with its process in pid,
# its output on the pipe $job/out unless tty is set, its own complaints in
# $job/machine.log and its console in $job/console. The guest leaves in $job:
# begun, status, dmesg, and init.log if it could not be set up.

die() {
	echo "$me: $*" >&2
	exit 125
}

# --- options ---------------------------------------------------------------

boot_seconds=300
mem=2G smp=2 timeout=1800 tty='' name='' keep='' verbose=''
disks=() shares=() envs=() allow=() command=()

is_size() {
	[[ $1 =~ ^[0-9]+[KMGT]$ ]]
}

set_size() {
	is_size "$3" || die "$2: '$3' is no size, as in 512M or 2G"
	printf -v "$1" %s "$3"
}

set_number() {
	[[ $3 =~ ^[0-9]+$ ]] || die "$2: '$3' is no number"
	printf -v "$1" %s "$3"
}

set_path() {
	printf -v "$1" %s "$(realpath -e "$3")" || die "$2: no $3"
}

# SIZE or SIZE,COUNT
add_disks() {
	local i size=${1%%,*} count=1
	[[ $1 == *,* ]] && set_number count --nvme "${1#*,}"
	set_size size --nvme "$size"
	for ((i = 0; i < count; i++)); do
		disks+=("new:$size")
	done
}

add_disk_file() {
	local path
	set_path path --nvme-file "$1"
	disks+=("file:$path")
}

# Sets file to the image of disk $1 (from 0), made if need be.
disk_file() {
	file=${disks[$1]#*:}
	[[ ${disks[$1]} == new:* ]] || return 0
	truncate -s "$file" "$job/nvme$(($1 + 1)).img"
	file=$job/nvme$(($1 + 1)).img
}

add_share() {
	local dir
	mkdir -p "$1" || die "--share: cannot create $1"
	set_path dir --share "$1"
	shares+=("$dir")
}

add_allow() {
	local status=0
	grep -qE -e "$1" < /dev/null || status=$?
	((status < 2)) || die "--allow: '$1' is no extended regex"
	allow+=(--allow "$1")
}

need_value() {
	(($# > 1)) || die "$1 needs a value (see --help)"
}

# Options that all machines have. Sets used to how many arguments were, 0 if $1
# is none of them.
parse_common() {
	used=1
	case $1 in
	--tty) tty=1; return ;;
	--keep) keep=1; return ;;
	--verbose) verbose=1; return ;;
	-h | --help) usage; exit 0 ;;
	--mem | --smp | --nvme | --nvme-file | --share | --env | --timeout | --allow | --name)
		need_value "$@" ;;
	*) used=0; return ;;
	esac
	used=2
	case $1 in
	--mem) set_size mem "$1" "$2" ;;
	--smp) set_number smp "$1" "$2" ;;
	--nvme) add_disks "$2" ;;
	--nvme-file) add_disk_file "$2" ;;
	--share) add_share "$2" ;;
	--env) envs+=("$2") ;;
	--timeout) set_number timeout "$1" "$2" ;;
	--allow) add_allow "$2" ;;
	--name) name=$2 ;;
	esac
}

# Fills in what follows from the options together.
complete() {
	((${#command[@]})) || command=(bash)
	case ${command[*]} in
	bash | sh) [[ -t 0 && -t 1 ]] && tty=1 ;;
	esac
	[[ $tty ]] && timeout=0
	if mkdir -p "$repo/build" 2> /dev/null && [[ -w $repo/build ]]; then
		shares=("$repo/build" "${shares[@]}")
	fi
}

# --- the job ---------------------------------------------------------------

export_line() {
	printf 'export %s=%q\n' "$1" "$2"
}

job_env() {
	local n v
	for n in $(compgen -e); do
		case $n in
		KVTIER_* | VERBOSE | PATH | HOME | TERM | LANG) export_line "$n" "${!n}" ;;
		esac
	done
	for v in "${envs[@]}"; do
		n=${v%%=*}
		[[ $v == *=* ]] || v=$n=${!n-}
		export_line "$n" "${v#*=}"
	done
}

# What the guest finds in its job directory: itself, its variables (the
# arguments, and those all have), the command.
write_job() {
	{
		job_env
		printf 'cd %q || exit 125\n' "$PWD"
		[[ $tty ]] && echo "stty $(stty size | sed 's/\(.*\) \(.*\)/rows \1 cols \2/')"
		printf 'exec'
		printf ' %q' "${command[@]}"
		echo
	} > "$job/job"
	{
		printf '%s\n' "$@"
		echo 'VM_SHARES=()'
		((${#shares[@]})) && printf 'VM_SHARES+=(%q)\n' "${shares[@]}"
		echo "VM_DISKS=${#disks[@]} VM_TTY=$tty"
	} > "$job/config"
}

# --- running it ------------------------------------------------------------

job='' pid='' timer='' reader='' stty=''

# shellcheck disable=SC2317 # called by trap
cleanup() {
	set +e
	[[ $timer ]] && kill "$timer"
	[[ $pid ]] && kill -KILL "$pid"
	[[ $stty ]] && stty "$stty"
	[[ $job ]] && rm -rf "$job"
} 2> /dev/null

make_job_dir() {
	local tmp=${TMPDIR:-/tmp} d
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	job=$(mktemp -d "$tmp/kvtier-vm.XXXXXX")
	exec {lock}< "$job"
	flock "$lock"
	# Those of runs that were killed: nobody holds their locks.
	while read -r d; do
		flock -n "$d" rm -rf "$d" || true
	done < <(find "$tmp" -maxdepth 1 -name 'kvtier-vm.*' -mmin +1 -user "$EUID" 2> /dev/null)
}

# Runs a command that does not outlive this script, even if that is killed.
mortal() {
	exec setpriv --pdeathsig KILL "$@"
}

# The guest's output goes to a pipe rather than to our stdout, which a machine
# would truncate were it a file.
start_reader() {
	mkfifo "$job/out"
	mortal cat "$job/out" &
	reader=$!
}

# An emulated processor may lose its timer while the kernel boots. Leaves hung.
end_if_hung() {
	# shellcheck disable=SC2016 # its own arguments
	mortal bash -c '
		for ((i = 0; i < $3; i++)); do
			[[ ! -e $2/begun ]] && kill -0 "$1" || exit
			sleep 1
		done
		: > "$2/hung"
		kill -KILL "$1"' bash "$pid" "$job" "$boot_seconds" 2> /dev/null &
}

# Returns 124 if time ran out.
boot_once() {
	local first
	if [[ $tty ]]; then
		stty=$(stty -g)
	else
		start_reader
	fi
	rm -f "$job/hung"
	: > "$job/console"
	start_machine
	end_if_hung
	[[ $verbose ]] && { tail -f -n +1 --pid="$pid" "$job/console" >&2 & }
	if ((timeout)); then
		mortal sleep "$timeout" &
		timer=$!
	fi
	wait -n -p first "$pid" $timer || true
	if [[ $first == "$timer" ]]; then
		kill -KILL "$pid"
		wait "$pid" || true
	fi 2> /dev/null
	pid=''
	if [[ $reader ]]; then
		# Frees the reader if the machine did not get as far as to open the pipe.
		: <> "$job/out"
		wait "$reader"
	fi
	[[ $first != "$timer" ]] || return 124
}

# The same, and as long as the command has not begun there is another try.
boot() {
	local status=0 i
	for ((i = 0; i < 3; i++)); do
		boot_once || status=$?
		((!status)) || break
		[[ -e $job/hung ]] || break
		echo "$me: the machine did not come up in $boot_seconds seconds" >&2
		[[ ! $timer ]] || kill "$timer" 2> /dev/null
		rm -f "$job/out" "$job/console.pipe"
	done
	return $status
}

# --- the verdict -----------------------------------------------------------

keep_logs() {
	local dir f
	dir=$logs/${name:-$(date +%Y%m%d-%H%M%S)-$$}
	mkdir -p "$dir" 2> /dev/null || dir=$(mktemp -d)
	for f in job machine.log console dmesg; do
		rm -f "$dir/$f"
		[[ -s $job/$f ]] && cp "$job/$f" "$dir/"
	done
	[[ $keep ]] && find "$job" -name '*.img' -exec mv -t "$dir" {} +
	echo "$me: logs are in $dir" >&2
}

# The ends of the files that may tell why there is no status.
show_ends() {
	local f
	for f in machine.log init.log console; do
		[[ -s $job/$f ]] || continue
		echo "--- the end of $f:"
		tail -n 40 "$job/$f"
	done
}

# Sets status to what this script exits with; explains it unless it is COMMAND's.
judge() {
	local boot_status=$1 what='' note=''
	status=
	[[ -s $job/status ]] && status=$(< "$job/status")
	if [[ -s $job/init.log ]]; then
		what="the guest could not be set up"
	elif [[ ! $status ]] && ((boot_status == 124)); then
		status=124
		what="killed after $timeout seconds"
	elif [[ ! $status ]]; then
		status=125
		what="the machine died"
	fi
	if [[ $what ]]; then
		echo "$me: $what" >&2
	else
		note=" (COMMAND's status: $status)"
	fi
	: >> "$job/dmesg"
	if ! "$testing/vm/check-log" "${allow[@]}" "$job"/{dmesg,console} > "$job/complaints"; then
		echo "$me: the guest's kernel complained${note}:" >&2
		cat "$job/complaints" >&2
		[[ $what ]] || status=126
	elif [[ $what ]]; then
		show_ends >&2
	fi
}

# Boots, judges, keeps what is to be kept, and exits.
run_job() {
	local status=0
	boot || status=$?
	judge "$status"
	# A shell's status is that of its last command: no news.
	if [[ $keep ]] || ((status && (status >= 124 || !${tty:-0}))); then
		keep_logs
	fi
	exit "$status"
}
