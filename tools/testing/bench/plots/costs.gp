# SPDX-License-Identifier: GPL-2.0
# What does a command cost?
set title "Instructions a block, resident blocks (QEMU -icount)"
set style fill solid 0.8
set xrange [0:*]
set yrange [*:*] reverse
set grid xtics noytics
set lmargin 32
unset key
set offsets 0, graph 0.12, 0.6, 0.6
plot data using ($2 / 2):0:($2 / 2):(0.35):ytic(1) with boxxyerror linecolor rgb blue, \
	data using 2:0:(sprintf("%d", $2)) with labels left offset 1,0
