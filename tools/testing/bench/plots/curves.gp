# SPDX-License-Identifier: GPL-2.0
# What do lookups notice of evictions?
set multiplot layout 1,2 title "Latency of LOOKUP of one resident block"
set logscale xy
set xrange [1:1e-5]
set xtics ("p0" 1, "p90" 0.1, "p99" 0.01, "p99.9" 0.001, "p99.99" 0.0001)
set xlabel "part of the lookups that took no longer"
set ylabel "ns"
set key top left
set grid xtics ytics
system_list = system(sprintf("cut -f1 %s | sort -u | tr ' \n' '_ '", data))
of(what, side) = sprintf("< awk -F'\t' '{ w = $1; gsub(/ /, \"_\", w) } w == \"%s\" && $2 == \"%s\"' %s", what, side, data)
do for [what in system_list] {
	title = system("echo '" . what . "' | tr _ ' '")
	set title title
	plot of(what, "idle") using 3:4 with lines linewidth 2 linecolor rgb grey title "idle", \
		of(what, "beside other LOOKUPs") using 3:4 with lines linewidth 2 dashtype 2 linecolor rgb "#444444" title "beside other LOOKUPs", \
		of(what, "while blocks are evicted") using 3:4 with lines linewidth 2 linecolor rgb orange title "while blocks are evicted"
}
unset multiplot
