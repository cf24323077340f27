# SPDX-License-Identifier: GPL-2.0
# Is each target met? To the right of the line, yes.
set title "How many times as good as its target; least and most of the repetitions"
stats data using 2 nooutput
n = STATS_records
set logscale x 2
set xrange [0.03:64]
set xtics ("1/16" 1./16, "1/4" 1./4, "target" 1, "4x" 4, "16x" 16)
set yrange [n - 0.3:-0.7]
set grid xtics noytics linecolor rgb "#dddddd"
set lmargin 62
set rmargin 18
set arrow from 1, graph 0 to 1, graph 1 nohead linewidth 2 linecolor rgb "#333333"
unset key
# A bar from the line to the value; values beyond the picture end at its edge.
clip(v) = v > 60 ? 60 : v < 0.031 ? 0.031 : v
plot data using (clip($2)):0:(1):(clip($2)):($0 - 0.34):($0 + 0.34):($6 == 1 ? green : red):ytic(1) \
		with boxxyerror fillstyle solid 0.75 noborder linecolor rgb variable, \
	data using (clip($2)):0:(clip($3)):(clip($4)) with xerrorbars pointtype 0 linecolor rgb "#222222", \
	data using (62):0:5 with labels left offset 1,0 font "sans,10"
