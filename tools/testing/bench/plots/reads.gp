# SPDX-License-Identifier: GPL-2.0
# Do reads of nvme reach the device's speed, at each size and depth?
set multiplot layout 1,3 title "Random reads from nvme by one thread (plain reads that are summed up: one a processor)"
set logscale x 2
set xtics (1, 8, 32)
set xrange [0.8:40]
set yrange [0:*]
set xlabel "depth"
set ylabel "MB/s"
set key top left samplen 2 font "sans,10"
of(size, side) = sprintf("< awk -F'\t' '$1 == %d && $3 == \"%s\"' %s | sort -nk2 -t'\t'", size, side, data)
sizes = system(sprintf("cut -f1 %s | sort -nu", data))
do for [size in sizes] {
	set yrange [*:*]
	stats sprintf("< awk -F'\t' '$1 == %s' %s", size, data) using 4 nooutput
	set title (size eq "2048" ? "2 MiB" : size . " KiB")
	set yrange [0:STATS_max * 1.5]
	plot of(int(size), "fio") using 2:4:5:6 with yerrorlines linecolor rgb grey linewidth 2 pointtype 4 title "fio", \
		of(int(size), "ACQUIRE, verify=0") using 2:4:5:6 with yerrorlines linecolor rgb blue linewidth 2 pointtype 7 title "ACQUIRE, verify=0", \
		of(int(size), "plain reads, summed up") using 2:4:5:6 with yerrorlines linecolor rgb "#444444" dashtype 2 linewidth 2 pointtype 4 title "plain reads, summed up", \
		of(int(size), "ACQUIRE") using 2:4:5:6 with yerrorlines linecolor rgb orange linewidth 2 pointtype 7 title "ACQUIRE, verified"
}
unset multiplot
