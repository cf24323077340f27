# SPDX-License-Identifier: GPL-2.0
# What would another way to hold blocks give?
set multiplot layout 2,2 title "Put and get of blocks, by what could hold them"
set style fill solid 0.85
set logscale x 10
set grid xtics noytics
set key at screen 0.995, screen 0.992 right horizontal maxrows 1 samplen 0.7 width -3 font "sans,9"
set lmargin 30
peers = system(sprintf("cut -f2 %s | awk '!s[$0]++' | tr ' \n' '_ '", data))
# Peers keep the order of the report, from the top down; acts side by side.
of(size, act) = sprintf("< awk -F'\t' -v OFS='\t' '!($2 in at) { at[$2] = n++ } $1 == %d && $3 == \"%s\" { print at[$2], $4, $5, $6, $7, $2 }' %s", size, act, data)
set yrange [words(peers) - 0.4:-0.6]
sizes = system(sprintf("cut -f1 %s | sort -nu", data))
do for [column in "2 5"] {
	do for [size in sizes] {
		set title (size eq "64" ? "64 KiB" : "2 MiB") . (column eq "2" ? ": MB/s" : ": CPU time a block (us)")
		c = int(column)
		set yrange [*:*]
		set xrange [*:*]
		stats data using (c == 2 ? $4 : $7) nooutput
		set yrange [words(peers) - 0.4:-0.6]
		set xrange [STATS_max > 1e4 ? 10 : 1:STATS_max * 1.3]
		plot of(int(size), "put") using (10**(log10(column(c)) / 2)):($1 - 0.27):(1):(column(c)):($1 - 0.38):($1 - 0.14):ytic(6) with boxxyerror linecolor rgb grey title "put", \
			of(int(size), "get") using (1):1:(1):(column(c)):($1 - 0.12):($1 + 0.12) with boxxyerror linecolor rgb blue title "get, copied", \
			of(int(size), "zero copy") using (1):($1 + 0.27):(1):(column(c)):($1 + 0.14):($1 + 0.38) with boxxyerror linecolor rgb orange title "get, zero copy"
	}
}
unset multiplot
